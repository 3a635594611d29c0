"""Export a run: build it out of sight, prove that it answers like the run, and only then give it its name."""

import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels import discovery
from aimodels.data.dataset import ImageFiles, ImageInput, TableInput, TextInput, Texts
from aimodels.data.loading import load_dataset
from aimodels.data.raw_columns import raw
from aimodels.data.rows import Rows
from aimodels.data.thumbnails import decode
from aimodels.errors import FailedError, UsageError, UserError
from aimodels.events import phase, warn
from aimodels.prediction.answering import outputs_of
from aimodels.prediction.kinds import kind_of
from aimodels.prediction.predict import Answers, Predictor
from aimodels.prediction.table_answering import RawRows
from aimodels.runs.atomic import cannot_write
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import Asked, Ways
from aimodels.verification.hard_rows import hard_rows

if TYPE_CHECKING:
    import pyarrow

# Of a probability; of a number as a share of the largest of 1, itself and the standard deviation of all of them.
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
    """Where the export is, and how far its answers are from the run's at most (None if it was not verified).

    The difference is that of a probability; where it `is_relative`, for regression, that of a value as a share of the
    largest of 1, the value itself and the standard deviation of all values.
    """

    path: Path
    num_bytes: int
    signature: list[dict[str, Any]]
    max_abs_diff: float | None
    num_verified: int
    is_relative: bool = False

    def as_document(self) -> dict[str, Any]:
        """The export as JSON."""
        return {
            "path": str(self.path),
            "version": int(self.path.stem),
            "num_bytes": self.num_bytes,
            "signature": self.signature,
            "max_abs_diff": self.max_abs_diff,
            "relative": self.is_relative,
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
                ways = format.verify(partial, examples, outputs=outputs_of(run))
                difference = _largest_difference(run, request, examples=examples, ways=ways)
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)
    verified = 0 if difference is None else len(examples)
    is_relative = run.signature["task"] == "regression"
    return Exported(path, _num_bytes(path), format.signature(run), difference, verified, is_relative)


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


def examples_of(run: RunFolder, *, most: int) -> Asked:
    """Real examples to ask about: of the test split, or what the run itself kept; and texts or rows hard to read.

    Images are uint8 [N, height, width, channels].
    """
    config, input = run.config, run.input
    try:
        dataset = load_dataset(config.data, seed=config.seed)
    except UserError as error:
        kept = f"the {kind_of(run)} kept in the run"
        warn("AM604", f"the data of the run cannot be read ({error.message}); verified on {kept}")
        return _kept(run, most=most)
    split = dataset.test or dataset.validation or dataset.train
    few = split.take(np.linspace(0, len(split) - 1, num=min(most, len(split))).astype(np.int64))
    if isinstance(input, TableInput):
        return _with_hard_rows(few.rows.table(), input=input)
    chosen = few.examples
    if isinstance(chosen, Rows):
        raise TypeError(f"{run.name} takes no rows")
    if isinstance(chosen, Texts):
        return _with_hard_texts(chosen, input=input)
    return Predictor(run).decode(chosen) if isinstance(chosen, ImageFiles) else chosen


def _kept(run: RunFolder, *, most: int) -> Asked:
    """The first examples of the training, as the run keeps them; and texts or rows hard to read."""
    samples, input = json.loads((run.plot_data / "samples.json").read_text(encoding="utf-8")), run.input
    if isinstance(input, TableInput):
        return _with_hard_rows(_as_table(samples["rows"][:most], input=input), input=input)
    if "texts" in samples:
        texts = Texts(tuple(samples["texts"][:most]), seconds=tuple(samples.get("seconds", ())[:most]))
        return _with_hard_texts(texts, input=input)
    return decode(samples["images"])[:most]


def _with_hard_texts(texts: Texts, *, input: ImageInput | TextInput) -> Texts:
    """The texts and those that are hard to read; of pairs each hard one with another one behind it, and the reverse."""
    if not (isinstance(input, TextInput) and input.is_pair):
        return Texts((*texts.strings, *HARD_TEXTS))
    turned = (*HARD_TEXTS[-1:], *HARD_TEXTS[:-1])
    strings, seconds = (*texts.strings, *HARD_TEXTS, *turned), (*texts.seconds, *turned, *HARD_TEXTS)
    return Texts(strings, seconds=seconds)


def _as_table(rows: Sequence[Mapping[str, float | str | None]], *, input: TableInput) -> "pyarrow.Table":
    """Rows of a JSON file as an Arrow table, null where a value is missing."""
    import pyarrow

    types = {
        column.name: pyarrow.float64() if column.kind == "number" else pyarrow.string() for column in input.columns
    }
    return pyarrow.table({name: pyarrow.array([row[name] for row in rows], type) for name, type in types.items()})


def _with_hard_rows(table: "pyarrow.Table", *, input: TableInput) -> RawRows:
    return RawRows(raw(table, input=input)).followed_by(hard_rows(input))


def _largest_difference(run: RunFolder, request: ExportRequest, *, examples: Asked, ways: Ways) -> float:
    """The largest difference between what the run and any way of asking the export answer."""
    predictor = Predictor(run, request.checkpoint)
    wanted = predictor.answer(examples)
    largest = 0.0
    for way, named in ways.items():
        difference = _difference(named, wanted)
        if not difference <= LARGEST_DIFFERENCE:
            raise _answers_otherwise(run, f"{way} differs by {difference:.2g}, more than {LARGEST_DIFFERENCE:.0e}")
        if "label" in named:
            told = [label.decode() for label in named["label"]]
            follows = predictor.outputs.answers(named).labels
            if told != follows:
                raise _answers_otherwise(run, f"{way} gives labels that do not follow from its probabilities")
        largest = max(largest, difference)
    return largest


def _difference(named: Mapping[str, npt.NDArray[Any]], wanted: Answers) -> float:
    """How far the numbers of an export are from those of the run; infinite where there are none to compare."""
    if wanted.values is None:
        found, numbers = named.get("probabilities"), wanted.probabilities
        scale: npt.NDArray[np.float32] = np.ones((len(numbers), 1), dtype=np.float32)
    else:
        found, numbers = named.get("value"), wanted.values
        scale = np.maximum(np.abs(numbers), max(1.0, float(numbers.std())))
    if found is None or found.shape[1:] != numbers.shape[1:]:
        return math.inf
    return float((np.abs(found - numbers[: len(found)]) / scale[: len(found)]).max(initial=0.0))


def _answers_otherwise(run: RunFolder, how: str) -> FailedError:
    return FailedError(
        f"the export does not answer like {run.name}: {how}",
        code="AM601",
        help="nothing was kept; please report it with aimodels doctor " + run.name,
    )


def _num_bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
