"""The steps of `aimodels predict`: read the inputs, and ask the run about them."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.data.dataset import ImageInput
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.text_lengths import length_unit
from aimodels.errors import DataError, UsageError
from aimodels.events import phase, warn
from aimodels.prediction.kinds import kind_of, other_kind, takes_pairs
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered

FORMATS = {"images": (".csv", ".jsonl"), "texts": (".csv", ".jsonl"), "rows": (".csv", ".jsonl", ".parquet")}
# The error of a command some of whose inputs could not be read, by what the run takes.
UNREADABLE = {"images": "AM230", "texts": "AM234"}


@dataclass(frozen=True)
class Question:
    """What the user wants to know: inputs by name, texts and rows as they are, and how much to tell about them."""

    inputs: Sequence[str] = ()
    texts: Sequence[str] = ()
    rows: Sequence[str] = ()
    pairs: Sequence[str] = ()
    column: str | None = None
    pair_column: str | None = None
    limit: int | None = None
    explain: bool = False
    checkpoint: str = "best"


def wanted_file(output: Path | None, *, run: RunFolder) -> None:
    """Refuse a file that we would not know how to write, before any work is done.

    Raises:
        UsageError: the suffix says no format that we write.
    """
    formats = FORMATS[kind_of(run)]
    if output is not None and output.suffix not in formats:
        raise UsageError(
            f"{output} has the suffix {output.suffix or '(none)'}, which says no format",
            code="AM156",
            help=f"use {' or '.join(formats)}",
        )


def refuse_other_options(run: RunFolder, question: Question) -> None:
    """Refuse options for what the run does not take.

    Raises:
        UsageError: there is such an option.
    """
    kind = kind_of(run)
    of_texts = {
        "--text": question.texts,
        "--pair": question.pairs,
        "--column": question.column,
        "--pair-column": question.pair_column,
        "--explain": question.explain,
    }
    for option, value in of_texts.items():
        if value and kind != "texts":
            raise other_kind(run, given=f"texts, which {option} is for")
    if question.rows and kind != "rows":
        raise other_kind(run, given="rows of a table, which --row is for")


def expect_something(run: RunFolder, question: Question) -> None:
    """Something must be named to ask about.

    Raises:
        UsageError: nothing is.
    """
    if question.inputs or question.texts or question.pairs or question.rows:
        return
    kind = kind_of(run)
    texts = "--text '...' --pair '...', " if takes_pairs(run) else "--text '...', "
    written = {"texts": texts, "rows": "--row '{...}', "}.get(kind, "")
    raise UsageError(
        f"name the {kind} to ask about",
        code="AM151",
        help=f"give {written}a file, a folder, a pattern, or - for stdin; see aimodels predict --help",
    )


def tell(run: RunFolder, question: Question) -> list["Answered"]:
    """Ask a run for images or texts about everything that the question names.

    Raises:
        UsageError: nothing is named, or something that the run does not take.
        MissingError: an input names nothing.
        DataError: an array or a table is not what the model takes, or there is nothing in it.
    """
    refuse_other_options(run, question)
    expect_something(run, question)
    input = run.input
    answered = (
        _about_images(run, question, input=input) if isinstance(input, ImageInput) else _about_texts(run, question)
    )
    if not answered:
        raise nothing_found(run)
    return answered


def nothing_found(run: RunFolder) -> DataError:
    """The error for inputs with nothing in them."""
    return DataError(
        f"there was nothing to answer: no {kind_of(run)} were found",
        code="AM237",
        help="a file or standard input was empty; name another",
    )


def _about_images(run: RunFolder, question: Question, *, input: ImageInput) -> list["Answered"]:
    from aimodels.prediction.image_inputs import read_images

    inputs = question.inputs
    if list(inputs) == ["-"]:
        inputs = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    groups = read_images(inputs, input=input, limit=question.limit)
    start()

    from aimodels.prediction.answered import about_images
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(run, question.checkpoint)
    with phase(f"answering {counted(sum(len(group.names) for group in groups), 'image')}"):
        return list(about_images(predictor, groups))


def _about_texts(run: RunFolder, question: Question) -> list["Answered"]:
    from aimodels.prediction.text_inputs import TextRequest, read_texts

    request = TextRequest(
        question.texts,
        question.inputs,
        column=question.column,
        limit=question.limit,
        seconds=question.pairs,
        pair_column=question.pair_column,
    )
    # A process may be started without a stdin.
    given = read_texts(request, run=run, stdin=getattr(sys.stdin, "buffer", io.BytesIO()))
    start()

    from aimodels.prediction.answered import about_texts
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(run, question.checkpoint)
    with phase(f"answering {counted(len(given), 'text')}"):
        answered = list(about_texts(predictor, given, explain=question.explain))
    _tell_what_was_not_read(run, answered)
    return answered


def _tell_what_was_not_read(run: RunFolder, answered: Sequence["Answered"]) -> None:
    """Words beyond the longest length are not read, and of a text without words there is nothing to read."""
    words = run.facts()["words"]
    lengths = [answer.num_words for answer in answered if answer.num_words is not None]
    num_cut = sum(length > words["max_length"] for length in lengths)
    unit = words.get("unit", "words")
    if num_cut:
        section = "words" if unit == "words" else "wordpieces"
        warn(
            "AM235",
            f"{num_cut:,} of {counted(len(lengths), 'text')} {one_or_many(num_cut, 'is', 'are')} longer than "
            f"{words['max_length']:,} {length_unit(unit)}; only the {words['keep']} was read",
            help=f"train with a higher model.{section}.max_length, or split the texts",
        )
    num_empty = sum(length <= words.get("added", 0) for length in lengths)
    if num_empty:
        warn(
            "AM236",
            f"{num_empty:,} of {counted(len(lengths), 'text')} {one_or_many(num_empty, 'holds', 'hold')} no word, and "
            f"{one_or_many(num_empty, 'is', 'are')} answered as "
            f"{'one unknown word' if unit == 'words' else 'a text of special pieces alone'}",
            help="such an answer says what the network believes of nothing",
        )


def start() -> None:
    """Load TensorFlow."""
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
            f"{len(broken):,} of {counted(len(answered), 'input')} could not be read: {_what(broken[0])}",
            code=UNREADABLE[kind_of(run)],
            help=("the others were answered; " if len(broken) < len(answered) else "")
            + "repair these or leave them out",
            notes=[_what(answer) for answer in broken[1:10]],
        )


def _what(answer: "Answered") -> str:
    return f"{excerpt(on_one_line(answer.input), longest=200)}: {answer.error}"
