"""Short pieces of texts for people: cut to a length, on one line, and with nothing in them that could move a cursor."""

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

LONGEST = 400
SHORTEST_SHARE = 0.75
ELLIPSIS = "…"
# Between the two texts of a pair.
BETWEEN_TEXTS = " ‖ "
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_HTML_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Direction marks of Unicode; an unclosed one would turn round what stands behind the text.
_DIRECTION = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def excerpt(text: str, *, longest: int = LONGEST) -> str:
    """The beginning of a text, at most `longest` characters of it, with an ellipsis where the rest was cut off.

    It ends with a word where that is not far. Half a surrogate pair, which no file in UTF-8 can hold, becomes a
    replacement character.

    >>> excerpt("a very long story", longest=14), excerpt("alongstory", longest=7)
    ('a very long…', 'alongs…')
    """
    kept = text
    if len(text) > longest:
        whole_words = text[:longest].rpartition(" ")[0].rstrip()
        is_near = len(whole_words) >= SHORTEST_SHARE * longest
        kept = (whole_words if is_near else text[: longest - 1].rstrip()) + ELLIPSIS
    return "".join(UNREADABLE if "\ud800" <= char <= "\udfff" else char for char in kept)


def on_one_line(text: str) -> str:
    r"""The text with white space and HTML breaks as single spaces, and control characters made visible.

    >>> on_one_line("Good.<br /><br />Not\tbad\x1b[2J")
    'Good. Not bad�[2J'
    """
    line = " ".join(_HTML_BREAK.sub(" ", text).split()).translate(_DIRECTION)
    return "".join(UNREADABLE if unicodedata.category(char) in ("Cc", "Cs") else char for char in line)


def num_columns(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters and emoji take two, accents none.

    >>> num_columns("naïve"), num_columns("电影")
    (5, 4)
    """
    return sum(map(_columns_of, text))


def fitted(text: str, *, columns: int) -> str:
    """The text, cut with an ellipsis if it would take more columns of a terminal than there are.

    >>> fitted("a long story", columns=8), fitted("电影很好", columns=6)
    ('a long…', '电影…')
    """
    ends = list(accumulate(map(_columns_of, text)))
    if not ends or ends[-1] <= columns:
        return text
    return text[: bisect_right(ends, columns - 1)].rstrip() + ELLIPSIS


def fitted_pair(first: str, second: str, *, columns: int) -> str:
    """Two texts with a mark between them. Each gets half of the columns of a terminal, and what the other leaves.

    >>> fitted_pair("how far is it", "two miles", columns=20), fitted_pair("far?", "not so very far", columns=20)
    ('how far… ‖ two miles', 'far? ‖ not so very…')
    """
    room = columns - len(BETWEEN_TEXTS)
    for_first = max(room // 2, room - num_columns(second))
    first = fitted(first, columns=for_first)
    return f"{first}{BETWEEN_TEXTS}{fitted(second, columns=room - num_columns(first))}"


def _columns_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
