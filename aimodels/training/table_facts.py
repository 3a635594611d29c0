"""What the columns of a table hold, split by split, and its first rows; for the pictures of a run."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Dataset, Split, TableInput, Target
from aimodels.data.excerpts import excerpt
from aimodels.runs.predictions import joined

if TYPE_CHECKING:
    import pyarrow

# Enough for a picture; a table that is larger than memory is not read a further time for it.
MOST_ROWS = 100_000
NUM_BINS = 30
MOST_VALUES = 12
LONGEST_VALUE = 60


def first_rows(dataset: Dataset, *, count: int) -> dict[str, Any]:
    """The first training rows, what the network sees of them, and what is to be predicted."""
    few = dataset.train.take(range(min(count, len(dataset.train))))
    rows = few.rows.table(columns=_input(dataset).names).to_pylist()
    return {"rows": rows, "labels": [label_of(each, target=dataset.target) for each in few.targets]}


def label_of(wanted: Any, *, target: Target) -> str:
    """A target for people: the name of its class, the names of several, or the number."""
    if target.task == "regression":
        return f"{float(wanted):.6g}{f' {target.unit}' if target.unit else ''}"
    if target.task == "multilabel":
        return joined(name for name, on in zip(target.class_names, wanted, strict=True) if on)
    return target.class_names[int(wanted)]


def columns_seen(dataset: Dataset) -> dict[str, Any]:
    """Per column and split: rows, missing ones, and a histogram or the counts of the most frequent values.

    Bins and values are those of the training split, so that the splits can be compared. Of large splits, evenly spaced
    rows are looked at.
    """
    splits: dict[str, Split] = {split.name: split for split in (dataset.train, dataset.validation) if split is not None}
    looked_at = {name: _LookedAt.of(split, input=_input(dataset)) for name, split in splits.items()}
    columns = [
        {"name": column.name, "kind": column.kind, "splits": _seen(column.name, column.kind, splits=looked_at)}
        for column in _input(dataset).columns
    ]
    return {"columns": columns, "target": _target(splits, target=dataset.target)}


@dataclass(frozen=True)
class _LookedAt:
    """Some rows of a split, without their texts, which may be long; and how many values each column lacks in them."""

    num_rows: int
    table: "pyarrow.Table"
    missing: Counter[str]

    @classmethod
    def of(cls, split: Split, *, input: TableInput) -> "_LookedAt":
        """Evenly spaced rows of a split."""
        import pyarrow

        rows, missing = _evenly_spaced(split).rows, Counter[str]()
        texts = [column.name for column in input.columns if column.kind == "text"]
        others = [name for name in input.names if name not in texts]
        for part in rows.tables(columns=texts) if texts else ():
            missing.update({name: part[name].null_count for name in texts})
        table = rows.table(columns=others) if others else pyarrow.table({})
        missing.update({name: table[name].null_count for name in others})
        return cls(len(rows), table, missing)


def _seen(name: str, kind: str, *, splits: dict[str, _LookedAt]) -> dict[str, Any]:
    found = {split: {"count": one.num_rows, "missing": one.missing[name]} for split, one in splits.items()}
    if kind == "number":
        numbers = {split: one.table[name].drop_null().to_numpy() for split, one in splits.items()}
        return _merged(found, _histograms(numbers))
    if kind == "category":
        return _merged(found, _frequent({split: one.table[name] for split, one in splits.items()}))
    return found


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] | other[name] for name in one}


def _histograms(numbers: dict[str, npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Counts in bins of equal width between the 0.5 % and 99.5 % quantiles; what lies beyond is in the outer bins."""
    train = numbers["train"]
    low, high = np.quantile(train, [0.005, 0.995]) if len(train) else (0.0, 1.0)
    if not low < high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, NUM_BINS + 1)
    return {
        split: {"edges": edges.tolist(), "counts": np.histogram(np.clip(values, low, high), bins=edges)[0].tolist()}
        for split, values in numbers.items()
    }


def _frequent(columns: "dict[str, pyarrow.ChunkedArray]") -> dict[str, Any]:
    """How often each of the most frequent values of the training split comes, and all others together."""
    from pyarrow import compute

    counts = {
        split: {pair["values"]: pair["counts"] for pair in compute.value_counts(column.drop_null()).to_pylist()}
        for split, column in columns.items()
    }
    frequent = sorted(counts["train"], key=lambda value: (-counts["train"][value], value))[:MOST_VALUES]
    found = {}
    for split, of_values in counts.items():
        shown = [of_values.get(value, 0) for value in frequent]
        values = [excerpt(value, longest=LONGEST_VALUE) for value in frequent]
        found[split] = {"values": values, "counts": shown, "others": sum(of_values.values()) - sum(shown)}
    return found


def _target(splits: dict[str, Split], *, target: Target) -> dict[str, Any] | None:
    if target.task != "regression":
        return None
    numbers = _histograms({name: split.targets for name, split in splits.items()})
    counted = {name: {"count": len(split), "missing": 0} for name, split in splits.items()}
    return {"name": target.unit or "target", "kind": "number", "splits": _merged(counted, numbers)}


def _evenly_spaced(split: Split) -> Split:
    if len(split) <= MOST_ROWS:
        return split
    return split.take(np.linspace(0, len(split) - 1, num=MOST_ROWS).astype(np.int64))


def _input(dataset: Dataset) -> TableInput:
    if not isinstance(dataset.input, TableInput):
        raise TypeError(f"{type(dataset.input).__name__} has no columns")
    return dataset.input
