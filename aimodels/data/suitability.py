"""Whether a config suits its data: what can be told before anything is built, and without TensorFlow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from aimodels import discovery
from aimodels.config.augmentation import ImageAugmentation, TextAugmentation
from aimodels.config.embedding import Embedding
from aimodels.config.losses import OF_CLASSES, OF_NUMBERS
from aimodels.config.schema import BestThreshold, Config
from aimodels.data import word_vectors
from aimodels.data.dataset import Dataset, ImageInput, TableInput, TextInput
from aimodels.errors import ConfigError, Problem
from aimodels.events import warn

# Which preprocessings can read a kind of input; the first that the architecture accepts is taken.
PREPROCESSINGS: dict[type, tuple[str, ...]] = {
    ImageInput: ("images",),
    TextInput: ("words", "wordpieces"),
    TableInput: ("columns",),
}
# What the examples of each are called, and what the preprocessings take.
WHAT = {"images": "images", "words": "texts", "wordpieces": "texts", "columns": "rows of a table"}

# Two texts at once are for encoders, which are told which of them a piece is of.
OF_PAIRS, PAIRS = ("wordpieces",), "pairs of texts"


def check_without_data(config: Config) -> None:
    """Refuse what cannot be trained on any data, before they are read and TensorFlow is loaded.

    Raises:
        ConfigError: the dataset has nothing to predict.
        UserError: what the architecture itself checks of its options, in a function `check` if it has one.
    """
    if not has_targets(config):
        raise _without_targets(config)
    architecture = discovery.plugin("architectures", config.model.name)
    if hasattr(architecture, "check"):
        architecture.check(config.model)


def has_targets(config: Config) -> bool:
    """Whether the dataset may have targets: all have, but those whose file says `HAS_TARGETS = False`."""
    return bool(getattr(discovery.plugin("datasets", config.data.name), "HAS_TARGETS", True))


def check_suits(config: Config, *, dataset: Dataset) -> None:
    """Refuse what cannot work on this data.

    Raises:
        ConfigError: the architecture, the augmentation or the batch size is for another kind of data.
        MissingError: there is no such file of word vectors.
        UserError: see `check_without_data`.
    """
    check_without_data(config)
    _expect_targets(config, dataset)
    architecture = discovery.plugin("architectures", config.model.name)
    preprocessing_for(architecture, dataset=dataset, name=config.model.name)
    _expect_augmentation(config, dataset)
    _expect_objective(config, dataset)
    embedding: Any = getattr(config.model, "embedding", None)
    if isinstance(embedding, Embedding) and embedding.file:
        word_vectors.expect_file(Path(embedding.file).expanduser())


def _expect_targets(config: Config, dataset: Dataset) -> None:
    """Texts without targets are for pre-training alone, and so is its section."""
    if dataset.target.task == "none":
        raise _without_targets(config)
    if config.pretrain is not None:
        warn(
            "AM398",
            "the section `pretrain` is for `aimodels pretrain`; a training does not read it",
            help="to go on from an encoder that was pre-trained: model.encoder=runs/NAME/encoder",
        )


def _without_targets(config: Config) -> ConfigError:
    message = f"the dataset {config.data.name} has no targets to learn"
    help = "pre-train an encoder on it: aimodels pretrain CONFIG; to train, name data with classes or numbers"
    return ConfigError([Problem(code="AM395", message=message, path="data.name", help=help)], source="data")


def preprocessing_for(architecture: ModuleType, *, dataset: Dataset, name: str) -> str:
    """The preprocessing that this architecture takes for this data.

    Raises:
        ConfigError: it takes none that can read it.
    """
    readable = _readable(dataset)
    for kind in architecture.ACCEPTS:
        if kind in readable:
            return str(kind)
    takes = " or ".join(WHAT.get(kind, kind) for kind in architecture.ACCEPTS)
    are = PAIRS if readable == OF_PAIRS else WHAT[readable[0]]
    message = f'the architecture "{name}" takes {takes}, and the data are {are}'
    help = f"architectures: {', '.join(discovery.names('architectures'))}; see aimodels ls models"
    if readable == OF_PAIRS:
        help = "bert reads pairs; or leave out data.pair, and only the first text is read"
    raise ConfigError([Problem(code="AM306", message=message, path="model.name", help=help)], source="model")


def _readable(dataset: Dataset) -> tuple[str, ...]:
    """The preprocessings that can read the examples."""
    if isinstance(dataset.input, TextInput) and dataset.input.is_pair:
        return OF_PAIRS
    return PREPROCESSINGS[type(dataset.input)]


def _expect_augmentation(config: Config, dataset: Dataset) -> None:
    """What is done to the examples of a batch must be meant for their kind."""
    augment, what = config.train.augment, WHAT[PREPROCESSINGS[type(dataset.input)][0]]
    if isinstance(augment, ImageAugmentation) and augment.is_on and not isinstance(dataset.input, ImageInput):
        raise _unfit("train.augment", f"its changes are made to images, and the data are {what}")
    if isinstance(augment, TextAugmentation) and not isinstance(dataset.input, TextInput):
        raise _unfit("train.augment", f"its changes are made to words, and the data are {what}")
    if not isinstance(config.train.batch_size, int) and not isinstance(dataset.input, TextInput):
        raise _unfit("train.batch_size", f"a budget of tokens counts words, and the data are {what}")
    if config.train.sampling != "none" and not isinstance(config.train.batch_size, int):
        raise _unfit(
            "train.sampling", "it needs batches of a fixed number of examples, and `train.batch_size` counts tokens"
        )


def _expect_objective(config: Config, dataset: Dataset) -> None:
    """What is minimised, and how classes are weighed and told apart, must be meant for the task."""
    train, task = config.train, dataset.target.task
    if task == "regression" and train.loss.name in OF_CLASSES:
        raise _unfit("train.loss", f"{train.loss.name} is for classes, and a number is predicted")
    if task != "regression" and train.loss.name in OF_NUMBERS:
        raise _unfit("train.loss", f"{train.loss.name} is for numbers, and classes are predicted")
    one_class = {
        "train.class_weights": train.class_weights != "none",
        "train.sampling": train.sampling != "none",
    }
    for path, is_set in one_class.items():
        if is_set and task in ("regression", "multilabel"):
            raise _unfit(path, f"it is for one class per example, and the task is {task}")
    if isinstance(train.class_weights, Mapping):
        _expect_classes(train.class_weights, names=dataset.target.class_names)
    if train.label_smoothing and task == "regression":
        raise _unfit("train.label_smoothing", "it is for classes, and a number is predicted")
    if isinstance(config.evaluate.threshold, BestThreshold):
        if task != "binary":
            raise _unfit("evaluate.threshold", f"a threshold parts two classes, and the task is {task}")
        if dataset.validation is None:
            raise _unfit("evaluate.threshold", "it is chosen on the validation split, and there is none")


def _expect_classes(weights: Mapping[str, float], *, names: Sequence[str]) -> None:
    unknown = [name for name in weights if name not in names]
    if unknown:
        message = f"`train.class_weights` names the class {unknown[0]!r}, which the data does not have"
        help = f"classes: {', '.join(names)}; a class that is not named weighs 1"
        raise ConfigError(
            [Problem(code="AM305", message=message, path="train.class_weights", help=help)], source="train"
        )


def _unfit(path: str, reason: str) -> ConfigError:
    message = f"`{path}` does not fit the data: {reason}"
    help = "docs/config.md lists what fits which data and which task"
    return ConfigError([Problem(code="AM311", message=message, path=path, help=help)], source=path.partition(".")[0])
