"""From rows of a table to what a network is given of them, one array per column."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput

if TYPE_CHECKING:
    import pyarrow


def raw(table: "pyarrow.Table", *, input: TableInput) -> dict[str, npt.NDArray[Any]]:
    """The columns of an input by name: numbers as float32 [N] with NaN for a missing one; all others as objects [N],
    each the bytes of a string in UTF-8, empty for a missing one."""
    return {
        column.name: (raw_numbers if column.kind == "number" else raw_strings)(table.column(column.name))
        for column in input.columns
    }


def raw_numbers(column: "pyarrow.ChunkedArray") -> npt.NDArray[np.float32]:
    """float32 [N]: NaN is missing; what is too large for a float32 is infinite, which the network takes as missing."""
    import pyarrow

    numbers: npt.NDArray[np.float64] = column.cast(pyarrow.float64()).to_numpy()
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def raw_strings(column: "pyarrow.ChunkedArray") -> npt.NDArray[np.object_]:
    """UTF-8 bytes, object [N]; empty is missing."""
    import pyarrow

    strings: npt.NDArray[np.object_] = column.fill_null("").cast(pyarrow.binary()).to_numpy()
    return strings
