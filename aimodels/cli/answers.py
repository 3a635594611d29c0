"""Answers of `aimodels predict` as they are shown: aligned bars for people, tabs for programs, or a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.cli.console import Console
from aimodels.cli.problems import printable
from aimodels.data.excerpts import BETWEEN_TEXTS, fitted, fitted_pair, num_columns, on_one_line
from aimodels.runs.atomic import write_text
from aimodels.runs.predictions import BETWEEN, joined

if TYPE_CHECKING:
    from aimodels.prediction.answered import Answered
    from aimodels.prediction.attention import Attention

BAR = 20
GAP = "  "
INDENT = "    "
WORDS_SHOWN = 10
EMPTY = "(empty)"
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
    second = [] if answer.second is None else [answer.second]
    name = BETWEEN_TEXTS.join([answer.input, *second]).translate(ONE_LINE)
    if answer.error:
        return f"{name}\terror\t{answer.error.translate(ONE_LINE)}"
    if answer.value is not None:
        return "\t".join([name, f"{answer.value:.7g}", *([answer.unit] if answer.unit else [])])
    probabilities = dict(answer.best(len(answer.class_names)))
    labels = [label.translate(ONE_LINE) for label in answer.labels]
    told = [f"{probabilities[label]:.4f}" for label in answer.labels]
    return "\t".join([name, joined(labels), BETWEEN.join(told), *([answer.weighed] if answer.attention else [])])


def _for_people(console: Console, answered: Sequence["Answered"], *, top_k: int) -> None:
    """A line per input, the columns below each other; a text has a line of its own above its answer."""
    names = [printable(answer.input.translate(ONE_LINE)) for answer in answered]
    labels = [_answer(answer) for answer in answered]
    name_width = _widest([name for answer, name in zip(answered, names, strict=True) if not answer.is_text])
    label_width = _widest(labels)
    for answer, name, label in zip(answered, names, labels, strict=True):
        told = f"{_padded(label, label_width)}{GAP}{_tail(answer, top_k=top_k)}".rstrip()
        if answer.is_text:
            console.out(_as_line(answer, columns=console.width))
            console.out(f"{INDENT}{told}")
        else:
            console.out(f"{_padded(name, name_width)}{GAP}{told}")
        if answer.attention is not None:
            _show_weights(console, answer.attention)


def _as_line(answer: "Answered", *, columns: int) -> str:
    """The text that was asked about, or both."""
    first = on_one_line(answer.input) or EMPTY
    if answer.second is None:
        return fitted(first, columns=columns)
    return fitted_pair(first, on_one_line(answer.second) or EMPTY, columns=columns)


def _answer(answer: "Answered") -> str:
    """The answer itself: a class, some classes, or a number with its unit."""
    if answer.error:
        return "error"
    if answer.value is not None:
        return printable(f"{answer.value:,.6g} {answer.unit or ''}".strip())
    return printable(", ".join(answer.labels)) or "(none)"


def _tail(answer: "Answered", *, top_k: int) -> str:
    """What stands behind the answer: its probability and the next best, or what went wrong."""
    if answer.error or answer.value is not None:
        return printable(answer.error)
    if answer.task == "multilabel":
        return "   ".join(f"{printable(label)} {share:.1%}" for label, share in answer.best(top_k))
    (_, probability), *others = answer.best(top_k)
    rest = "   ".join(f"{printable(other)} {share:.1%}" for other, share in others)
    return f"{_bar(probability)} {probability:6.1%}   {rest}".rstrip()


def _show_weights(console: Console, attention: "Attention") -> None:
    """The words that weigh most, below the answer that they speak for."""
    words = [(printable(word), weight) for word, weight in attention.highest(WORDS_SHOWN)]
    width = _widest([word for word, _ in words])
    for word, weight in words:
        console.out(f"{INDENT}{_padded(word, width)}{GAP}{_bar(weight)} {weight:6.1%}")


def _bar(share: float) -> str:
    return f"{'━' * round(BAR * share):<{BAR}}"


def _widest(texts: Sequence[str]) -> int:
    return max(map(num_columns, texts), default=0)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - num_columns(text))
