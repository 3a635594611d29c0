"""From a run to everything measured on one split: answer every example, score the answers, write `eval/<name>/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import SplitName
from aimodels.errors import FailedError
from aimodels.evaluation.chosen import Chosen, other_data, own_split
from aimodels.evaluation.probabilities import losses
from aimodels.evaluation.scores import Scores, score
from aimodels.evaluation.shown import hardest, random_choice, shown
from aimodels.evaluation.text_report import as_text
from aimodels.events import phase
from aimodels.runs.atomic import write_json
from aimodels.runs.evaluations import EvaluationFolder, Predictions
from aimodels.runs.folder import RunFolder, now

if TYPE_CHECKING:
    from aimodels.prediction.predict import Answers, Predictor

BEST = "best"


@dataclass(frozen=True)
class EvaluationRequest:
    """What to measure on, and with which weights. `checkpoint` is `best`, `last` or the path of a .keras file.

    `top_losses` is how many of the hardest examples are kept; None means as many as the run's config says.
    """

    split: SplitName = "test"
    data: Path | None = None
    checkpoint: str = BEST
    batch_size: int = 256
    top_losses: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything measured, and where it was written."""

    run: RunFolder
    folder: EvaluationFolder
    checkpoint: str
    data: str
    scores: Scores

    @property
    def files(self) -> dict[str, str]:
        """The files, relative to the run's folder."""
        folder = self.folder
        files = {
            "report": folder.report_file,
            "text": folder.text_file,
            "predictions": folder.predictions_file,
            "examples": folder.examples_file,
        }
        return {name: str(path.relative_to(self.run.path)) for name, path in files.items()}


def evaluate(run: RunFolder, request: EvaluationRequest) -> Evaluation:
    """Measure a run and write what was found into its folder.

    Raises:
        UserError: the data is gone or has changed, the checkpoint does not fit, or the answers are not finite.
    """
    with phase("reading the data"):
        chosen = (
            own_split(run, name=request.split)
            if request.data is None
            else other_data(run, path=request.data, name=request.split)
        )
    with phase("loading the model"):
        predictor = _predictor(run, checkpoint=request.checkpoint)
    with phase(f"answering {len(chosen.split):,} examples"):
        answers = predictor.answer(chosen.split.examples, batch_size=request.batch_size)
    return record(run, chosen, answers=answers, request=request)


def record(run: RunFolder, chosen: Chosen, *, answers: "Answers", request: EvaluationRequest) -> Evaluation:
    """Score the answers to the chosen examples and write the evaluation's files.

    Raises:
        FailedError: the answers are not those of this run's classes, or not finite.
    """
    class_names = tuple(run.signature["class_names"])
    _expect_usable(answers.probabilities, run=run, num_classes=len(class_names), checkpoint=request.checkpoint)
    rows = Predictions(
        examples=tuple(chosen.split.name_of(index) for index in range(len(chosen.split))),
        targets=chosen.split.targets,
        predictions=answers.probabilities.argmax(axis=1).astype(np.int64),
        losses=losses(chosen.split.targets, answers.probabilities),
        probabilities=answers.probabilities.astype(np.float32),
    )
    options = run.config.evaluate
    evaluation = Evaluation(
        run=run,
        folder=EvaluationFolder(run.evaluation(_name(chosen, checkpoint=request.checkpoint))),
        checkpoint=request.checkpoint,
        data=chosen.provenance.description,
        scores=score(rows.targets, rows.probabilities, class_names=class_names, options=options),
    )
    limit = options.top_losses if request.top_losses is None else request.top_losses
    choices = {
        "top_losses": hardest(rows, limit=limit),
        "predictions": random_choice(len(chosen.split), seed=run.config.seed),
    }
    evaluation.folder.write(
        report=_report(evaluation, chosen),
        text=as_text(evaluation.scores, title=f"{run.name}, {evaluation.folder.name}: {evaluation.data}"),
        predictions=rows,
        examples={
            name: shown(chosen.split, rows, positions=positions, input=chosen.input, class_names=class_names)
            for name, positions in choices.items()
        },
    )
    _add_to_metrics(evaluation)
    return evaluation


def _predictor(run: RunFolder, *, checkpoint: str) -> "Predictor":
    from aimodels.prediction.predict import Predictor

    return Predictor(run, checkpoint=checkpoint)


def _name(chosen: Chosen, *, checkpoint: str) -> str:
    """The usual checkpoint goes without saying; another one must not write over its evaluation."""
    return chosen.name if checkpoint == BEST else f"{chosen.name}-{Path(checkpoint).stem}"


def _expect_usable(
    probabilities: npt.NDArray[np.float32], *, run: RunFolder, num_classes: int, checkpoint: str
) -> None:
    if probabilities.shape[1] != num_classes:
        raise FailedError(
            f"the checkpoint {checkpoint} does not fit {run.name}: it answers with {probabilities.shape[1]} classes, "
            f"the run has {num_classes}",
            code="AM512",
            help="it comes from another config; use best, last, or a checkpoint of this run",
        )
    broken = int((~np.isfinite(probabilities).all(axis=1)).sum())
    if broken:
        raise FailedError(
            f"the model of {run.name} answers {broken:,} of {len(probabilities):,} examples "
            "with probabilities that are not finite",
            code="AM516",
            help="train again with a lower learning rate, or with train.precision=float32 if it was mixed",
        )


def _report(evaluation: Evaluation, chosen: Chosen) -> dict[str, Any]:
    facts = {
        "run": evaluation.run.name,
        "name": evaluation.folder.name,
        "split": chosen.split.name,
        "checkpoint": evaluation.checkpoint,
        "data": evaluation.data,
        "data_fingerprint": chosen.provenance.fingerprint,
        "data_counts": chosen.provenance.counts,
        "evaluated": now(),
    }
    return facts | evaluation.scores.as_document()


def _add_to_metrics(evaluation: Evaluation) -> None:
    """Keep the single numbers in the run's `metrics.json`, beside those of training."""
    metrics = evaluation.run.metrics()
    entry = {
        "checkpoint": evaluation.checkpoint,
        "evaluated": now(),
        "num_examples": evaluation.scores.num_examples,
        "all": evaluation.scores.metrics,
    }
    evaluations = metrics.get("evaluations", {}) | {evaluation.folder.name: entry}
    write_json(evaluation.run.metrics_file, metrics | {"evaluations": evaluations})
