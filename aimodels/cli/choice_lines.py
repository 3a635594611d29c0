"""What was chosen for a run, one choice below the other, as lines that fit."""

import re
import textwrap
from collections.abc import Mapping

NARROW = 80
# Commits and contents in the paths of a cache: the first digits tell them apart as well.
HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{8,}\b")


def wrapped(text: str, *, width: int = NARROW, indent: int) -> list[str]:
    """The text in lines of this width, from the second on indented; no path is broken, so that it can be copied."""
    return textwrap.wrap(
        text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def choice_lines(choices: Mapping[str, str], *, begin: str, width: int = NARROW) -> list[str]:
    """A line for each choice, or more where it is long. Each begins with `begin`, and goes on below its end.

    >>> choice_lines({"encoder": "snapshots/0123456789abcdef01"}, begin="chosen ")
    ['chosen encoder: snapshots/01234567…']
    """
    return [
        line
        for name, value in choices.items()
        for line in wrapped(HASH.sub(r"\1…", f"{begin}{name}: {value}"), width=width, indent=len(begin))
    ]
