"""Which columns of a table hold the texts, second texts and targets: as they were named, or are usually called."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.table_rows import Wanted
from aimodels.errors import DataError

AUTO = "auto"
# Where the columns are not named in the config: the first of these that the table has, whatever its capitals.
TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "message", "document", "body", "question", "premise")
TARGET_NAMES = ("label", "target", "sentiment", "class", "category")
PAIR_NAMES = ("text_pair", "pair", "second", "answer", "hypothesis")
MOST_COLUMNS_NAMED = 20
CLOSE = 0.7  # of 1 for the same name


@dataclass(frozen=True)
class Columns:
    """The columns of the texts and the targets as the user names them; each may be "auto". `pair` is that of the
    second texts, None where there are none."""

    text: str = AUTO
    target: str = AUTO
    pair: str | None = None


@dataclass(frozen=True)
class Options:
    """Where the user names the columns of the texts and of the second texts."""

    text: str = "data.text"
    pair: str = "data.pair"


IN_CONFIG = Options()
NOT_NAMED = Columns()


@dataclass(frozen=True)
class _Asked:
    """A column that is wanted: `name` as the user wrote it with `option`, or "auto" for the first of the usual ones."""

    what: str
    name: str
    usual: Sequence[str]
    option: str

    def trained_with(self, column: str, *, names: Sequence[str]) -> "_Asked":
        """The same; with "auto", the column that a run was trained with comes before the usual ones."""
        if self.name != AUTO or column == AUTO:
            return self
        if column.strip() in [name.strip() for name in names]:
            return replace(self, name=column)
        return replace(self, usual=(column, *self.usual))


def labelled(path: Path, names: Sequence[str], *, columns: Columns) -> Wanted:
    """What a dataset reads of a table whose columns have these names.

    Raises:
        DataError: there is no such column, or texts and second texts are in the same one.
    """
    text = _column(path, names, _Asked("texts", columns.text, usual=TEXT_NAMES, option="data.text"))
    target = _column(path, names, _Asked("targets", columns.target, usual=TARGET_NAMES, option="data.target"))
    if columns.pair is None:
        return Wanted(text, target)
    second = _column(path, names, _Asked("second texts", columns.pair, usual=PAIR_NAMES, option="data.pair"))
    return _two_columns(path, Wanted(text, target, second), options=IN_CONFIG)


def unlabelled(
    path: Path, names: Sequence[str], *, columns: Columns, options: Options, trained: Columns = NOT_NAMED
) -> Wanted:
    """What is read of a table of texts without targets, whose columns have these names. Where one is "auto", the one
    that a run was `trained` with is taken if it is there, before the usual ones.

    Raises:
        DataError: there is no such column, or texts and second texts are in the same one.
    """
    both = f"{options.text}` and `{options.pair}"
    asked = _Asked("texts", columns.text, usual=TEXT_NAMES, option=options.text if columns.pair is None else both)
    text = _column(path, names, asked.trained_with(trained.text, names=names))
    if columns.pair is None:
        return Wanted(text, text)
    asked = _Asked("second texts", columns.pair, usual=PAIR_NAMES, option=options.pair)
    second = _column(path, names, asked.trained_with(trained.pair or AUTO, names=names))
    return _two_columns(path, Wanted(text, text, second), options=options)


def _two_columns(path: Path, wanted: Wanted, *, options: Options) -> Wanted:
    """Of pairs, the texts are in one column and the second texts in another one."""
    if wanted.second == wanted.text:
        raise DataError(
            f"the column {wanted.text} of {path} is both that of the texts and that of the second texts",
            code="AM536",
            help=f"name two columns with `{options.text}` and `{options.pair}`; for texts alone leave out "
            f"`{options.pair}`",
        )
    return wanted


def _column(path: Path, names: Sequence[str], asked: _Asked) -> str:
    """The one column of that name; white space around names does not count, nor capitals for the usual ones."""
    if asked.name == AUTO:
        plain = [name.strip().lower() for name in names]
        tried = [name.strip().lower() for name in asked.usual]
        wanted = next((name for name in tried if name in plain), "")
        message = f"{path} has no column for the {asked.what} by any of the usual names ({', '.join(asked.usual)})"
    else:
        plain = [name.strip() for name in names]
        tried = [asked.name.strip()]
        wanted = tried[0]
        message = f"{path} has no column called {asked.name}"
    places = [place for place, name in enumerate(plain) if name == wanted]
    if len(places) == 1:
        return names[places[0]]
    if places:
        message = f"{path} has {len(places)} columns called {wanted}"
    near = "" if places else _near(tried, names=names)
    shown = ", ".join(excerpt(on_one_line(name), longest=40) or '""' for name in names[:MOST_COLUMNS_NAMED])
    raise DataError(
        message,
        code="AM242",
        help=(f"did you mean {excerpt(on_one_line(near), longest=40)}? " if near else "")
        + f"name it with `{asked.option}`; the first line of a .csv or .tsv file holds the names of the columns",
        notes=[f"columns found: {shown or 'none'}{', ...' if len(names) > MOST_COLUMNS_NAMED else ''}"],
    )


def _near(tried: Sequence[str], *, names: Sequence[str]) -> str:
    """The column whose name is like one that was looked for; empty if none is."""
    folded = {name.strip().lower(): name.strip() for name in names}
    for name in tried:
        for near in difflib.get_close_matches(name.lower(), folded, n=1, cutoff=CLOSE):
            return folded[near]
    return ""
