"""Which words a network that pools by attention weighs most: its own weights, one per word, which add up to 1."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Texts
from aimodels.errors import UsageError
from aimodels.prediction.text_answering import TextAnswering, padded
from aimodels.preprocessing import words
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.layers.attention_pooling import AttentionPooling

BATCH = 256


@dataclass(frozen=True)
class Attention:
    """The words of one text as the network reads them, and the weight of each; float32, in the order of the text."""

    words: tuple[str, ...]
    weights: npt.NDArray[np.float32]

    def highest(self, count: int) -> list[tuple[str, float]]:
        """The words with the highest weights, the highest first."""
        order = np.argsort(-self.weights, kind="stable")[:count]
        return [(self.words[position], float(self.weights[position])) for position in order]


def attention_of(answering: TextAnswering, texts: Texts, *, run: RunFolder) -> list[Attention]:
    """The attention of a network to the words of some texts, one entry per text.

    Raises:
        UsageError: the network does not pool by attention.
    """
    weigh = _weighing(answering, run=run)
    found: dict[int, Attention] = {}
    for positions, encoded in answering.encoded(texts):
        for rows, ids in padded(encoded, batch_size=BATCH):
            for position, weights, row in zip(positions[rows].tolist(), weigh(ids).numpy(), rows, strict=True):
                read = encoded.ids[encoded.starts[row] : encoded.starts[row + 1]]
                found[position] = Attention(tuple(words.readable(answering.model, read)), weights[: len(read)])
    return [found[position] for position in range(len(texts))]


def _weighing(answering: TextAnswering, *, run: RunFolder) -> Any:
    """From ids [n, longest] to the weight of each, float32 of the same shape; 0 at padding."""
    import keras
    import tensorflow as tf

    pooling = _pooling(answering, run=run)
    # The states of the words, and with them the mask that the layer was given.
    pooled = keras.Model(answering.architecture.input, keras.tree.flatten(pooling.input))

    def weigh(ids: Any) -> Any:
        return pooling.weights_of(*pooled(ids, training=False))

    return tf.function(weigh, input_signature=[tf.TensorSpec([None, None], tf.int32)])


def _pooling(answering: TextAnswering, *, run: RunFolder) -> "AttentionPooling":
    from aimodels.layers.attention_pooling import AttentionPooling

    for layer in answering.architecture.layers:
        if isinstance(layer, AttentionPooling):
            return layer
    raise UsageError(
        f"the network of {run.name} does not pool by attention, so its words have no weights",
        code="AM161",
        help="train one with model.pooling=attention to see which words it looks at",
    )
