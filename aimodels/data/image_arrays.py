"""Datasets of images that fit in memory: from array files to splits."""

from collections.abc import Sequence

from aimodels.config.schema import DatasetOptions
from aimodels.data.array_files import ArrayData
from aimodels.data.class_counts import check_classes
from aimodels.data.dataset import Dataset, ImageInput, Provenance, Split, Target
from aimodels.data.fingerprint import of_arrays
from aimodels.data.splitting import hold_out, limited
from aimodels.events import warn


def as_dataset(
    arrays: ArrayData, *, options: DatasetOptions, class_names: Sequence[str], origin: str, seed: int
) -> Dataset:
    """The arrays as a dataset: validation drawn from the training part, each split cut down to `options.limit`.

    `origin` says where the arrays came from, for people ("the bundled sample").

    Raises:
        DataError: the training part has one class only.
        ConfigError: `options.limit` is smaller than the number of classes.
    """
    check_classes(arrays.train.labels, class_names=class_names, where=f"the training part of {origin}")
    _, height, width, channels = arrays.train.images.shape
    everything = Split(name="train", examples=arrays.train.images, targets=arrays.train.labels)
    parts = hold_out(everything.targets, share=options.validation, seed=seed)
    warn_if_too_few(
        "validation", share=options.validation, num_held_out=len(parts.held_out), num_examples=len(everything)
    )
    train = everything.take(parts.kept) if len(parts.held_out) else everything
    validation = everything.take(parts.held_out, name="validation") if len(parts.held_out) else None
    test = Split(name="test", examples=arrays.test.images, targets=arrays.test.labels)
    return Dataset(
        input=ImageInput(height=height, width=width, channels=channels),
        target=target_of(class_names),
        train=at_most(train, options=options, seed=seed),
        validation=validation and at_most(validation, options=options, seed=seed),
        test=at_most(test, options=options, seed=seed),
        provenance=Provenance(
            description=f"{options.name} from {origin}: {len(everything):,} training and {len(test):,} test images",
            fingerprint=of_arrays(
                {
                    "x_train": arrays.train.images,
                    "y_train": arrays.train.labels,
                    "x_test": arrays.test.images,
                    "y_test": arrays.test.labels,
                }
            ),
            counts=left_out_by_limit(options, splits=(train, validation, test)),
        ),
    )


def target_of(class_names: Sequence[str]) -> Target:
    """One of two classes is a binary task, one of more a multiclass task."""
    return Target(task="binary" if len(class_names) == 2 else "multiclass", class_names=tuple(class_names))


def at_most(split: Split, *, options: DatasetOptions, seed: int) -> Split:
    """The split, cut down to `options.limit` examples if that is set."""
    return split if options.limit is None else limited(split, limit=options.limit, seed=seed)


def left_out_by_limit(options: DatasetOptions, *, splits: Sequence[Split | None]) -> dict[str, int]:
    """How many examples `options.limit` leaves out of each of the (whole) splits."""
    limit = options.limit
    if limit is None:
        return {}
    return {
        f"{split.name} examples left out by limit": len(split) - limit
        for split in splits
        if split and len(split) > limit
    }


def warn_if_too_few(name: str, *, share: float, num_held_out: int, num_examples: int) -> None:
    """Tell when a share was asked for and came to no example at all."""
    if share > 0 and num_held_out == 0:
        warn(
            "AM222",
            f"there is no {name} split: {share:g} of {num_examples} training examples is less than one",
            help=f"raise `data.{name}`, or add examples",
        )
