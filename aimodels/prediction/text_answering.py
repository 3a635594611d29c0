"""The one way from a text to an answer: UTF-8 -> token ids -> network -> named outputs.

Asked from Python, texts are read into ids once, while the network answers those before, and put together by length.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TextInput, Texts
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.prediction.replicas import Batch, Numbers
from aimodels.prediction.sharing import Positions
from aimodels.prediction.spread import Spread
from aimodels.preprocessing import words
from aimodels.runs.loading import PAIR

if TYPE_CHECKING:
    import keras

TEXT = PAIR[0]

# Some hundred reviews: enough to put texts of similar length together, little enough that several workers get about as
# much to do. Of fewer texts the chunks are smaller, but not so small that most of their batches are.
CHARACTERS_PER_CHUNK = 1_000_000
NUM_CHUNKS, FEWEST_CHARACTERS = 16, 50_000
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
        return self.outputs.named(self.model(_never_empty(text), training=False)[: _count(text)])

    def pair(self, texts: Mapping[str, Any]) -> dict[str, Any]:
        """From two of UTF-8, `text` and `text_pair`, string [N] each, to the named outputs."""
        asked = {name: _never_empty(texts[name]) for name in PAIR}
        return self.outputs.named(self.model(asked, training=False)[: _count(texts[TEXT])])

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that are exported, by signature."""
        import tensorflow as tf

        specs = {name: tf.TensorSpec([None], tf.string, name=name) for name in PAIR}
        if self.input.is_pair:
            return {"serving_default": Endpoint(self.pair, specs)}
        return {"serving_default": Endpoint(self.text, specs[TEXT])}

    def answer(self, texts: Texts, *, batch_size: int, spread: Spread) -> Answers:
        """Ask about texts of any number and length, in bounded memory."""
        deal = spread.share.deal(list(_chunks(texts)))
        numbers = np.full((len(texts), max(1, len(self.outputs.class_names))), np.nan, dtype=np.float32)
        num_tokens, num_unknown = np.zeros((2, len(texts)), dtype=np.int64)
        rows: dict[str, npt.NDArray[Any]] = {"numbers": numbers, "num_tokens": num_tokens, "num_unknown": num_unknown}
        for positions, found in spread.over(self._batches(texts, deal.mine, counts=rows, batch_size=batch_size)):
            numbers[positions] = found["numbers"]
        deal.complete(rows)
        named = {"value": numbers[:, 0]} if self.outputs.task == "regression" else {"probabilities": numbers}
        return self.outputs.answers(named, num_tokens=num_tokens, num_unknown=num_unknown)

    def compute(self, ids: Any) -> Numbers:
        """From ids [n, longest] to probabilities [n, classes] or values [n, 1]."""
        return {"numbers": self._compiled(ids).numpy()}

    def _batches(
        self, texts: Texts, chunks: Sequence[Positions], *, counts: Mapping[str, npt.NDArray[Any]], batch_size: int
    ) -> Iterator[Batch]:
        """The ids of the texts of these chunks, whose words are counted."""
        layer = words.words_layer(self.model)
        for positions, encoded in self.encoded(texts, chunks=chunks):
            counts["num_tokens"][positions] = encoded.num_tokens
            # Every text has at least one id, which `reduceat` needs.
            unknown = np.add.reduceat(layer.is_unknown(encoded.ids), encoded.starts[:-1], dtype=np.int64)
            counts["num_unknown"][positions] = unknown
            for places, ids in padded(encoded, batch_size=batch_size):
                yield Batch(positions[places], ids)

    @property
    def architecture(self) -> "keras.Model":
        """The part of the network from token ids to logits."""
        import keras

        return next(layer for layer in reversed(self.model.layers) if isinstance(layer, keras.Model))

    @property
    def tables(self) -> list[Any]:
        """What an export must keep besides the weights: the layer with the vocabulary."""
        return [words.words_layer(self.model)]

    @cached_property
    def _compiled(self) -> Any:
        """From ids [n, longest] to probabilities [n, classes] or values [n, 1], as a graph for batches of any size."""
        import tensorflow as tf

        core = self.architecture
        behind = self.model.layers[self.model.layers.index(core) + 1 :]

        def answered(ids: Any) -> Any:
            answers = core(ids, training=False)
            for layer in behind:
                answers = layer(answers)
            named = self.outputs.named(answers)
            return named["value"][:, None] if "value" in named else named["probabilities"]

        return tf.function(answered, input_signature=[tf.TensorSpec([None, None], tf.int32)])

    def encoded(
        self, texts: Texts, *, chunks: Sequence[Positions] | None = None
    ) -> Iterator[tuple[Positions, words.Encoded]]:
        """Positions of texts and what was read there, the shortest first; the next ones are read in the meantime.

        Of all texts, or of some chunks of them.
        """
        waiting: deque[tuple[Positions, Future[words.Encoded]]] = deque()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading-texts") as thread:
            for positions in _chunks(texts) if chunks is None else chunks:
                waiting.append((positions, thread.submit(words.encode, self.model, texts.take(positions))))
                if len(waiting) > 1:
                    before, encoded = waiting.popleft()
                    yield before, encoded.result()
            for before, encoded in waiting:
                yield before, encoded.result()


def _count(text: Any) -> Any:
    import tensorflow as tf

    return tf.shape(text)[0]


def _never_empty(text: Any) -> Any:
    """Fused recurrent and attention kernels fail on a batch of 0: they are asked about an empty text, whose answer is
    dropped."""
    import tensorflow as tf

    return tf.concat([text, tf.fill([tf.cast(_count(text) == 0, tf.int32)], "")], axis=0)


def _chunks(texts: Texts) -> Iterator[Positions]:
    """Positions of texts of similar length, the shortest first, some at a time."""
    lengths = np.zeros(len(texts), dtype=np.int64)
    for strings in (texts.strings, texts.seconds):
        if strings:
            lengths += [len(text) for text in strings]
    order = np.argsort(lengths, kind="stable").astype(np.int64)
    size = min(CHARACTERS_PER_CHUNK, max(FEWEST_CHARACTERS, int(lengths.sum()) // NUM_CHUNKS))
    chunk_of = np.cumsum(lengths[order]) // size
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
