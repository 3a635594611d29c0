"""What a pretrained encoder begins with: the sum of the vectors of piece, position and segment, normalised."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.dropout import Dropout
from aimodels.layers.embedding import rows_of
from aimodels.layers.encoder_block import EPSILON
from aimodels.layers.freezing import Freezable
from aimodels.layers.layer_normalization import LayerNormalization


@keras.saving.register_keras_serializable(package="aimodels")
class EncoderEmbeddings(Freezable):
    """From ids [N, T] to vectors [N, T, size] (Devlin et al., 2019, "BERT", section 3).

    An id of at least `pieces` is of the second segment: it stands for the piece id % pieces, and id // pieces is its
    segment. Id 0 is padding, which the mask says. `segments` is 0 or 1 where the encoder does not tell segments apart.
    Vectors of `embedding` numbers are projected to `size` where that is another number (Clark et al., 2020, "ELECTRA").
    `dropout` falls on the normalised sum, unless the layer is `frozen`, or not `trainable` for now.
    """

    def __init__(  # noqa: PLR0913  # Keras reads a layer back from one argument per entry of its config
        self, *, pieces: int, positions: int, segments: int, embedding: int, size: int, epsilon: float = EPSILON,
        dropout: float = 0.0, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.pieces, self.positions, self.segments = pieces, positions, segments
        self.embedding, self.size, self.epsilon, self.dropout = embedding, size, epsilon, dropout
        self.norm = LayerNormalization(epsilon=epsilon, name="norm", dtype=self.dtype_policy)
        self.dropped = Dropout(dropout, name="dropped", dtype=self.dtype_policy)
        self.projection = None
        if embedding != size:
            self.projection = keras.layers.Dense(size, name="projection", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the three tables, and the weights behind them."""
        self.word = self._table("word", rows=self.pieces)
        self.position = self._table("position", rows=self.positions)
        self.segment = self._table("segment", rows=self.segments) if self.segments else None
        self.norm.build((None, None, self.embedding))
        if self.projection is not None:
            self.projection.build((None, None, self.embedding))
        self.settle()

    def _table(self, name: str, *, rows: int) -> Any:
        # The deviation of the paper's appendix A.2, with which BERT itself began.
        return self.add_weight(name=name, shape=(rows, self.embedding), initializer=_initializer())

    def call(self, ids: Any, training: bool = False) -> Any:
        """The vectors."""
        words = rows_of(self.word, ids % self.pieces)
        flow = words + tf.cast(self.position, words.dtype)[: tf.shape(ids)[1]]
        if self.segment is not None:
            # As a product: its gradient is one too, where that of rows would run over all words once per segment.
            places = tf.minimum(ids // self.pieces, self.segments - 1)
            segments = tf.one_hot(tf.reshape(places, [-1]), self.segments, dtype=words.dtype)
            chosen = tf.matmul(segments, tf.cast(self.segment, words.dtype))
            flow += tf.reshape(chosen, tf.shape(flow))
        flow = self.norm(tf.cast(flow, self.compute_dtype))
        flow = self.dropped(flow, training=bool(training) and self.trainable)
        return flow if self.projection is None else self.projection(flow)

    def compute_mask(self, ids: Any, mask: Any = None) -> Any:
        """True where there is no padding."""
        return keras.ops.not_equal(ids, 0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """A vector per piece."""
        return (*input_shape, self.size)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        names = ("pieces", "positions", "segments", "embedding", "size", "epsilon", "dropout", "frozen")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def num_positions(model: keras.Model) -> int:
    """How many pieces the encoder in a network can read; 0 where there is no encoder."""
    inner = [part for layer in model.layers if isinstance(layer, keras.Model) for part in layer.layers]
    return next((layer.positions for layer in (*model.layers, *inner) if isinstance(layer, EncoderEmbeddings)), 0)


def _initializer() -> Any:
    return keras.initializers.TruncatedNormal(stddev=0.02)
