"""Optimizers, their learning-rate schedules and gradient clipping: `train.optimizer`."""

from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.section import NamedSection, Section


class Schedule(NamedSection):
    """How the learning rate moves. Times are in epochs and may be fractions."""

    warmup_epochs: float = Field(
        0.0, ge=0, description="Epochs over which the rate rises from near 0 to its full value."
    )


class Constant(Schedule):
    """The same rate all the time (after the warm-up)."""

    name: Literal["constant"] = "constant"


class Step(Schedule):
    """Multiply by `factor` every few epochs."""

    name: Literal["step"] = "step"
    every_epochs: float = Field(3.0, gt=0, description="Epochs between two steps.")
    factor: float = Field(0.5, gt=0, lt=1, description="What the rate is multiplied with at each step.")


class Exponential(Schedule):
    """Multiply by `factor` per epoch, smoothly."""

    name: Literal["exponential"] = "exponential"
    factor: float = Field(0.9, gt=0, lt=1, description="What the rate is multiplied with over one epoch.")


class Cosine(Schedule):
    """Half a cosine from the full rate down to `end_factor` of it at the last epoch (Loshchilov and Hutter, 2017)."""

    name: Literal["cosine"] = "cosine"
    end_factor: float = Field(0.0, ge=0, lt=1, description="Share of the rate that is left at the end.")


class Linear(Schedule):
    """Down along a line from the full rate, which the warm-up reaches, to `end_factor` of it at the last epoch."""

    name: Literal["linear"] = "linear"
    end_factor: float = Field(0.0, ge=0, lt=1, description="Share of the rate that is left at the end.")


class OneCycle(Schedule):
    """Up to the full rate and down to almost nothing, both along a cosine (Smith and Topin, 2018)."""

    name: Literal["one_cycle"] = "one_cycle"
    peak_at: float = Field(0.3, gt=0, lt=1, description="Share of the training at which the rate is full.")
    start_factor: float = Field(0.04, gt=0, lt=1, description="Share of the rate at the first step.")
    end_factor: float = Field(1e-4, ge=0, lt=1, description="Share of the rate at the last step.")


class Plateau(Schedule):
    """Multiply by `factor` when a metric has not improved for a while."""

    name: Literal["plateau"] = "plateau"
    monitor: str = Field("auto", description="Metric to watch, such as `val_loss`; auto: that of `train.monitor`.")
    patience: int = Field(2, ge=1, description="Epochs without improvement before the rate is lowered.")
    factor: float = Field(0.3, gt=0, lt=1, description="What the rate is multiplied with.")
    min_factor: float = Field(1e-3, ge=0, lt=1, description="The rate never falls below this share of the full rate.")


AnySchedule = Annotated[
    Constant | Step | Exponential | Cosine | Linear | OneCycle | Plateau, Field(discriminator="name")
]


WEIGHT_DECAY = (
    "Decoupled weight decay per step, as a share of the learning rate; of matrices, kernels and tables alone: biases, "
    "scales and shifts of normalisations, and whatever else is one row of numbers, do not decay."
)


class ClipByNorm(Section):
    """Scale each variable's gradient to at most this length."""

    norm: float = Field(gt=0, description="Largest length of one variable's gradient.")


class ClipByGlobalNorm(Section):
    """Scale all gradients together to at most this length."""

    global_norm: float = Field(gt=0, description="Largest length of all gradients together.")


class ClipByValue(Section):
    """Cut every number of the gradients to a range."""

    value: float = Field(gt=0, description="Largest absolute value in a gradient.")


class OptimizerSection(NamedSection):
    """What every optimizer understands."""

    learning_rate: float = Field(
        1e-3, gt=0, description="The full learning rate; the schedule scales it.", examples=[0.001]
    )
    weight_decay: float = Field(0.0, ge=0, description=WEIGHT_DECAY)
    schedule: AnySchedule = Field(Constant(), description="How the learning rate moves during training.")
    clip: ClipByNorm | ClipByGlobalNorm | ClipByValue | None = Field(
        None, description="Limit the gradients: {norm: x}, {global_norm: x} or {value: x}; null: no limit."
    )


class Sgd(OptimizerSection):
    """Stochastic gradient descent, with momentum."""

    name: Literal["sgd"] = "sgd"
    learning_rate: float = Field(
        1e-2, gt=0, description="The full learning rate; the schedule scales it.", examples=[0.01]
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="Share of the last step kept in the next one.")
    nesterov: bool = Field(False, description="Look ahead along the momentum.")


class Adam(OptimizerSection):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"] = "adam"
    beta_1: float = Field(0.9, ge=0, lt=1, description="Decay of the mean of the gradients.")
    beta_2: float = Field(0.999, ge=0, lt=1, description="Decay of the mean of their squares.")
    epsilon: float = Field(1e-7, gt=0, description="Keeps the division finite.")


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]  # the word that chooses between the two
    weight_decay: float = Field(4e-3, ge=0, description=WEIGHT_DECAY)


class RMSprop(OptimizerSection):
    """RMSprop (Hinton, 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    rho: float = Field(0.9, ge=0, lt=1, description="Decay of the mean of the squared gradients.")
    momentum: float = Field(0.0, ge=0, lt=1, description="Share of the last step kept in the next one.")


class Adagrad(OptimizerSection):
    """Adagrad (Duchi, Hazan and Singer, 2011)."""

    name: Literal["adagrad"] = "adagrad"
    learning_rate: float = Field(
        1e-2, gt=0, description="The full learning rate; the schedule scales it.", examples=[0.01]
    )


class Lion(OptimizerSection):
    """Lion (Chen et al., 2023): wants a rate 3 to 10 times smaller than Adam's."""

    name: Literal["lion"] = "lion"
    learning_rate: float = Field(
        2e-4, gt=0, description="The full learning rate; the schedule scales it.", examples=[0.0002]
    )


class Muon(OptimizerSection):
    """Muon (Jordan et al., 2024): orthogonalised momentum for matrices, AdamW for everything else."""

    name: Literal["muon"] = "muon"


Optimizer = Annotated[Sgd | Adam | AdamW | RMSprop | Adagrad | Lion | Muon, Field(discriminator="name")]
