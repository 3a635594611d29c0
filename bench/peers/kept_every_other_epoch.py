"""`aimodels` that keeps what it learned, and a state, after each odd epoch, and nothing after the even ones.

Prints, as JSON, for how many seconds the training waited each time, and how long the processor was busy with writing
meanwhile.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aimodels.cli import main
from aimodels.training import checkpointing
from aimodels.training.checkpointing import StateKeeper
from aimodels.training.preparing import Prepared
from aimodels.training.state_files import write_state

keep, best = StateKeeper.keep, Prepared.best
waited: list[float] = []
written: list[float] = []


def keep_odd(keeper: StateKeeper, *, is_best: bool = False) -> None:
    """In place of `StateKeeper.keep`."""
    if keeper.position.epoch % 2:
        start = time.perf_counter()
        keeper.wait()
        written.append(0.0)
        keep(keeper, is_best=is_best)
        waited.append(time.perf_counter() - start)


def timed_best(prepared: Prepared, run: Any, *, epoch: int) -> Callable[[], Path]:
    """In place of `Prepared.best`."""
    write = best(prepared, run, epoch=epoch)
    return lambda: timed(write)


def timed(write: Callable[..., Path], *arguments: Any, **options: Any) -> Path:
    """Write, and remember for how long the processor was busy with it."""
    start = time.thread_time()
    path = write(*arguments, **options)
    written[-1] += time.thread_time() - start
    return path


def timed_state(*arguments: Any, **options: Any) -> Path:
    """In place of `write_state`."""
    return timed(write_state, *arguments, **options)


if __name__ == "__main__":
    with (
        patch.object(StateKeeper, "keep", keep_odd),
        patch.object(Prepared, "best", timed_best),
        patch.object(checkpointing, "write_state", timed_state),
    ):
        code = main()
    print(json.dumps({"waited": waited, "written": written}))
    sys.exit(code)
