"""Help pages: what a command is for, examples first, options in groups, exit codes last. Plain text, no boxes."""

import inspect
import shutil
import textwrap
from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand

from aimodels.cli.finding import GROUPS, Entry, entries
from aimodels.cli.options import PANEL

LEFT = 26
EXIT_CODES = """Exit codes:
  0 done   1 started and failed   2 wrong usage or config   3 something named is not there
  4 the answer is no   5 this machine cannot do it   70 a bug   130 stopped by Ctrl-C (state saved)"""


class HelpfulCommand(TyperCommand):
    """A Typer command whose help page is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of this command."""
        formatter.write(command_page(self, ctx))


def root_page() -> str:
    """What `aimodels` without a word shows."""
    found = entries()
    width = max((len(entry.name) for entry in found), default=0) + 2
    lines = ["Turns one YAML file into a trained, measured, servable Keras model.", ""]
    lines += ["Usage: aimodels COMMAND ...", "", "Examples:", "  aimodels train quickstart", "  aimodels runs ls", ""]
    for group, title in GROUPS.items():
        members = [entry for entry in found if entry.group == group]
        if members:
            lines += [f"{title}:", *(_row(entry, width=width) for entry in members), ""]
    lines += [
        "aimodels COMMAND --help says more. -V, --version: the versions in use. --install-completion: for your shell.",
        "",
        EXIT_CODES,
    ]
    return "\n".join(lines)


def group_page(group: str) -> str:
    """What a group word without a command shows."""
    purpose = next(entry.purpose for entry in entries() if entry.name == group)
    found = entries(group)
    width = max((len(entry.name) for entry in found), default=0) + 2
    rows = [_row(entry, width=width) for entry in found]
    lines = [purpose, "", f"Usage: aimodels {group} COMMAND ...", "", "Commands:", *rows, ""]
    return "\n".join([*lines, f"aimodels {group} COMMAND --help says more.", "", EXIT_CODES])


def _row(entry: Entry, *, width: int) -> str:
    return f"  {entry.name:<{width}}{entry.purpose}"


def command_page(command: TyperCommand, ctx: Any) -> str:
    """The help page of one command: its docstring, its arguments and options, the exit codes."""
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    sections = [described(command.callback), f"Usage: {usage}"]
    by_panel: dict[str, list[str]] = {"Arguments": [], "Options": []}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None:
            is_argument = param.param_type_name == "argument"
            panel = PANEL if param.name == "help" else getattr(param, "rich_help_panel", None)
            title = panel or ("Arguments" if is_argument else "Options")
            by_panel.setdefault(title, []).append(_option(*record))
    last = [title for title in by_panel if title == PANEL]
    for title in [title for title in by_panel if title not in last] + last:
        if by_panel[title]:
            sections.append("\n".join([f"{title}:", *by_panel[title]]))
    return "\n\n".join([*sections, EXIT_CODES]) + "\n"


def described(function: Callable[..., Any] | None) -> str:
    """A command's docstring as its users should see it: without the part about what it raises."""
    return inspect.cleandoc(getattr(function, "__doc__", None) or "").partition("\nRaises:")[0].rstrip()


def _option(names: str, text: str) -> str:
    width = min(100, shutil.get_terminal_size((100, 24)).columns) - LEFT
    lines = textwrap.wrap(text, max(30, width)) or [""]
    first = f"  {names:<{LEFT - 4}}  {lines[0]}" if len(names) <= LEFT - 4 else f"  {names}\n{' ' * LEFT}{lines[0]}"
    return "\n".join([first, *(" " * LEFT + line for line in lines[1:])]).rstrip()
