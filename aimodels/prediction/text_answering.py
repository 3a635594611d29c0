"""The one way from a text to an answer: UTF-8 -> token ids -> network -> named outputs.

Asked from Python, texts are read into ids once, while the network answers those before, and put together by length.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TextInput, Texts
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.preprocessing import words

if TYPE_CHECKING:
    import keras

Positions = npt.NDArray[np.int64]

# Some thousand reviews: enough to put texts of similar length together, little enough to be nothing in memory.
CHARACTERS_PER_CHUNK = 8_000_000
# Padding counted, so that a batch of long texts takes no more memory than one of short ones.
TOKENS_PER_BATCH = 32_768


@dataclass(frozen=True)
class TextAnswering:
    """A trained network for texts, and how to ask it."""

    model: "keras.Model"
    input: TextInput
    outputs: Outputs

    def text(self, text: Any) -> dict[str, Any]:
        """From UTF-8, string [N], to the named outputs; bytes that are not UTF-8 separate words."""
        import tensorflow as tf

        # Fused recurrent and attention kernels fail on a batch of 0: ask about an empty text and drop its answer.
        count = tf.shape(text)[0]
        asked = tf.concat([text, tf.fill([tf.cast(count == 0, tf.int32)], "")], axis=0)
        return self.outputs.named(self.model(asked, training=False)[:count])

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that are exported, by signature."""
        import tensorflow as tf

        return {"serving_default": Endpoint(self.text, tf.TensorSpec([None], tf.string, name="text"))}

    def answer(self, texts: Texts, *, batch_size: int) -> Answers:
        """Ask about texts of any number and length, in bounded memory."""
        from aimodels.layers.words import UNKNOWN

        probabilities = np.empty((len(texts), len(self.outputs.class_names)), dtype=np.float32)
        num_words, num_unknown = np.empty((2, len(texts)), dtype=np.int64)
        for positions, encoded in self.encoded(texts.strings):
            num_words[positions] = encoded.num_words
            # Every text has at least one id, which `reduceat` needs.
            num_unknown[positions] = np.add.reduceat(encoded.ids == UNKNOWN, encoded.starts[:-1], dtype=np.int64)
            for rows, ids in padded(encoded, batch_size=batch_size):
                probabilities[positions[rows]] = self._compiled(ids)["probabilities"].numpy()
        return self.outputs.answers({"probabilities": probabilities}, num_words=num_words, num_unknown=num_unknown)

    def num_words(self, strings: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """How many words each text has, those that are cut off included: [N]."""
        counts = np.empty(len(strings), dtype=np.int64)
        for positions, encoded in self.encoded(strings):
            counts[positions] = encoded.num_words
        return counts

    @property
    def architecture(self) -> "keras.Model":
        """The part of the network from token ids to logits."""
        return self.model.layers[-1]

    @property
    def tables(self) -> list[Any]:
        """What an export must keep besides the weights: the layer with the vocabulary."""
        return [words.words_layer(self.model)]

    @cached_property
    def _compiled(self) -> Any:
        """From ids [n, longest] to the named outputs, as one graph for batches of any size."""
        import tensorflow as tf

        def answered(ids: Any) -> dict[str, Any]:
            return self.outputs.named(self.architecture(ids, training=False))

        return tf.function(answered, input_signature=[tf.TensorSpec([None, None], tf.int32)])

    def encoded(self, strings: tuple[str, ...]) -> Iterator[tuple[Positions, words.Encoded]]:
        """Positions of texts and what was read there, the shortest first; the next ones are read in the meantime."""
        waiting: deque[tuple[Positions, Future[words.Encoded]]] = deque()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading-texts") as thread:
            for positions in _chunks(strings):
                chosen = [strings[position] for position in positions]
                waiting.append((positions, thread.submit(words.encode, self.model, chosen)))
                if len(waiting) > 1:
                    before, encoded = waiting.popleft()
                    yield before, encoded.result()
            for before, encoded in waiting:
                yield before, encoded.result()


def _chunks(strings: tuple[str, ...]) -> Iterator[Positions]:
    """Positions of texts of similar length, the shortest first, some at a time."""
    lengths = np.array([len(text) for text in strings], dtype=np.int64)
    order = np.argsort(lengths, kind="stable").astype(np.int64)
    chunk_of = np.cumsum(lengths[order]) // CHARACTERS_PER_CHUNK
    starts = np.flatnonzero(np.diff(chunk_of)) + 1
    yield from (chunk for chunk in np.split(order, starts) if len(chunk))


def padded(encoded: words.Encoded, *, batch_size: int) -> Iterator[tuple[Positions, Any]]:
    """Rows of texts of similar length with their ids, padded to the longest of them: int32 [n, longest]."""
    import tensorflow as tf

    with tf.device("CPU:0"):
        ids = tf.RaggedTensor.from_row_splits(encoded.ids, encoded.starts, validate=False)
    lengths = np.diff(encoded.starts)
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        # The texts become longer, so the last of them says how many fit.
        rows = order[start : start + batch_size]
        fitting = np.flatnonzero(lengths[rows] * np.arange(1, len(rows) + 1) <= TOKENS_PER_BATCH)
        rows = rows[: max(1, len(fitting))]
        yield rows, tf.gather(ids, rows).to_tensor(0)
        start += len(rows)
