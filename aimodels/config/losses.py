"""What training minimises: `train.loss`."""

from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.section import NamedSection


class AutoLoss(NamedSection):
    """The usual one: cross-entropy for classes, mean squared error for numbers."""

    name: Literal["auto"] = "auto"


class CrossEntropy(NamedSection):
    """Cross-entropy between the probabilities and the classes; for several labels of an example, the mean over them."""

    name: Literal["cross_entropy"] = "cross_entropy"


class Focal(NamedSection):
    """Cross-entropy that hardly counts what is easy, for classes of very unequal size (Lin et al., 2017)."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, le=10, description="How much less an easy example counts; 0 is cross-entropy.")


class MeanSquaredError(NamedSection):
    """The mean of the squared errors; its best answer is the mean."""

    name: Literal["mse"] = "mse"


class MeanAbsoluteError(NamedSection):
    """The mean of the absolute errors; its best answer is the median."""

    name: Literal["mae"] = "mae"


class Huber(NamedSection):
    """Squared for small errors and absolute for large ones, so that outliers weigh less (Huber, 1964)."""

    name: Literal["huber"] = "huber"
    delta: float = Field(
        1.0,
        gt=0,
        description="Where small ends: in deviations of the target, or in its unit if `train.scale_targets` is off.",
    )


class Quantile(NamedSection):
    """The pinball loss; its best answer is a quantile (Koenker and Bassett, 1978)."""

    name: Literal["quantile"] = "quantile"
    quantile: float = Field(0.5, gt=0, lt=1, description="Share of the targets that should lie below the answer.")


Loss = Annotated[
    AutoLoss | CrossEntropy | Focal | MeanSquaredError | MeanAbsoluteError | Huber | Quantile,
    Field(discriminator="name"),
]
OF_CLASSES = ("cross_entropy", "focal")
OF_NUMBERS = ("mse", "mae", "huber", "quantile")


def quantile_of(loss: Loss) -> float | None:
    """The quantile that is asked for; None where the loss asks for something else."""
    return loss.quantile if isinstance(loss, Quantile) else None
