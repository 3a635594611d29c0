"""The one way from a raw example to an answer: raw input -> network -> named outputs.

Evaluation, prediction and every export go through these functions, so they cannot differ.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aimodels.data.dataset import ImageInput
from aimodels.preprocessing import images as image_preprocessing
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Answering:
    """A trained network with what it needs to be asked: TensorFlow graph functions of raw tensors."""

    model: "keras.Model"
    input: ImageInput
    task: str
    class_names: tuple[str, ...]

    def images(self, images: Any) -> dict[str, Any]:
        """From uint8 [N, height, width, channels] to `probabilities` float32 [N, classes] and `label` string [N]."""
        import tensorflow as tf

        # TensorFlow's fused convolutions fail on a batch of 0: ask about a black image and drop its answer.
        count = tf.shape(images)[0]
        asked = tf.pad(images, [[0, tf.cast(count == 0, tf.int32)], [0, 0], [0, 0], [0, 0]])
        logits = tf.cast(self.model(asked, training=False), tf.float32)[:count]
        if self.task == "binary":
            positive = tf.sigmoid(logits)
            probabilities = tf.concat([1.0 - positive, positive], axis=1)
        else:
            probabilities = tf.nn.softmax(logits, axis=1)
        label = tf.gather(tf.constant(self.class_names), tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "label": label}

    def encoded(self, encoded: Any) -> dict[str, Any]:
        """From encoded PNG, JPEG, GIF or BMP files, string [N], to the same answers."""
        import tensorflow as tf

        decoded = tf.map_fn(
            lambda content: image_preprocessing.decode(content, input=self.input),
            encoded,
            fn_output_signature=tf.TensorSpec(self.input.shape, tf.uint8),
        )
        return self.images(decoded)

    @cached_property
    def compiled(self) -> Any:
        """`images` as one graph for batches of any size."""
        import tensorflow as tf

        return tf.function(self.images, input_signature=[tf.TensorSpec([None, *self.input.shape], tf.uint8)])


def answering(run: RunFolder, checkpoint: str = "best") -> Answering:
    """How to ask the model of a run."""
    signature = run.signature
    return Answering(
        model=run.model(checkpoint),
        input=image_input(run),
        task=signature["task"],
        class_names=tuple(signature["class_names"]),
    )


def image_input(run: RunFolder) -> ImageInput:
    """What a run takes, from its signature alone."""
    image = run.signature["input"]
    return ImageInput(height=image["height"], width=image["width"], channels=image["channels"], resize=image["resize"])
