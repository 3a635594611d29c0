"""The steps of `aimodels predict`: read the inputs, and ask the run about them."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.cli.answering_options import Answerers, start
from aimodels.cli.console import Console
from aimodels.cli.unread_texts import warn_of_unread
from aimodels.data.dataset import ImageInput
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.plurals import counted
from aimodels.distribution.answering_devices import answering_devices
from aimodels.errors import DataError, UsageError
from aimodels.events import phase
from aimodels.prediction.kinds import kind_of, other_kind, takes_pairs
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered
    from aimodels.prediction.predict import Predictor
    from aimodels.prediction.sharing import Share, WorkerPart

STDIN = "-"
FORMATS = {"images": (".csv", ".jsonl"), "texts": (".csv", ".jsonl"), "rows": (".csv", ".jsonl", ".parquet")}
# The error of a command some of whose inputs could not be read, by what the run takes.
UNREADABLE = {"images": "AM230", "texts": "AM234"}


@dataclass(frozen=True)
class Asking:
    """The model, and the part of the answers that this process gives."""

    predictor: "Predictor"
    share: "Share"


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
    answerers: Answerers = Answerers()


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


def tell(console: Console, run: RunFolder, question: Question) -> "list[Answered] | WorkerPart":
    """Ask a run for images or texts about everything that the question names.

    Of several workers the chief gets the answers, and all others what they have done.

    Raises:
        UsageError: nothing is named, or something that the run does not take.
        MissingError: an input names nothing.
        DataError: an array or a table is not what the model takes, or there is nothing in it.
    """
    expect_question(run, question)
    about = _about_images if isinstance(run.input, ImageInput) else _about_texts
    answered = about(console, run, question)
    if isinstance(answered, list) and not answered:
        raise nothing_found(run)
    return answered


def expect_question(run: RunFolder, question: Question) -> None:
    """The question must be one that this run, and all workers, can answer.

    Raises:
        UsageError: it is not.
    """
    refuse_other_options(run, question)
    expect_something(run, question)
    if question.answerers.cluster is not None and STDIN in question.inputs:
        raise UsageError(
            "`-` reads standard input, which several workers do not share",
            code="AM445",
            help="write it to a file that all of them can read; or ask in one process: --strategy single",
        )


@contextmanager
def asking(console: Console, run: RunFolder, question: Question, *, fingerprint: Callable[[], str]) -> Iterator[Asking]:
    """The model, ready to be asked, while the block runs; where there are several workers, once they have met.

    `fingerprint` tells what is asked about from anything else.

    Raises:
        UserError: a device, a checkpoint or a worker is missing; or the workers were not asked the same.
    """
    asked = question.answerers
    start(console, asked)

    from aimodels.prediction.identity import facts_of
    from aimodels.prediction.predict import Predictor
    from aimodels.prediction.sharing import together

    facts = {}
    if asked.cluster is not None:
        told = {"checkpoint": question.checkpoint, "limit": question.limit}
        facts = facts_of(run, checkpoint=question.checkpoint, question=told, data=fingerprint())
    with together(asked.cluster, facts) as share:
        devices = answering_devices(asked.strategy).names
        yield Asking(Predictor(run, question.checkpoint, devices=devices, share=share), share)


def nothing_found(run: RunFolder) -> DataError:
    """The error for inputs with nothing in them."""
    return DataError(
        f"there was nothing to answer: no {kind_of(run)} were found",
        code="AM237",
        help="a file or standard input was empty; name another",
    )


def _about_images(console: Console, run: RunFolder, question: Question) -> "list[Answered] | WorkerPart":
    from aimodels.prediction.identity import fingerprint_of_images
    from aimodels.prediction.image_inputs import read_images

    input = run.input
    if not isinstance(input, ImageInput):
        raise TypeError(f"{run.name} takes no images")
    inputs = question.inputs
    if list(inputs) == [STDIN]:
        inputs = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    groups = read_images(inputs, input=input, limit=question.limit)
    count = sum(len(group.names) for group in groups)
    with asking(console, run, question, fingerprint=lambda: fingerprint_of_images(groups)) as asked:
        from aimodels.prediction.answered import about_images

        with phase(f"answering {counted(count, 'image')}"):
            answered = list(about_images(asked.predictor, groups))
    return answered if asked.share.is_chief else asked.share.part


def _about_texts(console: Console, run: RunFolder, question: Question) -> "list[Answered] | WorkerPart":
    from aimodels.prediction.identity import fingerprint_of_texts
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
    with asking(console, run, question, fingerprint=lambda: fingerprint_of_texts(given)) as asked:
        from aimodels.prediction.answered import about_texts

        with phase(f"answering {counted(len(given), 'text')}"):
            # What the words of a text weigh is computed by the chief alone: people look at few texts.
            explain = question.explain and asked.share.is_chief
            answered = list(about_texts(asked.predictor, given, explain=explain))
    if not asked.share.is_chief:
        return asked.share.part
    _tell_what_was_not_read(run, answered)
    return answered


def _tell_what_was_not_read(run: RunFolder, answered: Sequence["Answered"]) -> None:
    from aimodels.prediction.unread_texts import UnreadTexts

    words = run.facts()["words"]
    lengths = [answer.num_tokens for answer in answered if answer.num_tokens is not None]
    warn_of_unread(
        UnreadTexts(
            column="",
            texts=len(lengths),
            cut=sum(length > words["max_length"] for length in lengths),
            without_words=sum(length <= words.get("added", 0) for length in lengths),
            max_length=words["max_length"],
            unit=words.get("unit", "words"),
            keep=words["keep"],
        )
    )


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
