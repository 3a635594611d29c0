"""How a column of dates becomes inputs of a network, by its options and the statistics of the training split."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import DateColumn
from aimodels.data.category_values import different
from aimodels.data.number_statistics import Moments
from aimodels.data.table_problems import cell
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow

# In the order of the numbers that a date is read as; Monday is weekday 0.
PARTS = ("year", "month", "day", "weekday", "day_of_year", "hour", "minute")
# The first number of a part that comes round again, and how many it has.
CYCLES = {
    "month": (1, 12),
    "day": (1, 31),
    "weekday": (0, 7),
    "day_of_year": (1, 366),
    "hour": (0, 24),
    "minute": (0, 60),
}


@dataclass(frozen=True)
class DatesRead:
    """Cells as dates: `parts` int64 [n, 7] in the order of PARTS; `is_date` and `is_empty` bool [n]."""

    parts: npt.NDArray[np.int64]
    is_date: npt.NDArray[np.bool_]
    is_empty: npt.NDArray[np.bool_]


@dataclass
class DateStatistics:
    """Of one column: `unreadable` cells are neither empty nor a date, `example` is the first of them."""

    read: Callable[[npt.NDArray[np.object_]], DatesRead]
    count: int = 0
    missing: int = 0
    unreadable: int = 0
    example: str = ""
    moments: tuple[Moments, ...] = field(default_factory=lambda: tuple(Moments() for _ in PARTS))

    def add(self, column: "pyarrow.ChunkedArray") -> None:
        """Take in strings; null is missing."""
        cells, times = different(column)
        self.count += len(column)
        self.missing += column.null_count
        if not len(cells):
            return
        dates = self.read(cells)
        self.missing += int(times[dates.is_empty].sum())
        is_wrong = ~dates.is_date & ~dates.is_empty
        if is_wrong.any():
            self.unreadable += int(times[is_wrong].sum())
            self.example = self.example or cells[is_wrong][0].decode(errors="replace")
        for moments, part in zip(self.moments, dates.parts[dates.is_date].T, strict=True):
            moments.add(part, times=times[dates.is_date])


@dataclass(frozen=True)
class PartScaling:
    """What one part of a date becomes: sine and cosine of where it stands in its round, or (part - center) / spread."""

    part: str
    cycle: bool = False
    center: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class DateScaling:
    """What becomes of a date: of each part that is not always the same, and a 1 where it is missing if `indicator`.

    Where that is nothing, a 0.
    """

    name: str
    format: str
    parts: tuple[PartScaling, ...] = ()
    indicator: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """What the inputs that come of it are called."""
        names: list[str] = []
        for one in self.parts:
            called = f"{self.name} {one.part.replace('_', ' ')}"
            names += [f"{called} sine", f"{called} cosine"] if one.cycle else [called]
        if self.indicator:
            names.append(f"{self.name} is missing")
        return tuple(names) or (self.name,)

    @property
    def tells(self) -> bool:
        """Whether any input differs between rows of the training split."""
        return bool(self.parts) or self.indicator


def scaling_of(name: str, *, options: DateColumn, statistics: DateStatistics) -> DateScaling:
    """What these options make of the column; what is no date counts as missing."""
    if statistics.unreadable:
        warn(
            "AM339",
            f'column "{name}": {statistics.unreadable:,} of {statistics.count:,} training values are no dates of the '
            f"format {options.format}, such as {cell(statistics.example)}; they count as missing",
            help="set the `format` of the column, or clean it; a column that holds no dates is a category or text",
        )
    parts = []
    for part in options.parts:
        moments = statistics.moments[PARTS.index(part)]
        if not moments.deviation:
            continue
        if options.cycles and part in CYCLES:
            parts.append(PartScaling(part, cycle=True))
        else:
            center, spread = float(np.float32(moments.mean)), float(np.float32(moments.deviation))
            parts.append(PartScaling(part, center=center, spread=spread))
    without = statistics.missing + statistics.unreadable
    return DateScaling(name, options.format, parts=tuple(parts), indicator=0 < without < statistics.count)


def waves(part: str) -> npt.NDArray[np.float32]:
    """Sine and cosine of each number that a part has, from its first one on: float32 [numbers, 2]."""
    _, count = CYCLES[part]
    angles = 2 * math.pi * np.arange(count) / count
    return np.stack([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
