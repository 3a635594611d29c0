"""The examples that a config asks for: the one place where a dataset plug-in is called."""

from typing import Any

import numpy as np

from aimodels import discovery
from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Dataset, Split
from aimodels.data.folding import folded, undivided
from aimodels.errors import FailedError, UserError
from aimodels.events import warn, without_warnings


def load_dataset(options: DatasetOptions, *, seed: int) -> Dataset:
    """Load what the `data` section describes, and check that it is what a dataset must be.

    With `options.fold` it is one fold of a cross-validation.

    Raises:
        UserError: the data is missing or broken; or a dataset of the user's own fails or breaks its contract.
    """
    if options.fold is None:
        dataset = _loaded(options, seed=seed)
    else:
        dataset = folded(load_undivided(options, seed=seed), options=options, seed=seed)
    _tell_about_empty_classes(dataset, of_a_fold=options.fold is not None)
    return dataset


def load_undivided(options: DatasetOptions, *, seed: int) -> Dataset:
    """The dataset with everything in its training split that has no split of its own: what folds are made of.

    Raises:
        UserError: as for `load_dataset`.
    """
    # A copy in the dataset's own test split, which folds do not use, is no copy; folds look for copies themselves.
    with without_warnings("AM224"):
        return _loaded(undivided(options), seed=seed)


def _loaded(options: DatasetOptions, *, seed: int) -> Dataset:
    plugin = discovery.plugin("datasets", options.name)
    if "." in options.name:
        return _of_the_users_own(plugin, options, seed=seed)
    dataset: Dataset = plugin.load(options, seed=seed)
    return dataset


def _of_the_users_own(plugin: Any, options: DatasetOptions, *, seed: int) -> Dataset:
    try:
        dataset = plugin.load(options, seed=seed)
    except UserError:
        raise
    except Exception as error:
        raise FailedError(
            f"load() of the dataset {options.name} failed: {type(error).__name__}: {error}",
            code="AM226",
            help="mend the dataset; --debug shows the whole traceback",
            notes=[discovery.where_it_failed(error, plugin=plugin)],
        ) from error
    if not isinstance(dataset, Dataset):
        raise _broken(options, f"load() must give an aimodels.data.dataset.Dataset, got {type(dataset).__name__}")
    for split in (dataset.train, dataset.validation, dataset.test):
        if split is not None:
            _expect_labels(split, num_classes=len(dataset.target.class_names), options=options)
    return dataset


def _expect_labels(split: Split, *, num_classes: int, options: DatasetOptions) -> None:
    if not len(split) or not num_classes:
        return
    lowest, highest = int(split.targets.min()), int(split.targets.max())
    if lowest < 0 or highest >= num_classes:
        found = highest if highest >= num_classes else lowest
        raise _broken(
            options,
            f"the {split.name} split has the target {found}, and {num_classes} class names mean 0 to {num_classes - 1}",
        )


def _broken(options: DatasetOptions, message: str) -> FailedError:
    return FailedError(
        f"the dataset {options.name} breaks its contract: {message}",
        code="AM226",
        help="docs/plugins.md has a worked example",
    )


def _tell_about_empty_classes(dataset: Dataset, *, of_a_fold: bool) -> None:
    """A class that a split holds no example of is neither validated nor tested; better known before the training."""
    names = dataset.target.class_names
    for split in (dataset.validation, dataset.test):
        if split is None or not len(split) or not names:
            continue
        is_multilabel = split.targets.ndim > 1
        counts = split.targets.sum(axis=0) if is_multilabel else np.bincount(split.targets, minlength=len(names))
        absent = [name for name, count in zip(names, counts, strict=True) if not count]
        if absent:
            shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
            is_dealt = of_a_fold and split.name == "test"
            more = "use fewer folds" if is_dealt else f"keep a larger share of the examples for it (data.{split.name})"
            warn(
                "AM227",
                f"{len(absent)} of {len(names)} classes have no example in the {split.name} split: {shown}",
                help=f"{more}, or gather more of these classes",
            )
