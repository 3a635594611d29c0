"""Whatever is in a table: it is loaded as a dataset must be, or refused in words; never a traceback."""

import csv
import io
import re
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.data.dataset import Dataset, Split
from aimodels.data.rows import Rows
from aimodels.datasets.csv import Options, load
from aimodels.errors import UserError

LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
ANYTHING = st.one_of(
    st.sampled_from(
        ["", "NA", "0", "1", "2", "a", "b", "yes", "no", "inf", "2024-05-31", "31.12.1999", "007", "train"]
    ),
    st.integers(-3, 30).map(str),
    st.floats(allow_nan=True, allow_infinity=True, width=32).map(str),
    LETTERS,
)
TRUTH = st.sampled_from(["0", "1"])
FEW = st.sampled_from(["a", "b", "c", "Größe"])
FEW_AND_HOLES = st.sampled_from(["train", "test", "Train ", ""])
DATES = st.dates().map(str)
NUMBERS = st.floats(0, 1, width=32).map(str)
NUMBERS_AND_HOLES = st.one_of(NUMBERS, st.just("NA"))
SORTS = st.sampled_from([ANYTHING, TRUTH, FEW, FEW_AND_HOLES, DATES, NUMBERS, NUMBERS_AND_HOLES, LETTERS])
TARGETS = st.sampled_from([TRUTH, FEW, NUMBERS, TRUTH, FEW, NUMBERS, ANYTHING, NUMBERS_AND_HOLES])
NAMES = st.sampled_from(["b", "Größe (mm)", "x.y", "id", "a/b", "c=d", "*", "  e "])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows, some of them twice; each column of one sort of cells."""
    names = ["target", "a", *draw(st.lists(NAMES, max_size=4, unique=True))]
    sorts = [draw(TARGETS), *(draw(SORTS) for _ in names[1:])]
    rows = [[draw(sort) for sort in sorts] for _ in range(draw(st.integers(0, 40)))]
    return [names, *rows, *rows[: draw(st.integers(0, 3))]]


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, object]:
    """Some options beside the path and the target."""
    return {
        "task": draw(st.sampled_from(["auto", "auto", "auto", "regression", "multiclass"])),
        "clean": {
            "missing_target": draw(st.sampled_from(["fail", "drop"])),
            "duplicates": draw(st.sampled_from(["keep", "drop"])),
            "outliers": draw(st.sampled_from([{"name": "none"}, {"name": "iqr", "factor": 1.5}])),
        },
        "split": draw(
            st.sampled_from(
                [*[{"by": "random"}] * 5, *({"by": by, "column": "a"} for by in ("group", "time", "column"))]
            )
        ),
        "columns": draw(
            st.sampled_from([{}] * 4 + [{"a": {"kind": kind}} for kind in ("number", "category", "text", "date")])
        ),
        "test": draw(st.sampled_from([0.0, 0.15, 0.5])),
        "validation": draw(st.sampled_from([0.0, 0.1])),
        "on_error": draw(st.sampled_from(["fail", "skip"])),
        "limit": draw(st.sampled_from([None, None, None, 8])),
    }


def splits_of(dataset: Dataset) -> list[Split]:
    return [split for split in (dataset.train, dataset.validation, dataset.test) if split is not None]


def positions(split: Split) -> np.ndarray:
    assert isinstance(split.examples, Rows)
    return split.examples.positions


@settings(max_examples=120, deadline=None)
@given(table=tables(), wished=wishes(), delimiter=st.sampled_from(",;"), decimal=st.sampled_from(".,"))
def test_any_table_is_loaded_or_refused_in_words(table, wished, delimiter, decimal):
    text = io.StringIO()
    rows = [[re.sub(r"(?<=\d)[.](?=\d)", decimal, cell) for cell in row] for row in table[1:]]
    csv.writer(text, delimiter=delimiter).writerows([table[0], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes(text.getvalue().encode("utf-8", "replace"))
        options = Options.model_validate({"name": "csv", "path": str(path), "target": "target", **wished})
        loaded = loaded_or_refused(options)
        if isinstance(loaded, Dataset):
            check_contract(loaded)
            check_resolved(loaded, options)
        else:
            assert loaded.message
            assert loaded.code.startswith("AM2")


def loaded_or_refused(options: Options) -> Dataset | UserError:
    try:
        return load(options, seed=1)
    except UserError as error:
        return error


def check_contract(dataset: Dataset) -> None:
    """Types, shapes, and that no row is in two splits."""
    splits = splits_of(dataset)
    everything = np.concatenate([positions(split) for split in splits])
    assert len(everything) == len(set(everything.tolist()))
    names = [column.name for column in dataset.input.columns]
    for split in splits:
        assert len(split)
        drawn = split.examples.table()
        assert set(names) <= set(drawn.column_names)
        for column in dataset.input.columns:
            assert str(drawn[column.name].type) == ("double" if column.kind == "number" else "string")
        if dataset.target.task == "regression":
            assert split.targets.dtype == np.float64
            assert np.isfinite(split.targets).all()
        else:
            assert split.targets.dtype == np.int64
            assert set(split.targets.tolist()) <= set(range(len(dataset.target.class_names)))
    assert all(number > 0 for number in dataset.provenance.counts.values())
    assert all(len(line) <= 80 for line in dataset.inferred)


def check_resolved(dataset: Dataset, options: Options) -> None:
    """The options with everything in them that was guessed give the same, and need no guess."""
    again = load(dataset.resolved or options, seed=1)
    assert again.resolved is None
    assert again.inferred == ()
    assert (again.input, again.target) == (dataset.input, dataset.target)
    assert again.provenance.fingerprint == dataset.provenance.fingerprint
    for first, second in zip(splits_of(dataset), splits_of(again), strict=True):
        assert np.array_equal(positions(first), positions(second))
        assert np.array_equal(first.targets, second.targets)
