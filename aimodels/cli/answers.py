"""Answers of `aimodels predict` as they are shown: aligned bars for people, tabs for programs, or a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.cli.console import Console
from aimodels.cli.problems import printable
from aimodels.data.excerpts import fitted, num_columns, on_one_line
from aimodels.runs.atomic import write_text

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered
    from aimodels.prediction.attention import Attention

BAR = 20
GAP = "  "
WORDS_SHOWN = 10
NARROWEST_TEXT = 12
# A tab or a line end in a name would break the columns and lines of the others.
ONE_LINE = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def show(console: Console, answered: Sequence["Answered"], *, top_k: int, output: Path | None) -> None:
    """Write the answers to the file, or to stdout: bars for people, tabs for programs."""
    from aimodels.prediction.answered import as_csv, as_jsonl

    if output is not None:
        write_text(output, as_csv(answered) if output.suffix == ".csv" else as_jsonl(answered, top_k=top_k))
        console.out(f"{output}: {len(answered):,} answers")
        console.essential(str(output))
    elif console.is_terminal and not console.quiet:
        _for_people(console, answered, top_k=top_k)
    else:
        for answer in answered:
            line = _with_tabs(answer)
            console.out(line)
            if not answer.error:
                console.essential(line)


def _with_tabs(answer: "Answered") -> str:
    name = answer.input.translate(ONE_LINE)
    if answer.error:
        return f"{name}\terror\t{answer.error.translate(ONE_LINE)}"
    ((label, probability),) = answer.best(1)
    return "\t".join([name, label, f"{probability:.4f}", *([answer.weighed] if answer.attention else [])])


def _for_people(console: Console, answered: Sequence["Answered"], *, top_k: int) -> None:
    """A line per input, the columns below each other; a long text leaves room for its answer, a file keeps its name."""
    labels = [printable(answer.best(1)[0][0]) if not answer.error else "error" for answer in answered]
    tails = [_tail(answer, top_k=top_k) for answer in answered]
    label_width = max(map(num_columns, labels), default=0)
    # What went wrong may take a line of its own: it does not narrow the others.
    tail_width = max((num_columns(_tail(answer, top_k=top_k)) for answer in answered if not answer.error), default=0)
    room = max(NARROWEST_TEXT, console.width - label_width - tail_width - 2 * len(GAP))
    names = [_shown_name(answer, room=room) for answer in answered]
    name_width = min(room, max(map(num_columns, names), default=0))
    for answer, name, label, tail in zip(answered, names, labels, tails, strict=True):
        console.out(GAP.join([_padded(name, name_width), _padded(label, label_width), tail]).rstrip())
        if answer.attention is not None:
            _show_weights(console, answer.attention)


def _shown_name(answer: "Answered", *, room: int) -> str:
    if answer.is_text:
        return fitted(on_one_line(answer.input) or "(empty)", columns=room)
    return printable(answer.input.translate(ONE_LINE))


def _tail(answer: "Answered", *, top_k: int) -> str:
    """What stands behind the label: its probability and the next best, or what went wrong."""
    if answer.error:
        return printable(answer.error)
    (_, probability), *others = answer.best(top_k)
    rest = "   ".join(f"{printable(other)} {share:.1%}" for other, share in others)
    return f"{_bar(probability)} {probability:6.1%}   {rest}".rstrip()


def _show_weights(console: Console, attention: "Attention") -> None:
    """The words that weigh most, below the answer that they speak for."""
    words = [(printable(word), weight) for word, weight in attention.highest(WORDS_SHOWN)]
    width = max(num_columns(word) for word, _ in words)
    for word, weight in words:
        console.out(f"    {_padded(word, width)}{GAP}{_bar(weight)} {weight:6.1%}")


def _bar(share: float) -> str:
    return f"{'━' * round(BAR * share):<{BAR}}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - num_columns(text))
