"""Writes measured figures into their own section of results.md: the command, the machine, a table."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
HEAD = """# Measured

Each section is written by the command in it; the programs are explained in [README.md](README.md).
"""


@dataclass(frozen=True)
class Figures:
    """What one benchmark found: the command that measures it again, and a table with one mapping per row."""

    command: str
    rows: Sequence[Mapping[str, object]]
    note: str = ""


def save(title: str, figures: Figures, *, path: Path = RESULTS) -> None:
    """Replace the section of that title, or add it; all other sections stay as they are."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    head, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    by_title = {section.partition("\n")[0].removeprefix("## "): section.rstrip() for section in sections}
    by_title[title] = section_of(title, figures)
    path.write_text("\n\n".join([head.rstrip(), *by_title.values()]) + "\n", encoding="utf-8")


def rows_of(title: str, *, path: Path = RESULTS) -> list[dict[str, str]]:
    """The table of a section as it was written, to add a row to it; none where there is no such section."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    _, _, section = text.partition(f"## {title}\n")
    lines = re.findall(r"^\| (.*) \|$", section.partition("\n## ")[0], flags=re.MULTILINE)
    columns, *cells = [line.split(" | ") for line in lines if not line.startswith("---")] or [[]]
    return [dict(zip(columns, row, strict=True)) for row in cells]


def section_of(title: str, figures: Figures) -> str:
    """The section as Markdown."""
    columns = list(figures.rows[0])
    table = [columns, ["---"] * len(columns), *([str(row[column]) for column in columns] for row in figures.rows)]
    blocks = [
        f"## {title}",
        f"```console\n$ {figures.command}\n```",
        f"On {machine()}.",
        "\n".join(f"| {' | '.join(cells)} |" for cells in table),
        figures.note,
    ]
    return "\n\n".join(block for block in blocks if block)


def machine() -> str:
    """The machine and the versions that decide about speed; nothing that names one machine or one day."""
    processors = re.findall(r"^model name\s*:\s*(.+)$", cpu_info(), flags=re.MULTILINE)
    kind = processors[0] if processors else platform.machine()
    # What this process may use, which in a container is less than what the machine has.
    cores = len(os.sched_getaffinity(0))
    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras"))
    return f"{cores} cores of {kind}, {platform.system()}, Python {platform.python_version()}, {packages}"


def cpu_info() -> str:
    """What Linux says about the processors."""
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.exists() else ""
