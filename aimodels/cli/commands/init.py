"""`aimodels init`: a config of your own to begin with, and the schema that lets an editor help with it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.tables import table
from aimodels.config.examples import SUFFIXES, all_examples, header
from aimodels.config.json_schema import FILE, json_schema, modeline
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
    path: Annotated[Path, Argument(metavar="[PATH]", help="The new file, or the folder it goes to.")] = Path(),
    template: Annotated[
        str | None, Option("--template", metavar="NAME", help="What to begin with; see --list.")
    ] = None,
    list_: Annotated[bool, Option("--list", help="List the templates and write nothing.")] = False,
    force: Annotated[bool, Option("--force", help="Replace a config that is there.")] = False,
) -> dict[str, Any]:
    """Write a config to begin with, and the schema for editors beside it.

    Examples:
      aimodels init --list
      aimodels init --template image
      aimodels init mine.yaml --template quickstart
    """
    if list_:
        rows = [[entry.name, entry.purpose] for entry in templates()]
        console.out(table(console, headers=["template", "purpose"], rows=rows))
        console.essential("\n".join(entry.name for entry in templates()))
        return {"templates": [{"name": name, "purpose": purpose} for name, purpose in rows]}
    chosen = _called(template or _asked(console))
    config = path if path.suffix in SUFFIXES else path / f"{chosen.name}.yaml"
    if config.exists() and not force:
        raise UsageError(f"{config} exists", code="AM121", help="name another file, or replace it with --force")
    schema = config.parent / FILE
    write_json(schema, json_schema())
    write_text(config, f"{modeline(schema, config=config)}\n{chosen.path.read_text(encoding='utf-8')}")
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
