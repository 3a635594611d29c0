"""Checkpoints for whoever uses a run: `best.keras` and `last.keras`, the network alone. Whole files or none."""

from collections.abc import Callable
from pathlib import Path

import keras

from aimodels.layers.low_rank import Weights, merged, merged_values
from aimodels.runs.atomic import replacing
from aimodels.runs.folder import RunFolder
from aimodels.runs.precision import in_float32
from aimodels.training.network_file import NetworkFile

Write = Callable[[], Path]


def save_network(run: RunFolder, model: keras.Model, *, which: str) -> Path:
    """The network as it is now, in float32, with changes of low rank in their kernels, and ready to be used by anyone:
    Keras alone can load it. What goes on with a training is a state (`state_files`)."""
    plain = merged(in_float32(keras.Model(model.input, model.output, name=model.name)))
    path = run.checkpoint(which)
    with replacing(path) as partial:
        plain.save(partial)
    return path


class BestNetwork:
    """Keeps the best network of a training as `best.keras`, written while training goes on.

    The first one is saved by Keras, in the way of the training. Later ones are the same file with other weights, as
    long as the same layers train.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._file: NetworkFile | None = None
        self._trains: list[bool] = []

    def copied(self, run: RunFolder) -> Write:
        """Copy the network as it is now; what comes back writes it, in any thread, before the next copy is made.

        Raises:
            MachineError: it is saved by Keras, and cannot be.
        """
        weights, trains = merged_values(self._model), [layer.trainable for layer in self._model._flatten_layers()]
        if self._file is None or trains != self._trains or not self._file.takes(weights):
            self._trains = trains
            path = save_network(run, self._model, which="best")
            return lambda: self._learn(path, weights)
        file, path = self._file, run.checkpoint("best")

        def write() -> Path:
            with replacing(path) as partial:
                file.write(partial, weights=weights)
            return path

        return write

    def _learn(self, path: Path, weights: Weights) -> Path:
        self._file = NetworkFile.of(path, weights=weights)
        return path
