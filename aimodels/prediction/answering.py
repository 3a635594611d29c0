"""The one way from a raw example to an answer: raw input -> network -> named outputs.

Evaluation, prediction and every export go through what this gives, so they cannot differ.
"""

from aimodels.data.dataset import ImageInput
from aimodels.prediction.image_answering import ImageAnswering
from aimodels.prediction.outputs import Outputs
from aimodels.prediction.text_answering import TextAnswering
from aimodels.runs.folder import RunFolder


def answering(run: RunFolder, checkpoint: str = "best") -> ImageAnswering | TextAnswering:
    """How to ask the model of a run. From then on TensorFlow computes in full float32, in the whole process."""
    import tensorflow as tf

    # Since NVIDIA's Ampere, GPUs otherwise round what they multiply to 10 bits, each kernel in its own way.
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    signature = run.signature
    model, outputs = run.model(checkpoint), Outputs(signature["task"], tuple(signature["class_names"]))
    if isinstance(run.input, ImageInput):
        return ImageAnswering(model, run.input, outputs)
    return TextAnswering(model, run.input, outputs)
