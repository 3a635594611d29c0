"""The model of a run, ready to be asked about many raw examples."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Examples, ImageFiles, Texts
from aimodels.data.rows import Rows
from aimodels.prediction.answering import answering, copies_on
from aimodels.prediction.attention import Attention, attention_of
from aimodels.prediction.image_answering import ImageAnswering
from aimodels.prediction.kinds import other_kind, other_number
from aimodels.prediction.outputs import Answers
from aimodels.prediction.replicas import Compute, Replicas, on_device
from aimodels.prediction.sharing import Share
from aimodels.prediction.spread import Spread
from aimodels.prediction.table_answering import RawRows, TableAnswering
from aimodels.prediction.text_answering import TextAnswering
from aimodels.prediction.unread_dates import UnreadDates, unread_dates
from aimodels.prediction.unread_texts import UnreadTexts, unread_texts
from aimodels.prediction.unseen import Unseen, unseen
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Answers", "Predictor"]


class Predictor:
    """The model of a run, ready to be asked. Loading it once and asking often is cheap.

    With several `devices`, logical ones of TensorFlow, each holds a copy of the model. Of several workers each answers
    its `share` of what all of them ask: a worker other than the chief gets NaN for what others answered.
    """

    def __init__(
        self, run: RunFolder, checkpoint: str = "best", *, devices: Sequence[str] = (), share: Share | None = None
    ) -> None:
        self._run = run
        copies = [answering(run, checkpoint)] if len(devices) < 2 else copies_on(devices, run, checkpoint=checkpoint)
        self._answering = copies[0]
        computes: list[Compute] = [one.compute for one in copies]
        if len(devices) > 1:
            computes = [on_device(device, compute) for device, compute in zip(devices, computes, strict=True)]
        self._spread = Spread(Replicas(computes), share or Share())
        self.input = run.input
        self.outputs = self._answering.outputs
        self.class_names = self.outputs.class_names
        self.unit: str | None = run.signature["unit"]

    def answer(self, examples: Examples | RawRows, *, batch_size: int = 256) -> Answers:
        """Ask about images (uint8 [N, height, width, channels]), image files, texts or rows; answers in the same order.

        Rows of a table without texts are answered some thousand at a time, whatever `batch_size` is.

        Raises:
            UsageError: examples of another kind than the model takes, or single texts where it takes pairs.
            DataError: images of another shape, or a file that cannot be decoded.
        """
        spread = self._spread
        if isinstance(examples, Texts):
            return self._answering_of(examples).answer(examples, batch_size=batch_size, spread=spread)
        if isinstance(examples, Rows):
            return self._tables.answer(examples, batch_size=batch_size, spread=spread)
        if isinstance(examples, RawRows):
            return self._tables.answer_raw(examples, batch_size=batch_size, spread=spread)
        return self._images.answer(examples, batch_size=batch_size, spread=spread)

    def answer_readable(self, files: ImageFiles, *, batch_size: int = 256) -> Answers:
        """Ask about image files, and about the others where one cannot be decoded: `Answers.problems` say which."""
        return self._images.answer(files, batch_size=batch_size, spread=self._spread, keep_broken=True)

    def alone(self) -> "Predictor":
        """The same model, asked by this worker by itself."""
        other = copy(self)
        other._spread = replace(self._spread, share=Share())
        return other

    def decode(self, files: ImageFiles) -> npt.NDArray[np.uint8]:
        """The images of these files as the model takes them: uint8 [N, height, width, channels].

        Raises:
            DataError: a file cannot be read or decoded.
        """
        return self._images.decode(files)

    def unseen(self, table: "pyarrow.Table") -> list[Unseen]:
        """The columns of some rows with values that training has not shown."""
        return list(unseen(table, model=self._tables.model))

    def unread_dates(self, table: "pyarrow.Table") -> list[UnreadDates]:
        """The columns of some rows with cells that are no dates of the format that training had."""
        return list(unread_dates(table, model=self._tables.model))

    def unread_texts(self, table: "pyarrow.Table") -> list[UnreadTexts]:
        """What of the text columns of some rows the model does not read."""
        return list(unread_texts(table, readers=self._tables.text_readers))

    def attention(self, texts: Texts) -> list[Attention]:
        """The words that the model reads in each text, and how much each weighs in its answer.

        Raises:
            UsageError: the network does not pool by attention, or takes pairs and these are none.
        """
        return attention_of(self._answering_of(texts), texts, run=self._run)

    def _answering_of(self, texts: Texts) -> TextAnswering:
        """How to ask about these texts.

        Raises:
            UsageError: the model takes something else, pairs or single texts.
        """
        answering = self._texts
        if len(texts) and bool(texts.seconds) != answering.input.is_pair:
            raise other_number(self._run, given="pairs of them" if texts.seconds else "single texts")
        return answering

    @property
    def _images(self) -> ImageAnswering:
        if not isinstance(self._answering, ImageAnswering):
            raise other_kind(self._run, given="images")
        return self._answering

    @property
    def _texts(self) -> TextAnswering:
        if not isinstance(self._answering, TextAnswering):
            raise other_kind(self._run, given="texts")
        return self._answering

    @property
    def _tables(self) -> TableAnswering:
        if not isinstance(self._answering, TableAnswering):
            raise other_kind(self._run, given="rows of a table")
        return self._answering
