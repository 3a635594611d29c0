"""`aimodels explain`: what an error code means and how to mend it."""

from typing import Annotated, Any

from typer import Argument

from aimodels.cli import finding
from aimodels.cli.console import Console

GROUP = "more"


def command(
    console: Console,
    code: Annotated[
        str | None, Argument(metavar="CODE", help="A code such as AM101; without one, all are listed.")
    ] = None,
) -> dict[str, Any]:
    """What an error code means and how to mend it.

    Examples:
      aimodels explain AM101
      aimodels explain
    """
    if code is None:
        titles = {known: title(finding.explanation(known)) for known in finding.explained()}
        console.out("\n".join(f"{known}  {text}" for known, text in titles.items()))
        return {"codes": titles}
    page = finding.explanation(code)
    console.out(page.rstrip())
    console.essential(title(page))
    return {"code": code.upper(), "title": title(page), "text": page}


def title(page: str) -> str:
    """The first line of a page, without its code."""
    return page.partition("\n")[0].removeprefix("# ").partition(": ")[2]
