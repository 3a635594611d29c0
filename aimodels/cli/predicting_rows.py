"""The steps of `aimodels predict` for a run on a table: rows are read, answered and told some thousand at a time."""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.cli.answering_options import part_done
from aimodels.cli.answers import show
from aimodels.cli.console import Console
from aimodels.cli.predicting import Asking, Question, asking, expect_question, nothing_found
from aimodels.cli.unread_texts import warn_of_unread
from aimodels.data.dataset import TableInput
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.plurals import counted
from aimodels.data.table_problems import cell, listed
from aimodels.data.usable_rows import tell_infinite
from aimodels.errors import DataError, UsageError
from aimodels.events import phase, warn
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.predict import Predictor
    from aimodels.prediction.table_inputs import GivenRows, Tables
    from aimodels.prediction.unread_texts import UnreadTexts

MOST_PROBLEMS = 10


@dataclass
class Tally:
    """What was met while rows were answered."""

    num_rows: int = 0
    num_broken: int = 0
    first_broken: list[str] = field(default_factory=list)
    unseen: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread_dates: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread_texts: dict[str, "UnreadTexts"] = field(default_factory=dict)
    num_infinite: dict[str, int] = field(default_factory=dict)

    def add(self, given: "GivenRows", predictor: "Predictor") -> None:
        """Count what is in some rows."""
        self.num_rows += len(given)
        self.num_broken += len(given.problems)
        for place, problem in list(given.problems.items())[: MOST_PROBLEMS - len(self.first_broken)]:
            name = excerpt(on_one_line(given.names[place]), longest=200)
            self.first_broken.append(f"{name}: {problem}")
        for found in predictor.unseen(given.table):
            known = self.unseen.setdefault(found.column, {"rows": 0, "first": found.first})
            known["rows"] += found.count
        for dates in predictor.unread_dates(given.table):
            known = self.unread_dates.setdefault(
                dates.column, {"rows": 0, "first": dates.first, "format": dates.format}
            )
            known["rows"] += dates.count
        for texts in predictor.unread_texts(given.table):
            before = self.unread_texts.get(texts.column)
            self.unread_texts[texts.column] = texts if before is None else texts.after(before)
        for column, count in given.num_infinite.items():
            self.num_infinite[column] = self.num_infinite.get(column, 0) + count

    def warn(self) -> None:
        """Tell what was answered although it is doubtful."""
        if self.unseen:
            told = [f"{name} ({_rows(found)})" for name, found in self.unseen.items()]
            warn(
                "AM290",
                f"values that training has not shown: {', '.join(told)}",
                help="what is answered about something never seen is a guess; look for other spellings, or train anew",
            )
        if self.unread_dates:
            told = [f"{name} ({_rows(found)}, expected {found['format']})" for name, found in self.unread_dates.items()]
            warn(
                "AM292",
                f"what is no date of the format that the run reads is taken for missing: {', '.join(told)}",
                help="write dates as the run reads them (iso: 2024-05-31), or train anew with the `format` of these",
            )
        for texts in self.unread_texts.values():
            warn_of_unread(texts)
        tell_infinite(self.num_infinite)

    def expect_answers(self) -> None:
        """Every row should have an answer.

        Raises:
            DataError: some could not be read; the others were answered.
        """
        if self.num_broken:
            raise DataError(
                f"{self.num_broken:,} of {counted(self.num_rows, 'row')} could not be read: {self.first_broken[0]}",
                code="AM291",
                help=("the others were answered; " if self.num_broken < self.num_rows else "")
                + "repair these or leave them out",
                notes=self.first_broken[1:],
            )


def _rows(found: dict[str, Any]) -> str:
    return f"{found['rows']:,} row{'s' * (found['rows'] != 1)}, first {cell(found['first'])}"


def answer_rows(
    console: Console, run: RunFolder, question: Question, *, top_k: int, output: Path | None
) -> dict[str, Any]:
    """Ask a run about every row that the question names, and show or write the answers.

    Raises:
        UsageError: nothing is named, or something that the run does not take, or the output is an input.
        MissingError: an input names nothing.
        DataError: a table is broken or lacks a column; or some rows could not be read, and the others were answered.
    """
    from aimodels.prediction.identity import fingerprint_of_files
    from aimodels.prediction.table_inputs import RowRequest, opened

    expect_question(run, question)
    input = run.input
    if not isinstance(input, TableInput):
        raise TypeError(f"{run.name} takes no rows")
    request = RowRequest(question.rows, question.inputs, limit=question.limit)
    # A process may be started without a stdin.
    stdin = getattr(sys.stdin, "buffer", io.BytesIO())
    tally = Tally()
    with opened(request, run=run, input=input, stdin=stdin) as tables:
        _expect_other_file(output, tables)
        _tell_others(console, tables)
        fingerprint = partial(fingerprint_of_files, tables.files, written=question.rows)
        with asking(console, run, question, fingerprint=fingerprint) as asked:
            if not asked.share.is_chief:
                return _answer_part(console, run, tables, asked)
            rows, predictor = _counted(run, tables, asked.predictor, tally), asked.predictor
            with phase("answering rows"):
                if output is None:
                    told = _show(console, rows, predictor=predictor, top_k=top_k)
                else:
                    told = _write(console, rows, predictor=predictor, output=output)
    tally.warn()
    facts = {"num_rows": tally.num_rows, "num_errors": tally.num_broken}
    doubtful = {"unseen": tally.unseen, "unread_dates": tally.unread_dates}
    console.answer(told | facts | doubtful | {"other_columns": list(tables.others)})
    tally.expect_answers()
    return {"output": str(output) if output else None}


def _answer_part(console: Console, run: RunFolder, tables: "Tables", asked: Asking) -> dict[str, Any]:
    """What a worker does that is not the chief: it answers its part of the rows.

    Raises:
        DataError: there are none.
    """
    from aimodels.data.rows import rows_of

    num_rows = 0
    for given in tables.rows():
        asked.predictor.answer(rows_of(given.table))
        num_rows += len(given)
    if not num_rows:
        raise nothing_found(run)
    return part_done(console, asked.share.part, run=run)


def _counted(run: RunFolder, tables: "Tables", predictor: "Predictor", tally: Tally) -> Iterator["GivenRows"]:
    """The rows, each counted as it comes.

    Raises:
        DataError: there are none.
    """
    for given in tables.rows():
        tally.add(given, predictor)
        yield given
    if not tally.num_rows:
        raise nothing_found(run)


def _show(console: Console, rows: Iterator["GivenRows"], *, predictor: "Predictor", top_k: int) -> dict[str, Any]:
    """Show an answer per row; under --json, keep them."""
    from aimodels.prediction.answered import about_rows

    documents: list[dict[str, Any]] = []
    for given in rows:
        answered = list(about_rows(predictor, given))
        show(console, answered, top_k=top_k, output=None)
        if console.json_mode:
            documents += [answer.as_document(top_k=top_k) for answer in answered]
    return {"predictions": documents}


def _write(console: Console, rows: Iterator["GivenRows"], *, predictor: "Predictor", output: Path) -> dict[str, Any]:
    """Write the rows with their answers behind them."""
    from aimodels.data.rows import rows_of
    from aimodels.prediction.row_files import row_file

    num_rows = 0
    with row_file(output) as file:
        for given in rows:
            file.add(given, predictor.answer(rows_of(given.table)))
            num_rows += len(given)
    for name, other in file.renamed.items():
        console.note(f"the rows have a column {name} already; the model's is called {other}")
    console.out(f"{output}: {counted(num_rows, 'row')}{f', prediction in {predictor.unit}' if predictor.unit else ''}")
    console.essential(str(output))
    return {"output": str(output), "renamed": file.renamed}


def _expect_other_file(output: Path | None, tables: "Tables") -> None:
    for name, path in tables.files.items():
        if output is not None and output.exists() and output.samefile(path):
            raise UsageError(
                f"{output} is where the answers would go, and {name} is asked about",
                code="AM165",
                help="name another file with -o; the rows are kept in it, too",
            )


def _tell_others(console: Console, tables: "Tables") -> None:
    if tables.others:
        count = len(tables.others)
        console.note(f"{count:,} column{'s' * (count > 1)} that the model does not read: {listed(tables.others)}")
