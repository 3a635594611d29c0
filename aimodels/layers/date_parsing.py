"""Dates in strings to years, months, days and so on, in TensorFlow operations."""

import re
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

TOKENS = {
    "%Y": r"(\d{4})",
    "%m": r"(\d{1,2})",
    "%d": r"(\d{1,2})",
    "%H": r"(\d{1,2})",
    "%M": r"(\d{2})",
    "%S": r"(\d{2})",
}
ISO = (
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
    tuple(TOKENS),
)
WITHOUT = {"%Y": "1970", "%m": "1", "%d": "1", "%H": "0", "%M": "0", "%S": "0"}  # what a format leaves out
NO_DATE = " ".join(WITHOUT.values())
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS_BEFORE_1970 = 719_468  # from the first of March of the year 0


@dataclass(frozen=True)
class Dates:
    """Of each cell int32 [n], and whether it is a date at all; if not, the numbers are those of some day."""

    year: Any
    month: Any
    day: Any
    weekday: Any
    day_of_year: Any
    hour: Any
    minute: Any
    is_date: Any

    def parts(self) -> Any:
        """int32 [n, 7]: year, month, day, weekday (Monday is 0), day of the year (from 1 on), hour, minute."""
        columns = [self.year, self.month, self.day, self.weekday, self.day_of_year, self.hour, self.minute]
        return tf.stack(columns, axis=1)


def dates_of(cells: Any, *, format: str) -> Dates:
    """Strings [n] without white space around them as dates of the Gregorian calendar, also before there was one.

    `format` is "iso" or a pattern of %Y %m %d %H %M %S. Fractions of a second and time zones are not read: a time is
    the one that is written.
    """
    pattern, tokens = ISO if format == "iso" else _compiled(format)
    matches = tf.strings.regex_full_match(cells, pattern)
    # A zero before each number, so that the empty string is 0 as well; what the format leaves out has no group.
    wanted = [rf"0\{tokens.index(token) + 1}" if token in tokens else without for token, without in WITHOUT.items()]
    numbers = tf.where(matches, tf.strings.regex_replace(cells, f"^{pattern}$", " ".join(wanted)), NO_DATE)
    split = tf.reshape(tf.strings.split(numbers, sep=" ").flat_values, [-1, len(WITHOUT)])
    year, month, day, hour, minute, second = tf.unstack(tf.strings.to_number(split, out_type=tf.int32), axis=1)
    in_range = [month >= 1, month <= 12, day >= 1, hour < 24, minute < 60, second < 61]
    is_date = matches & tf.reduce_all(tf.stack(in_range), axis=0)
    is_date &= day <= _days_in(year, tf.clip_by_value(month, 1, 12))
    days = _days_since_1970(year, month, day)
    day_of_year = 1 + days - _days_since_1970(year, tf.ones_like(month), tf.ones_like(day))
    weekday = tf.math.floormod(days + 3, 7)  # the first day of 1970 was a Thursday
    return Dates(year, month, day, weekday, day_of_year, hour, minute, is_date)


def _compiled(format: str) -> tuple[str, tuple[str, ...]]:
    """The regular expression of a pattern, and the tokens of its groups in their order."""
    pieces = re.split("(" + "|".join(TOKENS) + ")", format)
    pattern = "".join(TOKENS.get(piece) or re.escape(piece) for piece in pieces)
    return pattern, tuple(piece for piece in pieces if piece in TOKENS)


def _days_in(year: Any, month: Any) -> Any:
    """How many days a month has."""

    def divides(number: int) -> Any:
        return tf.equal(tf.math.floormod(year, number), 0)

    is_leap = divides(4) & (~divides(100) | divides(400))
    return tf.gather(DAYS_IN_MONTH, month - 1) + tf.cast(is_leap & tf.equal(month, 2), tf.int32)


def _days_since_1970(year: Any, month: Any, day: Any) -> Any:
    """Days from the first of January 1970, in whole numbers only: years are counted from March on, so that the leap day
    is their last, and in eras of 400 (Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    year = year - tf.cast(month <= 2, tf.int32)
    era = tf.math.floordiv(year, 400)
    year_of_era = year - 400 * era
    day_of_year = (153 * tf.math.floormod(month + 9, 12) + 2) // 5 + day - 1
    day_of_era = 365 * year_of_era + year_of_era // 4 - year_of_era // 100 + day_of_year
    return 146_097 * era + day_of_era - DAYS_BEFORE_1970
