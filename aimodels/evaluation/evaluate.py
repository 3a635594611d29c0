"""From a run to everything measured on one split: answer every example, score the answers, write `eval/<name>/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.data.dataset import ImageFiles, Split, SplitName, Texts
from aimodels.errors import FailedError
from aimodels.evaluation.chosen import Chosen, other_data, own_split
from aimodels.evaluation.probabilities import losses
from aimodels.evaluation.scores import Scores, score
from aimodels.evaluation.shown import (
    NUM_RANDOM_IMAGES,
    NUM_RANDOM_TEXTS,
    Shown,
    answered,
    hardest,
    random_choice,
    shown_images,
    shown_texts,
)
from aimodels.evaluation.text_report import as_text
from aimodels.evaluation.words_read import WordsRead, words_read
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
    """Everything measured, and where it was written. `words` is None where the examples are no texts."""

    run: RunFolder
    folder: EvaluationFolder
    checkpoint: str
    data: str
    scores: Scores
    hardest: Shown
    words: WordsRead | None

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
    return measure(run, chosen, predictor=predictor, request=request)


def measure(run: RunFolder, chosen: Chosen, *, predictor: "Predictor", request: EvaluationRequest) -> Evaluation:
    """Ask about the chosen examples, score the answers, and write the evaluation's files.

    Raises:
        DataError: an example cannot be read, or is of another kind or shape than the model takes.
        FailedError: the answers are not finite.
    """
    with phase(f"answering {len(chosen.split):,} examples"):
        answers = predictor.answer(chosen.split.examples, batch_size=request.batch_size)
    rows = _rows(run, chosen, answers=answers)
    examples = _examples(run, chosen.split, rows, predictor=predictor, request=request)
    evaluation = Evaluation(
        run=run,
        folder=EvaluationFolder(run.evaluation(_name(chosen, checkpoint=request.checkpoint))),
        checkpoint=request.checkpoint,
        data=chosen.provenance.description,
        scores=score(rows.targets, rows.probabilities, class_names=answers.class_names, options=run.config.evaluate),
        hardest=examples["top_losses"],
        words=words_read(answers, run=run),
    )
    title = f"{run.name}, {evaluation.folder.name}: {evaluation.data}"
    evaluation.folder.write(
        report=_report(evaluation, chosen),
        text=as_text(evaluation.scores, title=title, words=evaluation.words, hardest=evaluation.hardest),
        predictions=rows,
        examples=examples,
    )
    _add_to_metrics(evaluation)
    return evaluation


def _predictor(run: RunFolder, *, checkpoint: str) -> "Predictor":
    from aimodels.prediction.predict import Predictor

    return Predictor(run, checkpoint)


def _rows(run: RunFolder, chosen: Chosen, *, answers: "Answers") -> Predictions:
    broken = int((~np.isfinite(answers.probabilities).all(axis=1)).sum())
    if broken:
        raise FailedError(
            f"the model of {run.name} answers {broken:,} of {len(chosen.split):,} examples "
            "with probabilities that are not finite",
            code="AM516",
            help="train again with a lower learning rate, or with train.precision=float32 if it was mixed",
        )
    return Predictions(
        examples=tuple(chosen.split.name_of(index) for index in range(len(chosen.split))),
        targets=chosen.split.targets,
        predictions=answers.predictions,
        losses=losses(chosen.split.targets, answers.probabilities),
        probabilities=answers.probabilities,
        num_words=answers.num_words,
    )


def _examples(
    run: RunFolder, split: Split, rows: Predictions, *, predictor: "Predictor", request: EvaluationRequest
) -> dict[str, Shown]:
    limit = run.config.evaluate.top_losses if request.top_losses is None else request.top_losses
    at_random = NUM_RANDOM_TEXTS if isinstance(split.examples, Texts) else NUM_RANDOM_IMAGES
    choices = {
        "top_losses": hardest(rows, limit=limit),
        "predictions": random_choice(len(split), limit=at_random, seed=run.config.seed),
    }
    examples: dict[str, Shown] = {}
    for name, positions in choices.items():
        kept = split.take(positions).examples
        beside = answered(rows, positions=positions, class_names=predictor.class_names)
        if isinstance(kept, Texts):
            examples[name] = shown_texts(kept, beside)
        else:
            images = predictor.decode(kept) if isinstance(kept, ImageFiles) else kept
            examples[name] = shown_images(images, beside)
    return examples


def _name(chosen: Chosen, *, checkpoint: str) -> str:
    """The usual checkpoint goes without saying; another one must not write over its evaluation."""
    return chosen.name if checkpoint == BEST else f"{chosen.name}-{Path(checkpoint).stem}"


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
    words = {"words": evaluation.words.as_document()} if evaluation.words else {}
    return facts | evaluation.scores.as_document() | words


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
