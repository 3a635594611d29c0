"""A `.keras` file: the network from raw examples to logits, for going on in Python.

One for images loads with Keras alone. One for texts holds layers of this package, so it must be there as well:

    from aimodels.runs.loading import register_layers

    register_layers()
    network = keras.saving.load_model("1.keras")
    logits = network(tf.constant(["A waste of two good hours."]))
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TextInput, Texts
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import as_utf_8, ask, packed

SUFFIX = ".keras"


def export(run: RunFolder, path: Path, *, checkpoint: str = "best") -> None:
    """Write the network without its optimizer; its input is uint8 [N, height, width, channels], or string [N]."""
    import keras

    model = run.model(checkpoint)
    # A model that was never compiled: no loss or metric of ours is needed to load it.
    keras.Model(model.input, model.output, name=model.name).save(path)


def verify(path: Path, examples: npt.NDArray[np.uint8] | Texts) -> dict[str, npt.NDArray[np.float32]]:
    """Load the file in a clean process and ask it; the probabilities from its logits.

    Raises:
        FailedError: it does not load or answer there.
    """
    question = {"text": packed(as_utf_8(examples))} if isinstance(examples, Texts) else {"images": examples}
    answers = ask("keras_answers.py", path, **question)
    return {way: _probabilities(logits.astype(np.float64)) for way, logits in answers.items()}


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the network takes and gives, for people."""
    if isinstance(run.input, TextInput):
        takes = "text string (N): UTF-8; load it after aimodels.runs.loading.register_layers()"
    else:
        takes = f"image uint8 (N, {', '.join(map(str, run.input.shape))})"
    return [{"signature": "call", "input": takes, "outputs": "logits float32"}]


def _probabilities(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)  # the sigmoid is a softmax against 0
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: npt.NDArray[np.float32] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities
