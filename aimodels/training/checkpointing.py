"""Keeps the state of a training as often as `train.checkpoint` says, and what it learned whenever that is the best.

Files are written while training goes on.
"""

import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

import keras

from aimodels.config.schema import Config
from aimodels.distribution.crew import Crew
from aimodels.distribution.strategy import Placement
from aimodels.events import CheckpointSaved, emit
from aimodels.runs.folder import RunFolder
from aimodels.training.checkpoints import Write
from aimodels.training.progress import Progress
from aimodels.training.schedules import Steps
from aimodels.training.state import Position, State, WeightsNotFinite, put_metrics_back, values_of
from aimodels.training.state_files import write_state
from aimodels.training.stepping import Stepping
from aimodels.training.stopping import LossNotFinite, seconds_of


class Kept(Protocol):
    """What is kept: a model that trains, what says which of its weights never do, and what is of use to others."""

    @property
    def config(self) -> Config:
        """What was asked for."""

    @property
    def model(self) -> Stepping:
        """What is trained."""

    @property
    def steps(self) -> Steps:
        """How long it takes."""

    @property
    def placement(self) -> Placement:
        """Where it runs."""

    @property
    def frozen(self) -> str:
        """A hash of the weights that never train and are no part of `model`; empty where there are none."""

    def best(self, run: RunFolder, *, epoch: int) -> Write:
        """Copy what was learned, the best so far, for whoever uses the run; what comes back writes it in any thread."""


@dataclass(frozen=True)
class Start:
    """Where a training begins: at its beginning, or where a state was kept. `crew` are the workers that begin there."""

    progress: Progress
    state: State | None = None
    crew: Crew | None = None

    @property
    def position(self) -> Position:
        """The epochs, and the steps of the next one, that are done."""
        return self.state.position if self.state else Position(0)


class StateKeeper(keras.callbacks.Callback):
    """Knows how far a training is and keeps its state; the first callback of `fit`, as others leave the loop.

    At most one state is being written at a time, and before it what was learned. That they could not be written is told
    at the end of a later step.
    """

    def __init__(self, run: RunFolder, kept: Kept, *, start: Start) -> None:
        super().__init__()
        self._run = run
        self._kept = kept
        self._crew = start.crew
        self._options = kept.config.train.checkpoint
        self._seconds_between = math.inf if self._options.every is None else seconds_of(self._options.every)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._pending: Future[list[Path]] | None = None
        self._began_at = time.perf_counter() - (start.state.seconds if start.state else 0.0)
        self.begin(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        try:
            self._writer.shutdown()
            if kind is None:
                self.wait()
        finally:
            self._pending = None

    def begin(self, start: Start) -> None:
        """Go on from here."""
        self.progress = start.progress
        self.position = start.position
        self.measured = dict(start.state.measured) if start.state else {}
        self.epoch_seconds_before = start.state.epoch_seconds if start.state else 0.0
        self._goes_on = start.state
        self._kept_position = start.position
        self._kept_at = self._epoch_began_at = time.perf_counter()

    # --- what Keras tells ---------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras has just put all metrics back to nothing; those of an epoch that goes on are not."""
        if epoch != self.position.epoch or self._goes_on is None:
            self.position, self.epoch_seconds_before = Position(epoch), 0.0
        else:
            put_metrics_back(self._goes_on, self._kept.model, first=self._kept.placement.first)
        self.measured = {}
        self._goes_on = None
        self._first_step = self.position.step
        self._epoch_began_at = time.perf_counter() - self.epoch_seconds_before

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the state if it is time, but for that after the last step, which the end of the epoch is about."""
        steps = self._kept.steps.per_epoch
        self.position = Position(self.position.epoch, min(self._first_step + batch + 1, steps))
        self._collect()
        if self.position.step < steps and self._is_due:
            # Not what Keras tells: of several workers each is told of its own examples.
            if not math.isfinite(self._measured().get("loss", 0.0)):
                raise self._not_finite()
            self.keep()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Validation uses the same metrics: what was measured in training is remembered."""
        self.measured = self._measured()

    # --- what the loop tells ------------------------------------------------------------------------------

    def end_epoch(self, progress: Progress) -> None:
        """An epoch is over: keep the state if it is time, if the epoch is the best, or the last."""
        self.progress, self.position, self.measured = progress, Position(progress.epochs_done), {}
        self.epoch_seconds_before, self._goes_on = 0.0, None
        every = self._options.every_epochs
        is_last = bool(progress.stop_reason) or progress.epochs_done >= self._kept.config.train.epochs
        # The best checkpoint is never of an epoch that a resumed training does not know of.
        is_best = progress.best.improved_at == progress.epochs_done
        self._collect()
        if is_last or is_best or self._is_due or (every is not None and progress.epochs_done % every == 0):
            self.keep(is_best=is_best)

    def keep_left(self) -> None:
        """Keep the state of a training that is left here, and wait until it is written."""
        self.wait()
        if self.position != self._kept_position:
            # What went wrong since the last state goes wrong again when that one is gone on with, and is told then.
            with suppress(LossNotFinite):
                self.keep()
            self.wait()

    def keep(self, *, is_best: bool = False) -> None:
        """Keep the state as it is now, and before it what was learned if that is the best; written in the background.

        Raises:
            LossNotFinite: a weight is NaN or infinite; nothing is kept.
            MachineError: the one before could not be written.
        """
        self.wait()
        is_at_end = self.position.step == self._kept.steps.per_epoch
        if is_at_end:
            self.measured = self.measured or self._measured()
        try:
            within_epoch = 0 < self.position.step and not is_at_end
            values = values_of(self._kept.model, within_epoch=within_epoch, crew=self._crew)
        except WeightsNotFinite as error:
            raise self._not_finite() from error
        state = State(
            position=self.position,
            progress=self.progress,
            values=values,
            measured=self.measured if is_at_end else {},
            seconds=time.perf_counter() - self._began_at,
            epoch_seconds=time.perf_counter() - self._epoch_began_at if self.position.step else 0.0,
            frozen=self._kept.frozen,
        )
        self.write(state, best=self._kept.best(self._run, epoch=self.position.epoch) if is_best else None)

    def write(self, state: State, *, best: Write | None = None) -> None:
        """Write `best` and this state in the background, with the sizes that the files of the run have now."""
        self.wait()
        files = [] if best is None else [best]
        self._kept_position, self._kept_at = state.position, time.perf_counter()
        self._kept.model.forget_wish("keep")
        # Of several workers the chief writes; all of them have read the variables, which some strategies do together.
        if self._run.worker is None:
            whole = replace(state, sizes=sizes_of(self._run))
            files.append(lambda: write_state(whole, self._run, keep=self._options.keep))
        self._pending = self._writer.submit(lambda: [write() for write in files])

    def wait(self) -> None:
        """Wait until what is being written is.

        Raises:
            MachineError: it could not be.
        """
        if self._pending is not None:
            pending, self._pending = self._pending, None
            for path in pending.result():
                emit(CheckpointSaved(path=str(path.relative_to(self._run.path)), epoch=self._kept_position.epoch))

    def _collect(self) -> None:
        if self._pending is not None and self._pending.done():
            self.wait()

    @property
    def _is_due(self) -> bool:
        """Whether it is time, by steps or by the clock."""
        every, per_epoch = self._options.every_steps, self._kept.steps.per_epoch
        done, kept = (each.epoch * per_epoch + each.step for each in (self.position, self._kept_position))
        # Counted from the first step, so that a resumed training keeps the same states.
        by_steps = every is not None and done // every > kept // every
        [by_the_clock] = self._kept.model.agreed(keep=time.perf_counter() - self._kept_at >= self._seconds_between)
        return by_steps or by_the_clock

    def _not_finite(self) -> LossNotFinite:
        return LossNotFinite(epoch=self.position.epoch + 1, step=self.position.step, last_finite=None)

    def _measured(self) -> dict[str, float]:
        return {name: float(value) for name, value in sorted(self._kept.model.get_metrics_result().items())}


def sizes_of(run: RunFolder) -> dict[str, int]:
    """How many bytes the files of a run have that grow while it trains."""
    files = (run.history_file, run.timing_file, run.events_file)
    return {path.name: path.stat().st_size if path.exists() else 0 for path in files}
