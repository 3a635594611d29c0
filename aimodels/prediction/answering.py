"""The one way from a raw example to an answer: raw input -> network -> named outputs.

Evaluation, prediction and every export go through what this gives, so they cannot differ.
"""

from collections.abc import Sequence

from aimodels.data.dataset import ImageInput, TableInput
from aimodels.prediction.image_answering import ImageAnswering
from aimodels.prediction.outputs import EVEN, Outputs
from aimodels.prediction.table_answering import TableAnswering
from aimodels.prediction.text_answering import TextAnswering
from aimodels.runs.folder import RunFolder

Answering = ImageAnswering | TextAnswering | TableAnswering


def answering(run: RunFolder, checkpoint: str = "best") -> Answering:
    """How to ask the model of a run. From then on TensorFlow computes in full float32, in the whole process."""
    import tensorflow as tf

    # Since NVIDIA's Ampere, GPUs otherwise round what they multiply to 10 bits, each kernel in its own way.
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    model, outputs, input = run.model(checkpoint), outputs_of(run), run.input
    if isinstance(input, ImageInput):
        return ImageAnswering(model, input, outputs)
    if isinstance(input, TableInput):
        return TableAnswering(model, input, outputs)
    return TextAnswering(model, input, outputs)


def copies_on(devices: Sequence[str], run: RunFolder, *, checkpoint: str = "best") -> list[Answering]:
    """The same, once for each of these logical devices of TensorFlow, which holds the weights."""
    import tensorflow as tf

    copies = []
    for device in devices:
        with tf.device(device):
            copies.append(answering(run, checkpoint))
    return copies


def outputs_of(run: RunFolder) -> Outputs:
    """What the network of a run answers, and the threshold that was chosen for it."""
    signature = run.signature
    threshold = run.threshold if signature["task"] == "binary" else EVEN
    return Outputs(signature["task"], tuple(signature["class_names"]), threshold)
