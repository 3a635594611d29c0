"""pyarrow alone: a CSV file of 20 columns into an Arrow file on disk, batch by batch.

Prints seconds, those of all its threads together, and the most memory that it took.
"""

import json
import re
import sys
import time
from pathlib import Path

import pyarrow
from pyarrow import csv, ipc

TYPES = {f"x{number}": pyarrow.float64() for number in range(16)}
WORDS = dict.fromkeys(("city", "shop", "weekday", "y"), pyarrow.string())


def main() -> None:
    """Read the first file, write the second one."""
    source, target = sys.argv[1:]
    began = time.perf_counter()
    converting = csv.ConvertOptions(column_types=TYPES | WORDS, null_values=["", "NA"], strings_can_be_null=True)
    with csv.open_csv(source, convert_options=converting) as reader, ipc.new_file(target, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    seconds = time.perf_counter() - began
    peak_kib = int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[0])
    measured = {"seconds": seconds, "cpu_seconds": time.process_time(), "peak_mib": peak_kib / 1024}
    print(json.dumps(measured | {"version": pyarrow.__version__}))


if __name__ == "__main__":
    main()
