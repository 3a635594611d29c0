"""The LSTM layer of Keras, with a faster loop on the CPU."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers import time_loop
from aimodels.layers.time_loop import FOR_CERTAIN, After, Cell, Derivatives, InTurn, past_sigmoid, past_tanh


@keras.saving.register_keras_serializable(package="aimodels")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` (Hochreiter and Schmidhuber, 1997): the same options, weights and states.

    On a CPU with the usual activations and `return_sequences` it runs in `aimodels.layers.time_loop`; there a mask must
    be true before it is false (padding on the right, which cuDNN asks for as well), states at padding are zero, and
    `recurrent_dropout` takes the same units of the state for all gates.
    """

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The states [N, T, units], or what else the options ask for."""
        if initial_state is not None or not time_loop.can_run(self):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        return time_loop.states(self, sequences, _cell(self.cell), mask=mask, training=bool(training))


def _cell(weights: keras.layers.LSTMCell) -> Cell:
    """Gates i, f, o and the candidate g, in this order; at padding i, f and o are shut."""
    units = weights.units
    parts = weights.recurrent_kernel, weights.kernel, weights.bias[tf.newaxis]
    stacked = tf.concat([tf.convert_to_tensor(part) for part in parts], axis=0)
    i, f, g, o = tf.split(stacked, 4, axis=1)
    at_padding = tf.repeat([[-FOR_CERTAIN, 0.0]], [3 * units, units], axis=1)
    kernel = tf.transpose(tf.concat([tf.concat([i, f, o, g], axis=1), at_padding], axis=0))
    kept = (3 * units, units, units, units)

    def forward(run: InTurn, gates: Any, state: Any, memory: tuple[Any, ...]) -> After:
        [before] = memory
        gates, g = run(tf.split, gates, [3 * units, units], 0)
        gates, g = run(tf.sigmoid, gates), run(tf.tanh, g)
        i, f, o = run(tf.split, gates, 3, 0)
        after = run(tf.add, run(tf.multiply, f, before), run(tf.multiply, i, g))
        squashed = run(tf.tanh, after)
        return After(run(tf.multiply, o, squashed), (after,), kept=(gates, g, before, squashed))

    def backward(run: InTurn, kept: list[Any], d_state: Any, d_memory: tuple[Any, ...]) -> Derivatives:
        gates, g, before, squashed = kept
        i, f, o = run(tf.split, gates, 3, 0)
        d_memory_now = run(tf.add, d_memory[0], past_tanh(run, run(tf.multiply, d_state, o), squashed))
        by_gates = [
            run(tf.multiply, d_memory_now, g),
            run(tf.multiply, d_memory_now, before),
            run(tf.multiply, d_state, squashed),
        ]
        d_gates = past_sigmoid(run, run(tf.concat, by_gates, 0), gates)
        d_g = past_tanh(run, run(tf.multiply, d_memory_now, i), g)
        return Derivatives(run(tf.concat, [d_gates, d_g], 0), (run(tf.multiply, d_memory_now, f),))

    return Cell(units, kernel, num_memories=1, kept=kept, forward=forward, backward=backward)
