"""The one way from an image to an answer: pixels, or an encoded file -> network -> named outputs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles, ImageInput
from aimodels.errors import DataError
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.preprocessing import images as image_preprocessing

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ImageAnswering:
    """A trained network for images, and how to ask it."""

    model: "keras.Model"
    input: ImageInput
    outputs: Outputs

    def images(self, images: Any) -> dict[str, Any]:
        """From uint8 [N, height, width, channels] to the named outputs."""
        import tensorflow as tf

        # TensorFlow's fused convolutions fail on a batch of 0: ask about a black image and drop its answer.
        count = tf.shape(images)[0]
        asked = tf.pad(images, [[0, tf.cast(count == 0, tf.int32)], [0, 0], [0, 0], [0, 0]])
        return self.outputs.named(self.model(asked, training=False)[:count])

    def encoded(self, encoded: Any) -> dict[str, Any]:
        """From encoded PNG, JPEG, GIF or BMP files, string [N], to the same outputs."""
        import tensorflow as tf

        decoded = tf.map_fn(
            lambda content: image_preprocessing.decode(content, input=self.input),
            encoded,
            fn_output_signature=tf.TensorSpec(self.input.shape, tf.uint8),
        )
        return self.images(decoded)

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that are exported, by signature."""
        import tensorflow as tf

        pixels = tf.TensorSpec([None, *self.input.shape], tf.uint8, name="images")
        files = tf.TensorSpec([None], tf.string, name="encoded")
        return {"serving_default": Endpoint(self.images, pixels), "encoded": Endpoint(self.encoded, files)}

    @property
    def tables(self) -> list[Any]:
        """What an export must keep besides the weights: nothing."""
        return []

    def answer(self, examples: npt.NDArray[np.uint8] | ImageFiles, *, batch_size: int) -> Answers:
        """Ask about uint8 images [N, height, width, channels], or about image files.

        Raises:
            DataError: images of another shape than the model takes, or a file that cannot be decoded.
        """
        if isinstance(examples, np.ndarray):
            self._check_shape(examples)
        parts = [self._compiled(batch)["probabilities"].numpy() for batch in self._batches(examples, batch_size)]
        empty = np.empty((0, len(self.outputs.class_names)), dtype=np.float32)
        return self.outputs.answers({"probabilities": np.concatenate([empty, *parts])})

    def decode(self, files: ImageFiles) -> npt.NDArray[np.uint8]:
        """The images of these files as the network takes them: uint8 [N, height, width, channels].

        Raises:
            DataError: a file cannot be read or decoded.
        """
        with ThreadPoolExecutor() as threads:
            decoded = threads.map(lambda path: image_preprocessing.decode_file(path, input=self.input), files.paths)
            images = [image.numpy() for image in decoded]
        return np.stack(images) if images else np.empty((0, *self.input.shape), dtype=np.uint8)

    @cached_property
    def _compiled(self) -> Any:
        """`images` as one graph for batches of any size."""
        import tensorflow as tf

        return tf.function(self.images, input_signature=[self.endpoints["serving_default"].spec])

    def _batches(
        self, examples: npt.NDArray[np.uint8] | ImageFiles, batch_size: int
    ) -> Iterator[npt.NDArray[np.uint8]]:
        for start in range(0, len(examples), batch_size):
            positions = np.arange(start, min(start + batch_size, len(examples)))
            yield self.decode(examples.take(positions)) if isinstance(examples, ImageFiles) else examples[positions]

    def _check_shape(self, images: npt.NDArray[np.uint8]) -> None:
        if images.dtype == np.uint8 and images.shape[1:] == self.input.shape:
            return
        raise DataError(
            f"the model takes uint8 images of shape (N, {', '.join(map(str, self.input.shape))}), "
            f"got {images.dtype} {images.shape}",
            code="AM231",
            help="give pixel values 0 to 255 as uint8, with the channels last",
        )
