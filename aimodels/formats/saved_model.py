"""A TensorFlow SavedModel that takes raw images; TensorFlow alone can load it, and so can TensorFlow Serving.

Signatures: `serving_default` takes pixels, uint8 `images` [N, height, width, channels]; `encoded` takes whole files
(PNG, JPEG, GIF, BMP), string `encoded` [N]. Both give `probabilities`, float32 [N, classes], and `label`, string [N].
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.prediction.answering import Answering, answering
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import ask

if TYPE_CHECKING:
    import keras

SUFFIX = ""


def export(run: RunFolder, path: Path, *, checkpoint: str = "best") -> None:
    """Write the SavedModel into the folder `path`, each weight once."""
    import keras
    import tensorflow as tf

    asked = answering(run, checkpoint)
    _keep_recurrent_layers_portable(asked.model)
    # The model itself is not tracked: that would store every weight a second time.
    archive = keras.export.ExportArchive()
    pixels = tf.TensorSpec([None, *asked.input.shape], tf.uint8, name="images")
    files = tf.TensorSpec([None], tf.string, name="encoded")
    archive.add_endpoint("serving_default", asked.images, input_signature=[pixels])
    archive.add_endpoint("encoded", asked.encoded, input_signature=[files])
    archive.write_out(str(path), verbose=False)
    _describe(asked, run.signature, path)


def verify(path: Path, images: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    """Ask the SavedModel in a clean process, every way it can be asked; the probabilities of each way.

    Raises:
        FailedError: it does not load or answer there.
    """
    answers = ask("saved_model_answers.py", path, images=images, encoded=_encoded(images))
    one, none = answers["one_probabilities"], answers["none_probabilities"]
    # An empty batch has nothing to compare but its shape, which must fit the others'.
    first = np.concatenate([none, one])
    return {
        "images": answers["probabilities"].astype(np.float32),
        "encoded": answers["encoded_probabilities"].astype(np.float32),
        "session loader": answers["session_probabilities"].astype(np.float32),
        "batch of one": first.astype(np.float32),
    }


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the signatures take and give, for people."""
    image = run.signature["input"]
    shape = f"(N, {image['height']}, {image['width']}, {image['channels']})"
    outputs = f"probabilities float32 (N, {len(run.signature['class_names'])}), label string (N)"
    return [
        {"signature": "serving_default", "input": f"images uint8 {shape}", "outputs": outputs},
        {"signature": "encoded", "input": "encoded string (N): PNG, JPEG, GIF or BMP files", "outputs": outputs},
    ]


def _keep_recurrent_layers_portable(model: "keras.Model") -> None:
    """Traced where a GPU is, LSTM and GRU would embed an operation that a CPU does not have."""
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False


def _describe(asked: Answering, signature: dict[str, Any], path: Path) -> None:
    """Write the order of the classes beside the model, for whoever has only this folder."""
    extra = path / "assets.extra"  # TensorFlow leaves this folder to its users
    extra.mkdir(exist_ok=True)
    (extra / "signature.json").write_text(json.dumps(signature, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (extra / "labels.txt").write_text("".join(f"{name}\n" for name in asked.class_names), encoding="utf-8")


def _encoded(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The images as PNG files, a uint8 row each: 8 bytes of length, the file, zeros."""
    import tensorflow as tf

    files = [tf.io.encode_png(image).numpy() for image in images]
    rows = np.zeros((len(files), 8 + max(map(len, files), default=0)), dtype=np.uint8)
    for row, file in zip(rows, files, strict=True):
        content = len(file).to_bytes(8, "little") + file
        row[: len(content)] = np.frombuffer(content, dtype=np.uint8)
    return rows
