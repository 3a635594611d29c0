"""The trained Keras model of a run, read back."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels import discovery
from aimodels.data.dataset import ImageInput, TableInput
from aimodels.errors import FailedError, MissingError
from aimodels.runs.folder import RunFolder
from aimodels.runs.precision import in_float32
from aimodels.runs.signature import num_outputs_of

if TYPE_CHECKING:
    import keras

CHECKPOINTS = ("best", "last")
PAIR = ("text", "text_pair")  # what goes into a network for pairs of texts, by name


def load_model(run: RunFolder, checkpoint: str = "best") -> "keras.Model":
    """The network from raw input to logits. `checkpoint` is `best`, `last` or the path of a `.keras` file.

    Raises:
        MissingError: there is no such checkpoint.
        FailedError: it cannot be read, or belongs to another config.
    """
    import keras

    path = checkpoint_of(run, checkpoint)
    register_layers()
    name = run.facts()["architecture"]
    if "." in name:
        discovery.plugin("architectures", name)  # brings the layers of the user's own architecture
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises ValueError, OSError, BadZipFile, KeyError... for a broken file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FailedError(
            f"{path} cannot be read as a Keras model: {reason[:200]}",
            code="AM507",
            help="use the other checkpoint: --checkpoint last; or train again",
        ) from error
    from aimodels.layers.low_rank import merged

    # The last checkpoint holds them apart, so that training can go on; answers need not.
    model = merged(model)
    _check_fits(model, run, path)
    return in_float32(model)


def checkpoint_of(run: RunFolder, checkpoint: str) -> Path:
    """The file of a checkpoint: `best`, `last` or the path of a `.keras` file.

    Raises:
        MissingError: it is not there.
    """
    path = run.checkpoint(checkpoint) if checkpoint in CHECKPOINTS else Path(checkpoint)
    if not path.exists():
        there = ", ".join(which for which in CHECKPOINTS if run.checkpoint(which).exists()) or "none"
        raise MissingError(f"no checkpoint {path}", code="AM504", help=f"checkpoints of {run.name}: {there}")
    return path


def register_layers() -> None:
    """Tell Keras of every layer of this package, so that `keras.saving.load_model` knows those that a file names."""
    for name in discovery.names("layers"):
        importlib.import_module(f"aimodels.layers.{name}")


def _check_fits(model: "keras.Model", run: RunFolder, path: Path) -> None:
    wanted_input, wanted_output = _taken_by(run), num_outputs_of(run.signature)
    found_input, found_output = _input_of(model), model.output_shape[-1]
    if (found_input, found_output) != (wanted_input, wanted_output):
        raise FailedError(
            f"{path} belongs to another config: it takes {found_input} and gives {found_output} outputs, "
            f"{run.name} has {wanted_input} and {wanted_output}",
            code="AM508",
            help=f"use a checkpoint of {run.name} itself: --checkpoint best",
        )
    found, wanted = model.count_params(), run.facts()["num_parameters"]
    if found != wanted:
        raise FailedError(
            f"{path} belongs to another config: it has {found:,} parameters, {run.name} has {wanted:,}",
            code="AM508",
            help=f"use a checkpoint of {run.name} itself: --checkpoint best",
        )


def _taken_by(run: RunFolder) -> str:
    """What goes into the network of a run, in the words of `_input_of`."""
    input = run.input
    if isinstance(input, ImageInput):
        return str(input.shape)
    if isinstance(input, TableInput):
        return _columns(input.names)
    return _columns(PAIR) if input.is_pair else "text"


def _input_of(model: "keras.Model") -> str:
    """What goes in, without the number of examples: a shape, text, or the columns of a table."""
    inputs = getattr(model, "input", None)  # a Sequential model has none
    if isinstance(inputs, dict):
        return _columns(inputs)
    tensor = model.inputs[0]
    return "text" if tensor.dtype == "string" and len(tensor.shape) == 1 else str(tuple(tensor.shape[1:]))


def _columns(names: Iterable[str]) -> str:
    return "the columns " + ", ".join(sorted(names))
