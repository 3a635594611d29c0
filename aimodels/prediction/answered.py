"""One answer per input, as people and files want it: the label, its probability, the next best, or what went wrong."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles
from aimodels.errors import DataError
from aimodels.prediction.inputs import Group
from aimodels.prediction.predict import Predictor

BATCH = 256


@dataclass(frozen=True)
class Answered:
    """What the model says about one input. `probabilities` has one per class; without an answer, `error` says why."""

    input: str
    class_names: tuple[str, ...]
    probabilities: npt.NDArray[np.float32] | None = None
    error: str = ""

    def best(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes with their probabilities, the first first."""
        if self.probabilities is None:
            return []
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.class_names[number], float(self.probabilities[number])) for number in order]

    def as_document(self, *, top_k: int) -> dict[str, Any]:
        """The answer as JSON."""
        if self.error:
            return {"input": self.input, "error": self.error}
        (label, _), *_ = best = self.best(top_k)
        scores = [{"label": name, "probability": probability} for name, probability in best]
        return {"input": self.input, "prediction": label, "scores": scores}


def answers(predictor: Predictor, groups: Sequence[Group]) -> Iterator[Answered]:
    """Ask about every input, in order; an input that cannot be read is answered with what is wrong with it."""
    for group in groups:
        for start in range(0, len(group.names), BATCH):
            positions = np.arange(start, min(start + BATCH, len(group.names)))
            yield from _batch(predictor, group, positions)


def _batch(predictor: Predictor, group: Group, positions: npt.NDArray[np.int64]) -> Iterator[Answered]:
    names = [group.names[position] for position in positions]
    if not isinstance(group.examples, ImageFiles):
        rows = predictor.answer(group.examples[positions]).probabilities
        yield from (Answered(name, predictor.class_names, row) for name, row in zip(names, rows, strict=True))
        return
    images, broken = [], {}
    for name, position in zip(names, positions, strict=True):
        try:
            images.append(predictor.decode(group.examples.take(np.array([position]))))
        except DataError as error:
            broken[name] = error.message
    rows = predictor.answer(np.concatenate(images)).probabilities if images else np.empty((0, 0), np.float32)
    answered = iter(rows)
    for name in names:
        if name in broken:
            yield Answered(name, predictor.class_names, error=broken[name])
        else:
            yield Answered(name, predictor.class_names, next(answered))


def as_csv(answered: Sequence[Answered]) -> str:
    """One line per input: input, prediction, probability, a column per class, error."""
    names = answered[0].class_names if answered else ()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["input", "prediction", "probability", *(f"p_{name}" for name in names), "error"])
    for answer in answered:
        if answer.probabilities is None:
            writer.writerow([answer.input, "", "", *("" for _ in names), answer.error])
            continue
        ((label, probability),) = answer.best(1)
        # str() of a float32 is the shortest text that reads back as the same float32.
        writer.writerow([answer.input, label, str(probability), *map(str, answer.probabilities), ""])
    return text.getvalue()


def as_jsonl(answered: Sequence[Answered], *, top_k: int) -> str:
    """One JSON document per line."""
    return "".join(json.dumps(answer.as_document(top_k=top_k), ensure_ascii=False) + "\n" for answer in answered)
