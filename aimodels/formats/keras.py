"""A `.keras` file: the network from raw images to logits, for going on in Python with Keras alone."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import ask

SUFFIX = ".keras"


def export(run: RunFolder, path: Path, *, checkpoint: str = "best") -> None:
    """Write the network without its optimizer; its input is uint8 [N, height, width, channels]."""
    import keras

    model = run.model(checkpoint)
    # A model that was never compiled: nothing of ours is needed to load it.
    keras.Model(model.input, model.output, name=model.name).save(path)


def verify(path: Path, images: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    """Load the file in a clean process and ask it; the probabilities from its logits.

    Raises:
        FailedError: it does not load or answer there.
    """
    logits = ask("keras_answers.py", path, images=images)["logits"].astype(np.float64)
    if logits.shape[1] == 1:
        positive = 1.0 / (1.0 + np.exp(-logits))
        return {"images": np.concatenate([1.0 - positive, positive], axis=1).astype(np.float32)}
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"images": (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)}


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the network takes and gives, for people."""
    image = run.signature["input"]
    shape = f"(N, {image['height']}, {image['width']}, {image['channels']})"
    return [{"signature": "call", "input": f"image uint8 {shape}", "outputs": "logits float32"}]
