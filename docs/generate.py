"""Writes the documentation that is made from code, the references and the README's command table; or `--check`s it."""

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from config_reference import reference

from aimodels.cli import finding, main
from aimodels.discovery import PACKAGE

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
START, END = "<!-- commands -->", "<!-- end commands -->"
WIDTH = 100
AREAS = {
    "AM1": "Config and command line",
    "AM2": "Data",
    "AM3": "Plug-ins and models",
    "AM4": "Training",
    "AM5": "Runs and checkpoints",
    "AM6": "Export",
    "AM7": "The machine",
    "AM9": "Mistakes of ours",
}


def pages() -> dict[Path, str]:
    """Every generated file with what should be in it."""
    return {
        DOCS / "config.md": reference(),
        DOCS / "cli.md": command_reference(),
        DOCS / "errors.md": error_reference(),
        README: with_command_table(README.read_text(encoding="utf-8")),
    }


def command_reference() -> str:
    """The help page of every command, as the terminal shows it."""
    blocks = [
        "# Command reference\n",
        "The help pages, written here by `./check --fix`; do not edit them by hand.\n",
        page(),
    ]
    for entry in finding.entries():
        blocks.append(f"## aimodels {entry.name}\n\n{page(entry.name)}")
        if entry.name in finding.groups():
            below = finding.entries(entry.name)
            blocks += [f"### aimodels {entry.name} {one.name}\n\n{page(entry.name, one.name)}" for one in below]
    return "\n".join(blocks)


def page(*words: str) -> str:
    """What `--help` prints for these words, in a block of code."""
    os.environ["COLUMNS"] = str(WIDTH)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exit_code = main([*words, "--help"])
    if exit_code or not printed.getvalue():
        raise SystemExit(f"aimodels {' '.join(words)} --help ended with exit code {exit_code}")
    lines = [line.rstrip() for line in printed.getvalue().strip().splitlines()]
    return "\n".join(["```text", *lines, "```", ""])


def error_reference() -> str:
    """Every page of `aimodels explain`, by area."""
    blocks = [
        "# Errors and warnings\n",
        "Every message has a code; `aimodels explain CODE` shows its page in the terminal. Written by `./check --fix`",
        "from `aimodels/explanations/`; do not edit it by hand.\n",
    ]
    found = sorted((PACKAGE / "explanations").glob("AM*.md"))
    for prefix, area in AREAS.items():
        below = [path for path in found if path.stem.startswith(prefix)]
        if below:
            blocks.append(f"## {area}\n")
            blocks += [deeper(path.read_text(encoding="utf-8")) for path in below]
    return "\n".join(blocks)


def deeper(text: str) -> str:
    """A page with its headings two levels down; lines of code that begin with # stay as they are."""
    fenced = False
    lines = []
    for line in text.strip().splitlines():
        fenced ^= line.startswith("```")
        lines.append(f"##{line}" if re.match(r"#+ ", line) and not fenced else line)
    return "\n".join([*lines, ""])


def command_table() -> str:
    """The commands and what they are for, grouped as in `aimodels --help`."""
    found = finding.entries()
    rows = ["| command | what it does |", "| --- | --- |"]
    for group in finding.GROUPS:
        for entry in [entry for entry in found if entry.group == group]:
            below = [one.name for one in finding.entries(entry.name)] if entry.name in finding.groups() else []
            more = f" (`{'`, `'.join(below)}`)" if below else ""
            rows.append(f"| `aimodels {entry.name}` | {entry.purpose}{more} |")
    return "\n".join(rows)


def with_command_table(readme: str) -> str:
    """The README with today's table between its two markers."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{command_table()}\n{END}{after}"


def stale() -> list[Path]:
    """The generated files that are not what the code says today."""
    return [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        names = [str(path.relative_to(DOCS.parent)) for path in stale()]
        sys.exit(f"not current: {', '.join(names)}; ./check --fix writes them" if names else 0)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
