"""What follows a loss that is not finite: training ends, or goes back to the last state with a lower learning rate."""

from dataclasses import replace
from typing import TYPE_CHECKING

from aimodels.config.checkpointing import Rollback
from aimodels.errors import FailedError
from aimodels.events import warn
from aimodels.runs.resuming import cut_to
from aimodels.training.checkpointing import Start, sizes_of
from aimodels.training.shared_states import newest_state_of
from aimodels.training.state import State, put_back
from aimodels.training.stopping import LossNotFinite

if TYPE_CHECKING:
    from aimodels.training.fitting import Fitted, Loop


def prepare_to_go_back(loop: "Loop") -> None:
    """Keep the state before the first step if training may have to go back to it."""
    if isinstance(loop.prepared.config.train.on_nan, Rollback):
        loop.keeper.keep()


def go_back(loop: "Loop", broken: LossNotFinite) -> None:
    """Go back to the last state that was kept, if that is asked for and was not done too often.

    All workers call it after the same step.

    Raises:
        FailedError: training ends here; the network has the weights of the last state.
    """
    run, prepared, keeper = loop.run, loop.prepared, loop.keeper
    keeper.wait()
    prepared.model.forget_wish("is_broken")
    state, on_nan, number = newest_state_of(run, loop.crew), prepared.config.train.on_nan, keeper.progress.rollbacks + 1
    rate = prepared.last_rate
    if state is not None:
        put_back(state, prepared.model)
    if state is None or not isinstance(on_nan, Rollback) or number > on_nan.times:
        if state is not None and state.progress.epochs_done:
            prepared.save_last(run, epoch=state.position.epoch)
        if loop.crew is not None:
            loop.crew.close()  # all workers end with this error: none is lost to another
        raise _not_finite(loop, broken, rate=rate, num_rollbacks=number - 1)
    share = keeper.progress.rollback_share * on_nan.factor
    progress = replace(state.progress, rollbacks=number, rollback_share=share)
    prepared.rate.reduction.assign(progress.share_of_rate)
    if run.worker is None:
        # What happened is not undone; what was learned is.
        cut_to({name: size for name, size in state.sizes.items() if name != run.events_file.name}, run=run)
    again = replace(state, progress=progress, sizes=sizes_of(run))
    keeper.write(again)
    keeper.begin(Start(progress, again))
    warn(
        "AM409",
        f"the loss is not a finite number in epoch {broken.epoch}, at or before step {broken.step}: training goes back "
        f"to {_told(state, prepared=prepared)}, with {on_nan.factor:g} times the learning rate "
        f"(rollback {number} of {on_nan.times})",
        help="if it comes again: a lower train.optimizer.learning_rate, or train.optimizer.clip.norm=1.0; check the "
        "data for extreme values",
    )


def _told(state: State, *, prepared: "Fitted") -> str:
    epoch, step = state.position
    if step:
        return f"step {step} of {prepared.steps.per_epoch} of epoch {epoch + 1}"
    return f"the end of epoch {epoch}" if epoch else "its beginning"


def _not_finite(loop: "Loop", broken: LossNotFinite, *, rate: float, num_rollbacks: int) -> FailedError:
    before = "" if broken.last_finite is None else f"; it was {broken.last_finite:.4g} shortly before"
    has_kept = loop.run.checkpoint("best").exists()
    kept = "the checkpoints of the last good epoch are kept" if has_kept else "no epoch was finished"
    tried = f", after {num_rollbacks} rollbacks" if num_rollbacks > 1 else ", after a rollback" if num_rollbacks else ""
    ways = ["train.optimizer.clip.norm=1.0", *([] if num_rollbacks else ["train.on_nan=rollback"])]
    return FailedError(
        f"the loss is not a finite number in epoch {broken.epoch}, at or before step {broken.step}{before}{tried}",
        code="AM401",
        help=f"the learning rate was {rate:.2g}: try train.optimizer.learning_rate={rate / 10:.2g}, "
        f"or {', or '.join(ways)}; check the data for extreme values",
        notes=(f"{kept}: {loop.run.checkpoints}",),
    )
