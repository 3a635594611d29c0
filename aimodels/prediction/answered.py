"""One answer per input, as people and files want it: the label, its probability, the next best, or what went wrong."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles, Texts
from aimodels.errors import DataError
from aimodels.prediction.attention import Attention
from aimodels.prediction.image_inputs import Images
from aimodels.prediction.predict import Predictor
from aimodels.prediction.text_inputs import GivenText

BATCH = 256
WORDS_TOLD = 10


@dataclass(frozen=True)
class Answered:
    """What the model says about one input. `probabilities` has one per class; without an answer, `error` says why.

    `is_text` is true where `input` is the text itself and not the name of a file or a row. `attention` is there where
    it was asked for. `num_words` are the words of a text before the cut; None for an image.
    """

    input: str
    class_names: tuple[str, ...]
    probabilities: npt.NDArray[np.float32] | None = None
    error: str = ""
    is_text: bool = False
    attention: Attention | None = None
    num_words: int | None = None

    def best(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes with their probabilities, the first first."""
        if self.probabilities is None:
            return []
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.class_names[number], float(self.probabilities[number])) for number in order]

    @property
    def weighed(self) -> str:
        """The words that weigh most in one line, the heaviest first; empty where nobody asked."""
        words = self.attention.highest(WORDS_TOLD) if self.attention else []
        return ", ".join(f"{word} {weight:.3f}" for word, weight in words)

    def as_document(self, *, top_k: int) -> dict[str, Any]:
        """The answer as JSON."""
        if self.error:
            return {"input": self.input, "error": self.error}
        (label, _), *_ = best = self.best(top_k)
        scores = [{"label": name, "probability": probability} for name, probability in best]
        document: dict[str, Any] = {"input": self.input, "prediction": label, "scores": scores}
        if self.num_words is not None:
            document["num_words"] = self.num_words
        if self.attention is not None:
            words = zip(self.attention.words, self.attention.weights.tolist(), strict=True)
            document["attention"] = [{"word": word, "weight": round(weight, 6)} for word, weight in words]
        return document


def about_images(predictor: Predictor, groups: Sequence[Images]) -> Iterator[Answered]:
    """Ask about every image, in order; a file that cannot be read is answered with what is wrong with it."""
    for group in groups:
        for start in range(0, len(group.names), BATCH):
            positions = np.arange(start, min(start + BATCH, len(group.names)))
            yield from _batch(predictor, group, positions)


def about_texts(predictor: Predictor, given: Sequence[GivenText], *, explain: bool = False) -> Iterator[Answered]:
    """Ask about every text, in order; one that cannot be read is answered with what is wrong with it.

    Raises:
        UsageError: `explain` asks for the weights of the words, and the network has none.
    """
    readable = Texts(tuple(item.text for item in given if not item.problem))
    attention = iter(predictor.attention(readable.strings)) if explain else repeat(None)
    answers = predictor.answer(readable)
    rows = iter(answers.probabilities)
    lengths = iter([] if answers.num_words is None else answers.num_words.tolist())
    for item in given:
        if item.problem:
            yield Answered(item.name, predictor.class_names, error=item.problem, is_text=item.is_its_name)
        else:
            yield Answered(
                item.name,
                predictor.class_names,
                probabilities=next(rows),
                is_text=item.is_its_name,
                attention=next(attention),
                num_words=next(lengths),
            )


def _batch(predictor: Predictor, group: Images, positions: npt.NDArray[np.int64]) -> Iterator[Answered]:
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
            broken[name] = error.message.removeprefix(f"{name} ")
    rows = predictor.answer(np.concatenate(images)).probabilities if images else np.empty((0, 0), np.float32)
    answered = iter(rows)
    for name in names:
        if name in broken:
            yield Answered(name, predictor.class_names, error=broken[name])
        else:
            yield Answered(name, predictor.class_names, next(answered))


def as_csv(answered: Sequence[Answered]) -> str:
    """One line per input: input, prediction, probability, a column per class, error; the attention where it is told."""
    names = answered[0].class_names if answered else ()
    explained = any(answer.attention for answer in answered)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ["input", "prediction", "probability", *(f"p_{name}" for name in names), "error"]
    writer.writerow([*header, *(["attention"] if explained else [])])
    for answer in answered:
        if answer.probabilities is None:
            row = [answer.input, "", "", *("" for _ in names), answer.error]
        else:
            # str() of a float32 is the shortest text that reads back as the same float32.
            label, numbers = answer.best(1)[0][0], answer.probabilities
            row = [answer.input, label, str(numbers.max()), *map(str, numbers), ""]
        writer.writerow([*row, *([answer.weighed] if explained else [])])
    return text.getvalue()


def as_jsonl(answered: Sequence[Answered], *, top_k: int) -> str:
    """One JSON document per line."""
    return "".join(json.dumps(answer.as_document(top_k=top_k), ensure_ascii=False) + "\n" for answer in answered)
