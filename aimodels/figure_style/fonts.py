"""Which letters a picture can show and how wide they are: DejaVu Sans, then fonts of the machine for other scripts."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

# Comes with matplotlib: the same letters look the same on every machine.
DEJAVU = "DejaVu Sans"
# Scripts that DejaVu Sans lacks, above all Chinese, Japanese and Korean; on Linux, then macOS, then Windows.
OTHERS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Noto Sans Devanagari", "Noto Sans Bengali",
    "Noto Sans Tamil", "Noto Sans Thai", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Arial Unicode MS",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Nirmala UI", "Leelawadee UI",
)  # fmt: skip
PLACEHOLDER = "□"
ELLIPSIS = "…"
POINTS_PER_INCH = 72
# Letters are measured one by one, and kerning and joining make a line a little longer or shorter than their sum.
SLACK = 0.98


def families() -> tuple[str, ...]:
    """The fonts to look a letter up in, in this order: DejaVu Sans, and those of the other ones that are installed."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return (DEJAVU, *(family for family in OTHERS if family in installed))


def drawable(text: str) -> str:
    """The text with a placeholder for each letter that no font has, so that drawing it never warns."""
    known = families()
    return "".join(PLACEHOLDER if _ems(char, known) is None else char for char in text)


def inches_of(text: str, *, size: float) -> float:
    """How wide a text is on one line at a font size in points, about."""
    known = families()
    return sum(_ems(char, known) or 0.0 for char in text) * size / POINTS_PER_INCH / SLACK


def wrapped(text: str, *, inches: float, size: float, most_lines: int) -> list[str]:
    """The text on lines no longer than this at a font size in points; an ellipsis stands where the rest is cut off.

    Lines are broken at spaces, and anywhere in scripts without them and in words that are longer than a line.
    Letters that no font has take no room; make the text `drawable` first.
    """
    known = families()
    room = SLACK * inches * POINTS_PER_INCH / size
    lines: list[str] = []
    while text:
        widths = [_ems(char, known) or 0.0 for char in text]
        end = _end_of_line(text, widths, room=room)
        if end < len(text) and len(lines) == most_lines - 1:
            end = _end_of_line(text, widths, room=room - (_ems(ELLIPSIS, known) or 0.0))
            return [*lines, text[:end].rstrip() + ELLIPSIS]
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return lines


def _end_of_line(text: str, widths: Sequence[float], *, room: float) -> int:
    """How many characters go on the first line."""
    fitting = bisect_right(list(accumulate(widths)), room)
    if fitting == len(text):
        return fitting
    space = text.rfind(" ", 0, fitting + 1)
    if space > 0 and east_asian_width(text[fitting]) not in ("W", "F"):
        return space
    # At least one letter, and never an accent at the beginning of a line.
    fitting = max(1, fitting)
    while fitting < len(text) and category(text[fitting]).startswith("M"):
        fitting += 1
    return fitting


@cache
def _ems(char: str, known: tuple[str, ...]) -> float | None:
    """How wide a letter is, in units of the font's size; None if no font has it."""
    for font in _opened(known):
        if font.get_char_index(ord(char)):
            return font.load_char(ord(char)).linearHoriAdvance / 65536
    return None


@cache
def _opened(known: tuple[str, ...]) -> "tuple[FT2Font, ...]":
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    fonts = tuple(FT2Font(findfont(FontProperties(family=family))) for family in known)
    for font in fonts:
        font.set_size(1, POINTS_PER_INCH)
    return fonts
