"""Numbers to predict, brought to mean 0 and deviation 1 for the loss; what is saved answers in their unit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import Train
from aimodels.data.dataset import Dataset


@dataclass(frozen=True)
class TargetScale:
    """A target is `mean` + `deviation` times what the network learns."""

    mean: float = 0.0
    deviation: float = 1.0

    def learned(self, targets: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """The targets as the loss takes them, [N]."""
        return np.asarray((targets - self.mean) / self.deviation, dtype=np.float32)


def target_scale(dataset: Dataset, train: Train) -> TargetScale:
    """Mean and standard deviation of the training targets; 0 and 1 for classes, or where the config says so."""
    if dataset.target.task != "regression" or not train.scale_targets:
        return TargetScale()
    targets = dataset.train.targets.astype(np.float64)
    return TargetScale(mean=float(targets.mean()), deviation=float(targets.std()) or 1.0)
