"""From the words of a command line to one call. Typer reads the options; which command it is, we look up ourselves."""

import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import typer

from aimodels.cli import finding, help
from aimodels.cli.options import PARAMETERS, Shared, shared
from aimodels.errors import UsageError

# Typer knows options with a value and options without.
MAY_STAND_ALONE = ("--resume",)
# A change of the config or its file, which stand for themselves after such an option.
NO_VALUE = re.compile(r"=|\.ya?ml$")


@dataclass(frozen=True)
class Call:
    """One command with everything it was given."""

    words: tuple[str, ...]
    function: Callable[..., Any]
    arguments: dict[str, Any]
    shared: Shared


def command_words(arguments: Sequence[str]) -> tuple[str, ...]:
    """The words at the front that name the command: one, or two for a group."""
    count = 2 if arguments[:1] and arguments[0] in finding.groups() else 1
    words = []
    for argument in arguments[:count]:
        if argument.startswith("-"):
            break
        words.append(argument)
    return tuple(words)


def parse(arguments: Sequence[str]) -> Call | None:
    """Read a command line whose shared options stand behind the command word. None when Typer showed a help page.

    Raises:
        UsageError: no such command, or an option or argument of it is wrong.
    """
    words = command_words(arguments)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.callback()(_root)
    if words:
        _add(app, words)
    try:
        parsed = typer.main.get_command(app).main(_with_values(arguments), prog_name="aimodels", standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error, words=words) from error
    return parsed if isinstance(parsed, Call) else None


def _with_values(arguments: Sequence[str]) -> list[str]:
    """The arguments with an empty value for options that may stand alone, and do."""
    given = []
    for argument, after in zip(arguments, [*arguments[1:], "-"], strict=True):
        is_alone = after.startswith("-") or NO_VALUE.search(after)
        given.append(f"{argument}=" if argument in MAY_STAND_ALONE and is_alone else argument)
    return given


def complete() -> None:
    """Answer the shell's request for completions, or install them: Typer finds out which, and ends the process."""
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(_root)
    every: list[tuple[str, ...]] = [(name,) for name in finding.commands()]
    every += [(group, name) for group in finding.groups() for name in finding.commands(finding.folder_of(group))]
    for words in every:
        with suppress(Exception):  # a file with a mistake in it is not completed; calling it says what is wrong
            _add(app, words)
    app(prog_name="aimodels")


def _root() -> None:
    """Turns one YAML file into a trained, measured, servable Keras model."""


def _add(app: typer.Typer, words: tuple[str, ...]) -> None:
    function = finding.load(words)
    *parents, name = words
    for parent in parents:
        known = [info.typer_instance for info in app.registered_groups if info.name == parent]
        below = known[0] if known and known[0] else typer.Typer(rich_markup_mode=None)
        if not known:
            app.add_typer(below, name=parent)
        app = below
    settings = {"help_option_names": ["-h", "--help"]}
    app.command(name, cls=help.HelpfulCommand, context_settings=settings)(_calling(function, words=words))


def _calling(function: Callable[..., Any], *, words: tuple[str, ...]) -> Callable[..., Call]:
    """A function with the options of the command and the shared ones, that answers what is to be called."""
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    names = [parameter.name for parameter in PARAMETERS]

    def call(**values: Any) -> Call:
        general = {name: values.pop(name) for name in names}
        return Call(words=words, function=function, arguments=values, shared=shared(**general))

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    call.__signature__ = inspect.Signature([*keyword_only, *PARAMETERS])  # type: ignore[attr-defined]
    call.__annotations__ = {}
    call.__doc__ = function.__doc__
    return call


def _usage_error(error: typer.TyperException, *, words: tuple[str, ...]) -> UsageError:
    command = " ".join(["aimodels", *words])
    near = sorted(getattr(error, "possibilities", None) or [])
    ask = f"all options: {command} --help"
    message = getattr(error, "message", "") if near else error.format_message()
    text = message.strip().removesuffix(".").replace("\n\t", " ")
    return UsageError(
        text[:1].lower() + text[1:],
        code="AM151",
        help=f"did you mean {' or '.join(f'`{name}`' for name in near)}? {ask}" if near else ask,
    )
