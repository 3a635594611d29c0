"""Paths of keys as people write them: `train.epochs`, and `data.columns."bill length (mm)".scale` for unusual names."""

import re
from collections.abc import Iterable

# A key as it is, or in double quotes where it has dots, spaces, `=` or quotes; a quote inside is written twice.
KEY = r'(?:"(?:[^"]|"")*"|[^.="\s]+)'
PATH = rf"{KEY}(?:\.{KEY})*"
PLAIN = re.compile(r'[^.="\s]+')


def joined(path: Iterable[str]) -> str:
    """A path in one line, with quotes around the keys that need them.

    >>> joined(["data", "columns", "bill length (mm)", "scale"])
    'data.columns."bill length (mm)".scale'
    """
    return ".".join(key if PLAIN.fullmatch(key) else '"{}"'.format(key.replace('"', '""')) for key in path)


def parts(path: str) -> list[str]:
    """The keys of a path as they are written, with their quotes.

    >>> parts('data.columns."v1.0"')
    ['data', 'columns', '"v1.0"']
    """
    return re.findall(KEY, path)


def unquoted(key: str) -> str:
    """A key without the quotes around it.

    >>> unquoted('"v1.0"')
    'v1.0'
    """
    return key[1:-1].replace('""', '"') if key.startswith('"') else key
