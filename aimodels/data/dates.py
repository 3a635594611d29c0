"""Days and times of a table, told from other texts and put in order."""

import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

ISO = "iso"
# In the order in which they are tried on a column; where days and months cannot be told apart, the first one holds.
FORMATS = (
    ISO,
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d-%m-%Y",
    "%m-%d-%Y",
)
PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})",
}
ISO_PATTERN = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
)


def seconds(strings: "pyarrow.Array", *, format: str) -> "pyarrow.Array":
    """Seconds since 1970 of dates (int64 [N]), null where there is none of this format. Time zones are not read.

    `format` is "iso" or a pattern of %Y %m %d %H %M %S.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    fields = pc.extract_regex(pc.utf8_trim_whitespace(strings), pattern=_pattern(format))
    there = np.array(pc.is_valid(fields), dtype=bool)

    def part(name: str, otherwise: int) -> Any:
        if fields.type.get_field_index(name) < 0:
            return np.full(len(strings), otherwise)
        text = pc.struct_field(fields, name)
        text = pc.if_else(pc.equal(text, ""), str(otherwise), text)
        return pc.fill_null(pc.cast(text, pa.int64()), otherwise).to_numpy(zero_copy_only=False)

    year, month, day = part("Y", 1970), part("m", 1), part("d", 1)
    hour, minute, second = part("H", 0), part("M", 0), part("S", 0)
    there &= (1 <= month) & (month <= 12) & (1 <= day) & (hour < 24) & (minute < 60) & (second < 61)
    months = np.where(there, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    there &= day <= ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return pa.array(days * 86_400 + hour * 3_600 + minute * 60 + second, mask=~there)


def format_of(strings: "pyarrow.Array") -> str | None:
    """The first format that all these texts (none of them null) have, None if there is none."""
    return next((format for format in FORMATS if seconds(strings, format=format).null_count == 0), None)


def is_ambiguous(strings: "pyarrow.Array", *, format: str) -> bool:
    """Whether the texts could as well have their days and months the other way round."""
    other = format.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
    return format != ISO and not format.startswith("%Y") and seconds(strings, format=other).null_count == 0


@functools.cache
def _pattern(format: str) -> str:
    if format == ISO:
        return ISO_PATTERN
    pieces = re.split(r"(%[YmdHMS])", format)
    return "^" + "".join(PARTS.get(piece, re.escape(piece)) for piece in pieces) + "$"
