"""Numbers and times as people read them."""

import math

BLOCKS = "▁▂▃▄▅▆▇█"


def seconds(value: float) -> str:
    """A time span with as much detail as its size deserves.

    >>> seconds(4.04), seconds(75), seconds(7384)
    ('4.0s', '1m15s', '2h03m')
    """
    if value < 59.95:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def clock(value: float) -> str:
    """A time span as a clock shows it.

    >>> clock(21.4), clock(3725)
    ('0:21', '1:02:05')
    """
    whole = max(0, round(value))
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def metric(value: float | None, *, name: str = "") -> str:
    """A metric with four decimals; a learning rate, or a value too small for that, in powers of ten.

    >>> metric(0.98765), metric(0.001, name="learning_rate"), metric(3e-07), metric(None)
    ('0.9877', '1.0e-03', '3.0e-07', '-')
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    if name in ("learning_rate", "lr"):
        return f"{value:.1e}"
    size = abs(value)
    if 0 < size < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4f}" if size < 1000 else f"{value:.6g}"


def size(num_bytes: float) -> str:
    """A number of bytes in a unit that suits it.

    >>> size(512), size(5_100_000)
    ('512 B', '5.1 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} B" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def sparkline(values: list[float], *, width: int = 10) -> str:
    """The last values as a row of blocks.

    >>> sparkline([1.0, 2.0, 3.0])
    '▁▅█'
    """
    shown = [value for value in values if math.isfinite(value)][-width:]
    if not shown:
        return ""
    low, span = min(shown), max(shown) - min(shown)
    return "".join(BLOCKS[math.floor((value - low) / span * 7 + 0.5) if span else 0] for value in shown)


def amount(value: int, unit: str) -> str:
    """A number of bytes, or of something else.

    >>> amount(5_100_000, "bytes"), amount(1200, "files")
    ('5.1 MB', '1,200 files')
    """
    return size(value) if unit == "bytes" else f"{value:,} {unit}"
