"""`aimodels init`: a config of your own to begin with, and the schema that lets an editor help with it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.table_config import table_config
from aimodels.cli.tables import table
from aimodels.config.examples import SUFFIXES, all_examples, header
from aimodels.config.json_schema import FILE, json_schema, modeline
from aimodels.config.overrides import OVERRIDE
from aimodels.discovery import PACKAGE
from aimodels.errors import MissingError, UsageError
from aimodels.runs.atomic import write_json, write_text

GROUP = "start"
TEMPLATES = PACKAGE / "templates"


@dataclass(frozen=True)
class Template:
    """A config to begin with."""

    name: str
    path: Path
    purpose: str


def command(
    console: Console,
    path: Annotated[str, Argument(metavar="[PATH]", help="The new file, or the folder it goes to.")] = ".",
    changes: Annotated[
        list[str] | None,
        Argument(metavar="[KEY=VALUE]...", help="With --from-csv: keys of data, data.format.encoding=latin-1"),
    ] = None,
    template: Annotated[
        str | None, Option("--template", metavar="NAME", help="What to begin with; see --list.")
    ] = None,
    from_csv: Annotated[
        str | None, Option("--from-csv", metavar="FILE", help="Write a config for this table of your own.")
    ] = None,
    target: Annotated[
        list[str] | None, Option("--target", metavar="COLUMN", help="The column of the table to be predicted.")
    ] = None,
    list_: Annotated[bool, Option("--list", help="List the templates and write nothing.")] = False,
    force: Annotated[bool, Option("--force", help="Replace a config that is there.")] = False,
) -> dict[str, Any]:
    """Write a config to begin with, and the schema for editors beside it.

    Examples:
      aimodels init --list
      aimodels init --template image
      aimodels init mine.yaml --template quickstart
      aimodels init --from-csv penguins.csv --target species
      aimodels init --from-csv prices.csv --target price data.format.encoding=latin-1
    """
    place, given = _place_and_changes(path, changes or ())
    _check_options(template=template, from_csv=from_csv, target=target, changes=given)
    if list_:
        rows = [[entry.name, entry.purpose] for entry in templates()]
        console.out(table(console, headers=["template", "purpose"], rows=rows))
        console.essential("\n".join(entry.name for entry in templates()))
        return {"templates": [{"name": name, "purpose": purpose} for name, purpose in rows]}
    if from_csv is not None:
        found = table_config(from_csv, targets=target or (), changes=given)
        console.answer({"task": found.task, "columns": found.columns})
        return _write(Begun(found.stem, found.text), path=place, force=force, console=console)
    chosen = _called(template or _asked(console))
    begun = Begun(chosen.name, chosen.path.read_text(encoding="utf-8"))
    return _write(begun, path=place, force=force, console=console)


def _place_and_changes(path: str, changes: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The first argument may be left out, and be a change already."""
    is_change = OVERRIDE.fullmatch(path) is not None and Path(path).suffix not in SUFFIXES
    return (Path(), [path, *changes]) if is_change else (Path(path), changes)


@dataclass(frozen=True)
class Begun:
    """The text of a new config, and its name where the user gives none."""

    name: str
    text: str


def _check_options(
    *, template: str | None, from_csv: str | None, target: list[str] | None, changes: Sequence[str]
) -> None:
    if from_csv is not None and template is not None:
        raise UsageError("--from-csv and --template exclude each other", code="AM286", help="leave out one of them")
    if changes and from_csv is None:
        message = f"{changes[0]} needs --from-csv"
        raise UsageError(message, code="AM286", help="name the table: --from-csv FILE; a template is changed by hand")
    if target and from_csv is None:
        raise UsageError("--target needs --from-csv", code="AM286", help="name the table: --from-csv FILE")


def _write(begun: Begun, *, path: Path, force: bool, console: Console) -> dict[str, Any]:
    config = path if path.suffix in SUFFIXES else path / f"{begun.name}.yaml"
    if config.exists() and not force:
        raise UsageError(f"{config} exists", code="AM121", help="name another file, or replace it with --force")
    schema = config.parent / FILE
    write_json(schema, json_schema())
    write_text(config, f"{modeline(schema, config=config)}\n{begun.text}")
    following = f"aimodels check {config}"
    console.out(f"wrote {config}\nwrote {schema}\n\nnext: {following}")
    console.essential(str(config))
    return {"files": [str(config), str(schema)], "next": following}


def templates() -> list[Template]:
    """The templates for data of your own, then every shipped config."""
    own = [Template(path.stem, path, _purpose(path)) for path in sorted(TEMPLATES.glob("*.yaml"))]
    shipped = [Template(example.name, example.path, example.result) for example in all_examples()]
    return own + shipped


def _purpose(path: Path) -> str:
    return next(iter(header(path.read_text(encoding="utf-8"))), "")


def _called(name: str) -> Template:
    known = {entry.name: entry for entry in reversed(templates())}
    if name not in known:
        raise MissingError(f"no template is called {name}", code="AM123", help=f"there are: {', '.join(sorted(known))}")
    return known[name]


def _asked(console: Console) -> str:
    """The template that the user names when asked."""
    if console.no_input or console.json_mode or console.quiet or not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("no template was named", code="AM120", help="pass --template NAME; --list shows them")
    import typer

    console.note(
        table(console, headers=["template", "purpose"], rows=[[each.name, each.purpose] for each in templates()])
    )
    answer: str = typer.prompt("template", default="image", err=True)
    return answer
