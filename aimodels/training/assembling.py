"""The trained network: raw input -> preprocessing -> architecture -> logits, in one Keras model."""

from types import ModuleType

import keras

from aimodels import discovery
from aimodels.config.schema import Config
from aimodels.data.dataset import Dataset, ImageInput
from aimodels.errors import ConfigError, FailedError, Problem

# Which preprocessings can read a kind of input, the first that the architecture accepts is taken.
PREPROCESSINGS = {ImageInput: ("images",)}


def assemble(config: Config, dataset: Dataset) -> keras.Model:
    """Fit the preprocessing on the training split, build the architecture on it, join them.

    Raises:
        ConfigError: the architecture does not take this kind of data.
        FailedError: the architecture is not what its contract says.
    """
    architecture = discovery.plugin("architectures", config.model.name)
    kind = preprocessing_for(architecture, dataset=dataset, name=config.model.name)
    preprocessing = discovery.plugin("preprocessing", kind)
    # An architecture that has no section for its preprocessing takes the defaults.
    options = getattr(config.model, kind, None) or preprocessing.Options()
    fitted = preprocessing.fit(options, input=dataset.input, train=dataset.train)
    core = architecture.build(config.model, tensors=fitted.output, num_outputs=dataset.target.num_outputs)
    _check(core, num_outputs=dataset.target.num_outputs, name=config.model.name)
    return keras.Model(fitted.input, core(fitted.output), name="network")


def preprocessing_for(architecture: ModuleType, *, dataset: Dataset, name: str) -> str:
    """The preprocessing that this architecture takes for this data."""
    readable = PREPROCESSINGS[type(dataset.input)]
    for kind in architecture.ACCEPTS:
        if kind in readable:
            return str(kind)
    message = f'the architecture "{name}" takes {" or ".join(architecture.ACCEPTS)}, and the data are {readable[0]}'
    help = f"architectures: {', '.join(discovery.names('architectures'))}; see aimodels ls models"
    raise ConfigError([Problem(code="AM306", message=message, path="model.name", help=help)], source="model")


def _check(core: keras.Model, *, num_outputs: int, name: str) -> None:
    if not isinstance(core, keras.Model):
        raise FailedError(
            f"build() of the architecture {name} must give a keras.Model, got {type(core).__name__}", code="AM307"
        )
    if core.output.shape[1:] != (num_outputs,):
        raise FailedError(
            f"the architecture {name} must give logits of shape (batch, {num_outputs}), got {core.output.shape}",
            code="AM307",
            help="end with Dense(num_outputs) and no activation",
        )
