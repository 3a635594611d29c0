"""Answers for many raw examples: batches through the one way from input to answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Examples, ImageFiles
from aimodels.errors import DataError
from aimodels.prediction.answering import Answering, answering
from aimodels.preprocessing import images as image_preprocessing
from aimodels.runs.folder import RunFolder


@dataclass(frozen=True)
class Answers:
    """What the model says: `probabilities` float32 [N, classes], a column per class name."""

    probabilities: npt.NDArray[np.float32]
    class_names: tuple[str, ...]

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        """The number of the most probable class, [N]."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def labels(self) -> list[str]:
        """The name of the most probable class, one per example."""
        return [self.class_names[number] for number in self.predictions]


class Predictor:
    """The model of a run, ready to be asked. Loading it once and asking often is cheap."""

    def __init__(self, run: RunFolder, checkpoint: str = "best") -> None:
        self._answering: Answering = answering(run, checkpoint)
        self.input = self._answering.input
        self.class_names = self._answering.class_names

    def answer(self, examples: Examples, *, batch_size: int = 256) -> Answers:
        """Ask about uint8 images [N, height, width, channels], or about image files.

        Raises:
            DataError: images of another shape than the model takes, or a file that cannot be decoded.
        """
        parts = [
            self._answering.compiled(batch)["probabilities"].numpy() for batch in self._batches(examples, batch_size)
        ]
        empty = np.empty((0, len(self.class_names)), dtype=np.float32)
        return Answers(np.concatenate([empty, *parts]), self.class_names)

    def _batches(self, examples: Examples, batch_size: int) -> Iterator[npt.NDArray[np.uint8]]:
        if not isinstance(examples, ImageFiles):
            self._check_shape(examples)
        for start in range(0, len(examples), batch_size):
            positions = np.arange(start, min(start + batch_size, len(examples)))
            yield self.decode(examples.take(positions)) if isinstance(examples, ImageFiles) else examples[positions]

    def decode(self, files: ImageFiles) -> npt.NDArray[np.uint8]:
        """The images of these files as the model takes them: uint8 [N, height, width, channels].

        Raises:
            DataError: a file cannot be read or decoded.
        """
        with ThreadPoolExecutor() as threads:
            decoded = threads.map(lambda path: image_preprocessing.decode_file(path, input=self.input), files.paths)
            images = [image.numpy() for image in decoded]
        return np.stack(images) if images else np.empty((0, *self.input.shape), dtype=np.uint8)

    def _check_shape(self, images: npt.NDArray[np.uint8]) -> None:
        if images.dtype == np.uint8 and images.shape[1:] == self.input.shape:
            return
        raise DataError(
            f"the model takes uint8 images of shape (N, {', '.join(map(str, self.input.shape))}), "
            f"got {images.dtype} {images.shape}",
            code="AM231",
            help="give pixel values 0 to 255 as uint8, with the channels last",
        )
