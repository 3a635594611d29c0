"""The steps of `aimodels train --folds 5` around the library's `cross_validate`: its picture, and how it ended."""

import os
import signal
from dataclasses import replace
from typing import Any

from aimodels.cli.console import Console
from aimodels.cli.console_log import ConsoleLog
from aimodels.cli.fold_summary import fold_document, fold_summary
from aimodels.config.loading import Loaded
from aimodels.cross_validation.cross_validate import cross_validate
from aimodels.cross_validation.dealing import config_of
from aimodels.distribution.strategy import cluster_for
from aimodels.errors import Interrupted, UsageError
from aimodels.events import listening, phase
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace


def asks_for_folds(loaded: Loaded, *, jobs: int | None) -> bool:
    """Whether the config asks for a cross-validation.

    Raises:
        UsageError: it does not, and the number of jobs is given.
        ConfigError: it does, and this process is one of several workers.
    """
    in_folds = loaded.config.train.folds is not None
    if in_folds:
        cluster_for(loaded.config.train, os.environ)
    if jobs is not None and not in_folds:
        raise UsageError(
            "--jobs is how many folds are trained at a time, and this training has none",
            code="AM553",
            help="add --folds 5, or leave --jobs out",
        )
    return in_folds


def one_fold(loaded: Loaded) -> Loaded:
    """The training of the first fold, to try out what all of them do."""
    return replace(loaded, config=config_of(loaded.config, number=1, of=loaded.config.train.folds or 0))


def train_folds(console: Console, loaded: Loaded, where: RunPlace, *, jobs: int | None, plots: bool) -> dict[str, Any]:
    """Train and score every fold, show what they came to, and give the JSON document.

    Raises:
        Interrupted: Ctrl-C or SIGTERM stopped it; the folds that were scored are kept.
    """
    with listening(ConsoleLog()):
        run = cross_validate(loaded, where, jobs=jobs, plots=plots)
    console.answer(fold_document(run))
    if plots:
        _draw(run)
    console.out(fold_summary(run, width=console.width))
    console.essential(str(run.path))
    _raise_if_interrupted(run)
    return fold_document(run)


def _draw(run: RunFolder) -> None:
    from aimodels.drawing import DrawRequest, draw_figures

    with phase("drawing"):
        draw_figures([run], DrawRequest(kinds=("folds",)))


def _raise_if_interrupted(run: RunFolder) -> None:
    facts = run.facts()
    if facts["status"] == "interrupted":
        scored = f"{facts['folds_done']} of {facts['folds_planned']} folds scored"
        raise Interrupted(
            f"{facts['reason']} with {scored}; {run.name} is saved",
            signal_number=facts["signal_number"] or signal.SIGINT,
            help=f"aimodels runs show {run.name}; start again with the same config for all folds",
        )
