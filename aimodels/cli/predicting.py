"""The steps of `aimodels predict`: read the inputs, ask, show."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.cli.console import Console
from aimodels.errors import DataError, UsageError
from aimodels.runs.atomic import write_text
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered

FORMATS = (".csv", ".jsonl")
BAR = 20
# A tab or a line end in the name of a file would break the columns and lines of the others.
ONE_LINE = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


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


def tell(run: RunFolder, inputs: Sequence[str], *, checkpoint: str, limit: int | None) -> list["Answered"]:
    """Ask the run about everything that the inputs name.

    Raises:
        MissingError: an input names nothing.
        DataError: an array is not what the model takes.
    """
    from aimodels.distribution.tensorflow_start import start_tensorflow
    from aimodels.prediction.answering import image_input
    from aimodels.prediction.inputs import read_inputs

    texts = [line.rstrip("\n") for line in sys.stdin if line.strip()] if list(inputs) == ["-"] else inputs
    groups = read_inputs(texts, input=image_input(run), limit=limit)
    start_tensorflow()

    from aimodels.prediction.answered import answers
    from aimodels.prediction.predict import Predictor

    return list(answers(Predictor(run, checkpoint), groups))


def show(console: Console, answered: Sequence["Answered"], *, top_k: int, output: Path | None) -> None:
    """Write the answers to the file, or to stdout: bars for people, tabs for programs."""
    from aimodels.prediction.answered import as_csv, as_jsonl

    if output is not None:
        write_text(output, as_csv(answered) if output.suffix == ".csv" else as_jsonl(answered, top_k=top_k))
        console.out(f"{output}: {len(answered):,} answers")
        console.essential(str(output))
        return
    for answer in answered:
        name = answer.input.translate(ONE_LINE)
        best = answer.best(top_k)
        if not best:
            console.out(f"{name}\terror\t{answer.error}")
            continue
        (label, probability), *others = best
        console.essential(f"{name}\t{label}\t{probability:.4f}")
        if not console.is_terminal:
            console.out(f"{name}\t{label}\t{probability:.4f}")
            continue
        bar = "━" * round(BAR * probability)
        rest = "   ".join(f"{other} {share:.1%}" for other, share in others)
        console.out(f"{name}  {label}  {bar:<{BAR}} {probability:6.1%}   {rest}")


def expect_answers(answered: Sequence["Answered"]) -> None:
    """Every input should have an answer.

    Raises:
        DataError: some could not be read; the others were answered.
    """
    broken = [answer for answer in answered if answer.error]
    if broken:
        raise DataError(
            f"{len(broken)} of {len(answered)} inputs could not be read: {broken[0].error}",
            code="AM230",
            help="the others were answered; repair these or leave them out",
            notes=[answer.input for answer in broken[1:10]],
        )
