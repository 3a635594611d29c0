"""The steps of `aimodels predict`: read the inputs, and ask the run about them."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.data.dataset import ImageInput
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.errors import DataError, UsageError
from aimodels.events import phase, warn
from aimodels.prediction.kinds import kind_of, other_kind
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered

FORMATS = (".csv", ".jsonl")
# The error of a command some of whose inputs could not be read, by what the run takes.
UNREADABLE = {"images": "AM230", "texts": "AM234"}


@dataclass(frozen=True)
class Question:
    """What the user wants to know: inputs by name, texts as they are, and how much to tell about them."""

    inputs: Sequence[str] = ()
    texts: Sequence[str] = ()
    column: str | None = None
    limit: int | None = None
    explain: bool = False
    checkpoint: str = "best"


def wanted_file(output: Path | None) -> None:
    """Refuse a file that we would not know how to write, before any work is done.

    Raises:
        UsageError: the suffix says no format that we write.
    """
    if output is not None and output.suffix not in FORMATS:
        raise UsageError(
            f"{output} has the suffix {output.suffix or '(none)'}, which says no format",
            code="AM156",
            help=f"use {' or '.join(FORMATS)}",
        )


def tell(run: RunFolder, question: Question) -> list["Answered"]:
    """Ask the run about everything that the question names.

    Raises:
        UsageError: nothing is named, or something that the run does not take.
        MissingError: an input names nothing.
        DataError: an array or a table is not what the model takes, or there is nothing in it.
    """
    if not question.inputs and not question.texts:
        text = "--text '...', " if kind_of(run) == "texts" else ""
        raise UsageError(
            f"name the {kind_of(run)} to ask about",
            code="AM151",
            help=f"give {text}a file, a folder, a pattern, or - for stdin; see aimodels predict --help",
        )
    input = run.input
    answered = (
        _about_images(run, question, input=input) if isinstance(input, ImageInput) else _about_texts(run, question)
    )
    if not answered:
        raise DataError(
            f"there was nothing to answer: no {kind_of(run)} were found",
            code="AM237",
            help="a file or standard input was empty; name another",
        )
    return answered


def _about_images(run: RunFolder, question: Question, *, input: ImageInput) -> list["Answered"]:
    from aimodels.prediction.image_inputs import read_images

    of_texts = {"--text": question.texts, "--column": question.column, "--explain": question.explain}
    for option, value in of_texts.items():
        if value:
            raise other_kind(run, given=f"texts, which {option} is for")
    inputs = question.inputs
    if list(inputs) == ["-"]:
        inputs = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    groups = read_images(inputs, input=input, limit=question.limit)
    _start_tensorflow()

    from aimodels.prediction.answered import about_images
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(run, question.checkpoint)
    with phase(f"answering {sum(len(group.names) for group in groups):,} images"):
        return list(about_images(predictor, groups))


def _about_texts(run: RunFolder, question: Question) -> list["Answered"]:
    from aimodels.prediction.text_inputs import TextRequest, read_texts

    request = TextRequest(question.texts, question.inputs, column=question.column, limit=question.limit)
    # A process may be started without a stdin.
    given = read_texts(request, run=run, stdin=getattr(sys.stdin, "buffer", io.BytesIO()))
    _start_tensorflow()

    from aimodels.prediction.answered import about_texts
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(run, question.checkpoint)
    with phase(f"answering {len(given):,} text{'' if len(given) == 1 else 's'}"):
        answered = list(about_texts(predictor, given, explain=question.explain))
    _tell_what_was_not_read(run, answered)
    return answered


def _tell_what_was_not_read(run: RunFolder, answered: Sequence["Answered"]) -> None:
    """Words beyond the longest length are not read, and of a text without words there is nothing to read."""
    words = run.facts()["words"]
    lengths = [answer.num_words for answer in answered if answer.num_words is not None]
    num_cut = sum(length > words["max_length"] for length in lengths)
    if num_cut:
        warn(
            "AM235",
            f"{num_cut:,} of {len(lengths):,} texts are longer than {words['max_length']:,} words; "
            f"of these the {words['keep']} was read",
            help="train with a higher model.words.max_length, or split the texts",
        )
    num_empty = sum(length == 0 for length in lengths)
    if num_empty:
        warn(
            "AM236",
            f"{num_empty:,} of {len(lengths):,} texts hold no word; they are answered as one unknown word",
            help="such an answer says what the network believes of nothing",
        )


def _start_tensorflow() -> None:
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()


def expect_answers(run: RunFolder, answered: Sequence["Answered"]) -> None:
    """Every input should have an answer.

    Raises:
        DataError: some could not be read; the others were answered.
    """
    broken = [answer for answer in answered if answer.error]
    if broken:
        raise DataError(
            f"{len(broken):,} of {len(answered):,} inputs could not be read: {_what(broken[0])}",
            code=UNREADABLE[kind_of(run)],
            help=("the others were answered; " if len(broken) < len(answered) else "")
            + "repair these or leave them out",
            notes=[_what(answer) for answer in broken[1:10]],
        )


def _what(answer: "Answered") -> str:
    return f"{excerpt(on_one_line(answer.input), longest=200)}: {answer.error}"
