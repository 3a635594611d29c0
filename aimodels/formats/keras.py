"""A `.keras` file: the network from raw examples to logits, for going on in Python.

One for images loads with Keras alone. One for texts or for rows of a table holds layers of this package, so it must be
there as well:

    from aimodels.runs.loading import register_layers

    register_layers()
    network = keras.saving.load_model("1.keras")
    logits = network(tf.constant(["A waste of two good hours."]))

One for pairs of texts takes a dict of two tensors, `text` and `text_pair`. One for rows takes a tensor per column, by
the column's own name: float32 [N] with NaN for a missing number, string [N] with "" for every other missing value. For
regression a network gives the number itself, [N, 1], in the unit of the target.
"""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from aimodels.data.dataset import ImageInput, TextInput, Texts
from aimodels.prediction.arguments import described_columns
from aimodels.prediction.outputs import Outputs
from aimodels.prediction.table_answering import RawRows
from aimodels.runs.folder import RunFolder
from aimodels.verification.clean_process import Asked, Ways, as_asked, as_utf_8, ask, packed

SUFFIX = ".keras"


def export(run: RunFolder, path: Path, *, checkpoint: str = "best") -> None:
    """Write the network without its optimizer; it takes uint8 [N, height, width, channels], string [N], or columns."""
    import keras

    model = run.model(checkpoint)
    # A model that was never compiled: no loss or metric of ours is needed to load it.
    keras.Model(model.input, model.output, name=model.name).save(path)


def verify(path: Path, examples: Asked, *, outputs: Outputs) -> Ways:
    """Load the file in a clean process and ask it; what `outputs` makes of its logits.

    Raises:
        FailedError: it does not load or answer there.
    """
    ways = ask("keras_answers.py", path, _question(examples))
    return {
        way: {name: output.numpy() for name, output in outputs.named(answer["logits"]).items() if name != "label"}
        for way, answer in ways.items()
    }


def signature(run: RunFolder) -> list[dict[str, Any]]:
    """What the network takes and gives, for people."""
    loading = "load it after aimodels.runs.loading.register_layers()"
    input = run.input
    described: dict[str, Any] = {"signature": "call", "outputs": "logits float32"}
    if isinstance(input, ImageInput):
        return [described | {"input": f"image uint8 (N, {', '.join(map(str, input.shape))})"}]
    if isinstance(input, TextInput):
        what = "a dict of text and text_pair string (N)" if input.is_pair else "text string (N)"
        outputs = "the number float32 (N, 1)" if run.signature["task"] == "regression" else described["outputs"]
        return [described | {"input": f"{what}: UTF-8; {loading}", "outputs": outputs}]
    outputs = "the number float32 (N, 1)" if run.signature["task"] == "regression" else described["outputs"]
    takes = f"a dict of {len(input.columns)} columns (N): {loading}"
    return [described | {"input": takes, "outputs": outputs, "columns": described_columns(input)}]


def _question(examples: Asked) -> dict[str, npt.NDArray[Any]]:
    """The arrays that the script reads."""
    if isinstance(examples, Texts):
        return {name: packed(strings) for name, strings in as_utf_8(examples).items()}
    if not isinstance(examples, RawRows):
        return {"images": examples}
    asked = {str(number): as_asked(values) for number, values in enumerate(examples.columns.values())}
    return {"columns": packed([name.encode() for name in examples.columns]), **asked}
