"""Checkpoints: `last.keras` with the optimizer, `best.keras` with the network alone. Whole files or none."""

import keras

from aimodels.events import CheckpointSaved, emit
from aimodels.layers.low_rank import merged
from aimodels.runs.atomic import replacing
from aimodels.runs.folder import RunFolder
from aimodels.runs.precision import in_float32


def save_last(run: RunFolder, model: keras.Model, *, epoch: int) -> None:
    """The network as it is now, with the state of its optimizer."""
    _save(run, model, which="last", epoch=epoch)


def save_best(run: RunFolder, model: keras.Model, *, epoch: int) -> None:
    """The network as it is now, in float32, with changes of low rank in their kernels, and ready to be used by anyone:
    Keras alone can load it."""
    plain = merged(in_float32(keras.Model(model.input, model.output, name=model.name)))
    _save(run, plain, which="best", epoch=epoch)


def _save(run: RunFolder, model: keras.Model, *, which: str, epoch: int) -> None:
    path = run.checkpoint(which)
    with replacing(path) as partial:
        model.save(partial)
    emit(CheckpointSaved(path=str(path.relative_to(run.path)), epoch=epoch))
