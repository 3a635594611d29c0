"""Whether a config suits pre-training on its data: what can be told before anything is built, without TensorFlow."""

from collections.abc import Iterator, Mapping
from typing import Any

from aimodels import discovery
from aimodels.config.schema import Config
from aimodels.config.writing import differences
from aimodels.data.dataset import Dataset, TextInput
from aimodels.errors import ConfigError, Problem, UsageError
from aimodels.events import warn

READS = "wordpieces"
# What pre-training reads of a model; all else is for its head.
OF_THE_ENCODER = ("name", "encoder", "sizes", "encoder_dropout", "wordpieces.max_length")
# What says nothing where there are no targets.
OF_TARGETS = ("loss", "scale_targets", "label_smoothing", "class_weights", "sampling", "augment")


def check_suits_pretraining(config: Config, *, dataset: Dataset) -> None:
    """Refuse what cannot be pre-trained on this data; warn of keys that are set and not read.

    Raises:
        ConfigError: the model has no encoder, or the data are no texts.
        UsageError: a run per fold is asked for.
    """
    check_can_pretrain(config)
    if not isinstance(dataset.input, TextInput):
        message = f"pre-training reads texts, and the dataset {config.data.name} has none alone"
        help = "name their files, or the table and its column: data: {name: texts, path: FILE, text: COLUMN}"
        raise _refused(message, code="AM563", path="data.name", help=help)
    unread = list(unread_keys(config))
    if unread:
        warn(
            "AM397",
            f"pre-training does not read what the config says of {', '.join(unread)}",
            help="these are for `aimodels train`; the rest of the config is used",
        )


def check_can_pretrain(config: Config) -> None:
    """Refuse what cannot be pre-trained on any data.

    Raises:
        ConfigError: the model has no encoder.
        UsageError: a run per fold is asked for.
    """
    if not has_encoder(config.model.name):
        others = [name for name in discovery.names("architectures") if has_encoder(name)]
        message = f'pre-training is of an encoder, and the architecture "{config.model.name}" has none'
        raise _refused(message, code="AM562", path="model.name", help=f"with an encoder: {', '.join(others)}")
    if config.train.folds is not None:
        raise UsageError(
            f"`train.folds: {config.train.folds}` asks for a run per fold, and a pre-training has no folds",
            code="AM564",
            help="leave train.folds out",
        )


def unread_keys(config: Config) -> Iterator[str]:
    """The keys that are not at their default and say nothing to a pre-training."""
    stated = differences(config)
    for key in _paths(stated["model"]):
        if not any(key == known or key.startswith(f"{known}.") for known in OF_THE_ENCODER):
            yield f"model.{key}"
    yield from (f"train.{key}" for key in stated.get("train", {}) if key in OF_TARGETS)
    yield from (f"{section}.{key}" for section in ("evaluate", "export") for key in stated.get(section, {}))


def _paths(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def has_encoder(name: str) -> bool:
    """Whether an architecture reads texts with an encoder."""
    architecture = discovery.plugin("architectures", name)
    return READS in architecture.ACCEPTS and hasattr(architecture, "reading")


def _refused(message: str, *, code: str, path: str, help: str) -> ConfigError:
    return ConfigError([Problem(code=code, message=message, path=path, help=help)], source=path.partition(".")[0])
