"""The one place that writes to the terminal: results on stdout, notes on stderr, each as its stream can show it."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

from aimodels.cli import terminal
from aimodels.cli.options import Shared
from aimodels.errors import UsageError

if TYPE_CHECKING:
    import rich.console


class Console:
    """Where a command writes. A text is written as it is: no markup, no wrapping, no colours of its own."""

    def __init__(self, shared: Shared, *, environ: Mapping[str, str] | None = None) -> None:
        self.shared = shared
        self.environ = os.environ if environ is None else environ
        self.runs_dir: Path = shared.runs_dir
        self.json_mode = shared.json_mode
        self.quiet = shared.quiet
        self.verbose = shared.verbose
        self.debug = shared.debug
        self.no_input = shared.no_input
        self.stdout: TextIO = sys.stdout or _nowhere()
        self.stderr: TextIO = sys.stderr or _nowhere()
        self.document: dict[str, Any] = {}
        self._pause: Any = None

    # --- what this terminal can do ------------------------------------------------------------------------

    @cached_property
    def live(self) -> bool:
        """Whether progress is redrawn in place on stderr."""
        return terminal.wants_live(self.stderr, choice=self.shared.progress, environ=self.environ)

    @property
    def plain(self) -> bool:
        """Whether progress is written as plain lines."""
        return not self.live

    @property
    def width(self) -> int:
        """Columns of stdout."""
        return terminal.width(self.stdout, environ=self.environ)

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at stdout."""
        return terminal.is_terminal(self.stdout)

    @cached_property
    def for_results(self) -> "rich.console.Console":
        """Rich's console for stdout."""
        return self._rich(self.stdout, redrawn=False)

    @cached_property
    def for_notes(self) -> "rich.console.Console":
        """Rich's console for stderr."""
        return self._rich(self.stderr, redrawn=self.live)

    def _rich(self, stream: TextIO, *, redrawn: bool) -> "rich.console.Console":
        from rich.console import Console as RichConsole

        color = terminal.wants_color(stream, choice=self.shared.color, environ=self.environ)
        return RichConsole(
            file=cast(IO[str], terminal.Writer(stream)),
            force_terminal=color or redrawn,
            force_interactive=redrawn,
            color_system="standard" if color else None,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
            width=terminal.width(stream, environ=self.environ),
            legacy_windows=False,
        )

    # --- writing ------------------------------------------------------------------------------------------

    def out(self, renderable: Any = "") -> None:
        """Write a result for people on stdout; silent under --json and -q."""
        if not (self.json_mode or self.quiet):
            self._write(renderable, self.stdout)

    def essential(self, text: str) -> None:
        """Write the one value that a script wants on stdout, under -q only."""
        if self.quiet and not self.json_mode:
            self._write(text, self.stdout)

    def note(self, renderable: Any = "") -> None:
        """Write a remark for people on stderr; silent under --json and -q."""
        if not (self.json_mode or self.quiet):
            self.complain(renderable)

    def complain(self, renderable: Any) -> None:
        """Write on stderr whatever the mode is: for errors."""
        # A log reader that went away is no reason to lose a training.
        with suppress(BrokenPipeError):
            self._write(renderable, self.stderr)

    def answer(self, document: Mapping[str, Any]) -> None:
        """Keep fields of the JSON document, so that they are printed even if the command then raises."""
        self.document.update(document)

    def print_document(self, text: str) -> None:
        """Write the JSON document on stdout."""
        self._write(text, self.stdout)

    def _write(self, renderable: Any, stream: TextIO) -> None:
        if self._pause is not None:
            self._pause()
        if isinstance(renderable, str):
            text = renderable + "\n"
        else:
            from rich.text import Text

            rich_console = self.for_results if stream is self.stdout else self.for_notes
            with rich_console.capture() as captured:
                # A text is for the terminal to break; Rich would cut it at the width, or break a frame in two.
                rich_console.print(renderable, soft_wrap=isinstance(renderable, Text))
            text = captured.get()
        stream.write(terminal.writable(text, stream))
        stream.flush()

    @contextmanager
    def pausing(self, pause: Any) -> Iterator[None]:
        """Call `pause` before each text that is written inside the block: the live view clears its lines."""
        before, self._pause = self._pause, pause
        try:
            yield
        finally:
            self._pause = before

    # --- asking -------------------------------------------------------------------------------------------

    def confirm(self, question: str, *, instead: str) -> bool:
        """Ask a yes-or-no question; anything but y or yes is no.

        Raises:
            UsageError: nobody can be asked; `instead` is the option that answers.
        """
        if self.no_input or self.json_mode or self.quiet or not (sys.stdin and sys.stdin.isatty()):
            raise UsageError(
                f"nobody can be asked here: {question}", code="AM153", help=f"pass {instead} to answer yes"
            )
        self.stderr.write(terminal.writable(f"{question} [y/N] ", self.stderr))
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    # --- keeping stdout for ourselves ---------------------------------------------------------------------

    @contextmanager
    def keeping_stdout(self) -> Iterator[None]:
        """Under --json and -q, what libraries print inside the block goes to stderr, and stdout stays ours."""
        if not (self.json_mode or self.quiet):
            yield
            return
        ours, shown = self.stdout, sys.stdout
        kept = _duplicate(ours)
        try:
            if kept is not None:
                ours.flush()
                os.dup2(self.stderr.fileno(), 1)
                self.stdout = kept
            sys.stdout = self.stderr
            yield
        finally:
            sys.stdout, self.stdout = shown, ours
            if kept is not None:
                os.dup2(kept.fileno(), 1)
                # Every text was flushed when it was written; what could not be written was told then.
                with suppress(OSError):
                    kept.close()


def _duplicate(stream: TextIO) -> TextIO | None:
    """A second handle on stdout, or None where the stream is not the process's own stdout."""
    try:
        if stream.fileno() != 1:
            return None
    except (OSError, ValueError):
        return None
    return os.fdopen(os.dup(1), "w", encoding=stream.encoding, errors="backslashreplace")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # stands for a closed stream until the process ends
