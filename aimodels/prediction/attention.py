"""Which words a network that pools by attention weighs most: its own weights, one per word, which add up to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.errors import UsageError
from aimodels.preprocessing import words
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.layers.attention_pooling import AttentionPooling
    from aimodels.prediction.text_answering import TextAnswering


@dataclass(frozen=True)
class Attention:
    """The words of one text as the network reads them, and the weight of each; float32, in the order of the text."""

    words: tuple[str, ...]
    weights: npt.NDArray[np.float32]

    def highest(self, count: int) -> list[tuple[str, float]]:
        """The words with the highest weights, the highest first."""
        order = np.argsort(-self.weights, kind="stable")[:count]
        return [(self.words[position], float(self.weights[position])) for position in order]


def attention_of(answering: "TextAnswering", strings: Sequence[str], *, run: RunFolder) -> list[Attention]:
    """The attention of a network to the words of some texts, one text after the other.

    Raises:
        UsageError: the network does not pool by attention.
    """
    import keras
    import numpy as np

    pooling = _pooling(answering, run=run)
    sequence = keras.Model(answering.architecture.input, pooling.input)
    vocabulary = np.array(words.vocabulary(answering.model), dtype=object)
    encoded = words.encode(answering.model, strings)
    found = []
    for start, end in zip(encoded.starts, encoded.starts[1:], strict=False):
        ids = encoded.ids[start:end]
        weights = pooling.weights_of(sequence(ids[np.newaxis], training=False))
        found.append(Attention(tuple(vocabulary[ids]), np.asarray(weights)[0]))
    return found


def _pooling(answering: "TextAnswering", *, run: RunFolder) -> "AttentionPooling":
    from aimodels.layers.attention_pooling import AttentionPooling

    for layer in answering.architecture.layers:
        if isinstance(layer, AttentionPooling):
            return layer
    raise UsageError(
        f"the network of {run.name} does not pool by attention, so its words have no weights",
        code="AM161",
        help="train one with model.pooling=attention to see which words it looks at",
    )
