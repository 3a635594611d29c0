"""Cross-validation: the examples in parts of equal size, one of which is tested on while the others are learned from.

Kohavi, "A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model Selection", 1995.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import DatasetOptions
from aimodels.config.tables import NoOutliers, TableDatasetOptions
from aimodels.data.copied_texts import copies_in, named_copies
from aimodels.data.dataset import Dataset, ImageFiles, Split, TableInput, Targets, Task, Texts
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.rows import Rows
from aimodels.data.splitting import Indices, hold_out, strata_of, warn_if_too_few
from aimodels.data.table_contents import row_keys
from aimodels.data.table_outliers import OUTLIERS, without_outliers
from aimodels.data.table_splitting import by_group
from aimodels.errors import ConfigError, Problem
from aimodels.events import warn

# In the counts of datasets that look for copies in splits of their own.
COPIES = "with an exact copy in"
UNUSED = "examples of the dataset's own test split left unused, because each fold is tested in turn"

Counts = npt.NDArray[np.float64]


def undivided(options: DatasetOptions) -> DatasetOptions:
    """The same options for a dataset that draws no split: all its training examples are there to be dealt out."""
    changes: dict[str, object] = {"fold": None, "validation": 0.0}
    if "test" in type(options).model_fields:
        changes["test"] = 0.0
    if isinstance(options, TableDatasetOptions):
        # Only what a fold learns from goes without outliers: it is tested on all kinds of rows.
        changes["clean"] = options.clean.model_copy(update={"outliers": NoOutliers()})
    return options.model_copy(update=changes)


def folded(whole: Dataset, *, options: DatasetOptions, seed: int) -> Dataset:
    """One fold of an undivided dataset: part `number` is its test split, `options.validation` of the rest validation.

    A validation split of the dataset's own is kept as it is; a test split of its own is left unused, and counted.

    Raises:
        ConfigError: there is no part of that number, or there are too few examples or groups for so many parts.
    """
    fold = options.fold
    if fold is None:
        return whole
    if fold.number > fold.of:
        raise _problem("AM124", f"fold {fold.number} of {fold.of} is none", "data.fold", help=f"write 1 to {fold.of}")
    numbers = fold_numbers(whole, of=fold.of, seed=seed)
    refuse_order_of_time(options)
    test = whole.train.take(np.flatnonzero(numbers == fold.number), name="test")
    train, validation = whole.train.take(np.flatnonzero(numbers != fold.number)), whole.validation
    if validation is None and options.validation > 0:
        train, validation = _validated(train, share=options.validation, seed=seed)
    counts = counts_of(whole) | {f"test examples {COPIES} another split": _count_copies(train, test)}
    if isinstance(options, TableDatasetOptions) and isinstance(whole.input, TableInput):
        num_rows = len(train)
        train = without_outliers(train, columns=whole.input.columns, options=options, seed=seed)
        counts[OUTLIERS] = num_rows - len(train)
    provenance = replace(
        whole.provenance,
        description=f"{whole.provenance.description}; fold {fold.number} of {fold.of}",
        counts={what: number for what, number in counts.items() if number},
    )
    return replace(
        whole,
        train=train,
        validation=validation,
        test=test,
        provenance=provenance,
        resolved=whole.resolved and divided_as(options, resolved=whole.resolved),
    )


def refuse_order_of_time(options: DatasetOptions) -> None:
    """Raise if the rows are to be split by time, which folds cannot do.

    Raises:
        ConfigError: they are.
    """
    if isinstance(options, TableDatasetOptions) and options.split.by == "time":
        raise _problem(
            "AM129",
            "folds are dealt out at random, and `data.split.by` is time",
            "data.split.by",
            help="a fold would learn from what came after its test part: train once, without folds; or split by group",
        )


def counts_of(whole: Dataset) -> dict[str, int]:
    """What was left out of an undivided dataset or changed in it, as far as it concerns its folds."""
    counts = {what: number for what, number in whole.provenance.counts.items() if _concerns_folds(what)}
    return counts | ({UNUSED: len(whole.test)} if whole.test else {})


def _concerns_folds(what: str) -> bool:
    return COPIES not in what and not what.startswith("test examples ")


def _count_copies(train: Split, test: Split) -> int:
    """How many texts or image files of the test split are, byte for byte, also among those that are learned from."""
    copies = int(np.isin(_contents(test), _contents(train)).sum())
    if copies:
        named = named_copies(copies_in((train, test)))
        warn(
            "AM224",
            f"{copies:,} of the {counted(len(test), 'test example')} of this fold {one_or_many(copies, 'is', 'are')}, "
            f"byte for byte, also learned from{named and f': {named}'}",
            help="scores on them say nothing about new examples; delete the copies"
            + (", or write `data.clean: {duplicates: drop}`" if isinstance(test.examples, Rows) else ""),
        )
    return copies


def _contents(split: Split) -> npt.NDArray[np.uint64]:
    """What each example holds, hashed: uint64 [N]; nothing for images in arrays, of which copies are not looked for."""
    examples = split.examples
    if isinstance(examples, Rows):
        keys = [row_keys(table) for table in examples.tables()]
        targets = split.targets.reshape(len(split), -1).astype(np.float64).view(np.uint64)
        odd = np.arange(1, 2 * targets.shape[1], 2, dtype=np.uint64)
        found: npt.NDArray[np.uint64] = np.concatenate([np.empty(0, np.uint64), *keys]) ^ (targets * odd).sum(axis=1)
        return found
    contents: Iterable[bytes] = ()
    if isinstance(examples, Texts):
        contents = (b"\0".join(each.encode("utf-8", "surrogatepass") for each in texts) for texts in examples.whole)
    elif isinstance(examples, ImageFiles):
        contents = (path.read_bytes() for path in examples.paths)
    hashes = (int.from_bytes(hashlib.sha256(content).digest()[:8], "little") for content in contents)
    return np.fromiter(hashes, np.uint64)


def divided_as(options: DatasetOptions, *, resolved: DatasetOptions) -> DatasetOptions:
    """What was inferred, with the rest as the user asked for it: the same fold is loaded again."""
    wanted = {
        name: getattr(options, name) for name in ("validation", "test", "fold", "clean") if hasattr(options, name)
    }
    return resolved.model_copy(update=wanted)


def fold_numbers(whole: Dataset, *, of: int, seed: int) -> Indices:
    """The part (1 to `of`) in which each training example of an undivided dataset is tested.

    Every class has its share in every part, and a group is never parted. Sizes differ by one at most where there are
    no groups. The parts depend on the seed, and not on which of them is asked for.

    Raises:
        ConfigError: there are too few examples or groups for so many parts.
    """
    train, task = whole.train, whole.target.task
    if len(train) < of:
        raise _problem(
            "AM125",
            f"{counted(len(train), 'example')} cannot be dealt out to {of} folds",
            "train.folds",
            help=f"ask for {len(train)} folds or fewer" if len(train) > 1 else "add examples",
        )
    _warn_of_small_classes(whole, of=of)
    if train.groups is None:
        return _dealt_out(strata_of(train.targets), of=of, seed=seed)
    num_groups = len(np.unique(train.groups))
    if num_groups < of:
        raise _problem(
            "AM126",
            f"{counted(num_groups, 'group')} cannot be dealt out to {of} folds",
            "train.folds",
            help=f"a group is never parted: ask for {num_groups} folds or fewer" if num_groups > 1 else "add groups",
        )
    return _groups_dealt_out(train.groups, _counted(train.targets, task=task), of=of, seed=seed)


def _validated(train: Split, *, share: float, seed: int) -> tuple[Split, Split | None]:
    """What is left to learn from, and the share that is drawn for validation; None where it comes to nothing."""
    if train.groups is None:
        parts = hold_out(train.targets, share=share, seed=seed)
    else:
        parts = by_group(train.groups, train.targets, share=share, seed=seed)
    warn_if_too_few("validation", share=share, num_held_out=len(parts.held_out), num_examples=len(train))
    if not len(parts.held_out):
        return train, None
    return train.take(parts.kept), train.take(parts.held_out, name="validation")


def _dealt_out(strata: Indices, *, of: int, seed: int) -> Indices:
    """Like cards: stratum by stratum, each in random order, one to each part in turn."""
    random = np.random.default_rng(seed)
    order = np.lexsort((random.permutation(len(strata)), strata))
    turns = 1 + random.permutation(of)
    numbers = np.empty(len(strata), np.int64)
    numbers[order] = turns[np.arange(len(strata)) % of]
    return numbers


def _groups_dealt_out(groups: Indices, counted: Counts, *, of: int, seed: int) -> Indices:
    """The part (1 to `of`) of each example, where every group is whole: the largest first, each to where it fits best.

    It fits best where the sum over classes and parts of (count / total of the class)² grows least; that sum is
    smallest when every part has the same share of every class, and of all examples.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    columns = [np.bincount(group_of, weights=column, minlength=len(names)) for column in counted.T]
    members = np.stack(columns, axis=1) / np.maximum(counted.sum(axis=0), 1)
    filled, parts = np.zeros((of, members.shape[1])), np.empty(len(names), np.int64)
    for group in np.lexsort((np.random.default_rng(seed).permutation(len(names)), -members[:, 0])):
        part = int(np.argmin((members[group] * (2 * filled + members[group])).sum(axis=1)))
        filled[part] += members[group]
        parts[group] = 1 + part
    found: Indices = parts[group_of]
    return found


def _counted(targets: Targets, *, task: Task) -> Counts:
    """For each example what is counted of it: itself, then one column per class or label."""
    ones = np.ones((len(targets), 1))
    if task == "regression":
        return ones
    labels = targets if task == "multilabel" else np.eye(int(targets.max()) + 1)[targets]
    return np.hstack([ones, labels])


def _warn_of_small_classes(whole: Dataset, *, of: int) -> None:
    names, targets = whole.target.class_names, whole.train.targets
    if not names:
        return
    counts = targets.sum(axis=0) if targets.ndim > 1 else np.bincount(targets, minlength=len(names))
    small = [f"{name} ({count})" for name, count in zip(names, counts, strict=True) if 0 < count < of]
    if small:
        warn(
            "AM127",
            f"{len(small)} of {len(names)} classes have fewer examples than the {of} folds: {', '.join(small[:5])}"
            + (", ..." if len(small) > 5 else ""),
            help="some folds are tested without them; use fewer folds, or gather more of these classes",
        )


def _problem(code: str, message: str, path: str, *, help: str) -> ConfigError:
    return ConfigError([Problem(code=code, message=message, path=path, help=help)], source=message)
