"""What is said of a cross-validation while it goes on: how it begins, a line per fold, how it ends."""

from aimodels.cli.formatting import metric, seconds
from aimodels.data.plurals import counted
from aimodels.events import CrossValidationEnded, CrossValidationStarted, Event, FoldEnded, FoldProgressed, FoldStarted


def lines(event: Event) -> list[str]:
    """What a log says of an event of a cross-validation; nothing for any other."""
    match event:
        case CrossValidationStarted():
            return started(event)
        case FoldStarted():
            return [f"fold {event.number}/{event.of} begins"]
        case FoldEnded():
            return [ended(event)]
        case CrossValidationEnded():
            return [over(event)]
    return []


def started(event: CrossValidationStarted) -> list[str]:
    """What is trained, on what, how many at a time."""
    classes = f", {event.num_classes} classes" if event.num_classes else ""
    threads = f" with {event.threads} thread{'' if event.threads == 1 else 's'} each" if event.threads else ""
    unused = f" (its own test split of {event.num_unused} is left unused)" if event.num_unused else ""
    return [
        f"run {event.path} (task {event.task}, seed {event.seed})",
        f"data {event.data}: {event.num_examples} examples{unused}{classes}; model {event.model}",
        f"{event.folds} folds of {counted(event.epochs, 'epoch')}, {event.jobs} at a time{threads}",
    ]


def progressed(event: FoldProgressed) -> str:
    """How far a fold is, in one line."""
    shown = sorted(event.metrics, key=lambda name: (name != "loss", not name.startswith("val_")))[:2]
    values = "".join(f"  {name} {metric(event.metrics[name])}" for name in shown)
    return f"fold {event.number}/{event.of}  epoch {event.epoch}/{event.epochs}{values}"


def ended(event: FoldEnded) -> str:
    """How a fold ended, in one line."""
    how = f"{event.metric} {metric(event.value)}" if event.status == "finished" else event.status
    return f"fold {event.number}/{event.of}  {how}  {seconds(event.seconds)}"


def over(event: CrossValidationEnded) -> str:
    """How the whole ended, in one line."""
    verb = "done" if event.status == "finished" else event.status
    what = f": {event.metric} {mean_and_deviation(event.mean, event.std)}" if event.mean is not None else ""
    return f"{verb} {event.run} in {seconds(event.seconds)}{what} ({event.done} of {event.folds} folds)"


def mean_and_deviation(mean: float | None, std: float | None) -> str:
    """A mean with the standard deviation behind it.

    >>> mean_and_deviation(0.9712, 0.0123), mean_and_deviation(0.9712, None)
    ('0.9712 ± 0.0123', '0.9712')
    """
    return metric(mean) if std is None else f"{metric(mean)} ± {metric(std)}"
