"""A TensorFlow SavedModel that takes raw examples; TensorFlow alone can load it, and so can TensorFlow Serving.

Signatures for images: `serving_default` takes pixels, uint8 `images` [N, height, width, channels]; `encoded` takes
whole files (PNG, JPEG, GIF, BMP), string `encoded` [N]. For texts: `serving_default` takes UTF-8, string `text` [N].
All give `probabilities`, float32 [N, classes], and `label`, string [N].
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TextInput, Texts
from aimodels.prediction.answering import answering
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import as_utf_8, ask, packed

if TYPE_CHECKING:
    import keras

SUFFIX = ""


def export(run: RunFolder, path: Path, *, checkpoint: str = "best") -> None:
    """Write the SavedModel into the folder `path`, each weight once."""
    import keras

    asked = answering(run, checkpoint)
    _keep_recurrent_layers_portable(asked.model)
    # The model itself is not tracked: that would store every weight a second time.
    archive = keras.export.ExportArchive()
    for table in asked.tables:
        archive.track(table)
    for name, endpoint in asked.endpoints.items():
        archive.add_endpoint(name, endpoint.function, input_signature=[endpoint.spec])
    archive.write_out(str(path), verbose=False)
    _describe(asked.outputs.class_names, run.signature, path)


def verify(path: Path, examples: npt.NDArray[np.uint8] | Texts) -> dict[str, npt.NDArray[np.float32]]:
    """Ask the SavedModel in a clean process, every way it can be asked; the probabilities of each way.

    Raises:
        FailedError: it does not load or answer there.
    """
    if isinstance(examples, Texts):
        questions = {"serving_default": packed(as_utf_8(examples))}
    else:
        questions = {"serving_default": examples, "encoded": packed(_as_png(examples))}
    return ask("saved_model_answers.py", path, **questions)


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the signatures take and give, for people."""
    outputs = f"probabilities float32 (N, {len(run.signature['class_names'])}), label string (N)"
    if isinstance(run.input, TextInput):
        takes = {"serving_default": "text string (N): UTF-8"}
    else:
        shape = f"(N, {', '.join(map(str, run.input.shape))})"
        takes = {
            "serving_default": f"images uint8 {shape}",
            "encoded": "encoded string (N): PNG, JPEG, GIF or BMP files",
        }
    return [{"signature": name, "input": taken, "outputs": outputs} for name, taken in takes.items()]


def _keep_recurrent_layers_portable(model: "keras.Model") -> None:
    """Traced where a GPU is, LSTM and GRU would embed an operation that a CPU does not have."""
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False


def _describe(class_names: tuple[str, ...], signature: dict[str, Any], path: Path) -> None:
    """Write the order of the classes beside the model, for whoever has only this folder."""
    extra = path / "assets.extra"  # TensorFlow leaves this folder to its users
    extra.mkdir(exist_ok=True)
    (extra / "signature.json").write_text(json.dumps(signature, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (extra / "labels.txt").write_text("".join(f"{name}\n" for name in class_names), encoding="utf-8")


def _as_png(images: npt.NDArray[np.uint8]) -> list[bytes]:
    import tensorflow as tf

    return [tf.io.encode_png(image).numpy() for image in images]
