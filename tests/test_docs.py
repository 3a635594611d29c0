"""What the pages promise: they are current, their links lead somewhere, their configs load, their tree is the tree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aimodels
from aimodels.config.loading import load

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted(
    path for folder in (".", "docs", "docs/decisions", "bench", "runs") for path in ROOT.glob(f"{folder}/*.md")
)
CONFIGS = sorted(ROOT.joinpath("configs").rglob("*.yaml"))


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """A path as people see it."""
    return str(path.relative_to(ROOT))


def test_generated_pages_are_current() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "bert.md"], ids=name_of)
def test_the_snippets_of_a_page_load(page: Path, tmp_path: Path) -> None:
    snippets = blocks(page, "yaml")
    assert len(snippets) >= 2
    for number, snippet in enumerate(snippets):
        path = tmp_path / f"snippet{number}.yaml"
        path.write_text(snippet, encoding="utf-8")
        load(path)


def test_the_tree_of_the_readme_is_the_tree() -> None:
    _, _, rest = README.read_text(encoding="utf-8").partition("<!-- tree -->\n```text\n")
    told = {line.split()[0] for line in rest.partition("```")[0].splitlines()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    there = {f"{name.partition('/')[0]}/" if "/" in name else name for name in listed.splitlines()}
    assert told == there


def test_the_changelog_has_this_version() -> None:
    newest = re.search(r"^## (\S+)", ROOT.joinpath("CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == aimodels.__version__


def test_every_dependency_says_what_it_is_for() -> None:
    project = ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, flags=re.MULTILINE | re.DOTALL)
    assert listed is not None
    names = set(re.findall(r'"([A-Za-z0-9_-]+)', listed[1]))
    told = set(
        re.findall(r"^\| ([a-z0-9_-]+) \|", (ROOT / "docs/decisions/README.md").read_text("utf-8"), re.MULTILINE)
    )
    assert names == told - {"page", "package", "---"}


def test_configs_are_found() -> None:
    assert len(CONFIGS) >= 6


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_a_config_opens_with_its_own_command(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    command = "train" if load(path).config.pretrain is None else "pretrain"
    assert first == f"# aimodels {command} {name_of(path)}"


@pytest.fixture
def own_plugins(tmp_path: Path) -> list[Path]:
    """The files of docs/plugins.md, written where the reader is told to; its configs for each kind of input."""
    page = ROOT / "docs" / "plugins.md"
    for block in blocks(page, "python"):
        path = tmp_path / block.partition("\n")[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block, encoding="utf-8")
    paths = []
    for config in blocks(page, "yaml"):
        paths.append(tmp_path / config.partition("\n")[0].removeprefix("# aimodels train "))
        paths[-1].write_text(config, encoding="utf-8")
    assert len(paths) == 4
    return paths


def aimodels_says(*words: str) -> subprocess.CompletedProcess[str]:
    """Start the program from outside, in the current folder."""
    return subprocess.run([sys.executable, "-m", "aimodels", *words], capture_output=True, text=True)


def test_the_plugins_of_the_guide_pass_the_check(own_plugins: list[Path]) -> None:
    for path in own_plugins:
        good = aimodels_says("check", path.name)
        assert good.returncode == 0, good.stderr
    wrong = aimodels_says("check", own_plugins[0].name, "model.filter=8")
    assert wrong.returncode == 2
    assert "filters" in wrong.stderr


@pytest.mark.tensorflow
def test_the_plugins_of_the_guide_train_and_answer(own_plugins: list[Path]) -> None:
    bars = [f"{'r2=0.7' if path.stem == 'parcels' else 'accuracy=0.9'}" for path in own_plugins]
    commands = [
        command
        for path, bar in zip(own_plugins, bars, strict=True)
        for command in (
            ["train", path.name, "-q", "--no-plots", "--run-dir", f"runs/{path.stem}"],
            ["eval", f"runs/{path.stem}", "--no-plots", "--min", bar],
        )
    ]
    # In one process, which loads TensorFlow once.
    script = (
        "import json, sys; from aimodels.cli import main; print([main(words) for words in json.loads(sys.argv[1])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str([0] * len(commands)), done.stdout + done.stderr
