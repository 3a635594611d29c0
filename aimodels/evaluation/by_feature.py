"""Where in a table the model is weak: the mean error over the values of each column."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Split, TableInput
from aimodels.data.excerpts import excerpt
from aimodels.evaluation.numerals import plain
from aimodels.runs.atomic import finite
from aimodels.runs.predictions import Predictions

if TYPE_CHECKING:
    import pyarrow

Floats = npt.NDArray[np.float64]

MOST_ROWS = 50_000
NUM_BINS = 10
MOST_VALUES = 10
MISSING, OTHERS = "missing", "others"


@dataclass(frozen=True)
class ErrorByValue:
    """The mean error in each bin of a number, or for each value of a category; NaN where there is no example."""

    name: str
    kind: str
    labels: list[str]
    counts: list[int]
    errors: list[float]


def by_feature(rows: Predictions, split: Split, *, input: TableInput, seed: int) -> dict[str, Any]:
    """The errors over the numbers (up to 10 bins of equal counts) and the categories (the 10 most frequent values, then
    all others), with the missing ones at the end, as strict JSON. Dates and texts are left out.

    The error is the share of wrong answers, of numbers the mean absolute error; of at most 50,000 rows.
    """
    positions = np.arange(len(split))
    if len(split) > MOST_ROWS:
        positions = np.sort(np.random.default_rng(seed).choice(len(split), size=MOST_ROWS, replace=False))
    of_numbers = rows.task == "regression"
    errors = (np.abs(rows.errors) if of_numbers else (~rows.correct).astype(np.float64))[positions]
    table = split.take(positions).rows.table()
    found = []
    for column in input.columns:
        if column.kind == "number":
            found.append(_over_numbers(column.name, table.column(column.name), errors=errors))
        elif column.kind == "category":
            found.append(_over_values(column.name, table.column(column.name), errors=errors, input=input))
    document: dict[str, Any] = {
        "error": "absolute error" if of_numbers else "share wrong",
        "num_rows": len(positions),
        "num_available": len(split),
        "columns": [asdict(column) for column in found],
    }
    return dict(finite(document))


def _over_numbers(name: str, column: "pyarrow.ChunkedArray", *, errors: Floats) -> ErrorByValue:
    values = np.asarray(column.to_numpy(), np.float64)
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if len(distinct) <= NUM_BINS:
        starts, labels = distinct, [_edge(value) for value in distinct]
    else:
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, NUM_BINS + 1)))
        # A bin is closed on the left; the last one also holds the highest number.
        starts = edges[:-1]
        labels = [f"{_edge(low)} to {_edge(high)}" for low, high in zip(edges, edges[1:], strict=False)]
    bins = np.searchsorted(starts, values, side="right") - 1
    return _grouped(name, "number", np.where(known, bins, len(labels)), labels=labels, errors=errors)


def _edge(value: float) -> str:
    """An edge with no more digits than it needs: years stay years."""
    return repr(float(value)).removesuffix(".0") if float(value).is_integer() and abs(value) < 1e6 else plain(value)


def _over_values(name: str, column: "pyarrow.ChunkedArray", *, errors: Floats, input: TableInput) -> ErrorByValue:
    texts = np.array([_stripped(value, missing=input.missing) for value in column.to_pylist()], dtype=object)
    known = texts != ""
    found, counts = np.unique(texts[known].astype(str), return_counts=True)
    order = np.lexsort((found, -counts))
    kept = [str(value) for value in found[order[:MOST_VALUES]]]
    labels = [*map(excerpt, kept), *([OTHERS] if len(found) > len(kept) else [])]
    place_of = {value: place for place, value in enumerate(kept)} | {"": len(labels)}
    groups = np.array([place_of.get(text, len(kept)) for text in texts], np.int64)
    return _grouped(name, "category", groups, labels=labels, errors=errors)


def _stripped(value: str | None, *, missing: tuple[str, ...]) -> str:
    """The value as the network reads it; "" if it is missing."""
    stripped = (value or "").strip()
    return "" if stripped in missing else stripped


def _grouped(name: str, kind: str, groups: npt.NDArray[np.int64], *, labels: list[str], errors: Floats) -> ErrorByValue:
    """Counts and mean errors by group; the group after the last label is that of missing values."""
    counts = np.bincount(groups, minlength=len(labels) + 1)
    sums = np.bincount(groups, weights=errors, minlength=len(labels) + 1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    size = len(labels) + bool(counts[-1])
    every = [*labels, MISSING][:size]
    return ErrorByValue(name, kind, labels=every, counts=counts[:size].tolist(), errors=means[:size].tolist())
