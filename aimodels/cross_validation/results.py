"""What the folds came to: their scores with mean and deviation, and the answer to every example while it was unseen."""

import csv
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aimodels.data.splitting import Indices
from aimodels.runs.atomic import replacing, write_json
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import bigger_is_better

SPLIT = "test"
# The first of these that was measured decides which of two cross-validations is better.
DECIDING = ("accuracy", "pinball_loss", "r2")
FOLD = "fold"


@dataclass(frozen=True)
class FoldScores:
    """The scores of one fold on its test part; `run` is relative to the cross-validation's folder."""

    number: int
    run: str
    metrics: dict[str, float]
    num_examples: int
    seconds: float
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of one metric over the folds; no deviation of a single one."""

    mean: float
    std: float | None


def scores_of(run: RunFolder, *, number: int, seconds: float) -> FoldScores:
    """What the evaluation of a fold measured."""
    fold = run.fold(number)
    entry = fold.metrics()["evaluations"][SPLIT]
    report = EvaluationFolder(fold.evaluation(SPLIT)).report
    return FoldScores(
        number=number,
        run=str(fold.path.relative_to(run.path)),
        metrics=_numbers(entry["all"]),
        num_examples=entry["num_examples"],
        seconds=round(seconds, 3),
        baselines=_baselines(report.get("baselines")),
    )


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: value for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }


def deciding_metric(metrics: Iterable[str]) -> str:
    """The metric that stands for the others."""
    measured = list(metrics)
    return next((name for name in [*DECIDING, *measured] if name in measured), "")


def spreads(every: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Mean and deviation of each metric that all folds have.

    >>> spreads([{"accuracy": 0.5}, {"accuracy": 1.0, "auc": 0.9}])
    {'accuracy': Spread(mean=0.75, std=0.3535533905932738)}
    """
    names = [name for name in every[0] if all(name in metrics for metrics in every)] if every else []
    found = {}
    for name in names:
        values = [metrics[name] for metrics in every]
        found[name] = Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)
    return found


def write_folds(run: RunFolder, scores: Sequence[FoldScores]) -> dict[str, Any]:
    """Write `folds.json` about the folds that ended well so far, and give what it says."""
    ordered = sorted(scores, key=lambda one: one.number)
    every = spreads([one.metrics for one in ordered])
    metric = deciding_metric(every)
    names = [name for name in ordered[0].baselines if all(name in one.baselines for one in ordered)] if ordered else []
    baselines = {name: spreads([one.baselines[name] for one in ordered]) for name in names}
    document = {
        "metric": metric,
        "mode": "max" if bigger_is_better(metric) else "min",
        "folds": [asdict(one) for one in ordered],
        "mean": {name: spread.mean for name, spread in every.items()},
        "std": {name: spread.std for name, spread in every.items()},
        "baselines": {
            name: {
                "mean": {metric: spread.mean for metric, spread in found.items()},
                "std": {metric: spread.std for metric, spread in found.items()},
            }
            for name, found in baselines.items()
        },
    }
    write_json(run.folds_file, document)
    return document


def write_metrics(run: RunFolder, document: Mapping[str, Any]) -> None:
    """Write `metrics.json` with the means, where every command looks for the numbers of a run."""
    metric, mean = document["metric"], document["mean"]
    best = {
        "epoch": None,
        "monitor": f"{SPLIT}_{metric}",
        "mode": document["mode"],
        "value": mean.get(metric),
        "all": {},
    }
    num_examples = sum(fold["num_examples"] for fold in document["folds"])
    write_json(run.metrics_file, {"best": best, "evaluations": {SPLIT: {"num_examples": num_examples, "all": mean}}})


def write_out_of_fold(run: RunFolder, numbers: Indices) -> None:
    """Write `out_of_fold.csv`: the answer to every example by the fold that had not seen it, in the data's own order.

    `numbers` ([N]) says in which fold each example was tested, in that order. The files are read line by line.
    """
    with ExitStack() as stack, replacing(run.out_of_fold_file) as partial:
        files = {
            number: _rows(EvaluationFolder(run.fold(number).evaluation(SPLIT)).predictions_file, stack)
            for number in sorted(set(numbers.tolist()))
        }
        headers = [next(rows) for rows in files.values()]
        out = csv.writer(stack.enter_context(partial.open("w", encoding="utf-8", newline="")), lineterminator="\n")
        out.writerow([*headers[0], FOLD])
        seen = dict.fromkeys(files, 0)
        for position, number in enumerate(numbers.tolist()):
            name, *answer = next(files[number])
            # An example without a name of its own is called by its place, which is another one in its fold.
            out.writerow([f"train[{position}]" if name == f"{SPLIT}[{seen[number]}]" else name, *answer, number])
            seen[number] += 1


def _rows(path: Path, stack: ExitStack) -> Iterator[list[str]]:
    return csv.reader(stack.enter_context(path.open(encoding="utf-8", newline="")))


def _baselines(told: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
    """The scores of the simple models that a table's network was compared with, by the name of the model."""
    models = [told[kind] for kind in ("trivial", "linear")] if told else []
    return {model["name"]: _numbers(model["scores"]) for model in models if model and model["scores"]}
