"""Which commands there are and what each says of itself, read from their files without importing any."""

import ast
import difflib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimodels import discovery
from aimodels.errors import MissingError, UsageError

FOLDER = "cli/commands"
ALIASES = {"evaluate": "eval", "validate": "check"}
GROUPS = {"start": "Start", "look": "Look", "use": "Use", "more": "More"}


@dataclass(frozen=True)
class Entry:
    """A command, or a group of commands, as its file describes it."""

    name: str
    purpose: str
    group: str


def file_name(word: str) -> str:
    """The file of a command: `lr-find` is `lr_find.py`."""
    return word.replace("-", "_")


def commands(folder: str = FOLDER) -> tuple[str, ...]:
    """The commands of a folder, as users write them."""
    return tuple(name.replace("_", "-") for name in discovery.names(folder))


def groups() -> tuple[str, ...]:
    """The words that stand before other command words, such as `runs`."""
    found = (discovery.PACKAGE / FOLDER).iterdir()
    return tuple(sorted(path.name.replace("_", "-") for path in found if (path / "__init__.py").exists()))


def folder_of(group: str) -> str:
    """The plug-in folder of a group."""
    return f"{FOLDER}/{file_name(group)}"


def load(words: Sequence[str]) -> Callable[..., Any]:
    """The function behind one command; imports its module and no other.

    Raises:
        UsageError: there is no such command.
    """
    *parents, name = words
    if not parents and name in groups():
        below = ", ".join(commands(folder_of(name)))
        raise UsageError(f"`{name}` needs a command after it", code="AM150", help=f"there are: {below}")
    folder = folder_of(parents[0]) if parents else FOLDER
    if name not in commands(folder):
        raise unknown(words)
    function: Callable[..., Any] = discovery.plugin(folder, file_name(name)).command
    return function


def unknown(words: Sequence[str]) -> UsageError:
    """The error for a command that does not exist, with the nearest that do."""
    *parents, name = words
    known = commands(folder_of(parents[0])) if parents else (*commands(), *groups())
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    before = "".join(f"{parent} " for parent in parents)
    if near:
        advice = f"did you mean `aimodels {before}{near[0]}`?"
    elif not parents and name.endswith((".yaml", ".yml")):
        advice = f"to train with a config: aimodels train {name}"
    else:
        advice = f"there are: {', '.join(sorted(known))}"
    return UsageError(f"no command is called `{before}{name}`", code="AM150", help=advice)


def entries(group: str | None = None) -> list[Entry]:
    """Every command of a group, or of the top level with its groups. A file with a mistake in it is listed as such."""
    folder = discovery.PACKAGE / (folder_of(group) if group else FOLDER)
    found = [
        _described(name, folder / f"{file_name(name)}.py") for name in commands(folder_of(group) if group else FOLDER)
    ]
    if group is None:
        found += [_described(name, folder / file_name(name) / "__init__.py") for name in groups()]
    return sorted(found, key=lambda entry: entry.name)


def _described(name: str, path: Path) -> Entry:
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return Entry(name, purpose=f"(cannot be loaded: {path.name}, line {error.lineno}: {error.msg})", group="more")
    group = "more"
    described: ast.Module | ast.FunctionDef = module
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "command":
            described = statement
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == ["GROUP"]:
            group = ast.literal_eval(statement.value)
    purpose = inspect.cleandoc(ast.get_docstring(described) or "").partition("\n")[0]
    return Entry(name, purpose=purpose, group=group)


def explanation(code: str) -> str:
    """The page about an error code.

    Raises:
        MissingError: no page has that code.
    """
    path = discovery.PACKAGE / "explanations" / f"{code.upper()}.md"
    if code.upper() not in explained():
        near = difflib.get_close_matches(code.upper(), explained(), n=3, cutoff=0.6)
        advice = f"near: {', '.join(near)}; all of them: aimodels explain" if near else "all of them: aimodels explain"
        raise MissingError(f"no error has the code {code}", code="AM154", help=advice)
    return path.read_text(encoding="utf-8")


def explained() -> list[str]:
    """The codes that have a page."""
    return sorted(path.stem for path in (discovery.PACKAGE / "explanations").glob("AM*.md"))
