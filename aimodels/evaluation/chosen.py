"""Which examples an evaluation is about: a split of the run's own data, as it was then, or other data of that kind."""

import json
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aimodels.config.schema import DatasetOptions
from aimodels.config.tables import NoOutliers, SplitRule, TableDatasetOptions
from aimodels.data.dataset import Dataset, ImageInput, Provenance, Split, SplitName, TableInput
from aimodels.data.loading import load_dataset
from aimodels.errors import FailedError, MissingError, UsageError, UserError
from aimodels.runs.folder import RunFolder

# The option of a dataset that says where its data lies; the first of these that it has.
PATH_OPTIONS = ("source", "path")


@dataclass(frozen=True)
class Chosen:
    """The examples to measure on. `name` is what the evaluation is called, apart from the checkpoint.

    `train` are the rows that the run was trained on, to fit baselines on; `without_train` says why there are none.
    """

    name: str
    split: Split
    provenance: Provenance
    train: Split | None = None
    without_train: str = "the training rows are not read for this"


def own_split(run: RunFolder, *, name: SplitName) -> Chosen:
    """A split of the data that the run was trained on, loaded and split again in the same way.

    Raises:
        FailedError: the data is no longer what it was.
        MissingError: the run has no such split.
    """
    dataset = _own_data(run)
    split = dataset.split(name)
    if split is None or not len(split):
        there_are = [known for known in ("train", "validation", "test") if dataset.split(known)]
        raise MissingError(
            f"the data of {run.name} has no {name} split; there is {' and '.join(there_are)}",
            code="AM511",
            help=f"choose one of them with --split, or bring your own examples: {_with_data(run)}",
        )
    chosen = Chosen(name=name, split=split, provenance=dataset.provenance)
    return replace(chosen, train=dataset.train) if isinstance(run.input, TableInput) else chosen


def _own_data(run: RunFolder) -> Dataset:
    config = run.config
    try:
        dataset = load_dataset(config.data, seed=config.seed)
    except MissingError as error:
        raise MissingError(
            f"the data of {run.name} is not there any more: {error.message}",
            code=error.code,
            help=f"run this where it was trained ({_trained_in(run)}), or say where the data is: {_with_data(run)}",
        ) from error
    trained_on = run.facts()["data_fingerprint"]
    if dataset.provenance.fingerprint != trained_on:
        raise FailedError(
            f"the data has changed since {run.name} was trained: its fingerprint was {trained_on} "
            f"and is now {dataset.provenance.fingerprint}",
            code="AM510",
            help=f"bring the old data back, or measure on the new data on purpose: {_with_data(run)}",
            notes=[f"read just now: {dataset.provenance.description}"],
        )
    return dataset


def _with_data(run: RunFolder) -> str:
    """The command that measures the run on data of the user's choice, ready to be pasted."""
    return f"aimodels eval {shlex.quote(str(run.path))} --data PATH"


def _trained_in(run: RunFolder) -> str:
    try:
        return str(json.loads(run.environment_file.read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError):
        return "see env.json"


def other_data(run: RunFolder, *, path: Path, name: SplitName) -> Chosen:
    """Other data of the same kind and the same classes, read from `path`.

    Where it comes with splits of its own, the one called `name` is taken; otherwise everything there is.

    Raises:
        UsageError: data of this kind cannot be read from a path.
        MissingError: nothing is at the path.
        FailedError: the classes or the shape of its examples are not those of the run.
    """
    config = run.config
    options = _pointed_at(config.data, path=path, run=run)
    try:
        dataset = load_dataset(options, seed=config.seed)
    except MissingError as error:
        raise MissingError(error.message, code=error.code, help="correct the path behind --data") from error
    _expect_same_classes(run, dataset, path=path)
    chosen = Chosen(f"data-{_as_name(path)}", dataset.split(name) or dataset.train, dataset.provenance)
    return _with_training_rows(chosen, run=run) if isinstance(run.input, TableInput) else chosen


def _with_training_rows(chosen: Chosen, *, run: RunFolder) -> Chosen:
    """Of a table also the rows that the run was trained on, if they are still there and the same."""
    try:
        return replace(chosen, train=_own_data(run).train)
    except UserError as error:
        return replace(chosen, without_train=error.message)


def _pointed_at(options: DatasetOptions, *, path: Path, run: RunFolder) -> DatasetOptions:
    """The same options for other data: every example where it has no splits, and images at the model's size.

    Of a table every row is measured, also one that training would have left out as an outlier or a copy; its weights
    take no part. What its columns are is not guessed again: the options of a run say it.
    """
    known = [key for key in PATH_OPTIONS if key in type(options).model_fields]
    if not known:
        raise UsageError(
            f"the dataset {options.name} cannot be read from a path, so --data cannot be used with this run",
            code="AM519",
            help="leave --data away to measure on the run's own data",
        )
    wanted: dict[str, Any] = {"validation": 0.0, "test": 0.0, "limit": None, "fold": None}
    if isinstance(run.input, ImageInput):
        wanted["size"] = (run.input.height, run.input.width)
    if isinstance(options, TableDatasetOptions):
        clean = options.clean.model_copy(update={"duplicates": "keep", "outliers": NoOutliers()})
        wanted |= {"validation_path": None, "test_path": None, "weights": None, "split": SplitRule(), "clean": clean}
    understood = {key: value for key, value in wanted.items() if key in type(options).model_fields}
    return options.model_copy(update={known[0]: str(path), **understood})


def _expect_same_classes(run: RunFolder, dataset: Dataset, *, path: Path) -> None:
    trained, found = tuple(run.signature["class_names"]), dataset.target.class_names
    if trained == found:
        return
    missing = sorted(set(trained) - set(found))
    unknown = sorted(set(found) - set(trained))
    notes = [f"missing: {', '.join(missing)}"] if missing else []
    notes += [f"unknown to the run: {', '.join(unknown)}"] if unknown else []
    raise FailedError(
        f"the classes of {path} are not those that {run.name} was trained on",
        code="AM513",
        help=f"the classes must be, in this order: {', '.join(trained)}",
        notes=notes or [f"the same names in another order: {', '.join(found)}"],
    )


def _as_name(path: Path) -> str:
    """A file's stem or a folder's name, with only what is safe in a folder's name."""
    resolved = path.resolve()
    name = resolved.name if resolved.is_dir() else resolved.name.partition(".")[0]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-") or "unnamed"
