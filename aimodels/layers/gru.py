"""The GRU layer of Keras, with a faster loop on the CPU."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers import time_loop
from aimodels.layers.time_loop import FOR_CERTAIN, After, Cell, Derivatives, InTurn, past_sigmoid, past_tanh


@keras.saving.register_keras_serializable(package="aimodels")
class GRU(keras.layers.GRU):
    """`keras.layers.GRU` (Cho et al., 2014): the same options, weights and states.

    On a CPU with the usual activations, `reset_after` and `return_sequences` it runs in `aimodels.layers.time_loop`;
    there a mask must be true before it is false (padding on the right, which cuDNN asks for as well), and
    `recurrent_dropout` takes the same units of the state for all gates.
    """

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The states [N, T, units], or what else the options ask for."""
        if initial_state is not None or not (self.reset_after and time_loop.can_run(self)):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        return time_loop.states(self, sequences, _cell(self.cell), mask=mask, training=bool(training))


def _cell(weights: keras.layers.GRUCell) -> Cell:
    """Gates z (keeps the state) and r (resets it), then the two parts of the candidate, by input and by state.

    The parts stay apart because r weighs only the second. At padding z is open, so that the state stays.
    """
    units = weights.units

    def forward(run: InTurn, gates: Any, state: Any, memory: tuple[Any, ...]) -> After:
        gates, by_input, by_state = run(tf.split, gates, [2 * units, units, units], 0)
        gates = run(tf.sigmoid, gates)
        z, r = run(tf.split, gates, 2, 0)
        candidate = run(tf.tanh, run(tf.add, by_input, run(tf.multiply, r, by_state)))
        change = run(tf.subtract, state, candidate)
        after = run(tf.add, candidate, run(tf.multiply, z, change))
        return After(after, memory, kept=(gates, by_state, candidate, change))

    def backward(run: InTurn, kept: list[Any], d_state: Any, d_memory: tuple[Any, ...]) -> Derivatives:
        gates, by_state, candidate, change = kept
        z, r = run(tf.split, gates, 2, 0)
        before = run(tf.multiply, d_state, z)
        d_candidate = past_tanh(run, run(tf.subtract, d_state, before), candidate)
        by_gates = [run(tf.multiply, d_state, change), run(tf.multiply, d_candidate, by_state)]
        d_gates = past_sigmoid(run, run(tf.concat, by_gates, 0), gates)
        parts = [d_gates, d_candidate, run(tf.multiply, d_candidate, r)]
        return Derivatives(run(tf.concat, parts, 0), d_memory, state=before)

    kept = (2 * units, units, units, units)
    return Cell(units, _kernel(weights), num_memories=0, kept=kept, forward=forward, backward=backward)


def _kernel(weights: keras.layers.GRUCell) -> Any:
    """[gates, units + features + 2], from the weights of Keras; zero where a candidate's part does not look."""
    units = weights.units
    recurrent, kernel = tf.convert_to_tensor(weights.recurrent_kernel), tf.convert_to_tensor(weights.kernel)
    by_input, by_state = tf.unstack(tf.convert_to_tensor(weights.bias)[:, tf.newaxis])
    parts = [
        [recurrent[:, : 2 * units], tf.zeros([units, units]), recurrent[:, 2 * units :]],
        [kernel, tf.zeros([kernel.shape[0], units])],
        [by_input[:, : 2 * units] + by_state[:, : 2 * units], by_input[:, 2 * units :], by_state[:, 2 * units :]],
        [tf.fill([1, units], FOR_CERTAIN), tf.zeros([1, 3 * units])],
    ]
    return tf.transpose(tf.concat([tf.concat(row, axis=1) for row in parts], axis=0))
