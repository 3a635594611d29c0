"""Numbers in the unit of the target, as they stand in a picture."""

from aimodels.evaluation.numerals import plain
from aimodels.figure_style import short

# The sign is that of `Predictions.errors`.
ERROR = "error: predicted − true value"
LONGEST_UNIT = 12
UNKNOWN = "not defined"


def in_unit(value: float | None, *, unit: str | None) -> str:
    """A number with its unit; not every split can give every number.

    >>> in_unit(231.04, unit="g"), in_unit(None, unit="g")
    ('231.0 g', 'not defined')
    """
    if value is None:
        return UNKNOWN
    return f"{plain(value)} {short(unit, longest=LONGEST_UNIT)}" if unit else plain(value)


def labelled(text: str, *, unit: str | None) -> str:
    """What an axis shows, with its unit.

    >>> labelled("true value", unit="g")
    'true value (g)'
    """
    return f"{text} ({short(unit, longest=LONGEST_UNIT)})" if unit else text
