"""Whether the classes of a training split are such that a model can learn them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Split
from aimodels.errors import DataError
from aimodels.events import warn

# From this ratio on between the largest and the smallest class, accuracy alone misleads.
UNEVEN = 5


def examples_per_class(split: Split, *, num_classes: int) -> list[int]:
    """How many examples of a split each class has; one with several labels counts for each of them."""
    if split.targets.ndim == 2:
        return [int(count) for count in split.targets.sum(axis=0)]
    return [int(count) for count in np.bincount(split.targets, minlength=num_classes)]


def check_classes(targets: npt.NDArray[np.int64], *, class_names: Sequence[str], where: str) -> None:
    """Refuse training data of one class; warn of classes without examples and of classes of very different size.

    Raises:
        DataError: all examples are of one class.
    """
    counts = np.bincount(targets, minlength=len(class_names))
    present = np.flatnonzero(counts)
    if present.size < 2:
        only = class_names[int(present[0])] if present.size else "none"
        raise DataError(
            f"{where} has examples of one class only: {only!r} ({len(targets):,} examples)",
            code="AM210",
            help="a classifier needs at least two classes; add examples of another one",
        )
    absent = [class_names[int(number)] for number in np.flatnonzero(counts == 0)]
    if absent:
        warn(
            "AM213",
            f"no training example for {len(absent)} of {len(class_names)} classes: {', '.join(absent)}",
            help="the model will never answer with them; add examples, or leave the classes out",
        )
    largest, smallest = int(counts.argmax()), int(present[counts[present].argmin()])
    ratio = counts[largest] / counts[smallest]
    if ratio >= UNEVEN:
        warn(
            "AM214",
            f"class {class_names[smallest]!r} has {ratio:.0f} times fewer examples than "
            f"{class_names[largest]!r} ({counts[smallest]:,} and {counts[largest]:,})",
            help="look at the scores per class, not at accuracy alone; `train.class_weights: balanced` may help",
        )
