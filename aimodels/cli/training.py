"""The steps of `aimodels train` around the library's `train`: where to, who listens, pictures, how it ended."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aimodels.cli.console import Console
from aimodels.cli.summary import how_to_go_on
from aimodels.config.loading import Loaded
from aimodels.distribution.strategy import cluster_for
from aimodels.errors import Interrupted, UsageError
from aimodels.events import listening, phase
from aimodels.runs.atomic import cannot_write
from aimodels.runs.event_log import EventLog
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.leaving import ending_on_sigterm, signal_of
from aimodels.runs.place import RunPlace


def train_run(loaded: Loaded, where: RunPlace) -> RunFolder:
    """Start TensorFlow, train, give the run; what a terminal shows is also kept in the run."""
    from aimodels.cli.console_log import ConsoleLog
    from aimodels.data.suitability import check_without_data
    from aimodels.distribution.tensorflow_start import start_tensorflow

    with listening(ConsoleLog()):
        cluster_for(loaded.config.train, os.environ)  # what it finds wrong needs no TensorFlow
        check_without_data(loaded.config)
        start_tensorflow(device=loaded.config.train.device)

        from aimodels.training.train import train

        return train(loaded, where)


def try_out(console: Console, loaded: Loaded) -> dict[str, Any]:
    """Build everything and take one batch, train nothing: `--dry-run`."""
    from aimodels.data.suitability import check_without_data
    from aimodels.distribution.tensorflow_start import start_tensorflow

    check_without_data(loaded.config)
    start_tensorflow(device=loaded.config.train.device)

    from aimodels.training.dry_run import dry_run

    found = dry_run(loaded)
    console.out(f"model   {loaded.config.model.name}: {found.num_parameters:,} parameters, output {found.output_shape}")
    console.out(f"batch   loss {found.loss:.4f}")
    console.out("ready; nothing was trained and no run was made")
    return {"model": {"num_parameters": found.num_parameters, "output_shape": found.output_shape}, "loss": found.loss}


@contextmanager
def streamed(console: Console, target: Path | None) -> Iterator[None]:
    """Also write every event to a file, or to stdout for `-`.

    Raises:
        UsageError: two documents would share stdout.
        MachineError: the file cannot be written.
    """
    if target is None:
        yield
    elif str(target) != "-":
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(target, error) from error
        with listening(EventLog(target)):
            yield
    elif console.json_mode or console.quiet:
        raise UsageError(
            "`--events -` and --json or -q would both write on stdout", code="AM155", help="give --events a file"
        )
    else:
        with listening(EventLog(console.stdout)):
            yield


# The picture of the validation split that says most.
OF_TASK = {"regression": "pred_vs_true", "multilabel": "per_class"}


@contextmanager
def completing(run: RunFolder) -> Iterator[None]:
    """What follows a training is part of the run: one that is stopped in it can go on with the rest.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came while the block ran.
    """
    try:
        with ending_on_sigterm(run):
            yield
    except KeyboardInterrupt as stop:
        number = signal_of(stop)
        reason = f"interrupted by {number.name} after training"
        if run.facts()["status"] != "interrupted":
            run.update(status="interrupted", ended=now(), reason=reason, signal_number=int(number))
        raise Interrupted(
            f"{reason}; {run.name} is saved",
            signal_number=number,
            help=how_to_go_on(run, what="do the rest"),
        ) from stop


def finish_training(run: RunFolder, *, plots: bool) -> None:
    """What follows a training: its pictures, the threshold if it is to be chosen, the scores on the validation split.

    The threshold comes before the scores, which follow it. Rows of a table are measured without pictures too, because
    they are compared with the baselines.
    """
    # A machine that is about to be taken away leaves no time for pictures.
    is_ending = run.facts().get("signal_number") == signal.SIGTERM
    if is_ending or not run.checkpoint("best").exists() or not run.metrics_file.exists():
        return

    from aimodels.data.dataset import TableInput
    from aimodels.drawing import DrawRequest, draw_figures, kinds
    from aimodels.evaluation.evaluate import EvaluationRequest, evaluate
    from aimodels.evaluation.threshold_choice import choose_threshold

    if plots:
        with phase("drawing"):
            draw_figures([run], DrawRequest(kinds=kinds("training")))
    choose_threshold(run)
    has_validation = "validation" in run.facts()["num_examples"]
    if has_validation and (plots or isinstance(run.input, TableInput)):
        evaluate(run, EvaluationRequest(split="validation", importance=False))
    if has_validation and plots:
        kind = OF_TASK.get(run.signature["task"], "confusion_matrix")
        draw_figures([run], DrawRequest(kinds=(kind,), split="validation"))


def worker_done(console: Console, run: RunFolder) -> dict[str, Any]:
    """What a worker that is not the chief says at its end: the run is the chief's.

    Raises:
        Interrupted: the run was stopped by Ctrl-C or SIGTERM.
    """
    console.out(f"worker {run.worker} is done; worker 0 writes {run.name}")
    raise_if_interrupted(run)
    return {"worker": run.worker, "run": run.name, "status": run.facts()["status"]}


def raise_if_interrupted(run: RunFolder) -> None:
    """A run that a signal stopped gives the signal's exit code, after everything is saved and said.

    Raises:
        Interrupted: the run was stopped by Ctrl-C or SIGTERM.
    """
    facts = run.facts()
    if facts["status"] == "interrupted":
        raise Interrupted(
            f"{facts['reason']} {_when(facts)}; {run.name} is saved",
            signal_number=facts["signal_number"] or signal.SIGINT,
            help=how_to_go_on(run),
        )


def _when(facts: Mapping[str, Any]) -> str:
    """Where in its training a run was stopped. No fraction: nothing of an epoch was lost."""
    done, fraction = facts["epochs_done"], facts["fraction"]
    if not fraction:
        return f"after epoch {done}" if done else "before epoch 1"
    if fraction < 1:
        return f"in epoch {done + 1} at {round(100 * fraction)} %"
    return f"in epoch {done + 1}, trained and not yet measured"
