"""The command line: words and options in, one call of the library, results out."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line. Returns the exit code; prints everything there is to say."""
    try:
        from aimodels.cli.frame import run

        return run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130
