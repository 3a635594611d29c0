"""What a cross-validation leaves behind besides the runs of its folds: `run.json`, the event log, how it ended."""

import hashlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aimodels.cross_validation.dealing import DealtOut
from aimodels.cross_validation.results import FoldScores, write_folds, write_metrics
from aimodels.cross_validation.sharing import Sharing
from aimodels.data.folding import counts_of
from aimodels.errors import UserError
from aimodels.events import CrossValidationEnded, CrossValidationStarted, emit, listening
from aimodels.runs.atomic import write_json
from aimodels.runs.environment import environment
from aimodels.runs.event_log import EventLog
from aimodels.runs.folder import CROSS_VALIDATION, RunFolder, now
from aimodels.runs.place import RunPlace


@dataclass
class Outcome:
    """What a cross-validation has come to so far."""

    scores: list[FoldScores] = field(default_factory=list)
    signal_number: int = 0
    started_at: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.started_at


@contextmanager
def recording(run: RunFolder, dealt: DealtOut, *, sharing: Sharing, where: RunPlace) -> Iterator[Outcome]:
    """Begin the folder, and write down how it ended, whatever happens."""
    outcome = Outcome()
    try:
        _begin(run, dealt, sharing=sharing, where=where)
    except BaseException:
        run.discard()
        raise
    with listening(EventLog(run.events_file)):
        try:
            emit(_started(run, dealt, sharing=sharing))
            yield outcome
        except UserError as error:
            if not any(run.folds.iterdir()):
                # A mistake that every fold found before its first step.
                run.discard()
                raise
            if outcome.scores:
                kept = f"{len(outcome.scores)} of {dealt.of} folds were scored before, and are kept in {run.path}"
                error.notes = (*error.notes, kept)
            _end(run, outcome, status="failed", error={"code": error.code, "message": error.message})
            raise
        except KeyboardInterrupt:
            outcome.signal_number = outcome.signal_number or signal.SIGINT
            _end(run, outcome, status="interrupted")
            raise
        except BaseException as error:
            _end(run, outcome, status="failed", error={"code": "AM900", "message": f"{type(error).__name__}: {error}"})
            raise
        _end(run, outcome, status="finished" if len(outcome.scores) == dealt.of else "interrupted")


def _begin(run: RunFolder, dealt: DealtOut, *, sharing: Sharing, where: RunPlace) -> None:
    loaded = dealt.loaded
    facts = _facts(dealt, sharing=sharing, where=where)
    run.start(loaded.config, stem=loaded.name, source=loaded.source, facts=facts)
    write_json(run.environment_file, environment())
    run.become_latest(where.runs_dir)


def _facts(dealt: DealtOut, *, sharing: Sharing, where: RunPlace) -> dict[str, Any]:
    config, provenance = dealt.loaded.config, dealt.whole.provenance
    return {
        "kind": CROSS_VALIDATION,
        "task": dealt.whole.kind_of_task,
        "dataset": config.data.name,
        "architecture": config.model.name,
        "config_sha256": hashlib.sha256(dealt.loaded.source.encode()).hexdigest(),
        "data": provenance.description,
        "data_fingerprint": provenance.fingerprint,
        "data_counts": counts_of(dealt.whole),
        "num_examples": {"folds": len(dealt.whole.train)},
        "monitor": None,
        "mode": None,
        "best": None,
        "folds_planned": dealt.of,
        "folds_done": 0,
        "jobs": sharing.jobs,
        "threads_per_fold": sharing.threads,
        "tags": list(where.tags),
        "notes": where.notes,
        "parent": None,
        "error": None,
        "ended": None,
        "seconds": None,
    }


def _started(run: RunFolder, dealt: DealtOut, *, sharing: Sharing) -> CrossValidationStarted:
    config = dealt.loaded.config
    return CrossValidationStarted(
        run=run.name,
        path=str(run.path),
        task=dealt.whole.kind_of_task,
        seed=config.seed,
        data=config.data.name,
        num_examples=len(dealt.whole.train),
        num_unused=len(dealt.whole.test or ()),
        num_classes=len(dealt.whole.target.class_names),
        model=config.model.name,
        epochs=config.train.epochs,
        folds=dealt.of,
        jobs=sharing.jobs,
        threads=sharing.threads or 0,
    )


def _end(run: RunFolder, outcome: Outcome, *, status: str, error: dict[str, str] | None = None) -> None:
    document = write_folds(run, outcome.scores)
    metric, mean = document["metric"], document["mean"].get(document["metric"])
    if outcome.scores:
        write_metrics(run, document)
    run.update(
        status=status,
        ended=now(),
        seconds=round(outcome.seconds, 3),
        error=error,
        reason=f"interrupted by {signal.Signals(outcome.signal_number).name}" if outcome.signal_number else "",
        signal_number=outcome.signal_number,
        best=None if mean is None else {"epoch": None, "value": mean},
    )
    emit(
        CrossValidationEnded(
            run=run.name,
            status=status,
            done=len(outcome.scores),
            folds=run.facts()["folds_planned"],
            seconds=outcome.seconds,
            metric=metric,
            mean=mean,
            std=document["std"].get(metric),
        )
    )
