"""The trained network: raw input -> preprocessing -> architecture -> logits, in one Keras model."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

from aimodels import discovery
from aimodels.config.schema import Config
from aimodels.data.dataset import Dataset, ImageInput
from aimodels.data.suitability import preprocessing_for
from aimodels.errors import FailedError, UserError
from aimodels.layers.unscale import Unscale
from aimodels.training.stepping import Trained
from aimodels.training.target_scale import TargetScale

# What an architecture is told of its input besides its shape, by the preprocessings that have a function of that name.
TOLD = ("vocabulary", "columns")


@dataclass(frozen=True)
class Network:
    """A network as it is saved (`whole`: raw to logits, or to numbers in the unit of the target), its fitted
    preprocessing, and the part that training runs.

    Images go through the preprocessing in each step, so it is part of what is `trained`; texts and rows are read once,
    before the first. So are texts by an `encoder` that never changes, whose features are what is `trained` on then.
    """

    whole: keras.Model
    preprocessing: keras.Model
    trained: Trained
    encoder: keras.Model | None = None


def assemble(config: Config, dataset: Dataset, *, scale: TargetScale) -> Network:
    """Fit the preprocessing on the training split, build the architecture on it, join them; numbers are learned to
    `scale`.

    Raises:
        ConfigError: the architecture does not take this kind of data.
        FailedError: the architecture is not what its contract says.
    """
    architecture = discovery.plugin("architectures", config.model.name)
    kind = preprocessing_for(architecture, dataset=dataset, name=config.model.name)
    preprocessing = discovery.plugin("preprocessing", kind)
    options = _reading(architecture, config, kind=kind) or preprocessing.Options()
    fitted = preprocessing.fit(options, input=dataset.input, train=dataset.train)
    facts = {"tensors": fitted.output, "num_outputs": dataset.target.num_outputs}
    for told in TOLD:
        if hasattr(preprocessing, told):
            facts[told] = getattr(preprocessing, told)(fitted)
    core = _built(architecture, config, facts=facts)
    _check(core, num_outputs=dataset.target.num_outputs, name=config.model.name)
    answers = learned = core(fitted.output)
    if dataset.target.task == "regression":
        answers = Unscale(mean=scale.mean, deviation=scale.deviation, name="unscale")(learned)
    whole = keras.Model(fitted.input, answers, name="network")
    # A model of its own for the loop: what is compiled would be saved with its optimizer inside the whole network.
    is_image = isinstance(dataset.input, ImageInput)
    trained = (
        Trained(fitted.input, learned, name="trained") if is_image else Trained(core.input, core.output, name="trained")
    )
    return Network(whole, fitted, trained=trained)


def _reading(architecture: ModuleType, config: Config, *, kind: str) -> Any:
    """The options of the preprocessing, which an architecture puts together if it has a function `reading`, or else has
    as a section; None for the defaults."""
    if hasattr(architecture, "reading"):
        return architecture.reading(config.model, kind)
    return getattr(config.model, kind, None)


def _built(architecture: ModuleType, config: Config, *, facts: dict[str, Any]) -> keras.Model:
    """What the architecture makes of the facts about its input and output."""
    try:
        return architecture.build(config.model, **facts)
    except (UserError, tf.errors.ResourceExhaustedError, MemoryError):
        raise
    except Exception as error:
        if "." not in config.model.name:
            raise
        # The user's own code: its mistake is theirs to mend, so they are told where it is.
        raise FailedError(
            f"build() of the architecture {config.model.name} failed: {type(error).__name__}: {error}",
            code="AM307",
            help="mend the architecture; --debug shows the whole traceback",
            notes=[discovery.where_it_failed(error, plugin=architecture)],
        ) from error


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
