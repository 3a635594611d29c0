"""Checkpoints for whoever uses a run: `best.keras` and `last.keras`, the network alone. Whole files or none."""

import keras

from aimodels.events import CheckpointSaved, emit
from aimodels.layers.low_rank import merged
from aimodels.runs.atomic import replacing
from aimodels.runs.folder import RunFolder
from aimodels.runs.precision import in_float32


def save_network(run: RunFolder, model: keras.Model, *, which: str, epoch: int) -> None:
    """The network as it is now, in float32, with changes of low rank in their kernels, and ready to be used by anyone:
    Keras alone can load it. What goes on with a training is a state (`state_files`)."""
    plain = merged(in_float32(keras.Model(model.input, model.output, name=model.name)))
    path = run.checkpoint(which)
    with replacing(path) as partial:
        plain.save(partial)
    emit(CheckpointSaved(path=str(path.relative_to(run.path)), epoch=epoch))
