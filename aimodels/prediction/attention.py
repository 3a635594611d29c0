"""Which words a network that pools by attention weighs most: its own weights, one per word or piece, which add up to
1."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Texts
from aimodels.encoders.encoder import PieceRules
from aimodels.errors import UsageError
from aimodels.prediction.text_answering import TextAnswering, padded
from aimodels.preprocessing import words
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.layers.attention_pooling import AttentionPooling

BATCH = 256


@dataclass(frozen=True)
class Attention:
    """The words of one text as the network reads them, and the weight of each; float32, in the order of the text.

    Of an encoder `pieces` are what it weighs, with the weight of each: a word weighs what its pieces weigh together,
    and [CLS] and [SEP], which are no words, have the rest of 1.
    """

    words: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    pieces: tuple[tuple[str, float], ...] = ()

    def highest(self, count: int) -> list[tuple[str, float]]:
        """The words with the highest weights, the highest first; one that the text has several times with its place
        among all words, from 1 on."""
        times = Counter(self.words)
        order = np.argsort(-self.weights, kind="stable")[:count].tolist()
        names = [f"{word} ({place})" if times[word] > 1 else word for place, word in enumerate(self.words, start=1)]
        return [(names[position], float(self.weights[position])) for position in order]


def of_pieces(pieces: Sequence[str], weights: npt.NDArray[np.float32], *, rules: PieceRules) -> Attention:
    """The weights of the words that some pieces make up. One whose beginning is not read keeps the mark of that.

    >>> found = of_pieces(["[CLS]", "un", "##seen", "[SEP]"], np.float32([0.125, 0.25, 0.5, 0.125]), rules=PieceRules())
    >>> found.words, found.weights.tolist()
    (('unseen',), [0.75])
    """
    words: list[str] = []
    weighed: list[float] = []
    is_open = False
    for piece, weight in zip(pieces, weights.tolist(), strict=True):
        if piece in (rules.start, rules.end):
            is_open = False
        elif is_open and piece.startswith(rules.prefix):
            words[-1] += piece.removeprefix(rules.prefix)
            weighed[-1] += weight
        else:
            words.append(piece)
            weighed.append(weight)
            is_open = True
    return Attention(tuple(words), np.array(weighed, np.float32), tuple(zip(pieces, weights.tolist(), strict=True)))


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
                found[position] = _attention(answering, read, weights[: len(read)])
    return [found[position] for position in range(len(texts))]


def _attention(answering: TextAnswering, ids: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]) -> Attention:
    from aimodels.layers.wordpieces import Wordpieces

    layer, read = words.words_layer(answering.model), tuple(words.readable(answering.model, ids))
    return of_pieces(read, weights, rules=layer.rules) if isinstance(layer, Wordpieces) else Attention(read, weights)


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
