"""Export a run: build it out of sight, prove that it answers like the run, and only then give it its name."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels import discovery
from aimodels.data.dataset import ImageFiles, Texts
from aimodels.data.loading import load_dataset
from aimodels.data.thumbnails import decode
from aimodels.errors import FailedError, UsageError, UserError
from aimodels.events import phase, warn
from aimodels.prediction.kinds import kind_of
from aimodels.prediction.predict import Predictor
from aimodels.runs.atomic import cannot_write
from aimodels.runs.folder import RunFolder

LARGEST_DIFFERENCE = 1e-5
# Empty, without a word, of several scripts, with accents apart and joined emoji, much longer than any review.
HARD_TEXTS = (
    "",
    " \t\n",
    "<br />!?",
    "不错的电影。とても良い",
    "Cafe\u0301 İYİ \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "good " * 5000,
)


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
                examples = examples_of(run, most=request.num_verified)
                difference = _largest_difference(run, request, examples=examples, ways=format.verify(partial, examples))
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)
    verified = 0 if difference is None else len(examples)
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


def examples_of(run: RunFolder, *, most: int) -> npt.NDArray[np.uint8] | Texts:
    """Real examples to ask about: of the test split, or what the run itself kept, and texts that are hard to read.

    Images are uint8 [N, height, width, channels].
    """
    config = run.config
    try:
        dataset = load_dataset(config.data, seed=config.seed)
    except UserError as error:
        kind = kind_of(run)
        warn("AM604", f"the data of the run cannot be read ({error.message}); verified on the {kind} kept in the run")
        return _kept(run, most=most)
    split = dataset.test or dataset.validation or dataset.train
    chosen = split.take(np.linspace(0, len(split) - 1, num=min(most, len(split))).astype(np.int64)).examples
    if isinstance(chosen, Texts):
        return Texts((*chosen.strings, *HARD_TEXTS))
    return Predictor(run).decode(chosen) if isinstance(chosen, ImageFiles) else chosen


def _kept(run: RunFolder, *, most: int) -> npt.NDArray[np.uint8] | Texts:
    samples = json.loads((run.plot_data / "samples.json").read_text(encoding="utf-8"))
    return Texts((*samples["texts"][:most], *HARD_TEXTS)) if "texts" in samples else decode(samples["images"])[:most]


def _largest_difference(
    run: RunFolder,
    request: ExportRequest,
    *,
    examples: npt.NDArray[np.uint8] | Texts,
    ways: dict[str, npt.NDArray[np.float32]],
) -> float:
    """The largest difference of a probability between the run and any way of asking the export."""
    wanted = Predictor(run, request.checkpoint).answer(examples).probabilities
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
