"""What a stream can show: colour, a live view, marks beyond ASCII. Decided from the stream itself, never by Rich.

With FORCE_COLOR set, which is common in CI, Rich takes a pipe for a terminal and writes cursor codes into it.
"""

import os
from collections.abc import Mapping
from typing import TextIO

from aimodels.cli.options import Color, Progress

SMALLEST_LIVE_WIDTH = 60
PIPE_WIDTH = 160
ASCII = str.maketrans(
    {
        "✓": "[ok]", "✗": "[x]", "★": "*", "●": "*", "·": "-", "•": "*", "─": "-", "━": "=", "╸": ">", "│": "|",
        "→": "->", "…": "...", "–": "-", "×": "x", "±": "+/-", "Δ": "diff", "≥": ">=", "≤": "<=",
        "▁": "_", "▂": ".", "▃": ".", "▄": "-", "▅": "-", "▆": "=", "▇": "=", "█": "#", "░": ".",
    }
)  # fmt: skip


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def wants_color(stream: TextIO, *, choice: Color, environ: Mapping[str, str]) -> bool:
    """Whether to write colours into the stream: the option, then NO_COLOR, FORCE_COLOR, TERM, then the stream."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") != "0":
        return True
    return environ.get("TERM") != "dumb" and is_terminal(stream)


def wants_live(stream: TextIO, *, choice: Progress, environ: Mapping[str, str]) -> bool:
    """Whether progress is redrawn in place, or written as plain lines."""
    if choice != "auto":
        return choice == "live"
    capable = environ.get("TERM", "dumb") != "dumb" and not environ.get("CI")
    return capable and is_terminal(stream) and width(stream, environ=environ) >= SMALLEST_LIVE_WIDTH


def width(stream: TextIO, *, environ: Mapping[str, str]) -> int:
    """Columns of the stream; wide where nobody looks, so that a table in a file is never cut."""
    if environ.get("COLUMNS", "").isdecimal():
        return max(1, int(environ["COLUMNS"]))
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return PIPE_WIDTH


def speaks_unicode(stream: TextIO) -> bool:
    """Whether marks beyond ASCII can be written into the stream."""
    return (stream.encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")


def writable(text: str, stream: TextIO) -> str:
    """The text with what the stream's encoding cannot say replaced: our marks by ASCII ones, the rest by escapes."""
    if not speaks_unicode(stream):
        text = text.translate(ASCII)
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class Writer:
    """A text stream for Rich that writes only what the stream behind it can say."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        """Write the text, as far as the stream can say it."""
        return self._stream.write(writable(text, self._stream))

    def flush(self) -> None:
        """Send what is buffered."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person looks at the stream behind this one."""
        return is_terminal(self._stream)

    def fileno(self) -> int:
        """The descriptor of the stream behind this one."""
        return self._stream.fileno()
