"""A TensorFlow SavedModel that takes raw examples; TensorFlow alone can load it, and so can TensorFlow Serving.

Signatures for images: `serving_default` takes pixels, uint8 `images` [N, height, width, channels]; `encoded` takes
whole files (PNG, JPEG, GIF, BMP), string `encoded` [N]. For texts: `serving_default` takes UTF-8, string `text` [N];
for pairs of them `text` and `text_pair`.

For rows of a table `serving_default` takes an argument per column, in any order and all of them: float32 [N] with NaN
for a missing number, string [N] with "" for every other missing value. One that is left out is not taken for missing
but refused ("missing a required argument"). White space, words for missing values, unseen categories, dates, scales:
everything that happens to a single row happens inside. An argument is called like its column wherever TensorFlow can
have it so (`aimodels.prediction.arguments`); `assets.extra/signature.json` lists all, and has the threshold.

    model = tf.saved_model.load("export/saved_model/1")
    model.signatures["serving_default"](bill_length_mm=tf.constant([39.1]), island=tf.constant(["Torgersen"]))

What is answered depends on the task: see `aimodels.prediction.outputs`.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput, TextInput, Texts
from aimodels.prediction.answering import answering, outputs_of
from aimodels.prediction.arguments import arguments_of, described_columns
from aimodels.prediction.outputs import Outputs
from aimodels.prediction.table_answering import RawRows
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import Asked, Ways, as_asked, as_utf_8, ask, packed

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
    _describe(asked.outputs, run, path)


def verify(path: Path, examples: Asked, *, outputs: Outputs) -> Ways:
    """Ask the SavedModel in a clean process, every way it can be asked.

    Raises:
        FailedError: it does not load or answer there.
    """
    return ask("saved_model_answers.py", path, _question(examples))


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the signatures take and give, for people."""
    outputs = outputs_of(run).described(unit=run.signature["unit"])
    input = run.input
    if isinstance(input, TableInput):
        takes = {"serving_default": f"{len(input.columns)} columns (N), each a named argument; none may be left out"}
    elif isinstance(input, TextInput):
        what = "text and text_pair string (N) each" if input.is_pair else "text string (N)"
        takes = {"serving_default": f"{what}: UTF-8"}
    else:
        shape = f"(N, {', '.join(map(str, input.shape))})"
        takes = {
            "serving_default": f"images uint8 {shape}",
            "encoded": "encoded string (N): PNG, JPEG, GIF or BMP files",
        }
    columns = {"columns": described_columns(input)} if isinstance(input, TableInput) else {}
    return [{"signature": name, "input": taken, "outputs": outputs, **columns} for name, taken in takes.items()]


def _question(examples: Asked) -> dict[str, npt.NDArray[Any]]:
    """The arrays that the script reads, by signature and argument."""
    if isinstance(examples, Texts):
        return {f"serving_default/{name}": packed(strings) for name, strings in as_utf_8(examples).items()}
    if isinstance(examples, RawRows):
        arguments = arguments_of(tuple(examples.columns))
        return {f"serving_default/{arguments[name]}": as_asked(values) for name, values in examples.columns.items()}
    return {"serving_default/images": examples, "encoded/encoded": packed(_as_png(examples))}


def _keep_recurrent_layers_portable(model: "keras.Model") -> None:
    """Traced where a GPU is, LSTM and GRU would embed an operation that a CPU does not have."""
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False


def _describe(outputs: Outputs, run: RunFolder, path: Path) -> None:
    """Write what goes in and what comes out beside the model, for whoever has only this folder."""
    signature = dict(run.signature)
    if outputs.task == "binary":
        signature["threshold"] = outputs.threshold
    if isinstance(run.input, TableInput):
        columns = [
            column | {"options": options["options"]}
            for column, options in zip(described_columns(run.input), signature["input"]["columns"], strict=True)
        ]
        signature["input"] = signature["input"] | {"columns": columns}
    extra = path / "assets.extra"  # TensorFlow leaves this folder to its users
    extra.mkdir(exist_ok=True)
    (extra / "signature.json").write_text(json.dumps(signature, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if outputs.class_names:
        (extra / "labels.txt").write_text("".join(f"{name}\n" for name in outputs.class_names), encoding="utf-8")


def _as_png(images: npt.NDArray[np.uint8]) -> list[bytes]:
    import tensorflow as tf

    return [tf.io.encode_png(image).numpy() for image in images]
