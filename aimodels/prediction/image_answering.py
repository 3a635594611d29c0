"""The one way from an image to an answer: pixels, or an encoded file -> network -> named outputs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles, ImageInput
from aimodels.errors import DataError
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.prediction.paths import shown
from aimodels.prediction.replicas import Batch, Numbers
from aimodels.prediction.sharing import Positions
from aimodels.prediction.spread import Spread, in_turn
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

    def answer(
        self,
        examples: npt.NDArray[np.uint8] | ImageFiles,
        *,
        batch_size: int,
        spread: Spread,
        keep_broken: bool = False,
    ) -> Answers:
        """Ask about uint8 images [N, height, width, channels], or about image files.

        With `keep_broken` files that cannot be decoded are told in `Answers.problems`, and have NaN for answers.

        Raises:
            DataError: images of another shape than the model takes, or a file that cannot be decoded.
        """
        if isinstance(examples, np.ndarray):
            self._check_shape(examples)
        deal = spread.share.deal(in_turn(len(examples), step=batch_size))
        problems: dict[int, str] | None = {} if keep_broken and isinstance(examples, ImageFiles) else None
        rows = np.full((len(examples), len(self.outputs.class_names)), np.nan, dtype=np.float32)
        for positions, numbers in spread.over(self._batches(examples, deal.mine, problems=problems)):
            rows[positions] = numbers["probabilities"]
        deal.complete({"probabilities": rows})
        found = {} if problems is None else spread.share.gather_notes(problems)
        return self.outputs.answers({"probabilities": rows}, problems=found)

    def compute(self, images: Any) -> Numbers:
        """The probabilities of a batch of images."""
        return {"probabilities": self._compiled(images)["probabilities"].numpy()}

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
        self,
        examples: npt.NDArray[np.uint8] | ImageFiles,
        pieces: Sequence[Positions],
        *,
        problems: dict[int, str] | None,
    ) -> Iterator[Batch]:
        """The images of these pieces. Files that cannot be decoded go into `problems`, where there is such a thing."""
        for positions in pieces:
            if not isinstance(examples, ImageFiles):
                yield Batch(positions, examples[positions])
            elif problems is None:
                yield Batch(positions, self.decode(examples.take(positions)))
            else:
                images, broken = self._decodable(examples.take(positions))
                problems |= {int(positions[place]): problem for place, problem in broken.items()}
                if len(images):
                    yield Batch(np.delete(positions, list(broken)), images)

    def _decodable(self, files: ImageFiles) -> tuple[npt.NDArray[np.uint8], dict[int, str]]:
        """The images of those files that can be decoded, and what is wrong with the others, by their places."""
        images, broken = [np.empty((0, *self.input.shape), dtype=np.uint8)], {}
        for place in range(len(files)):
            try:
                images.append(self.decode(files.take(np.array([place]))))
            except DataError as error:
                broken[place] = error.message.removeprefix(f"{shown(files.paths[place])} ")
        return np.concatenate(images), broken

    def _check_shape(self, images: npt.NDArray[np.uint8]) -> None:
        if images.dtype == np.uint8 and images.shape[1:] == self.input.shape:
            return
        raise DataError(
            f"the model takes uint8 images of shape (N, {', '.join(map(str, self.input.shape))}), "
            f"got {images.dtype} {images.shape}",
            code="AM231",
            help="give pixel values 0 to 255 as uint8, with the channels last",
        )
