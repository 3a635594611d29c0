"""`python -m aimodels` is the same as `aimodels`."""

import sys

from aimodels.cli import main

if __name__ == "__main__":
    sys.exit(main())
