"""Export a run: build it out of sight, prove that it answers like the run, and only then give it its name."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels import discovery
from aimodels.data.dataset import ImageFiles
from aimodels.data.loading import load_dataset
from aimodels.data.thumbnails import decode
from aimodels.errors import FailedError, UsageError, UserError
from aimodels.events import phase, warn
from aimodels.prediction.predict import Predictor
from aimodels.runs.atomic import cannot_write
from aimodels.runs.folder import RunFolder

LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class ExportRequest:
    """What to export and where. `version` is None for the next free one; `num_verified` 0 skips the proof."""

    format: str = "saved_model"
    checkpoint: str = "best"
    folder: Path | None = None
    version: int | None = None
    num_verified: int = 32


@dataclass(frozen=True)
class Exported:
    """Where the export is, and how far its answers are from the run's at most (None if it was not verified)."""

    path: Path
    num_bytes: int
    signature: list[dict[str, Any]]
    max_abs_diff: float | None
    num_verified: int

    def as_document(self) -> dict[str, Any]:
        """The export as JSON."""
        return {
            "path": str(self.path),
            "version": int(self.path.stem),
            "num_bytes": self.num_bytes,
            "signature": self.signature,
            "max_abs_diff": self.max_abs_diff,
            "num_verified": self.num_verified,
        }


def export_run(run: RunFolder, request: ExportRequest) -> Exported:
    """Write an export of a run under `<folder>/<format>/<version>`.

    Raises:
        FailedError: the export does not answer like the run; nothing is left under its name.
        UsageError: the version exists already.
    """
    if request.format not in discovery.names("formats"):
        raise discovery.unknown("formats", request.format)
    format = discovery.plugin("formats", request.format)
    path = _free_path(run, request, suffix=format.SUFFIX)
    partial = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    difference = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with phase(f"writing {request.format}"):
            format.export(run, partial, checkpoint=request.checkpoint)
        if request.num_verified:
            with phase("verifying it in a clean process"):
                images = examples_of(run, most=request.num_verified)
                difference = _largest_difference(run, request, images=images, ways=format.verify(partial, images))
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)
    verified = 0 if difference is None else len(images)
    return Exported(path, _num_bytes(path), format.signature(run), difference, verified)


def _free_path(run: RunFolder, request: ExportRequest, *, suffix: str) -> Path:
    folder = (request.folder or run.exports) / request.format
    taken = [int(path.stem) for path in folder.glob("*") if path.stem.isdecimal()] if folder.exists() else []
    version = request.version or 1 + max(taken, default=0)
    if version in taken:
        raise UsageError(
            f"version {version} exists already in {folder}",
            code="AM603",
            help=f"leave out --version to get {1 + max(taken)}, or remove {folder / str(version)}{suffix}",
        )
    return folder / f"{version}{suffix}"


def examples_of(run: RunFolder, *, most: int) -> npt.NDArray[np.uint8]:
    """Real images to ask about, uint8 [N, height, width, channels]: of the test split, or what the run itself kept."""
    config = run.config
    try:
        dataset = load_dataset(config.data, seed=config.seed)
    except UserError as error:
        warn("AM604", f"the data of the run cannot be read ({error.message}); verified on the images kept in the run")
        return decode(_samples(run)["images"])[:most]
    split = dataset.test or dataset.validation or dataset.train
    chosen = split.take(np.linspace(0, len(split) - 1, num=min(most, len(split))).astype(np.int64))
    if isinstance(chosen.examples, ImageFiles):
        return Predictor(run).decode(chosen.examples)
    images: npt.NDArray[np.uint8] = chosen.examples
    return images


def _samples(run: RunFolder) -> dict[str, Any]:
    import json

    samples: dict[str, Any] = json.loads((run.plot_data / "samples.json").read_text(encoding="utf-8"))
    return samples


def _largest_difference(
    run: RunFolder,
    request: ExportRequest,
    *,
    images: npt.NDArray[np.uint8],
    ways: dict[str, npt.NDArray[np.float32]],
) -> float:
    """The largest difference of a probability between the run and any way of asking the export."""
    wanted = Predictor(run, request.checkpoint).answer(images).probabilities
    largest = 0.0
    for way, found in ways.items():
        difference = float(np.abs(found - wanted[: len(found)]).max(initial=0.0))
        if not difference <= LARGEST_DIFFERENCE or found.shape[1:] != wanted.shape[1:]:
            raise FailedError(
                f"the export does not answer like {run.name}: {way} differs by {difference:.2g}, "
                f"more than {LARGEST_DIFFERENCE:.0e}",
                code="AM601",
                help="nothing was kept; please report it with aimodels doctor " + run.name,
            )
        largest = max(largest, difference)
    return largest


def _num_bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
