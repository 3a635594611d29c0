"""`logs/console.log` of a run: what a plain terminal would have shown of its training, kept with the run."""

from pathlib import Path

from aimodels.cli.plain_view import lines
from aimodels.cli.views import warning_text
from aimodels.events import CrossValidationStarted, EpochEnded, Event, RunStarted, Warned
from aimodels.runs.atomic import append
from aimodels.runs.folder import RunFolder


class ConsoleLog:
    """A listener that writes into the log of the run as soon as there is one; until then it remembers."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._waiting: list[str] = []
        self._last: EpochEnded | None = None

    def __call__(self, event: Event) -> None:
        """Write what a plain view says about one event."""
        if isinstance(event, RunStarted | CrossValidationStarted):
            run = RunFolder(Path(event.path))
            worker = event.worker if isinstance(event, RunStarted) else None
            self._path = run.worker_log(worker) if worker else run.console_log
        if isinstance(event, EpochEnded):
            self._last = event
        said = [warning_text(event)] if isinstance(event, Warned) else lines(event, last=self._last)
        self._waiting += [f"{line}\n" for line in said]
        if self._path is not None and self._waiting:
            append(self._path, "".join(self._waiting))
            self._waiting = []
