"""The steps of `aimodels pretrain` around the library's `pretrain`: who listens, pictures, what it came to."""

import os
import shlex
import signal
from typing import Any

from aimodels.cli.console import Console
from aimodels.cli.formatting import metric, size
from aimodels.cli.summary import headline
from aimodels.config.loading import Loaded
from aimodels.distribution.strategy import cluster_for
from aimodels.events import listening, phase
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import record
from aimodels.runs.place import RunPlace

SHOWN = {"perplexity": "perplexity", "accuracy": "hidden pieces guessed", "next_accuracy": "halves told apart"}


def pretrain_run(loaded: Loaded, where: RunPlace) -> RunFolder:
    """Start TensorFlow, pre-train, give the run; what a terminal shows is also kept in the run."""
    from aimodels.cli.console_log import ConsoleLog
    from aimodels.distribution.tensorflow_start import start_tensorflow
    from aimodels.pretraining.ability import check_pretraining_without_data

    with listening(ConsoleLog()):
        cluster_for(loaded.config.train, os.environ)  # what it finds wrong needs no TensorFlow
        check_pretraining_without_data(loaded.config)
        start_tensorflow(device=loaded.config.train.device)

        from aimodels.pretraining.pretrain import pretrain

        return pretrain(loaded, where)


def try_pretraining(console: Console, loaded: Loaded) -> dict[str, Any]:
    """Read and build everything and take one batch, train nothing: `--dry-run`."""
    from aimodels.distribution.tensorflow_start import start_tensorflow
    from aimodels.pretraining.ability import check_pretraining_without_data

    check_pretraining_without_data(loaded.config)
    start_tensorflow(device=loaded.config.train.device)

    from aimodels.pretraining.pretrain import dry_run

    found = dry_run(loaded)
    console.out(f"model   {loaded.config.model.name}: {found.num_parameters:,} parameters with its heads")
    console.out(f"texts   {found.num_windows:,} windows to train on")
    console.out(f"batch   loss {found.loss:.4f}")
    return {"model": {"num_parameters": found.num_parameters}, "windows": found.num_windows, "loss": found.loss}


def draw_pretraining(run: RunFolder) -> None:
    """The learning curves, the times, what was to be guessed; if an epoch has ended."""
    from aimodels.drawing import DrawRequest, draw_figures

    if run.metrics_file.exists() and run.facts().get("signal_number") != signal.SIGTERM:
        with phase("drawing"):
            draw_figures([run], DrawRequest(kinds=("history", "timing", "samples")))


def pretraining_summary(run: RunFolder) -> str:
    """What a pre-training came to, and what to do with its encoder."""
    lines = [headline(record(run)), ""]
    lines += [f"  {line}" for line in _changes(run)]
    lines += ["", f"  run       {run.path}"]
    if run.encoder.is_dir():
        num_bytes = sum(path.stat().st_size for path in run.encoder.iterdir())
        lines.append(f"  encoder   {run.encoder.relative_to(run.path)}/   {size(num_bytes)}")
    plots = sorted(path.stem.replace("_", " ") for path in run.plots.glob("*.*") if path.is_file())
    if plots:
        lines.append(f"  plots     {run.plots.relative_to(run.path)}/   {', '.join(plots)}")
    if run.encoder.is_dir():
        command = f"aimodels train CONFIG model.encoder={shlex.quote(str(run.encoder))}"
        lines += ["", f"  next      {command}"]
    return "\n".join(lines)


def _changes(run: RunFolder) -> list[str]:
    """What was measured before the first epoch and in the best one, on the validation split if there is one."""
    metrics = run.metrics() if run.metrics_file.exists() else {}
    best, before = (metrics.get(which, {}).get("all", {}) for which in ("best", "before"))
    split, on = ("val_", "on validation") if "val_perplexity" in best else ("", "in training")
    lines = []
    for name, told in SHOWN.items():
        if f"{split}{name}" in best:
            was = f"{metric(before[f'{split}{name}'])} -> " if f"{split}{name}" in before else ""
            lines.append(f"{told:<22} {was}{metric(best[f'{split}{name}'])}   {on}")
    return lines
