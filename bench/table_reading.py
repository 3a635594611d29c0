"""A CSV file of 20 columns into typed columns on disk: ours, pyarrow alone, polars alone.

The table is that of `table_memory.py`: 16 numbers, three categories, a class. All sides write an
Arrow file, from which rows can be read some at a time; ours besides counts lines, checks quotes and characters, strips
categories, and knows the words for missing values. Each run is a process of its own, in alternating order. Memory is
what it took at most, all of it; CPU seconds are those of all threads, with the start of the process.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import results
from programs import run, tell
from streaming import memory_mib
from table_memory import CATEGORIES, NUM_NUMBERS, write_table

PEERS = Path(__file__).parent / "peers"


def main() -> None:
    """Make the table, measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--polars", metavar="PYTHON", help="an interpreter that has polars")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(read_once(options.child)))
        return
    with tempfile.TemporaryDirectory(prefix="table-reading-") as name:
        folder = Path(name)
        num_bytes = write_table(folder / "table.csv", num_rows=options.rows)
        commands: dict[str, list[object]] = {
            "aimodels": [sys.executable, Path(__file__).resolve(), "--child", "table.csv"],
            "pyarrow": [sys.executable, PEERS / "pyarrow_table.py", "table.csv", "table.arrow"],
        }
        if options.polars:
            commands["polars"] = [options.polars, PEERS / "polars_table.py", "table.csv", "table.arrow"]
        found: dict[str, list[dict[str, Any]]] = {side: [] for side in commands}
        for number in range(options.rounds):
            for side, command in commands.items():
                measured = json.loads(run(*command, folder=folder).stdout.splitlines()[-1])
                tell(what="table reading", side=side, round=number, rows=options.rows, **measured)
                found[side].append(measured)
    if options.save:
        rows = [row_of(side, measured, num_rows=options.rows, num_bytes=num_bytes) for side, measured in found.items()]
        asked = f"python bench/table_reading.py --rows {options.rows} --rounds {options.rounds} --save"
        asked += " --polars PYTHON" if options.polars else ""
        results.save("Table reading", results.Figures(asked, rows, note=" ".join((__doc__ or "").split())))


def row_of(side: str, measured: list[dict[str, Any]], *, num_rows: int, num_bytes: int) -> dict[str, object]:
    """A row of results.md."""
    seconds = statistics.median(each["seconds"] for each in measured)
    return {
        "read by": f"{side} {measured[0]['version']}".strip(),
        "rows x columns": f"{num_rows:,} x 20, {num_bytes / 2**20:,.0f} MiB of CSV",
        "rows/s": f"{num_rows / seconds:,.0f}",
        "CPU seconds": f"{statistics.median(each['cpu_seconds'] for each in measured):.1f}",
        "peak memory of the process, MiB": f"{max(each['peak_mib'] for each in measured):,.0f}",
    }


def read_once(path: Path) -> dict[str, Any]:
    """Read the table as training does."""
    from aimodels.config.columns import Kind
    from aimodels.data.table_reading import TableFiles, read

    kinds: dict[str, Kind] = {f"x{number}": "number" for number in range(NUM_NUMBERS)}
    kinds |= dict.fromkeys((*CATEGORIES, "y"), "category")
    began = time.perf_counter()
    reading = read(TableFiles((path,)), kinds=kinds, most_bytes=0)
    seconds = time.perf_counter() - began
    if len(reading.rows) == 0:
        raise RuntimeError("nothing was read")
    measured = {"seconds": seconds, "cpu_seconds": time.process_time(), "peak_mib": memory_mib("VmHWM")}
    return measured | {"version": ""}


if __name__ == "__main__":
    main()
