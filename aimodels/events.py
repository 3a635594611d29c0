"""What happens, as a stream of events: the terminal, the log and `events.jsonl` are three views of the same stream.

Anything in the package may `emit`; whoever wants to know listens. Nobody passes a progress bar around.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True)
class RunStarted(Event):
    """A run has its folder, its data and its model; training is about to begin."""

    run: str
    path: str
    task: str
    seed: int
    data: str
    num_train: int
    num_validation: int
    num_classes: int
    batch_size: int | str
    steps_per_epoch: int
    model: str
    num_parameters: int
    optimizer: str
    precision: str
    device: str
    epochs: int
    first_epoch: int = 1
    reading: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    num_trainable: int | None = None  # None: all of them
    worker: int | None = None  # which other worker than the chief tells it; the path is that of the chief's run


@dataclass(frozen=True)
class Resumed(Event):
    """A run goes on in its own folder: `epoch` epochs are done, and `step` of the `steps` of the next one.

    `seconds_before` is what it has trained before; `notes` say what differs from then, a line per thing.
    """

    run: str
    epoch: int
    step: int
    steps: int
    seconds_before: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inferred(Event):
    """What the config does not say was inferred from the data; a line per thing."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class PhaseStarted(Event):
    """Something that takes a while has begun ("loading TensorFlow"). Ends with the PhaseEnded of the same name."""

    name: str


@dataclass(frozen=True)
class PhaseEnded(Event):
    """A phase is over."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Downloaded(Event):
    """Progress of a download or of reading many files; `total` is 0 where it is not known."""

    name: str
    done: int
    total: int
    unit: str = "bytes"


@dataclass(frozen=True)
class EpochStarted(Event):
    """An epoch begins; epochs count from 1."""

    epoch: int


@dataclass(frozen=True)
class Step(Event):
    """Steps done of the current epoch; emitted at most ten times a second. `metrics` are running means."""

    epoch: int
    step: int
    steps: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class EpochEnded(Event):
    """An epoch is over; `metrics` has train, validation (`val_`) and `learning_rate` values."""

    epoch: int
    epochs: int
    metrics: dict[str, float]
    seconds: float
    is_best: bool
    monitor: str = ""
    best: float | None = None
    best_epoch: int | None = None
    patience: str = ""


@dataclass(frozen=True)
class CheckpointSaved(Event):
    """A checkpoint is whole under its final name."""

    path: str
    epoch: int


@dataclass(frozen=True)
class Warned(Event):
    """Something the user should know. Shown once per code and message."""

    code: str
    message: str
    help: str = ""


@dataclass(frozen=True)
class StoppedEarly(Event):
    """Training ends before its last epoch, and why; `epoch` is the last that was trained whole, 0 for none."""

    epoch: int
    reason: str

    @property
    def told(self) -> str:
        """The same as a line."""
        return f"stopped early {f'after epoch {self.epoch}' if self.epoch else 'in its first epoch'}: {self.reason}"


@dataclass(frozen=True)
class SignalReceived(Event):
    """The user or the system asks to stop; the run saves at the end of the current step."""

    name: str


@dataclass(frozen=True)
class PlotDrawn(Event):
    """A picture is on disk, or was left out for a reason."""

    kind: str
    path: str = ""
    skipped: str = ""


@dataclass(frozen=True)
class RunEnded(Event):
    """The run is over; `status` is finished, stopped_early, interrupted or failed."""

    run: str
    status: str
    epochs: int
    seconds: float


@dataclass(frozen=True)
class CrossValidationStarted(Event):
    """The data of a cross-validation are dealt out; its folds are about to be trained, `jobs` of them at a time.

    `num_unused` are the examples of a test split of the dataset's own, `threads` those of each fold (0: no limit).
    """

    run: str
    path: str
    task: str
    seed: int
    data: str
    num_examples: int
    num_unused: int
    num_classes: int
    model: str
    epochs: int
    folds: int
    jobs: int
    threads: int


@dataclass(frozen=True)
class FoldStarted(Event):
    """A fold of a cross-validation begins; folds count from 1."""

    number: int
    of: int


@dataclass(frozen=True)
class FoldProgressed(Event):
    """A fold is in this epoch, at this step of it; `metrics` are running means, or those of the epoch that is over."""

    number: int
    of: int
    epoch: int
    epochs: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class FoldEnded(Event):
    """A fold is over; `value` is its score on its test part, None where `status` is interrupted or failed."""

    number: int
    of: int
    status: str
    seconds: float
    metric: str = ""
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CrossValidationEnded(Event):
    """A cross-validation is over; `mean` and `std` are those of `metric` over the folds that were scored."""

    run: str
    status: str
    done: int
    folds: int
    seconds: float
    metric: str = ""
    mean: float | None = None
    std: float | None = None


Listener = Callable[[Event], None]
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


def emit(event: Event) -> None:
    """Tell everyone who listens."""
    for listener in _listeners.get():
        listener(event)


def warn(code: str, message: str, *, help: str = "") -> None:
    """Tell everyone who listens about something the user should know."""
    emit(Warned(code=code, message=message, help=help))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear every event that is emitted inside the block."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


@contextmanager
def without_warnings(code: str) -> Iterator[None]:
    """Nobody hears of warnings of this code that are given inside the block."""
    listeners = _listeners.get()

    def tell(event: Event) -> None:
        if not (isinstance(event, Warned) and event.code == code):
            for listener in listeners:
                listener(event)

    token = _listeners.set((tell,))
    try:
        yield
    finally:
        _listeners.reset(token)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Tell how long the block takes."""
    import time

    emit(PhaseStarted(name))
    started_at = time.perf_counter()
    yield
    emit(PhaseEnded(name, seconds=time.perf_counter() - started_at))
