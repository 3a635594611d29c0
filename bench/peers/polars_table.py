"""polars alone: a CSV file of 20 columns into an Arrow file on disk, by its streaming engine.

Prints seconds, those of all its threads together, and the most memory that it took.
"""

import json
import re
import sys
import time
from pathlib import Path

import polars  # type: ignore[import-not-found]  # in an interpreter of its own

TYPES = {f"x{number}": polars.Float64 for number in range(16)}
WORDS = {name: polars.String for name in ("city", "shop", "weekday")}


def main() -> None:
    """Read the first file, write the second one."""
    source, target = sys.argv[1:]
    began = time.perf_counter()
    columns = {**TYPES, **WORDS, "y": polars.String}
    polars.scan_csv(source, schema=columns, null_values=["", "NA"]).sink_ipc(target)
    seconds = time.perf_counter() - began
    peak_kib = int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[0])
    measured = {"seconds": seconds, "cpu_seconds": time.process_time(), "peak_mib": peak_kib / 1024}
    print(json.dumps(measured | {"version": polars.__version__}))


if __name__ == "__main__":
    main()
