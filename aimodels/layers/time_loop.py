"""The loop over the steps of a recurrent layer on a CPU, with its gradient by hand (back-propagation through time).

A small layer spends most of its time in TensorFlow's bookkeeping: a step of the stock layer is some twenty tiny
operations, each keeps what its gradient may want, and a mask adds five more. What is different here:

- A step is one product: gates = kernel . [state; input; 1; padding], so the bias needs no operation of its own.
- Nor does the mask: at padding, a large number in the last column of the kernel opens or shuts the gates for good, so
  that the state becomes nothing (LSTM) or stays as it is (GRU), and no gradient passes.
- Features come before texts, [units, N], so that gates are cut out of their product without copying.
- Operations run strictly one after the other. TensorFlow hands what is ready early to another thread, which for
  microseconds of work costs more than it gains; the two halves of a batch are what runs side by side.
- From step to step only the derivatives of the gates are computed, and one product gives those of state and input.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

# Opens or shuts a gate for certain: in float32 the sigmoid of it is exactly 1, and of its negative exactly 0.
FOR_CERTAIN = 1e4
# A turn of a TensorFlow loop costs as much as several operations; more steps per turn take longer to trace.
STEPS_PER_TURN = 4


class InTurn:
    """Runs operations one after the other, in the order of the code, where TensorFlow would only follow the data."""

    def __init__(self) -> None:
        self._last: list[Any] = []

    def __call__(self, operation: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """What the operation gives, once all those before have run."""
        with tf.control_dependencies(self._last):
            outputs = operation(*inputs, **options)
        last = outputs[-1] if isinstance(outputs, list) else outputs
        self._last = [last.flow if isinstance(last, tf.TensorArray) else last]
        return outputs


@dataclass(frozen=True)
class After:
    """What a step leaves: the new state, the new memory, and what its gradient will need."""

    state: Any
    memory: tuple[Any, ...]
    kept: tuple[Any, ...]


@dataclass(frozen=True)
class Derivatives:
    """By the gates of a step, by the memory before it, and by the state before it where that was used besides."""

    gates: Any
    memory: tuple[Any, ...]
    state: Any = None


@dataclass(frozen=True)
class Cell:
    """A step of one kind of recurrent layer, on tensors [rows, N].

    `kernel` is [gates, units + features + 2]. `forward(run, gates, state, memory)` gives an `After`, and
    `backward(run, kept, d_state, d_memory)` its `Derivatives`. Besides the state, `num_memories` tensors of the same
    shape are handed on from step to step; `kept` are the rows of each tensor in `After.kept`. `dropout` [units, N] is
    what the state is multiplied with on its way to the gates, or None.
    """

    units: int
    kernel: Any
    num_memories: int
    kept: tuple[int, ...]
    forward: Callable[..., After]
    backward: Callable[..., Derivatives]
    dropout: Any = None


def past_sigmoid(run: InTurn, derivative: Any, output: Any) -> Any:
    """The derivative by what went into a sigmoid, from that by what came out."""
    return run(tf.multiply, derivative, run(tf.subtract, output, run(tf.multiply, output, output)))


def past_tanh(run: InTurn, derivative: Any, output: Any) -> Any:
    """The derivative by what went into a tanh, from that by what came out."""
    product = run(tf.multiply, derivative, output)
    return run(tf.subtract, derivative, run(tf.multiply, product, output))


def can_run(layer: keras.layers.RNN) -> bool:
    """Whether this loop computes what the layer is asked for: on a GPU cuDNN is faster, and Keras does the rest."""
    cell = layer.cell
    usual = cell.activation is keras.activations.tanh and cell.recurrent_activation is keras.activations.sigmoid
    plain = layer.return_sequences and not (layer.return_state or layer.stateful or layer.unroll)
    on_cpu = layer.use_cudnn is False or not tf.config.list_logical_devices("GPU")
    supported = cell.use_bias and cell.compute_dtype == "float32"
    return bool(usual and plain and on_cpu and supported)


def states(layer: keras.layers.RNN, sequences: Any, cell: Cell, *, mask: Any, training: bool) -> Any:
    """The state of a layer after each step, [N, T, units], in the order in which it reads.

    `sequences` is [N, T, features]; `mask` [N, T] is true at words, all of which come before the padding, or None.
    Dropout takes the same features, and the same units of the state, at every step (Gal and Ghahramani, 2016).
    """
    texts, length = tf.unstack(tf.shape(sequences)[:2])
    padding = tf.zeros([texts, length]) if mask is None else 1.0 - tf.cast(mask, tf.float32)
    if training and layer.dropout:
        sequences *= _dropout(layer.dropout, [texts, 1, sequences.shape[-1]], layer=layer)
    whole = [sequences, padding]
    if training and layer.recurrent_dropout:
        whole.append(_dropout(layer.recurrent_dropout, [texts, cell.units], layer=layer))
    # Not as two slices, whose gradients would be as large as the whole.
    sizes = tf.stack([texts // 2, texts - texts // 2])
    halves = zip(*(tf.split(tensor, sizes, num=2) for tensor in whole), strict=True)
    given = [_states_of(half, cell, backwards=layer.go_backwards, training=training) for half in halves]
    return tf.ensure_shape(tf.concat(given, axis=0), [*sequences.shape[:2], cell.units])


def _dropout(rate: float, shape: list[Any], *, layer: keras.layers.RNN) -> Any:
    """0 for what is dropped, and a little more than 1 for the rest."""
    return keras.random.dropout(tf.ones(shape), rate, seed=layer.cell.seed_generator)


def _states_of(half: tuple[Any, ...], cell: Cell, *, backwards: bool, training: bool) -> Any:
    """The states of some of the texts; `half` are their sequences, where they are padding, and the dropout if any."""
    sequences, padding, *dropout = half
    # [T, rows, N] from here on.
    inputs = tf.transpose(sequences, [1, 2, 0])
    is_padding = tf.transpose(padding)[:, tf.newaxis]
    constants = tf.concat([tf.ones_like(is_padding), is_padding], axis=1)
    if backwards:
        inputs, constants = tf.reverse(inputs, [0]), tf.reverse(constants, [0])
    if dropout:
        cell = replace(cell, dropout=tf.transpose(dropout[0]))
    # Without training nothing is kept for a gradient; if it is asked for all the same, TensorFlow finds its own.
    run = _run_with_gradient if training else _run
    return tf.transpose(run(inputs, constants, cell), [2, 0, 1])


def _run(inputs: Any, constants: Any, cell: Cell) -> Any:
    """States [T, units, N] from inputs [T, features, N] and constants [T, 2, N]."""
    return _forward(inputs, constants, cell, keep=False)[0].stack()


def _run_with_gradient(inputs: Any, constants: Any, cell: Cell) -> Any:
    """The same, ready to be differentiated by the inputs and the kernel of the cell."""

    def run(inputs: Any, kernel: Any) -> Any:
        states, kept = _forward(inputs, constants, cell, keep=True)

        def gradient(d_states: Any) -> tuple[Any, Any]:
            return _backward(d_states, kept, cell, features=inputs.shape[1])

        return states.stack(), gradient

    return tf.custom_gradient(run)(inputs, cell.kernel)


def _forward(inputs: Any, constants: Any, cell: Cell, *, keep: bool) -> tuple[Any, list[Any]]:
    """The states of all steps, and what their gradients need: arrays with one tensor per step."""
    length, _, width = tf.unstack(tf.shape(inputs))
    all_inputs, all_constants = _unstacked(inputs), _unstacked(constants)
    rows = cell.kernel.shape[1], *cell.kept
    kept = [_array(row, length=length) for row in rows] if keep else []

    def step(run: InTurn, t: Any, carried: Any) -> tuple[Any, ...]:
        state, memory, states, kept = carried
        seen = state if cell.dropout is None else run(tf.multiply, state, cell.dropout)
        mixed = run(tf.concat, [seen, run(all_inputs.read, t), run(all_constants.read, t)], 0)
        after = cell.forward(run, run(tf.matmul, cell.kernel, mixed), state, memory)
        values = (mixed, *after.kept) if keep else ()
        kept = [run(array.write, t, value) for array, value in zip(kept, values, strict=True)]
        return after.state, after.memory, run(states.write, t, after.state), kept

    nothing = tf.zeros([cell.units, width])
    carried = nothing, (nothing,) * cell.num_memories, _array(cell.units, length=length), kept
    _, _, states, kept = _over_steps(step, carried, length=length, backwards=False)
    return states, kept


def _backward(d_states: Any, kept: list[Any], cell: Cell, *, features: int) -> tuple[Any, Any]:
    """The derivatives by inputs [T, features, N] and kernel, from those by the states [T, units, N]."""
    length, _, width = tf.unstack(tf.shape(d_states))
    all_d_states = _unstacked(d_states)
    transposed = tf.transpose(cell.kernel[:, : cell.units + features])

    def step(run: InTurn, t: Any, carried: Any) -> tuple[Any, ...]:
        d_state, d_memory, d_kernel, d_inputs = carried
        d_state = run(tf.add, d_state, run(all_d_states.read, t))
        mixed, *values = [run(array.read, t) for array in kept]
        by = cell.backward(run, values, d_state, d_memory)
        d_state, d_input = run(tf.split, run(tf.matmul, transposed, by.gates), [cell.units, features], 0)
        if cell.dropout is not None:
            d_state = run(tf.multiply, d_state, cell.dropout)
        if by.state is not None:
            d_state = run(tf.add, d_state, by.state)
        d_kernel = run(tf.add, d_kernel, run(tf.matmul, by.gates, mixed, transpose_b=True))
        return d_state, by.memory, d_kernel, run(d_inputs.write, t, d_input)

    nothing = tf.zeros([cell.units, width])
    d_inputs = _array(features, length=length)
    carried = nothing, (nothing,) * cell.num_memories, tf.zeros_like(cell.kernel), d_inputs
    _, _, d_kernel, d_inputs = _over_steps(step, carried, length=length, backwards=True)
    return d_inputs.stack(), d_kernel


def _over_steps(step: Callable[..., Any], carried: Any, *, length: Any, backwards: bool) -> Any:
    """Run `step` for every t, several to a turn of the loop as long as so many are left, and the rest one by one."""
    carried = (length - 1 if backwards else tf.zeros_like(length), *carried)
    for steps in (STEPS_PER_TURN, 1):
        left = _more_than(steps - 2) if backwards else _less_than(length - steps + 1)
        turn = _turn(step, steps=steps, by=-1 if backwards else 1)
        carried = tf.while_loop(left, turn, carried, parallel_iterations=1)
    return carried[1:]


def _turn(step: Callable[..., Any], *, steps: int, by: int) -> Callable[..., Any]:
    def turn(t: Any, *carried: Any) -> Any:
        run = InTurn()
        for _ in range(steps):
            carried = step(run, t, carried)
            t = run(tf.add, t, by)
        return (t, *carried)

    return turn


def _less_than(bound: Any) -> Callable[..., Any]:
    return lambda t, *_: t < bound


def _more_than(bound: Any) -> Callable[..., Any]:
    return lambda t, *_: t > bound


def _array(rows: int, *, length: Any) -> Any:
    """Room for one tensor [rows, N] per step."""
    return tf.TensorArray(tf.float32, length, element_shape=[rows, None], clear_after_read=False)


def _unstacked(tensor: Any) -> Any:
    """A tensor [T, rows, N] step by step."""
    return _array(tensor.shape[1], length=tf.shape(tensor)[0]).unstack(tensor)
