"""`python -m aimodels.training.measuring_worker CONFIG`: one of several workers of this machine that measure together.

Who the others are stands in `TF_CONFIG`. The last line on stdout is what was found, as JSON.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from aimodels.config.loading import load
from aimodels.distribution.cluster import find_cluster
from aimodels.training.measuring import measure_as_worker


def main() -> None:
    """Measure, and write what was found."""
    cluster = find_cluster(os.environ)
    if cluster is None:
        raise RuntimeError("TF_CONFIG names no other workers")
    found = measure_as_worker(load(Path(sys.argv[1])), cluster)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
