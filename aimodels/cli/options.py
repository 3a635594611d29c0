"""The options that every command accepts, before or after the command word."""

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

PANEL = "Shared options"

Color = Literal["auto", "always", "never"]
Progress = Literal["auto", "live", "plain", "none"]


@dataclass(frozen=True)
class Shared:
    """What the shared options say."""

    quiet: bool = False
    verbose: int = 0
    json_mode: bool = False
    color: Color = "auto"
    progress: Progress = "auto"
    runs_dir: Path = Path("runs")
    debug: bool = False
    no_input: bool = False


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=PANEL, show_default=False, **more)


def shared(  # noqa: PLR0913  # its signature is that of the command line: every command gets these options
    *,
    quiet: Annotated[
        bool, _option("-q", "--quiet", help="Only the essential value on stdout, only errors on stderr.")
    ] = False,
    verbose: Annotated[int, _option("-v", "--verbose", count=True, help="Say more; repeat for still more.")] = 0,
    json_mode: Annotated[bool, _option("--json", help="One JSON document on stdout, also for failures.")] = False,
    color: Annotated[Color, _option("--color", help="When to use colours; auto: on a terminal.")] = "auto",
    no_color: Annotated[bool, _option("--no-color", help="The same as --color never.")] = False,
    progress: Annotated[Progress, _option("--progress", help="How progress is shown on stderr.")] = "auto",
    runs_dir: Annotated[
        Path,
        _option(
            "--runs-dir", envvar="AIMODELS_RUNS_DIR", show_envvar=True, help="Where runs are kept (default: runs)."
        ),
    ] = Path("runs"),
    debug: Annotated[bool, _option("--debug", help="Show the whole traceback of a failure.")] = False,
    no_input: Annotated[
        bool, _option("--no-input", help="Never ask; fail and name the option to pass instead.")
    ] = False,
) -> Shared:
    """What the shared options say, from the values that were given."""
    return Shared(
        quiet=quiet,
        verbose=verbose,
        json_mode=json_mode,
        color="never" if no_color else color,
        progress=progress,
        runs_dir=runs_dir,
        debug=debug,
        no_input=no_input,
    )


PARAMETERS = tuple(inspect.signature(shared).parameters.values())
FLAGS = ("--quiet", "--verbose", "--json", "--no-color", "--debug", "--no-input")
WITH_VALUE = ("--color", "--progress", "--runs-dir")
SHORT_FLAGS = re.compile(r"-[qv]+")


def after_command(arguments: Sequence[str], *, groups: Sequence[str]) -> list[str]:
    """The same command line, with the shared options that stood before the command word put behind it.

    >>> after_command(["--json", "runs", "-q", "ls", "x"], groups=["runs"])
    ['runs', 'ls', '--json', '-q', 'x']
    """
    words: list[str] = []
    moved: list[str] = []
    rest = list(arguments)
    while rest and len(words) < (2 if words and words[0] in groups else 1):
        if not rest[0].startswith("-"):
            words.append(rest.pop(0))
        elif rest[0] in WITH_VALUE and len(rest) > 1:
            moved += [rest.pop(0), rest.pop(0)]
        elif rest[0].partition("=")[0] in (*FLAGS, *WITH_VALUE) or SHORT_FLAGS.fullmatch(rest[0]):
            moved.append(rest.pop(0))
        else:
            break
    return [*words, *moved, *rest] if words else [*rest, *moved]


def glance(arguments: Sequence[str]) -> Shared:
    """What the shared options seem to say, for a command line that could not be read in full."""
    given = list(arguments)
    if "--" in given:
        given = given[: given.index("--")]
    colors = [_value_after(given, "--color")]
    color: Color = "never" if "--no-color" in given or "never" in colors else "always" if "always" in colors else "auto"
    short = "".join(argument for argument in given if SHORT_FLAGS.fullmatch(argument))
    return Shared(
        quiet="--quiet" in given or "q" in short, json_mode="--json" in given, color=color, debug="--debug" in given
    )


def _value_after(arguments: Sequence[str], option: str) -> str:
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == option:
            return value or "".join(arguments[index + 1 : index + 2])
    return ""
