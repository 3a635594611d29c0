"""What `aimodels plot` does around the library's `draw_figures`: which figures there are, where to, what was made."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aimodels import discovery
from aimodels.cli.console import Console
from aimodels.drawing import Drawn
from aimodels.errors import MissingError, UsageError
from aimodels.runs.folder import RunFolder


def words(given: Sequence[str] | None) -> tuple[str, ...]:
    """The words of an option that may be repeated and may hold several with commas between them.

    >>> words(["history,roc", " pr "])
    ('history', 'roc', 'pr')
    """
    return tuple(word.strip() for text in given or () for word in text.split(",") if word.strip())


def figures(console: Console, *, asked: bool) -> dict[str, Any]:
    """List the figures there are, with what each shows.

    Raises:
        UsageError: neither a run nor the list was asked for.
    """
    if not asked:
        raise UsageError(
            "name a run to draw", code="AM151", help="aimodels plot latest; the figures: aimodels plot --list"
        )
    shown = {name: _purpose(name) for name in discovery.names("figures")}
    width = max(map(len, shown))
    console.out("\n".join(f"{name:<{width}}  {purpose}" for name, purpose in shown.items()))
    console.essential("\n".join(shown))
    return {"figures": shown}


def _purpose(name: str) -> str:
    source = (discovery.PACKAGE / "figures" / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def shared_folder(runs: Sequence[RunFolder], *, runs_dir: Path) -> Path | None:
    """Where pictures of several runs go: beside the runs. None for a single run, which has its own places."""
    if len(runs) == 1:
        return None
    others = f"+{len(runs) - 2}-more" if len(runs) > 2 else ""
    names = "+".join(run.name.replace("/", "-") for run in runs[:2])
    return runs_dir / "compared" / f"{names}{others}"


def tell(console: Console, drawn: Sequence[Drawn], *, show: bool) -> dict[str, Any]:
    """Name the pictures that were made and those that were left out, and open them if asked to.

    Raises:
        MissingError: not one could be drawn.
    """
    made = {one.kind: one.path for one in drawn if one.path}
    skipped = {one.kind: one.skipped for one in drawn if one.skipped}
    document = {"files": {kind: str(path) for kind, path in made.items()}, "skipped": skipped}
    console.answer(document)
    if not made:
        raise MissingError(
            "there is nothing to draw",
            code="AM517",
            help="train to the end of an epoch first, or evaluate: aimodels eval RUN",
            notes=[f"{kind}: {reason}" for kind, reason in skipped.items()],
        )
    console.out("\n".join(str(path) for path in made.values()))
    console.essential("\n".join(str(path) for path in made.values()))
    for reason in dict.fromkeys(skipped.values()):
        kinds = ", ".join(kind for kind in skipped if skipped[kind] == reason)
        console.note(f"skipped {kinds}: {reason}")
    if show:
        _open(console, list(made.values()))
    return document


def _open(console: Console, paths: Sequence[Path]) -> None:
    import typer

    if any(typer.launch(str(path)) for path in paths):
        console.note("note: this machine has no program to show pictures with")
