"""The lines of the live view as plain text: a header, a table that grows, a block that is redrawn."""

import math
from dataclasses import dataclass, field
from statistics import median

from aimodels.cli.choice_lines import choice_lines, wrapped
from aimodels.cli.formatting import amount, clock, metric, seconds, sparkline
from aimodels.events import Downloaded, EpochEnded, RunStarted, Step

LABELS = {"learning_rate": "lr"}
NARROW = 80
MOST_COLUMNS = 6
BEST = "  ★ best"
INDENT = " " * 6


@dataclass
class Progress:
    """How far a training is, put together from its events; times are seconds of one clock."""

    run: RunStarted | None = None
    began_at: float = 0.0
    epoch_began_at: float = 0.0
    step: Step | None = None
    ended: list[EpochEnded] = field(default_factory=list)
    stopping: bool = False


def header(run: RunStarted, *, width: int) -> list[str]:
    """What is trained, on what data, with what, on which device."""
    classes = f" · {run.num_classes} classes" if run.num_classes else ""
    title = f"{run.run} · {run.task.replace('_', ' ')}{classes}"
    gap = width - len(title) - len(run.path)
    validation = f"{run.num_validation:,} val" if run.num_validation else "no validation"
    trained = f" ({run.num_trainable:,} trained)" if run.num_trainable is not None else ""
    told = [
        f"data    {run.data}   {run.num_train:,} train · {validation} · batch {run.batch_size} · "
        f"{run.steps_per_epoch:,} steps/epoch",
        f"model   {run.model}   {run.num_parameters:,} parameters{trained} · {run.optimizer} · {run.precision} · "
        f"seed {run.seed}",
        f"device  {run.device}",
    ]
    if gap < 2:
        told.append(f"run     {run.path}")
    told += [f"texts   {line}" for line in run.reading.splitlines()]
    lines = [title + " " * gap + run.path if gap >= 2 else title]
    lines += [line for each in told for line in wrapped(each, width=width, indent=8)]
    begins = ["chosen  ", *[INDENT + "  "] * len(run.choices)]
    for begin, (name, value) in zip(begins, run.choices.items(), strict=False):
        lines += choice_lines({name: value}, begin=begin, width=width)
    return lines


def columns(first: EpochEnded, *, width: int) -> tuple[str, ...]:
    """Which metrics get a column: the loss, the monitored metric, their validation twins, the rate, the time.

    What does not fit is left out (it is in `history.csv`): first the rate and the time, then the training metric.
    """
    names = [name for name in first.metrics if name != "learning_rate"]
    monitored = first.monitor.removeprefix("val_")
    others = [name for name in names if not name.startswith("val_") and name != "loss"]
    leading = monitored if monitored in others else "".join(others[:1])
    wanted = ["loss", leading, "val_loss", f"val_{leading}"]
    chosen = [name for name in wanted if name in names]
    if first.monitor in names and first.monitor not in chosen:
        chosen.append(first.monitor)
    chosen += [name for name in ("learning_rate",) if name in first.metrics] + ["time"]
    chosen = chosen[:MOST_COLUMNS]
    droppable = ["learning_rate", "time", leading, "loss", "val_loss"]
    if width < NARROW:
        chosen = [name for name in chosen if name not in ("learning_rate", "time")]
    while droppable and len(heading(tuple(chosen))) + len(BEST) > width:
        dropped = droppable.pop(0)
        chosen = [name for name in chosen if name != dropped]
    return tuple(chosen)


def heading(names: tuple[str, ...]) -> str:
    """The first line of the table."""
    return "epoch" + "".join(f"{LABELS.get(name, name):>{_column_width(name)}}" for name in names)


def row(event: EpochEnded, *, names: tuple[str, ...]) -> str:
    """The line of one epoch."""
    # Before the first epoch there is only what was measured on the validation split.
    known = {name: value for name, value in event.metrics.items() if event.epoch or not math.isnan(value)}
    cells = {name: metric(value, name=name) for name, value in known.items()} | {"time": seconds(event.seconds)}
    line = f"{event.epoch:>5}" + "".join(f"{' ' + cells.get(name, ''):>{_column_width(name)}}" for name in names)
    return line + BEST if event.is_best else line


def _column_width(name: str) -> int:
    return max(len(LABELS.get(name, name)), 6 if name == "time" else 8) + 2


def block(progress: Progress, *, now: float, width: int) -> list[str]:
    """The lines under the table that are redrawn."""
    run, step = progress.run, progress.step
    if run is None or step is None:
        return []
    lines = ["─" * width, _bar_line(progress, run=run, step=step, now=now, width=width)]
    lines.append(_time_line(progress, run=run, step=step, now=now, width=width))
    hint = "saving and stopping ..." if progress.stopping else "Ctrl-C: save and stop · twice: stop now"
    sparks = _sparklines(progress) if width >= NARROW else ""
    gap = max(3, width - len(INDENT) - len(sparks) - len(hint)) if sparks else 0
    fits = len(INDENT) + len(sparks) + gap + len(hint) <= width
    lines.append(f"{INDENT}{sparks}{' ' * gap}{hint}" if fits else f"{INDENT}{hint}")
    return lines


def _bar_line(progress: Progress, *, run: RunStarted, step: Step, now: float, width: int) -> str:
    elapsed = now - progress.epoch_began_at
    left = f"{step.epoch:>{len(str(run.epochs)) + 1}}/{run.epochs} "
    count = f" {step.step:>{len(str(step.steps))}}/{step.steps}"
    # The loss and one more: what does not fit would take the others with it.
    shown = sorted(step.metrics, key=lambda name: name != "loss")[:2]
    values = "".join(f"  {LABELS.get(name, name)} {metric(step.metrics[name], name=name)}" for name in shown)
    speed = f"   {step.step / elapsed:>5.0f} steps/s" if elapsed > 0 else ""
    # The bar takes what is left; what does not fit beside the shortest bar is left out.
    for right in (count + " " + values + speed, count + " " + values, count):
        room = width - len(left) - len(right)
        if room >= 10:
            return left + bar(step.step, step.steps, width=min(room, 40)) + right
    return left.rstrip() + count


def bar(done: int, total: int, *, width: int) -> str:
    """A progress bar.

    >>> bar(1, 2, width=5)
    '━━╸──'
    """
    halves = round(2 * width * min(1.0, done / total)) if total else 0
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(width, "─")


def _time_line(progress: Progress, *, run: RunStarted, step: Step, now: float, width: int) -> str:
    in_epoch = now - progress.epoch_began_at
    epoch_left = in_epoch / step.step * (step.steps - step.step) if step.step else 0.0
    # The first epoch holds the compilation: it counts only as long as there is no other.
    ended = [event for event in progress.ended if event.epoch]
    times = [event.seconds for event in ended[1:] or ended] or [in_epoch + epoch_left]
    run_left = epoch_left + (run.epochs - step.epoch) * median(times)
    parts = [f"elapsed {clock(now - progress.began_at)}"]
    if step.step:
        parts += [f"epoch {clock(epoch_left)} left", f"run {clock(run_left)} left"]
    if progress.ended and (last := progress.ended[-1]).best is not None:
        parts.append(f"best {metric(last.best, name=last.monitor)} @ {last.best_epoch}")
        parts += [f"patience {last.patience}"] if last.patience else []
    while len(parts) > 1 and len(INDENT + " · ".join(parts)) > width:
        parts.pop()
    return INDENT + " · ".join(parts)


def _sparklines(progress: Progress) -> str:
    if len(progress.ended) < 2:
        return ""
    last = progress.ended[-1]
    names = [name for name in dict.fromkeys(["loss", last.monitor]) if name in last.metrics]
    return "   ".join(
        f"{name} {sparkline([e.metrics.get(name, float('nan')) for e in progress.ended])}" for name in names
    )


def download(event: Downloaded, *, width: int) -> str:
    """One download, or one pass over many files, as a line."""
    if not event.total:
        return f"  {event.name}  {amount(event.done, event.unit)}"
    right = f" {amount(event.done, event.unit)} of {amount(event.total, event.unit)}"
    room = width - len(right) - len(event.name) - 4
    return f"  {event.name}  {bar(event.done, event.total, width=min(40, max(4, room)))}{right}"
