"""`aimodels init --from-csv`: a config for a table, written from a look at it."""

import json
from pathlib import Path

import pytest

from aimodels.cli import main
from aimodels.config.loading import load
from aimodels.data.loading import load_dataset
from aimodels.datasets import csv


def odd_table(path: Path) -> Path:
    names = ["x.y", "weight (kg)", "on", "#1", "Größe: m", "day", "note", "same", "a,b", "label"]
    rows = [
        [
            0.5 * number,
            number % 7 + 0.25,
            "yes no".split()[number % 2],
            number % 3,
            "ab"[number % 2],
            f"{number % 28 + 1}.2.2024",
        ]
        + [f"no two notes are alike {number}", 7, "x" if number % 4 else "", ("lime", "plum", "")[number % 3]]
        for number in range(40)
    ]
    lines = [";".join(names), *(";".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_config_says_what_is_in_the_table(capfd):
    assert main(["init", "--from-csv", "sample:penguins", "--target", "species"]) == 0
    assert "next: aimodels check penguins.yaml" in capfd.readouterr().out
    text = Path("penguins.yaml").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("# yaml-language-server: $schema=.aimodels/schema.json\n")
    assert "# What is in sample:penguins, seen in all 344 rows." in text
    assert "bill_length_mm: number # 342 numbers, 2 missing, 32.1 to 59.6".split() in lines
    assert "task: multiclass # 3 different texts; or binary, multiclass, regression".split() in lines
    assert max(map(len, text.splitlines())) <= 120


def test_it_leaves_nothing_to_be_guessed(tmp_path):
    odd_table(tmp_path / "odd.csv")
    assert main(["init", "--from-csv", "odd.csv", "--target", "label"]) == 0
    config = load(Path("odd.yaml")).config
    assert list(config.data.columns) == ["x.y", "weight (kg)", "on", "#1", "Größe: m", "day", "note", "same", "a,b"]
    dataset = load_dataset(config.data, seed=0)
    assert dataset.inferred == ()
    assert dataset.target.class_names == ("lime", "plum")
    assert dataset.provenance.counts == {"rows without a target, dropped": 13}
    guessed = csv.load(csv.Options(name="csv", path="odd.csv", target="label", clean=config.data.clean), seed=0)
    assert guessed.input == dataset.input
    assert guessed.provenance.fingerprint == dataset.provenance.fingerprint


def test_text_columns_and_an_encoder(tmp_path):
    odd_table(tmp_path / "odd.csv")
    hint = "# a pretrained encoder can read the text columns: {name: bert, encoder: FOLDER}"
    assert main(["init", "--from-csv", "odd.csv", "--target", "label", "data.columns.note=text"]) == 0
    assert hint in Path("odd.yaml").read_text(encoding="utf-8")
    assert main(["init", "--from-csv", "sample:penguins", "--target", "species"]) == 0
    assert hint not in Path("penguins.yaml").read_text(encoding="utf-8")


def test_several_labels_and_a_number(tmp_path):
    rows = "\n".join(f"{number % 2},{number % 3 // 2},{number / 7}" for number in range(40))
    (tmp_path / "films.csv").write_text(f'"funny, dry",sad],score\n{rows}\n', encoding="utf-8")
    assert main(["init", "--from-csv", "films.csv", "--target", "funny, dry", "--target", "sad]"]) == 0
    assert load(Path("films.yaml")).config.data.target == ("funny, dry", "sad]")
    assert main(["init", "score.yaml", "--from-csv", "films.csv", "--target", "score"]) == 0
    assert load(Path("score.yaml")).config.train.loss.name == "mse"


def test_it_answers_in_json_and_quietly(capfd):
    assert main(["init", "--from-csv", "sample:penguins", "--target", "body_mass_g", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["task"], found["columns"]["island"]) == ("regression", "category")
    assert found["files"] == ["penguins.yaml", ".aimodels/schema.json"]
    assert main(["init", "m.yaml", "--from-csv", "sample:penguins", "--target", "species", "-q"]) == 0
    assert capfd.readouterr().out == "m.yaml\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--from-csv", "sample:penguins"], "AM285", "columns: species, island, bill_length_mm"),
        (["--from-csv", "sample:penguins", "--target", "specie"], "AM265", "did you mean species?"),
        (["--from-csv", "nothing.csv", "--target", "a"], "AM201", "nothing.csv"),
        (["--target", "species"], "AM286", "--target needs --from-csv"),
        (["--from-csv", "a.csv", "--template", "image"], "AM286", "exclude each other"),
        (["--template", "image", "data.limit=3"], "AM286", "data.limit=3 needs --from-csv"),
        (["data.limit=3"], "AM286", "data.limit=3 needs --from-csv"),
        (["--from-csv", "a.csv", "--target", "a", "train.epochs=3"], "AM286", "init cannot set train.epochs"),
        (["--from-csv", "a.csv", "--target", "a", "data.target=b"], "AM286", "init cannot set data.target"),
        (["--from-csv", "a.csv", "--target", "a", "data.fromat=3"], "AM101", "did you mean `format`?"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(arguments, code, says, capfd, tmp_path):
    assert main(["init", *arguments]) != 0
    told = capfd.readouterr().err
    assert f"error[{code}]" in told
    assert says in told
    assert list(tmp_path.iterdir()) == []


def test_it_never_overwrites(capfd):
    Path("penguins.yaml").write_text("precious", encoding="utf-8")
    assert main(["init", "--from-csv", "sample:penguins", "--target", "species"]) == 2
    assert "error[AM121]" in capfd.readouterr().err
    assert Path("penguins.yaml").read_text(encoding="utf-8") == "precious"


def german_table(path: Path, *, word: str = "", encoding: str = "utf-8") -> Path:
    rows = [f"{number / 4:.2f};{number % 7};{number / 8 + 0.125}".replace(".", ",") for number in range(99)]
    text = "\n".join(["Fläche;Zimmer;Preis", *rows, f"{word or 1};2;7,5"])
    path.write_bytes(text.encode(encoding))
    return path


def test_a_decimal_comma_goes_into_the_config(tmp_path):
    german_table(tmp_path / "a.csv")
    assert main(["init", "--from-csv", "a.csv", "--target", "Preis"]) == 0
    assert '  format: {delimiter: ;, decimal: ","}\n' in Path("a.yaml").read_text(encoding="utf-8")
    config = load(Path("a.yaml")).config
    assert (config.data.task, config.data.columns["Fläche"].kind) == ("regression", "number")
    assert load_dataset(config.data, seed=0).inferred == ()


def test_a_word_among_numbers_is_warned_of_and_told_in_the_config(tmp_path, capfd):
    german_table(tmp_path / "a.csv", word="unbekannt")
    assert main(["init", "--from-csv", "a.csv", "--target", "Preis"]) == 0
    assert "warning[AM289]" in capfd.readouterr().err
    text = Path("a.yaml").read_text(encoding="utf-8")
    assert '# Fläche: 1 of 100 values is no number: "unbekannt". If that means that it is missing, put' in text
    [line] = [line for line in text.splitlines() if "missing: [" in line]
    mended = "  format: {delimiter: ;, decimal: ',', " + line.strip(" #") + "}"
    text = text.replace('  format: {delimiter: ;, decimal: ","}', mended).replace("Fläche: ignore", "Fläche: number")
    Path("b.yaml").write_text(text, encoding="utf-8")
    dataset = load_dataset(load(Path("b.yaml")).config.data, seed=0)
    assert dataset.input.columns[0].kind == "number"


def test_a_word_among_numbers_to_be_predicted_is_warned_of(tmp_path, capfd):
    german_table(tmp_path / "a.csv", word="unbekannt")
    assert main(["init", "--from-csv", "a.csv", "--target", "Fläche"]) == 0
    assert "the target Fläche is taken for a number" in capfd.readouterr().err
    assert "  # Fläche: 1 of 100 values" in Path("a.yaml").read_text(encoding="utf-8")
    assert main(["check", "a.yaml"]) == 4
    assert "error[AM284]" in capfd.readouterr().err


def test_what_init_needs_to_read_the_table_is_taken_as_arguments(tmp_path, capfd):
    german_table(tmp_path / "a.csv", encoding="latin-1")
    assert main(["init", "--from-csv", "a.csv", "--target", "Preis"]) == 1
    assert "takes such keys as arguments: data.format.encoding=latin-1" in capfd.readouterr().err
    given = ["data.format.encoding=latin-1", "data.on_error=skip", "data.validation=0.1", "data.columns.Fläche.bins=4"]
    assert main(["init", "--from-csv", "a.csv", "--target", "Preis", *given]) == 0
    data = load(Path("a.yaml")).config.data
    assert (data.format.encoding, data.format.decimal, data.on_error, data.validation) == ("latin-1", ",", "skip", 0.1)
    assert data.columns["Fläche"].bins == 4
    assert load_dataset(data, seed=0).inferred == ()
    more = ["data.clean.duplicates=drop", "data.clean.outliers={name: iqr, factor: 2}", "data.weights=Fläche"]
    assert main(["init", "b.yaml", "--from-csv", "a.csv", "--target", "Preis", given[0], *more]) == 0
    data = load(Path("b.yaml")).config.data
    assert (data.weights, data.columns["Fläche"].kind, data.clean.outliers.factor) == ("Fläche", "ignore", 2)


# --- check ----------------------------------------------------------------------------------------------------


def test_check_shows_what_is_guessed(capfd, tmp_path):
    text = "data: {name: csv, path: 'sample:penguins', target: species}\nmodel: mlp\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert main(["check", "a.yaml"]) == 0
    shown = capfd.readouterr().out
    assert "  bill_length_mm     number    342 numbers, 2 missing, 32.1 to 59.6" in shown
    assert "classes  3, " in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert main(["check", "a.yaml", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)["data"]
    assert found["resolved"]["columns"]["sex"]["kind"] == "category"


def test_check_tells_where_numbers_lie(capfd, tmp_path):
    text = "data: {name: csv, path: 'sample:penguins', target: body_mass_g, unit: g}\nmodel: mlp\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert main(["check", "a.yaml", "data.clean.missing_target=drop"]) == 0
    assert "target   2,850 to 6,300 g, mean 4,1" in capfd.readouterr().out
    assert main(["check", "a.yaml", "data.clean.missing_target=drop", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)["data"]
    assert found["classes"] == {}
    assert found["target"]["least"] == 2850
