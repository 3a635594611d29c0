"""From the answers of a model to rows that can be scored, and to the examples that are kept to be looked at."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ExampleNames, ImageFiles, Split, TableInput, Task, Texts
from aimodels.data.plurals import counted
from aimodels.data.rows import Rows
from aimodels.errors import FailedError
from aimodels.evaluation.probabilities import label_losses, losses
from aimodels.evaluation.shown import (
    Shown,
    answered,
    hardest,
    num_random,
    random_choice,
    shown_images,
    shown_rows,
    shown_texts,
)
from aimodels.runs.folder import RunFolder
from aimodels.runs.predictions import Predictions

if TYPE_CHECKING:
    from aimodels.prediction.predict import Answers, Predictor


def answered_rows(run: RunFolder, split: Split, *, answers: "Answers") -> Predictions:
    """The answers beside the truth, an example per row.

    Raises:
        FailedError: the answers are not finite.
    """
    task: Task = run.signature["task"]
    _expect_finite(run, answers)
    examples = ExampleNames(split)
    if task == "regression":
        numbers = _as_numbers(answers)
        return Predictions(
            examples=examples,
            targets=split.targets,
            predictions=numbers,
            losses=np.square(numbers - split.targets),
            probabilities=answers.probabilities,
            num_tokens=answers.num_tokens,
            task=task,
        )
    loss = label_losses if task == "multilabel" else losses
    return Predictions(
        examples=examples,
        targets=split.targets,
        predictions=answers.predictions,
        losses=loss(split.targets, answers.probabilities),
        probabilities=answers.probabilities,
        num_tokens=answers.num_tokens,
        task=task,
    )


def _expect_finite(run: RunFolder, answers: "Answers") -> None:
    values = answers.values
    asked = answers.probabilities if values is None else values[:, None]
    broken = int((~np.isfinite(asked).all(axis=1)).sum())
    if broken:
        what = "probabilities" if values is None else "numbers"
        raise FailedError(
            f"the model of {run.name} answers {broken:,} of {counted(len(asked), 'example')} with {what} that are not "
            "finite",
            code="AM516",
            help="train again with a lower learning rate, or with train.precision=float32 if it was mixed",
        )


def _as_numbers(answers: "Answers") -> npt.NDArray[np.float64]:
    """The shortest decimal that reads back as the same float32, so that 3750.1 does not become 3750.10009765625."""
    if answers.values is None:
        raise TypeError("the model of a regression must answer numbers")
    return np.array([float(str(value)) for value in answers.values], np.float64)


def kept_examples(
    run: RunFolder, split: Split, rows: Predictions, *, predictor: "Predictor", num_hardest: int
) -> dict[str, Shown]:
    """The hardest examples, and some drawn at random, with the truth and the answer beside each."""
    choices = {
        "top_losses": hardest(rows, limit=num_hardest),
        "predictions": random_choice(len(split), limit=num_random(split.examples), seed=run.config.seed),
    }
    examples: dict[str, Shown] = {}
    for name, positions in choices.items():
        kept, input = split.take(positions).examples, run.input
        beside = answered(rows, positions=positions, class_names=predictor.class_names)
        if isinstance(kept, Texts):
            examples[name] = shown_texts(kept, beside)
        elif isinstance(kept, Rows) and isinstance(input, TableInput):
            examples[name] = shown_rows(kept, beside, input=input)
        elif not isinstance(kept, Rows):
            images = predictor.decode(kept) if isinstance(kept, ImageFiles) else kept
            examples[name] = shown_images(images, beside)
    return examples
