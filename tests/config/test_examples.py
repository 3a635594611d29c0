"""Shipped configs are found by name, and a wrong name brings near ones."""

from pathlib import Path

import pytest

from aimodels.config import examples
from aimodels.errors import MissingError


def test_a_file_goes_before_a_shipped_config(tmp_path: Path) -> None:
    (tmp_path / "quickstart").write_text("data: mnist\nmodel: mlp\n", encoding="utf-8")
    assert examples.find("quickstart") == Path("quickstart")


@pytest.mark.parametrize("text", ["quickstart", "smoke_mlp", "smoke/smoke_mlp", "smoke/smoke_mlp.yaml"])
def test_a_bare_name_is_a_shipped_config(text: str) -> None:
    found = examples.find(text)
    assert found.is_file()
    assert found.stem == Path(text).stem


def test_no_two_shipped_configs_share_a_name() -> None:
    names = [example.name for example in examples.all_examples()]
    assert len(names) == len(set(names))


def test_an_installed_package_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = tmp_path / "aimodels" / "shipped_configs" / "image"
    packaged.mkdir(parents=True)
    (packaged / "tiny.yaml").write_text(
        "# $schema: x\n# aimodels train tiny\n# 99 %\n# in 3 s\n\n# no\n", encoding="utf-8"
    )
    monkeypatch.setattr(examples, "PACKAGE", tmp_path / "aimodels")
    [example] = examples.all_examples()
    assert (example.name, example.task, example.command, example.result) == (
        "tiny",
        "image",
        "aimodels train tiny",
        "99 % in 3 s",
    )


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("quickstrat", "did you mean quickstart or text_quickstart?"),
        ("mine.yml", "did you mean mine.yaml?"),
        ("xyzzy", "aimodels ls examples lists the shipped ones"),
    ],
)
def test_a_wrong_name_brings_near_ones(text: str, help: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(MissingError) as raised:
        examples.find(text)
    assert (raised.value.code, raised.value.help) == ("AM110", help)


@pytest.mark.parametrize("name", ["my houses.csv", "houses.CSV.gz", "houses.parquet"])
def test_for_a_table_a_config_is_to_be_written(name: str) -> None:
    Path(name).write_text("area,price\n1,2\n")
    with pytest.raises(MissingError, match="is a table, not a config") as raised:
        examples.find(name)
    quoted = f"'{name}'" if " " in name else name
    assert raised.value.help == f"have a config written for it: aimodels init --from-csv {quoted} --target COLUMN"


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is a folder"):
        examples.find(str(tmp_path))
