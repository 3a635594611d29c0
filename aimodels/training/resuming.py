"""Where a training begins: at its beginning, or where a run was left, with everything put back as it was."""

from dataclasses import replace
from typing import Any, Protocol

from aimodels import discovery
from aimodels.config.loading import Loaded
from aimodels.config.optimizers import Cosine, Linear, OneCycle
from aimodels.config.schema import Config
from aimodels.data.dataset import Dataset
from aimodels.distribution.crew import Crew
from aimodels.distribution.larger_batches import larger_batch
from aimodels.distribution.tensorflow_start import move_log
from aimodels.errors import FailedError, UsageError
from aimodels.events import Resumed, warn
from aimodels.runs.environment import package_versions
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.place import RunPlace
from aimodels.runs.reading import document_in
from aimodels.runs.resuming import cut_to, go_on, remove_leftovers
from aimodels.training.checkpointing import Kept, Start, sizes_of
from aimodels.training.crewed import WorkerRun
from aimodels.training.progress import Progress
from aimodels.training.shared_states import newest_state_of
from aimodels.training.state import State, put_back
from aimodels.training.state_files import expect_states

PUT_BACK = "put back the files of the encoder as they were, or train anew, without --resume"
# What a step computes is theirs.
COMPUTING = ("tensorflow", "keras", "numpy")


class GoesOn(Kept, Protocol):
    """What can go on: besides what is kept, the examples and the progress that it begins with."""

    @property
    def dataset(self) -> Dataset:
        """The examples."""

    @property
    def progress(self) -> Progress:
        """The progress before the first epoch."""


def start_of(run: RunFolder, prepared: GoesOn, *, where: RunPlace, crew: Crew | None = None) -> Start:
    """Where the training of a run begins; if it goes on, network and optimizer have the values that they had.

    Of several workers the chief says whether it goes on, and from which state.

    Raises:
        UserError: the state cannot be read, or is not one of these data and this network.
    """
    if isinstance(run, WorkerRun):
        goes_on = run.goes_on
    else:
        goes_on = where.resumed is not None
    if not goes_on:
        return Start(prepared.progress, crew=crew)
    if run.worker is None:
        _expect_same_data(run, prepared)
        _expect_same_encoder(run, prepared.config)
        expect_states(run)
    state = newest_state_of(run, crew)
    if state is None:
        return Start(prepared.progress, crew=crew)
    if state.frozen != prepared.frozen:
        raise FailedError(
            f"the encoder is not the one that {run.name} began with: its weights are others",
            code="AM406",
            help=PUT_BACK,
        )
    put_back(state, prepared.model)
    if run.worker is None:
        _warn_of_versions(run)
    progress = _with_patience(state.progress, prepared.config)
    return Start(progress, replace(state, progress=progress), crew)


def _expect_same_data(run: RunFolder, prepared: GoesOn) -> None:
    was, found = run.facts().get("data_fingerprint"), prepared.dataset.provenance.fingerprint
    if was != found:
        raise UsageError(
            f"the data is not what {run.name} began with: its fingerprint was {was} and is {found}",
            code="AM405",
            help="put the data back as it was, or train anew, without --resume",
        )


def _expect_same_encoder(run: RunFolder, config: Config) -> None:
    """The state holds the weights that train, whatever the encoder's files hold now; not how texts are read."""
    architecture = discovery.plugin("architectures", config.model.name)
    was = run.facts().get("encoder_identity")
    if was and was != architecture.encoder_identity(config.model):
        raise FailedError(
            f"the encoder is not the one that {run.name} began with: its sizes, its pieces or its rules are others",
            code="AM406",
            help=PUT_BACK,
        )


def _warn_of_versions(run: RunFolder) -> None:
    before = document_in(run.environment_file).get("packages") or {} if run.environment_file.exists() else {}
    packages = package_versions()
    changed = [
        f"{name} {before[name]} -> {packages[name]}"
        for name in COMPUTING
        if before.get(name) not in (None, packages[name])
    ]
    if changed:
        warn(
            "AM407",
            f"{run.name} goes on with other versions than it began with: {', '.join(changed)}",
            help="its numbers may differ in the last digits from those of a training that was never left",
        )


def _with_patience(progress: Progress, config: Config) -> Progress:
    """What was stopped for want of patience goes on where there is more of it now."""
    early, stopping = config.train.early_stopping, progress.stopping
    is_over = stopping is not None and early is not None and stopping.since >= early.patience
    return progress if is_over else replace(progress, stop_reason="")


def goes_on_in(run: RunFolder, where: RunPlace) -> bool:
    """Whether a run was left and goes on; what a worker has that is not the chief is made anew."""
    return where.resumed is not None and run.worker is None


def go_on_in(run: RunFolder, loaded: Loaded, *, where: RunPlace, start: Start, num_replicas: int | None = None) -> None:
    """Mark the run as running again, on so many replicas (None: on as many as before), and let its files say no more
    than the state knows of."""
    remove_leftovers(run)
    cut_to(start.state.sizes if start.state else dict.fromkeys(sizes_of(run), 0), run=run)
    told = {"at": now(), "epoch": start.position.epoch, "step": start.position.step}
    before = run.facts()
    facts: dict[str, Any] = {"resumed": [*(before.get("resumed") or []), told]}
    if num_replicas is not None:
        facts["num_replicas"] = num_replicas
    if where.tags:
        facts["tags"] = list(dict.fromkeys([*(before.get("tags") or []), *where.tags]))
    if where.notes:
        facts["notes"] = where.notes
    go_on(run, loaded, facts=facts)
    move_log(run.tensorflow_log)
    run.become_latest(where.runs_dir)


def resumed_event(run: RunFolder, prepared: GoesOn, *, start: Start) -> Resumed:
    """What is told of where a run goes on."""
    return Resumed(
        run=run.name,
        epoch=start.position.epoch,
        step=start.position.step,
        steps=prepared.steps.per_epoch,
        seconds_before=start.state.seconds if start.state else 0.0,
        notes=(
            *_notes(run, prepared.config, state=start.state),
            *_notes_of_replicas(run, prepared.config, num_replicas=prepared.placement.num_replicas),
        ),
    )


def _notes_of_replicas(run: RunFolder, config: Config, *, num_replicas: int) -> tuple[str, ...]:
    """That there are more or fewer replicas, which changes nothing, and what would keep them as busy as before."""
    before = run.facts().get("num_replicas", num_replicas)
    if before == num_replicas:
        return ()
    told = f"{num_replicas} replicas instead of {before} share the same batch"
    if num_replicas % before:
        return (told,)
    larger = larger_batch(config.train, factor=num_replicas // before)
    return (f"{told}; a new run could take {larger.options} ({larger.rule} rule)",)


def _notes(run: RunFolder, config: Config, *, state: State | None) -> tuple[str, ...]:
    before, after = run.config.train.epochs, config.train.epochs
    if state is None:
        return ("no state was kept: it begins again",)
    if before == after:
        return ()
    schedule = config.train.optimizer.schedule
    if not isinstance(schedule, Cosine | Linear | OneCycle):
        return (f"{after} epochs instead of {before}",)
    return (
        f"{after} epochs instead of {before}: the schedule {schedule.name} now ends with epoch {after}, so the "
        "learning rate jumps to where it then is",
    )
