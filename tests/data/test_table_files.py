"""Where the files of a table are found, and what is said if they are not."""

from pathlib import Path

import pytest

from aimodels.data.table_files import BUNDLED, files_at, is_csv, is_parquet
from aimodels.data.table_reading import TableFiles, read, sample_of
from aimodels.errors import DataError, MissingError


def test_a_path_is_a_file_or_a_pattern(tmp_path):
    for name in ("b.csv", "a.csv.gz", "c.parquet", "[1].csv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    assert files_at(f"{tmp_path}/b.csv") == (tmp_path / "b.csv",)
    assert files_at(f"{tmp_path}/[1].csv") == (tmp_path / "[1].csv",)
    assert [path.name for path in files_at("*.csv*")] == ["[1].csv", "a.csv.gz", "b.csv"]
    assert [path.name for path in files_at("**/*.parquet")] == ["c.parquet"]


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").touch()
    assert files_at("~/a.csv") == (tmp_path / "a.csv",)


@pytest.mark.parametrize("path", ["nothing.csv", "nothing*.csv", "sample:unicorns"])
def test_what_is_not_there_is_told(path):
    Path("nothing_at_all.csv").touch() if path == "nothing.csv" else None
    with pytest.raises(MissingError) as caught:
        files_at(path)
    assert caught.value.code == "AM201"


def test_near_names_are_told():
    Path("penguins.csv").touch()
    with pytest.raises(MissingError) as caught:
        files_at("pengiuns.csv")
    assert "penguins.csv" in caught.value.notes[0]


def test_a_folder_or_a_file_of_another_kind_is_refused():
    Path("folder").mkdir()
    Path("a.xlsx").touch()
    for path, said in (
        ("folder", "is a folder"),
        ("a.xlsx", "does not say by its name what it is"),
        ("*.xlsx", "name"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            files_at(path)
        assert caught.value.code == "AM250"


def test_the_name_says_what_a_file_is():
    csv = ("a.csv", "A.TSV", "a.txt", "a.tab", "a.csv.gz", "a.TXT.GZ")
    assert [is_csv(Path(name)) for name in (*csv, "a.parquet", "a.gz", "csv")] == [True] * 6 + [False] * 3
    assert [is_parquet(Path(name)) for name in ("a.parquet", "a.PQ", "a.csv", "a.parquet.gz")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_sample_is_there_and_described(name, root):
    [path] = files_at(f"sample:{name}")
    assert len(sample_of(TableFiles((path,)))) >= 100
    assert f"`{path.name}`" in (path.parent / "README.md").read_text(encoding="utf-8")


def test_the_penguins_are_344_with_holes():
    files = TableFiles(files_at("sample:penguins"))
    rows = read(files, kinds={"species": "category", "body_mass_g": "number", "sex": "category"}).rows.table()
    assert (len(rows), rows["body_mass_g"].null_count, rows["sex"].null_count) == (344, 2, 11)
    assert set(rows["species"].to_pylist()) == {"Adelie", "Chinstrap", "Gentoo"}


def test_the_toy_is_what_its_recipe_makes(root, tmp_path):
    readme = (root / "aimodels" / "data" / "samples" / "README.md").read_text(encoding="utf-8")
    recipe = readme.partition("```python\n")[2].partition("```")[0]
    exec(compile(recipe, "recipe", "exec"), {})
    [bundled] = files_at("sample:toy")
    assert (tmp_path / "toy.csv").read_bytes() == bundled.read_bytes()
    rows = read(TableFiles((bundled,)), kinds=dict.fromkeys(["x1", "x2", "x3"], "number") | {"label": "category"}).rows
    for row in rows.table().to_pylist():
        height = row["x1"] - row["x2"] + row["x3"] ** 2 - 1
        assert abs(height) > 0.7
        assert row["label"] == ("above" if height > 0 else "below")
