"""How a training came to its end, whatever happened, and what is written down of it: the event log, `metrics.json`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aimodels.errors import UserError
from aimodels.events import Resumed, RunEnded, RunStarted, emit, listening
from aimodels.runs.atomic import write_json
from aimodels.runs.event_log import EventLog
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.leaving import ending_on_sigterm, signal_of
from aimodels.training.stopping import StopTraining, stopped_by

if TYPE_CHECKING:
    from aimodels.training.progress import Progress


@dataclass
class Ending:
    """How a training came to its end, as far as it is known; filled in while it runs.

    `is_complete`: it came to its own end, rather than to that of its time or its process.
    """

    progress: "Progress | None" = None
    reason: str = ""
    signal_number: int = 0
    fraction: float = 0.0
    is_complete: bool = False
    seconds_before: float = 0.0
    started_at: float = field(default_factory=time.perf_counter)

    def stop(self, stop: StopTraining, *, fraction: float) -> None:
        """Training was left in the middle of an epoch."""
        self.reason = stop.reason
        self.signal_number = stop.signal_number
        self.fraction = fraction

    @property
    def status(self) -> str:
        """finished, stopped_early or interrupted."""
        if self.signal_number:
            return "interrupted"
        return "stopped_early" if self.reason or (self.progress and self.progress.stop_reason) else "finished"

    @property
    def seconds(self) -> float:
        """Seconds that the run has trained, those before it was left and gone on with as well."""
        return self.seconds_before + time.perf_counter() - self.started_at


@contextmanager
def kept(
    run: RunFolder, *, begin: Callable[[], None], started: Callable[[], RunStarted], resumed: Resumed | None = None
) -> Iterator[Ending]:
    """`begin` writes what is known before the first step; what goes wrong in it leaves no folder that was not there."""
    ending = Ending(seconds_before=resumed.seconds_before if resumed else 0.0)
    with ending_on_sigterm(run):
        try:
            begin()
        except BaseException:
            if resumed is None:
                run.discard()
            raise
        with _told(run, ending):
            emit(started())
            if resumed is not None:
                emit(resumed)
            yield ending


@contextmanager
def _told(run: RunFolder, ending: Ending) -> Iterator[None]:
    """Keep the events of the block, and write down how it ended."""
    with listening(EventLog(run.events_file)):
        try:
            yield
        except UserError as error:
            _end(run, ending, status="failed", error={"code": error.code, "message": error.message})
            raise
        except KeyboardInterrupt as stop:
            ending.stop(stopped_by(signal_of(stop)), fraction=ending.fraction)
            _end(run, ending, status="interrupted")
            raise
        except BaseException as error:
            _end(run, ending, status="failed", error={"code": "AM900", "message": f"{type(error).__name__}: {error}"})
            raise
        _end(run, ending, status=ending.status)


def _end(run: RunFolder, ending: Ending, *, status: str, error: dict[str, str] | None = None) -> None:
    progress = ending.progress
    facts: dict[str, Any] = {"status": status, "ended": now(), "seconds": round(ending.seconds, 3), "error": error}
    facts |= {
        "reason": ending.reason or (progress.stop_reason if progress else ""),
        "fraction": ending.fraction,
        "signal_number": ending.signal_number,
        "is_complete": ending.is_complete and error is None,
    }
    if progress:
        best = {"epoch": progress.best.improved_at, "value": progress.best.best}
        facts |= {"epochs_done": progress.epochs_done, "best": best}
        # What a worker has that is not the chief begins anew where the run goes on.
        if run.worker is None:
            write_json(run.metrics_file, _metrics(run, progress))
    run.update(**facts)
    emit(RunEnded(run=run.name, status=status, epochs=progress.epochs_done if progress else 0, seconds=ending.seconds))


def _metrics(run: RunFolder, progress: "Progress") -> dict[str, Any]:
    history = run.history()
    epochs = [int(epoch) for epoch in history["epoch"]]

    def row(epoch: int) -> dict[str, float]:
        return {name: values[epochs.index(epoch)] for name, values in history.items() if name != "epoch"}

    best, last = progress.best, epochs[-1]
    before = {"before": {"epoch": 0, "all": row(0)}} if epochs[0] == 0 else {}
    return before | {
        "best": {
            "epoch": best.improved_at,
            "monitor": best.metric,
            "mode": best.mode,
            "value": best.best,
            "all": row(best.improved_at),
        },
        "last": {"epoch": last, "all": row(last)},
    }
