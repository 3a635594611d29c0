"""Files of a run, read back: JSON documents and columns of numbers."""

import csv
import json
from pathlib import Path
from typing import Any

from aimodels.errors import FailedError


def document_in(path: Path) -> dict[str, Any]:
    """What a JSON file of a run says.

    Raises:
        FailedError: it is not there, or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise unreadable(path, "it is not there") from error
    except (ValueError, OSError) as error:
        raise unreadable(path, str(error)) from error
    if not isinstance(document, dict):
        raise unreadable(path, "it holds no mapping")
    return document


def unreadable(path: Path, reason: str) -> FailedError:
    """The error for a file of a run that cannot be read."""
    return FailedError(
        f"{path} cannot be read: {reason}",
        code="AM506",
        help="bring the file back, or copy the run again; which of its files are whole: aimodels doctor RUN",
    )


def columns_in(path: Path) -> dict[str, list[float]]:
    """The columns of numbers in a CSV file of a run, NaN for an empty cell. A cut last line is left out.

    Raises:
        FailedError: it is not there, or holds something else.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        whole = [row for row in rows if len(row) == len(header)]
        return {
            column: [float(row[index]) if row[index] else float("nan") for row in whole]
            for index, column in enumerate(header)
        }
    except FileNotFoundError as error:
        raise unreadable(path, "it is not there") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, str(error)) from error
