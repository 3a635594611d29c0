"""Runs on disk as training leaves them, written without training."""

import socket
import zipfile
from pathlib import Path

from aimodels.config.loading import load
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

CONFIG = """\
seed: 7
data: {name: mnist, source: sample}
model: {name: mlp, hidden: [16]}
train: {epochs: 3, batch_size: 32}
"""
# Its process id is larger than any that Linux gives.
NOBODY = 2**22 + 1


def written_run(  # noqa: PLR0913  # what a test says of a run is what differs from the usual one
    runs_dir: Path, *, stem="mnist", overrides=(), accuracies=(0.5, 0.75, 0.7), status="finished", minute=0, **facts
) -> RunFolder:
    """A run with a history, metrics and checkpoints; the accuracies are those of validation, one per epoch."""
    file = runs_dir.parent / "written.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    loaded = load(file, overrides=overrides)
    run = RunFolder.create(runs_dir, stem=stem)
    run.start(
        loaded.config,
        stem=loaded.name,
        source=loaded.source,
        facts={"task": "image_classification", "tags": [], "notes": ""},
    )
    run.become_latest(runs_dir)
    rows = [_row(accuracy, epoch=epoch) for epoch, accuracy in enumerate(accuracies, start=1)]
    for epoch, row in enumerate(rows, start=1):
        run.add_epoch(row, epoch=epoch)
    best = max(range(len(accuracies)), key=lambda index: accuracies[index]) if accuracies else None
    entry = {"epoch": best + 1, "value": accuracies[best]} if best is not None else None
    if entry is not None:
        monitored = {"monitor": "val_accuracy", "mode": "max"}
        last = {"epoch": len(rows), "all": rows[-1]}
        write_json(run.metrics_file, {"best": entry | monitored | {"all": rows[best]}, "last": last})
        for which in ("best", "last"):
            with zipfile.ZipFile(run.checkpoint(which), "w") as archive:
                archive.writestr("config.json", "{}")
    write_json(run.signature_file, {"input": {"kind": "image"}})
    write_json(run.environment_file, {"python": "3.11"})
    ended = {"status": status, "started": f"2026-01-01T00:{minute:02d}:00Z", "seconds": 41.2, "monitor": "val_accuracy"}
    progress = {"mode": "max", "best": entry, "epochs_done": len(rows), "epochs_planned": 3, "error": None}
    run.update(**(ended | progress | facts))
    return run


def running(**facts):
    """The facts of a run that goes on in a process of this machine that is not there."""
    return {"status": "running", "host": socket.gethostname(), "pid": NOBODY} | facts


def _row(accuracy: float, *, epoch: int) -> dict[str, float]:
    return {
        "loss": 1.0 / epoch,
        "accuracy": accuracy + 0.1,
        "val_loss": 1.5 - accuracy,
        "val_accuracy": accuracy,
        "learning_rate": 1e-3,
    }
