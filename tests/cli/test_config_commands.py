"""`check`, `schema`, `ls`, `cp` and `init`, as a user starts them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aimodels import discovery
from aimodels.cli import main
from aimodels.config.examples import find
from aimodels.config.loading import load

Program = Callable[..., subprocess.CompletedProcess[str]]
SMALL = "data: {name: mnist, source: sample, limit: 50}\nmodel: mlp\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def document(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


# --- check ----------------------------------------------------------------------------------------------------


def test_check_ticks_off_what_is_right(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(small)]) == 0
    lines = capfd.readouterr().out.splitlines()
    marked = [line.split()[1] for line in lines if line.startswith(("✓", "[ok]"))]
    assert marked == ["syntax", "keys", "values", "data", "fit", "classes"]


def test_check_answers_in_json(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = document(capfd, "check", str(small), "train.epochs=3", "-s", "seed=5")
    assert found["ok"] is True
    assert (found["config"]["train"]["epochs"], found["config"]["seed"]) == (3, 5)
    assert found["data"]["splits"]["train"] == 50
    assert sum(found["data"]["classes"].values()) == 50


def test_check_reads_no_data_when_told_so(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "absent.yaml").write_text("data: {name: image_folder, path: nowhere}\nmodel: cnn\n", encoding="utf-8")
    assert main(["check", "absent.yaml", "--no-data"]) == 0
    assert main(["check", "absent.yaml"]) == 3
    assert "error[AM201]" in capfd.readouterr().err


def test_check_says_no_to_bad_data(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"not an archive")
    (tmp_path / "bad.yaml").write_text("data: {name: mnist, source: bad.npz}\nmodel: mlp\n", encoding="utf-8")
    found = document(capfd, "check", "bad.yaml")
    assert (found["ok"], found["exit_code"], found["errors"][0]["kind"]) == (False, 4, "answer")


@pytest.mark.parametrize("option", ["--resolved", "--diff"])
def test_check_prints_a_config_that_loads(option: str, small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(small), option, "train.epochs=3"]) == 0
    printed = capfd.readouterr().out
    Path("printed.yaml").write_text(printed, encoding="utf-8")
    assert load(Path("printed.yaml")).config == load(small, overrides=["train.epochs=3"]).config
    assert ("batch_size" in printed) == (option == "--resolved")


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_wrong_config_is_exit_2_and_makes_no_folder(command: str, program: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("data: mnist\nmodel: cnn\ntrain: {epoch: 1}\n", encoding="utf-8")
    ended = program(command, "bad.yaml", "lr=1")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "error[AM101]: unknown key `train.epoch`\n  --> bad.yaml:3:9\n" in ended.stderr
    assert "2 errors in bad.yaml and the overrides; nothing was started." in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_wrong_config_is_marked_in_github(program: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("data: mnist\nmodel: cnn\ntrain: {epoch: 1}\n", encoding="utf-8")
    ended = program("check", "bad.yaml", "lr=1", GITHUB_ACTIONS="true")
    assert "::error file=bad.yaml,line=3,col=9,title=AM101::unknown key `train.epoch`" in ended.stderr
    assert "::error title=AM101::unknown key `lr`" in ended.stderr


@pytest.mark.parametrize("arguments", [["check"], ["ls"], ["ls", "models"], ["schema"], ["init", "--list"]])
def test_tensorflow_stays_away(arguments: list[str], small: Path, root: Path, program: Program) -> None:
    whole = [*arguments, str(small)] if arguments == ["check"] else arguments
    text = f"""
import sys
from aimodels.cli import main
assert main({whole!r}) == 0
print("loaded", [name for name in ("tensorflow", "keras", "matplotlib", "sklearn") if name in sys.modules])
"""
    environ = os.environ | {"PYTHONPATH": str(root)}
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environ)
    assert ended.stdout.splitlines()[-1] == "loaded []", ended.stderr


# --- ls and cp ------------------------------------------------------------------------------------------------


def test_ls_lists_what_there_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert "quickstart" in [example["name"] for example in document(capfd, "ls")["examples"]]
    assert [entry["name"] for entry in document(capfd, "ls", "models")["models"]] == list(
        discovery.names("architectures")
    )
    datasets = document(capfd, "ls", "datasets")["datasets"]
    assert [entry["name"] for entry in datasets] == list(discovery.names("datasets"))
    assert all(entry["purpose"] for entry in datasets)


def test_ls_keeps_to_one_task(capfd: pytest.CaptureFixture[str]) -> None:
    assert {example["task"] for example in document(capfd, "ls", "--task", "smoke")["examples"]} == {"smoke"}
    assert document(capfd, "ls", "--task", "nonsense")["examples"] == []


def test_cp_copies_and_never_overwrites(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["cp", "quickstart", "mine.yaml", "-q"]) == 0
    assert capfd.readouterr().out == "mine.yaml\n"
    assert load(Path("mine.yaml")).config == load(find("quickstart")).config
    Path("mine.yaml").write_text("precious", encoding="utf-8")
    assert main(["cp", "quickstart", "mine.yaml"]) == 2
    assert "error[AM121]" in capfd.readouterr().err
    assert Path("mine.yaml").read_text(encoding="utf-8") == "precious"
    assert main(["cp", "quickstart", "mine.yaml", "--force"]) == 0
    assert load(Path("mine.yaml")).config.data.name == "mnist"


def test_cp_into_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert main(["cp", "quickstart", "folder"]) == 0
    assert (tmp_path / "folder" / "quickstart.yaml").is_file()


# --- init and schema ------------------------------------------------------------------------------------------


def templates(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return [entry["name"] for entry in document(capfd, "init", "--list")["templates"]]


def test_every_template_loads(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = templates(capfd)
    assert {"image", "text", "bert", "quickstart"} <= set(names)
    for name in names:
        found = document(capfd, "init", f"{name}.yaml", "--template", name)
        assert found["files"] == [f"{name}.yaml", ".aimodels/schema.json"]
        first = Path(f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=.aimodels/schema.json"
        load(Path(f"{name}.yaml"))
    assert json.loads(Path(".aimodels/schema.json").read_text(encoding="utf-8"))["$schema"].endswith("draft-07/schema#")


def test_init_goes_into_a_folder(tmp_path: Path) -> None:
    assert main(["init", "new/project", "--template", "image"]) == 0
    assert (tmp_path / "new/project/image.yaml").is_file()
    assert (tmp_path / "new/project/.aimodels/schema.json").is_file()


def test_init_never_asks_where_nobody_is(program: Program, tmp_path: Path) -> None:
    ended = program("init")
    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "error[AM120]" in ended.stderr
    assert "--template" in ended.stderr


def test_init_never_overwrites(capfd: pytest.CaptureFixture[str]) -> None:
    Path("image.yaml").write_text("precious", encoding="utf-8")
    assert main(["init", "--template", "image"]) == 2
    assert "error[AM121]" in capfd.readouterr().err
    assert Path("image.yaml").read_text(encoding="utf-8") == "precious"
    assert not Path(".aimodels").exists()


def test_init_knows_its_templates(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--template", "imgae"]) == 3
    assert "error[AM123]" in capfd.readouterr().err


def test_schema_is_printed_whole_or_in_part(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "definitions" in json.loads(capfd.readouterr().out)
    assert main(["schema", "--field", "train.optimizer"]) == 0
    assert json.loads(capfd.readouterr().out)["title"] == "train.optimizer"
    assert main(["schema", "--field", "train.optimiser"]) == 2
    assert "error[AM122]" in capfd.readouterr().err


def test_schema_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--write"]) == 0
    assert "# yaml-language-server: $schema=.aimodels/schema.json" in capfd.readouterr().out
    assert main(["schema", "-o", "deep/schema.json", "-q"]) == 0
    assert capfd.readouterr().out == "deep/schema.json\n"
    assert Path("deep/schema.json").read_bytes() == Path(".aimodels/schema.json").read_bytes()


@pytest.mark.tensorflow
def test_check_builds_and_tries_one_batch(program: Program, small: Path, tmp_path: Path) -> None:
    ended = program("check", str(small), "--build", "--json")
    assert ended.returncode == 0, ended.stderr
    model = json.loads(ended.stdout)["model"]
    assert model["num_parameters"] == 28 * 28 * 128 + 128 + 128 * 10 + 10
    assert model["output_shape"] == [None, 10]
    assert 1 < model["loss"] < 10
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]
