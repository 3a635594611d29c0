"""`aimodels ls`: what there is to start from: shipped configs, architectures, datasets."""

import ast
from typing import Annotated, Any, Literal

from typer import Argument, Option

from aimodels import discovery
from aimodels.cli.console import Console
from aimodels.cli.tables import table
from aimodels.config.examples import all_examples

GROUP = "start"
FOLDERS = {"models": "architectures", "datasets": "datasets"}


def command(
    console: Console,
    kind: Annotated[
        Literal["examples", "models", "datasets"], Argument(metavar="[KIND]", help="examples, models or datasets.")
    ] = "examples",
    task: Annotated[str | None, Option("--task", help="Only the examples of this folder, such as image.")] = None,
) -> dict[str, Any]:
    """List the shipped configs, the models or the datasets.

    Examples:
      aimodels ls
      aimodels ls models
      aimodels ls examples --task image
    """
    found = _examples(task) if kind == "examples" else _plugins(FOLDERS[kind])
    if found:
        headers = list(found[0])
        console.out(table(console, headers=headers, rows=[[row[header] for header in headers] for row in found]))
        console.essential("\n".join(row["name"] for row in found))
    else:
        console.note(f"no {kind}" + (f" for the task {task}" if task else ""))
    if kind == "examples" and found:
        console.note("train one: aimodels train NAME    copy one: aimodels cp NAME")
    return {kind: found}


def _examples(task: str | None) -> list[dict[str, str]]:
    return [
        {"name": example.name, "task": example.task or "-", "result": example.result, "path": str(example.path)}
        for example in all_examples()
        if task in (None, example.task)
    ]


def _plugins(folder: str) -> list[dict[str, str]]:
    """What each file of a plug-in folder says of itself, read without importing it."""
    return [{"name": name, "purpose": _purpose(folder, name)} for name in discovery.names(folder)]


def _purpose(folder: str, name: str) -> str:
    path = discovery.PACKAGE / folder / f"{name}.py"
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except SyntaxError as error:
        return f"(cannot be loaded: line {error.lineno}: {error.msg})"
    return " ".join(text.partition("\n\n")[0].split())
