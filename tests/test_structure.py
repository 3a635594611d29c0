"""The shape of the code base: names, sizes, imports, and that every plug-in keeps its contract."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aimodels import discovery

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "aimodels"
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base"}
HEAVY = ("tensorflow", "keras", "matplotlib", "sklearn", "pandas", "pyarrow")
# TensorFlow code from the first line; what imports them does so inside functions.
HEAVY_FOLDERS = ("layers", "pretraining", "training")
MODULES = sorted(PACKAGE.rglob("*.py"))
# Started, never imported: the package itself, and what a process of its own runs on an exported model.
PROGRAMS = [PACKAGE / "__main__.py", *PACKAGE.glob("verification/*_answers.py")]
PLUGINS = [(folder, name) for folder in discovery.REQUIRED for name in discovery.names(folder)]
PLUGINS += [
    (f"cli/commands/{group.name}", name)
    for group in sorted((PACKAGE / "cli" / "commands").iterdir())
    if group.is_dir() and not group.name.startswith("_")
    for name in discovery.names(f"cli/commands/{group.name}")
]


def dotted(path: Path) -> str:
    """The name under which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, at any depth."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> int:
    """Where a function begins; a command after its options and its help page, which are what its user reads."""
    is_command = node.name == "command" and path.is_relative_to(PACKAGE / "cli" / "commands")
    return node.body[1].lineno if is_command and len(node.body) > 1 else node.lineno


def tracked_files() -> list[Path]:
    """What is in the repository, as git sees it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_two_files_of_tests_share_a_name() -> None:
    names = [path.name for path in ROOT.joinpath("tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_every_file_says_what_is_in_it() -> None:
    parts = {part.strip("_") for path in [*MODULES, *ROOT.joinpath("tests").rglob("*.py")] for part in path.parts}
    named = {Path(part).stem for part in parts}
    assert len(MODULES) > 50
    assert not named & BANNED_NAMES


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_fits_in_a_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    lengths = {node.name: (node.end_lineno or 0) - first_line(node, path) + 1 for node in functions(path)}
    assert {name: length for name, length in lengths.items() if length > 40} == {}


def test_the_whole_pipe_is_one_function_without_features() -> None:
    [train] = [node for node in functions(PACKAGE / "training" / "train.py") if node.name == "train"]
    assert (train.end_lineno or 0) - train.lineno < 40


def test_only_the_front_door_exits() -> None:
    exits = [dotted(path) for path in MODULES if re.search(r"\bsys\.exit\(|\bos\._exit\(", path.read_text("utf-8"))]
    # Nothing interrupts an operation of TensorFlow: where a peer died in one, or a SIGTERM has no more time.
    cannot_be_left = {"aimodels.training.crewed", "aimodels.runs.leaving"}
    assert set(exits) <= {"aimodels.cli", "aimodels.__main__"} | cannot_be_left


def test_a_run_keeps_its_file_names_to_itself() -> None:
    names = ('"run.json"', '"history.csv"', '"metrics.json"', '"config.resolved.yaml"', '"events.jsonl"')
    found = {name: [dotted(path) for path in MODULES if name in path.read_text("utf-8")] for name in names}
    assert found == {name: ["aimodels.runs.folder"] for name in names}


def test_importing_every_other_module_loads_nothing_heavy() -> None:
    names = [
        dotted(path)
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] not in HEAVY_FOLDERS and path not in PROGRAMS
    ]
    program = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]
    if loaded:
        sys.exit(f"importing {{name}} loads {{', '.join(loaded)}}")
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("folder", sorted(discovery.REQUIRED))
def test_a_plugin_folder_has_plugins(folder: str) -> None:
    assert discovery.names(folder)


@pytest.mark.parametrize(("folder", "name"), PLUGINS, ids=["/".join(words) for words in PLUGINS])
def test_every_file_of_a_plugin_folder_is_a_plugin(folder: str, name: str) -> None:
    module = __import__(f"aimodels.{folder.replace('/', '.')}.{name}", fromlist=["_"])
    kind = "cli/commands" if folder.startswith("cli/commands") else folder
    assert [word for word in discovery.REQUIRED[kind] if not hasattr(module, word)] == []
    if folder in ("datasets", "architectures"):
        assert module.Options.model_fields["name"].annotation.__args__ == (name,)
    if kind == "cli/commands":
        assert (module.command.__doc__ or "").strip(), "the first line of its docstring is its help"


def test_every_dataset_shows_an_example() -> None:
    silent = [name for name in discovery.names("datasets") if "Example:" not in (plugin_doc("datasets", name) or "")]
    assert silent == []


def plugin_doc(folder: str, name: str) -> str | None:
    """The docstring of a plug-in's module, read without importing it."""
    return ast.get_docstring(ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8")))


def test_the_repository_knows_no_machine() -> None:
    # Home folders of one machine, folders beside the checkout, and package indexes: none of them is there for others.
    private = re.compile(r"(?<![\w.-])/(work|root)/|\.\./shared|--(extra-)?index-url|pypi\.org/simple|file:/{3}")
    texts = [path for path in tracked_files() if path.suffix not in (".npz", ".png", ".gz", ".svg")]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if private.search(line)
    ]
    assert len(texts) > 50
    assert found == []


def test_constraints_are_exact_versions_and_nothing_else() -> None:
    lines = ROOT.joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 50
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+]+", line)] == []
