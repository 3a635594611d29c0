"""Datasets of images that fit in memory: from array files to splits."""

from collections.abc import Sequence

from aimodels.config.schema import DatasetOptions
from aimodels.data.array_files import ArrayData
from aimodels.data.class_counts import check_classes
from aimodels.data.dataset import Dataset, ImageInput, Provenance, Split, target_of
from aimodels.data.fingerprint import of_arrays
from aimodels.data.splitting import completed, cut_down, left_out_by_limit


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
    test = Split(name="test", examples=arrays.test.images, targets=arrays.test.labels)
    splits = completed({"train": everything, "test": test}, shares={"validation": options.validation}, seed=seed)
    kept = cut_down(splits, options=options, seed=seed)
    return Dataset(
        input=ImageInput(height=height, width=width, channels=channels),
        target=target_of(class_names),
        train=kept.train,
        validation=kept.validation,
        test=kept.test,
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
            counts=left_out_by_limit(splits, options=options),
        ),
    )
