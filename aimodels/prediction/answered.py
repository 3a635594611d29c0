"""One answer per input, as people and files want it: the label, its probability, the next best, or what went wrong."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles, Texts
from aimodels.data.rows import rows_of
from aimodels.prediction.attention import Attention
from aimodels.prediction.image_inputs import Images
from aimodels.prediction.predict import Answers, Predictor
from aimodels.prediction.table_inputs import GivenRows
from aimodels.prediction.text_inputs import GivenText

WORDS_TOLD = 10


@dataclass(frozen=True)
class Answered:
    """What the model says about one input. Without an answer, `error` says why.

    `probabilities` has one per class, and `chosen` are the numbers of the classes that are the answer: one of them, or
    any number of them where the task is multilabel. Of regression `value` is the answer, in `unit`.

    `is_text` is true where `input` is what was asked about and not the name of a file or a row; of a pair `second` is
    the second text then. `attention` is there where it was asked for. `num_tokens` is how long a text is before the
    cut: words and n-grams, or pieces with [CLS] and [SEP]; None for what is no text.
    """

    input: str
    class_names: tuple[str, ...]
    task: str = "multiclass"
    probabilities: npt.NDArray[np.float32] | None = None
    chosen: tuple[int, ...] = ()
    value: float | None = None
    unit: str | None = None
    error: str = ""
    is_text: bool = False
    attention: Attention | None = None
    num_tokens: int | None = None
    second: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes that are the answer."""
        return tuple(self.class_names[number] for number in self.chosen)

    def best(self, count: int) -> list[tuple[str, float]]:
        """The answer and the next best classes with their probabilities, `count` of them.

        The answer comes first even where it is the less probable of two, as a threshold may have it. For multilabel
        these are the most probable classes.
        """
        if self.probabilities is None:
            return []
        order = np.argsort(-self.probabilities, kind="stable").tolist()
        if self.task != "multilabel":
            order = [*self.chosen, *(number for number in order if number not in self.chosen)]
        return [(self.class_names[number], float(self.probabilities[number])) for number in order[:count]]

    @property
    def weighed(self) -> str:
        """The words that weigh most in one line, the heaviest first; empty where nobody asked."""
        words = self.attention.highest(WORDS_TOLD) if self.attention else []
        return ", ".join(f"{word} {weight:.3f}" for word, weight in words)

    def as_document(self, *, top_k: int) -> dict[str, Any]:
        """The answer as JSON."""
        document: dict[str, Any] = {"input": self.input} | ({} if self.second is None else {"pair": self.second})
        if self.error:
            return document | {"error": self.error}
        if self.value is not None:
            document |= {"prediction": self.value, "unit": self.unit}
        else:
            scores = [{"label": name, "probability": probability} for name, probability in self.best(top_k)]
            several = self.task == "multilabel"
            answer = {"predictions": list(self.labels)} if several else {"prediction": self.labels[0]}
            document |= {**answer, "scores": scores}
        if self.num_tokens is not None:
            document["num_tokens"] = self.num_tokens
        if self.attention is not None:
            words = zip(self.attention.words, self.attention.weights.tolist(), strict=True)
            document["attention"] = [{"word": word, "weight": round(weight, 6)} for word, weight in words]
            if self.attention.pieces:
                pieces = self.attention.pieces
                document["attention_to_pieces"] = [
                    {"piece": each, "weight": round(weight, 6)} for each, weight in pieces
                ]
        return document


def about_images(predictor: Predictor, groups: Sequence[Images]) -> Iterator[Answered]:
    """Ask about every image, in order; a file that cannot be read is answered with what is wrong with it."""
    for group in groups:
        files = group.examples
        answers = predictor.answer_readable(files) if isinstance(files, ImageFiles) else predictor.answer(files)
        for place, answered in enumerate(_each(answers, group.names, unit=None)):
            problem = answers.problems.get(place)
            yield answered if problem is None else Answered(group.names[place], answers.class_names, error=problem)


def about_texts(predictor: Predictor, given: Sequence[GivenText], *, explain: bool = False) -> Iterator[Answered]:
    """Ask about every text, in order; one that cannot be read is answered with what is wrong with it.

    Raises:
        UsageError: `explain` asks for the weights of the words, and the network has none.
    """
    readable = _as_texts([item for item in given if not item.problem])
    attention = iter(predictor.attention(readable)) if explain else repeat(None)
    answers = predictor.answer(readable)
    lengths = iter([] if answers.num_tokens is None else answers.num_tokens.tolist())
    answered = _each(answers, [item.name for item in given if not item.problem], unit=predictor.unit)
    for item in given:
        if item.problem:
            yield Answered(item.name, predictor.class_names, error=item.problem, is_text=item.is_its_name)
        else:
            words = {"attention": next(attention), "num_tokens": next(lengths)}
            second = item.second if item.is_its_name else None
            yield replace(next(answered), is_text=item.is_its_name, second=second, **words)


def _as_texts(given: Sequence[GivenText]) -> Texts:
    """What is to be asked about, single texts or pairs of them."""
    seconds = tuple(item.second for item in given if item.second is not None)
    return Texts(tuple(item.text for item in given), seconds=seconds)


def about_rows(predictor: Predictor, given: GivenRows) -> Iterator[Answered]:
    """Ask about some rows, in order; one that cannot be read is answered with what is wrong with it."""
    answers = predictor.answer(rows_of(given.table))
    answered = _each(answers, [given.names[place] for place in given.readable.tolist()], unit=predictor.unit)
    for place in range(len(given)):
        if place in given.problems:
            error = given.problems[place]
            yield Answered(given.names[place], predictor.class_names, error=error, is_text=given.is_written)
        else:
            yield replace(next(answered), is_text=given.is_written)


def _each(answers: Answers, names: Sequence[str], *, unit: str | None) -> Iterator[Answered]:
    """The answers one by one."""
    if answers.values is not None:
        for name, value in zip(names, answers.values.tolist(), strict=True):
            yield Answered(name, answers.class_names, answers.task, value=value, unit=unit)
        return
    for name, probabilities, prediction in zip(names, answers.probabilities, answers.predictions, strict=True):
        chosen = np.flatnonzero(prediction).tolist() if answers.task == "multilabel" else [int(prediction)]
        yield Answered(name, answers.class_names, answers.task, probabilities, tuple(chosen))


def as_csv(answered: Sequence[Answered]) -> str:
    """One line per input: input, prediction, probability, a column per class, error; behind the input the second text
    where there is one, and at the end the attention where it is told. Of numbers only the prediction."""
    names = answered[0].class_names if answered else ()
    paired = any(answer.second is not None for answer in answered)
    explained = any(answer.attention for answer in answered)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    numbers = ["prediction"] if not names else ["prediction", "probability", *(f"p_{name}" for name in names)]
    writer.writerow(["input", *(["pair"] * paired), *numbers, "error", *(["attention"] * explained)])
    for answer in answered:
        texts = [answer.input, *([answer.second or ""] * paired)]
        told = [""] * len(numbers) if answer.error else _numbers(answer)
        writer.writerow([*texts, *told, answer.error, *([answer.weighed] * explained)])
    return text.getvalue()


def _numbers(answer: Answered) -> list[str]:
    """What was answered, as cells: str() of a float32 is the shortest text that reads back as the same float32."""
    if answer.probabilities is None:
        return [str(np.float32(answer.value))] if answer.value is not None else []
    [chosen], numbers = answer.chosen, answer.probabilities
    return [answer.class_names[chosen], str(numbers[chosen]), *map(str, numbers)]


def as_jsonl(answered: Sequence[Answered], *, top_k: int) -> str:
    """One JSON document per line."""
    return "".join(json.dumps(answer.as_document(top_k=top_k), ensure_ascii=False) + "\n" for answer in answered)
