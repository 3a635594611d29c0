"""Whether a config suits its data: what can be told before anything is built, and without TensorFlow."""

from pathlib import Path
from types import ModuleType
from typing import Any

from aimodels import discovery
from aimodels.config.augmentation import ImageAugmentation, TextAugmentation
from aimodels.config.embedding import Embedding
from aimodels.config.schema import Config
from aimodels.data import word_vectors
from aimodels.data.dataset import Dataset, ImageInput, TextInput
from aimodels.errors import ConfigError, Problem

# Which preprocessings can read a kind of input; the first that the architecture accepts is taken.
PREPROCESSINGS: dict[type, tuple[str, ...]] = {ImageInput: ("images",), TextInput: ("words",)}


def check_suits(config: Config, *, dataset: Dataset) -> None:
    """Refuse what cannot work on this data.

    Raises:
        ConfigError: the architecture, the augmentation or the batch size is for another kind of data.
        MissingError: there is no such file of word vectors.
    """
    architecture = discovery.plugin("architectures", config.model.name)
    preprocessing_for(architecture, dataset=dataset, name=config.model.name)
    is_text, augment = isinstance(dataset.input, TextInput), config.train.augment
    if is_text and isinstance(augment, ImageAugmentation) and augment.is_on:
        raise _unfit("train.augment", "its changes are made to images, and the data are texts")
    if not is_text and isinstance(augment, TextAugmentation):
        raise _unfit("train.augment", "its changes are made to words, and the data are images")
    if not is_text and not isinstance(config.train.batch_size, int):
        raise _unfit("train.batch_size", "a budget of tokens counts words, and the data are images")
    embedding: Any = getattr(config.model, "embedding", None)
    if isinstance(embedding, Embedding) and embedding.file:
        word_vectors.expect_file(Path(embedding.file).expanduser())


def preprocessing_for(architecture: ModuleType, *, dataset: Dataset, name: str) -> str:
    """The preprocessing that this architecture takes for this data.

    Raises:
        ConfigError: it takes none that can read it.
    """
    readable = PREPROCESSINGS[type(dataset.input)]
    for kind in architecture.ACCEPTS:
        if kind in readable:
            return str(kind)
    message = f'the architecture "{name}" takes {" or ".join(architecture.ACCEPTS)}, and the data are {readable[0]}'
    help = f"architectures: {', '.join(discovery.names('architectures'))}; see aimodels ls models"
    raise ConfigError([Problem(code="AM306", message=message, path="model.name", help=help)], source="model")


def _unfit(path: str, reason: str) -> ConfigError:
    message = f"`{path}` does not fit the data: {reason}"
    help = "docs/config.md lists what fits images and what fits texts"
    return ConfigError([Problem(code="AM311", message=message, path=path, help=help)], source="train")
