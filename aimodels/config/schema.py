"""Everything that a YAML can say, with limits and defaults. Datasets and architectures bring their own sections."""

from typing import Annotated, Generic, Literal

from pydantic import Field, SerializeAsAny
from typing_extensions import TypeVar

from aimodels.config.augmentation import ImageAugmentation, TextAugmentation
from aimodels.config.checkpointing import DURATION, Checkpoint, OnNan, Stop
from aimodels.config.losses import AutoLoss, Loss
from aimodels.config.optimizers import Adam, Optimizer
from aimodels.config.section import Fraction, Listed, NamedSection, Section

Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]


class Fold(Section):
    """One part of a cross-validation: the examples, but for a test split of their own, in `of` parts of equal size."""

    number: int = Field(ge=1, description="The part that becomes the test split.")
    of: int = Field(ge=2, description="How many parts there are.")


class DatasetOptions(NamedSection):
    """What every dataset understands. A dataset's own `Options` extends it."""

    validation: Fraction = Field(
        0.1, description="Share of the training examples kept for validation, drawn per class; 0 for none."
    )
    limit: int | None = Field(None, ge=1, description="Use at most this many examples of each split, for a quick try.")
    fold: Fold | None = Field(
        None,
        description="Which part of a cross-validation is tested on; `train.folds` sets it for each of its runs.",
        examples=[{"number": 1, "of": 5}],
    )


class ArchitectureOptions(NamedSection):
    """What every architecture understands. An architecture's own `Options` extends it."""


class EarlyStopping(Section):
    """Stop when validation no longer improves. The best weights are always kept in `checkpoints/best.keras`."""

    monitor: str = Field("auto", description="Metric to watch, such as `val_loss`; auto: that of `train.monitor`.")
    patience: int = Field(5, ge=1, description="Epochs without improvement before stopping.")
    min_delta: float = Field(0.0, ge=0, description="A change smaller than this is no improvement.")


class TokenBudget(Section):
    """As many texts per step as fit: many short ones, or few long ones."""

    tokens: int = Field(ge=1, description="Tokens per step, padding counted; at least one text.", examples=[16384])

    def __str__(self) -> str:
        return f"{self.tokens:,} tokens"


class Train(Section):
    """Everything about the optimisation."""

    epochs: int = Field(10, ge=1, description="Passes over the training split.", examples=[10])
    batch_size: Annotated[int, Field(ge=1)] | TokenBudget = Field(
        64,
        description="Examples per step, over all replicas together; for texts also a budget, `{tokens: 16384}`. "
        "Texts of similar length come together, so that little is padded.",
        examples=[64],
    )
    optimizer: Optimizer = Field(Adam(name="adam"), description="The optimizer, its learning rate and its schedule.")
    loss: Loss = Field(AutoLoss(), description="What is minimised.")
    scale_targets: bool = Field(
        True,
        description="Numbers are learned with mean 0 and deviation 1; the trained model answers in their own unit.",
    )
    label_smoothing: Fraction = Field(0.0, description="How much probability the target gives to the other classes.")
    class_weights: Literal["none", "balanced"] | dict[str, Annotated[float, Field(gt=0)]] = Field(
        "none",
        description="Weight of each class in the loss: none, balanced (rare ones count more), or class name to weight.",
    )
    sampling: Literal["none", "over", "under"] = Field(
        "none",
        description="over: show examples of rare classes several times per epoch; under: show only as many of each "
        "class as the rarest has, drawn anew in every epoch.",
    )
    folds: int | None = Field(
        None, ge=2, le=1000, description="Cross-validation: as many runs, each tested on another part of the examples."
    )
    augment: ImageAugmentation | TextAugmentation = Field(
        ImageAugmentation(),
        description="Random changes of the training images or texts; validation and test are never changed.",
    )
    accumulate: int = Field(
        1,
        ge=1,
        description="Compute each batch in so many parts and add their gradients up: less memory, the same result but "
        "for rounding, and for what batch normalisation and dropout see at once.",
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Keep a moving average of the weights with this share of the last one per step, such as 0.999; "
        "validation and the best checkpoint use the average. null: none.",
        examples=[0.999],
    )
    monitor: str = Field(
        "auto",
        description="Metric that decides which epoch is best, such as `val_loss`; auto: validation accuracy for "
        "classes of images and texts, validation loss for tables and for numbers; the training twin of either if there "
        "is no validation split.",
    )
    early_stopping: EarlyStopping | None = Field(
        None, description="Stop when validation no longer improves; null: never."
    )
    max_time: str | None = Field(
        None,
        pattern=DURATION,
        description="Stop at the end of the step after this time, with the state saved: `90s`, `30m`, `2h`.",
        examples=["30m"],
    )
    checkpoint: Checkpoint = Field(Checkpoint(), description="How often the state of the training is kept.")
    on_nan: OnNan = Field(
        Stop(),
        description="What follows a loss that is not finite: `stop`, or `rollback` to the last state that was kept.",
    )
    strategy: Literal["auto", "single", "mirrored", "multi_worker"] = Field(
        "auto",
        description="How work is spread; auto: multi_worker where the environment describes a cluster "
        "(docs/clusters.md), else mirrored on several GPUs, else single.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|gpu(:\d+(,\d+)*)?)$",
        description="auto (GPUs if there are any), cpu, gpu (fail without one), or some of them: `gpu:0,1`.",
    )
    precision: Precision = Field(
        "auto",
        description="Number format of the layers; auto: mixed_bfloat16 on GPUs that compute in it, else float32.",
    )
    steps_per_execution: Literal["auto"] | Annotated[int, Field(ge=1)] = Field(
        "auto", description="Steps per call from Python; auto: measured, so that Python costs next to nothing."
    )
    xla: Literal["auto"] | bool = Field(
        "auto", description="Compile with XLA; auto: where it measured faster for this architecture and device."
    )
    deterministic: bool = Field(True, description="The same seed gives the same numbers on the same machine.")
    tensorboard: bool = Field(
        False, description="Also write TensorBoard logs into the run; needs the package tensorboard."
    )


class BestThreshold(Section):
    """The threshold with the best value of a metric on the validation split."""

    maximise: Literal["f1", "balanced_accuracy", "accuracy", "youden"] = Field(
        "f1", description="f1 of the second class, the mean recall, accuracy, or recall + specificity - 1."
    )


class Evaluate(Section):
    """What is measured besides the standard scores."""

    threshold: Annotated[float, Field(gt=0, lt=1)] | BestThreshold = Field(
        0.5,
        description="Probability of the second of two classes from which it is the answer; or `{maximise: f1}`: chosen "
        "on the validation split after training, and kept with the model.",
    )
    importance: bool = Field(
        True, description="Of tables: measure how much each column counts, by shuffling it (Breiman, 2001)."
    )

    top_k: Listed[Annotated[int, Field(ge=1)]] = Field(
        (), description="Also report how often the truth is among the k best."
    )
    top_losses: int = Field(16, ge=0, description="How many of the hardest examples to keep and draw.")
    calibration_bins: int = Field(15, ge=2, description="Bins of the calibration error (ECE) and its diagram.")


class Export(Section):
    """What is exported."""

    formats: Listed[str] = Field(
        ("saved_model",), description="Formats that `aimodels export` writes unless told otherwise."
    )


class Pretrain(Section):
    """What `aimodels pretrain` does with the texts; how it is optimised, `train` says."""

    mask: float = Field(
        0.15,
        gt=0,
        lt=1,
        description="Share of the pieces of each text that are to be guessed, drawn anew in each epoch: 80 % of them "
        "are hidden, 10 % become another piece, 10 % stay as they are.",
    )
    whole_words: bool = Field(False, description="Choose the pieces of a word together.")
    next_sentence: bool = Field(
        False,
        description="Also learn whether the second half of a window follows the first: half of the time it is one of "
        "another text. The encoder must tell two texts apart.",
    )


Data = TypeVar("Data", bound=DatasetOptions, default=DatasetOptions)
Model = TypeVar("Model", bound=ArchitectureOptions, default=ArchitectureOptions)


class Config(Section, Generic[Data, Model]):
    """One training, as it was asked for. Never changes after loading."""

    name: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Name of the runs, of letters, digits, `.`, `_` and `-`; otherwise the name of the file.",
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of everything random: splits, weights, order, augmentation.")
    # SerializeAsAny: without it a field is saved without the options of its own subclass.
    data: SerializeAsAny[Data] = Field(description="What the examples are, where they come from, how they are split.")
    model: SerializeAsAny[Model] = Field(description="The architecture, and how raw input becomes tensors for it.")
    train: Train = Field(Train(), description="Everything about the optimisation.")
    evaluate: Evaluate = Field(Evaluate(), description="What is measured besides the standard scores.")
    export: Export = Field(Export(), description="What is exported.")
    pretrain: Pretrain | None = Field(
        None,
        description="How `aimodels pretrain` trains the encoder of `model` on texts alone; `aimodels train` says that "
        "it does not read it.",
        examples=[{"whole_words": True}],
    )


def config_class(data: type[DatasetOptions], model: type[ArchitectureOptions]) -> type[Config]:
    """The config for one dataset and one architecture."""
    return Config[data, model]  # type: ignore[valid-type]  # chosen at run time by the names in the YAML
