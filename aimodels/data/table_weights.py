"""How much each row of a table counts, from a column of it."""

import numpy as np
import numpy.typing as npt

from aimodels.data.table_contents import Contents
from aimodels.errors import DataError


def weights_of(whole: Contents, *, column: str, where: str) -> npt.NDArray[np.float32]:
    """The weight of each row, float32 [N].

    Raises:
        DataError: a weight is missing or below 0, or all of them are 0.
    """
    weights = np.asarray(whole.columns[column].to_numpy(), dtype=np.float64)
    wrong = np.flatnonzero(~(weights >= 0))
    if len(wrong):
        row = int(wrong[0])
        found = "missing" if np.isnan(weights[row]) else f"{weights[row]:g}"
        raise DataError(
            f"{len(wrong):,} of the weights in {column} of {where} are missing or below 0",
            code="AM276",
            help="a weight is a number, 0 or more; 1 for a row that counts as usual",
            notes=[f"{whole.rows.name_of(row)}: {found}"],
        )
    if not weights.any():
        raise DataError(
            f"every weight in {column} of {where} is 0",
            code="AM276",
            help="nothing would be learned; give at least some rows a weight above 0, or leave out `data.weights`",
        )
    return weights.astype(np.float32)
