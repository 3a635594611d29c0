"""Which view of the events a console gets: live, plain, or warnings only."""

from collections.abc import Iterator
from contextlib import contextmanager

from aimodels.cli.console import Console
from aimodels.events import Event, Listener, Warned


@contextmanager
def view_for(console: Console) -> Iterator[Listener]:
    """A listener that shows events on stderr; what it drew live is cleared when the block ends, however it ends."""
    if console.quiet or (console.json_mode and console.shared.progress == "auto"):
        yield _nothing
    elif console.shared.progress == "none":
        yield WarningsView(console)
    elif console.live:
        from aimodels.cli.live_view import LiveView

        with LiveView(console) as live_view, console.pausing(live_view.pause):
            yield live_view
    else:
        from aimodels.cli.plain_view import PlainView

        with PlainView(console) as plain_view:
            yield plain_view


def _nothing(event: Event) -> None:
    """Show nothing: the caller wants errors or a document only."""


class WarningsView:
    """Shows each warning once and nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        """Show the event if it is a warning that was not shown before."""
        if isinstance(event, Warned) and (event.code, event.message) not in self._seen:
            self._seen.add((event.code, event.message))
            self._console.complain(warning_text(event))
            if self._console.environ.get("GITHUB_ACTIONS") == "true":
                from aimodels.cli.failures import annotation
                from aimodels.errors import Problem

                self._console.complain(annotation("warning", Problem(code=event.code, message=event.message)))


def warning_text(event: Warned) -> str:
    """A warning in the words of an error."""
    advice = f"\n  = help: {event.help}" if event.help else ""
    return f"warning[{event.code}]: {event.message}{advice}"
