"""One vector per text: what a recurrent layer knows when it has read all of it."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.pooling_layer import PoolingLayer


@keras.saving.register_keras_serializable(package="aimodels")
class LastPooling(PoolingLayer):
    """From states [N, T, features] to the state at the last word of each text, [N, features].

    With `bidirectional` the second half of the features was read from the end to the start, so its last state is the
    one at the first word. Padding is on the right.
    """

    def __init__(self, *, bidirectional: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.bidirectional = bidirectional

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The state where reading ended."""
        if mask is None:
            last = sequence[:, -1]
        else:
            position = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
            last = tf.gather(sequence, tf.maximum(position, 0), axis=1, batch_dims=1)
        if not self.bidirectional:
            return last
        forward = sequence.shape[-1] // 2
        return tf.concat([last[:, :forward], sequence[:, 0, forward:]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "bidirectional": self.bidirectional}
