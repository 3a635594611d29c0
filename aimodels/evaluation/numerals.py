"""Measured numbers as people read them."""

import math


def plain(value: float) -> str:
    """A number of any size with at least four digits.

    >>> plain(0.98765), plain(-231.046), plain(12345.6), plain(2.5e12), plain(float("nan"))
    ('0.9877', '-231.0', '12,346', '2.500e+12', '-')
    """
    size = abs(value)
    if math.isnan(value):
        return "-"
    if size >= 1e10 or 0 < size < 1e-4:
        return f"{value:.3e}"
    decimals = max(0, 4 - len(str(int(size)))) if size >= 1 else 4
    return f"{value:,.{decimals}f}"


def percent(share: float, *, decimals: int = 1) -> str:
    """A share of 1 as percent.

    >>> percent(0.9712)
    '97.1 %'
    """
    return "-" if math.isnan(share) else f"{100 * share:.{decimals}f} %"
