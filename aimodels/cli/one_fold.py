"""The program that trains one fold of a cross-validation: `python -m aimodels.cli.one_fold`, started for each fold."""

import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from aimodels.cli.library_warnings import told_as_events
from aimodels.cli.training import finish_training, raise_if_interrupted, train_run
from aimodels.config.loading import Loaded, check
from aimodels.config.yaml_source import read
from aimodels.cross_validation.fold_process import BUG, ENDED, FoldRequest, as_line
from aimodels.events import Event, Listener, listening
from aimodels.runs.atomic import refusal
from aimodels.runs.event_log import EventLog
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

STDIN, STDOUT, STDERR = 0, 1, 2


def main() -> None:
    """Train and score the fold that stdin asks for; say on stdout what happens, and last how it ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    told = _stdout_kept_for_us()
    error = None
    try:
        request = FoldRequest(**json.loads(sys.stdin.readline()))
        threading.Thread(target=_end_with_whoever_started_us, name="stdin", daemon=True).start()
        with listening(_telling(told)), told_as_events():
            _train_and_score(request)
    except BaseException as caught:
        error = as_line(refusal(caught) or caught)
        if error["kind"] == BUG:
            traceback.print_exc()
    with suppress(BrokenPipeError):
        told.write(json.dumps({"type": ENDED, "error": error}) + "\n")
        told.flush()


def _telling(told: TextIO) -> Listener:
    log = EventLog(told)

    def tell(event: Event) -> None:
        with suppress(BrokenPipeError):  # whoever started us is gone, and the closed stdin is about to stop us
            log(event)

    return tell


def _stdout_kept_for_us() -> TextIO:
    """Stdout for our lines alone; what libraries print goes to stderr."""
    kept = os.fdopen(os.dup(STDOUT), "w", encoding="utf-8")
    os.dup2(STDERR, STDOUT)
    return kept


def _end_with_whoever_started_us() -> None:
    """Stop as if by SIGTERM when stdin is closed: nobody waits for this fold any more."""
    # Not through `sys.stdin`, whose lock a thread must not hold when Python shuts down.
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _train_and_score(request: FoldRequest) -> None:
    # What the run says of how it was made: the command that the user wrote.
    sys.argv = request.command or sys.argv
    config = check(read(request.config, source=request.source), source=request.source)
    loaded = Loaded(config=config, path=Path(request.source), source=request.config, name=request.name)
    path = Path(request.path)
    run = train_run(loaded, RunPlace(path.parent, exactly=path, tags=request.tags, notes=request.notes))
    raise_if_interrupted(run)
    finish_training(run, plots=request.plots)
    _score(run, plots=request.plots)


def _score(run: RunFolder, *, plots: bool) -> None:
    from aimodels.cli.measuring import draw
    from aimodels.evaluation.evaluate import EvaluationRequest, evaluate

    evaluation = evaluate(run, EvaluationRequest(split="test"))
    if plots:
        draw(evaluation)


if __name__ == "__main__":
    main()
