"""The optimizers of Keras with what fine-tuning needs: a rate, a decay and a beginning of its own for each variable.

A variable with fewer than two dimensions (a bias, the scale and shift of a normalisation) does not decay. Adam's step
is a single operation of TensorFlow: the formulas of Keras pass over the numbers of a variable a dozen times.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops


class ByVariable:
    """Before an optimizer of Keras: `shares` of the rate and the steps at which training `starts`, one per variable.

    Both are in the order of the variables that the optimizer is built for; empty: 1 and 0 for all. What counts steps
    from the first, as Adam does to correct its means, counts those of a variable from where that one starts.
    """

    _began = 0

    def __init__(self, *, shares: Sequence[float] = (), starts: Sequence[int] = (), **options: Any) -> None:
        super().__init__(**options)
        self.shares, self.starts = tuple(shares), tuple(starts)

    @property
    def iterations(self) -> Any:
        """Steps done; during the step of a variable those since it started."""
        done = self._iterations  # type: ignore[attr-defined]  # of Keras's optimizer
        # Where the gradients of half precision overflow, Keras leaves steps out: fewer are done than epochs have.
        return ops.maximum(done - self._began, 0) if self._began else done

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Decay, then the optimizer's own step, both at the variable's share of the rate."""
        index = self._get_variable_index(variable)  # type: ignore[attr-defined]
        if self.shares:
            learning_rate = learning_rate * self.shares[index]
        if self.weight_decay and len(variable.shape) > 1:  # type: ignore[attr-defined]
            decay = ops.cast(learning_rate * self.weight_decay, variable.dtype)  # type: ignore[attr-defined]
            self.assign_sub(variable, variable * decay)  # type: ignore[attr-defined]
        self._began = self.starts[index] if self.starts else 0
        super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
        self._began = 0

    @property
    def averages(self) -> list[tuple[Any, Any]]:
        """Each variable with its moving average; empty without one."""
        own: Any = self
        return (
            list(zip(own._trainable_variables, own._model_variables_moving_average, strict=True)) if own.use_ema else []
        )

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Nothing here: Keras would put the averages in the place of the weights after each call of `fit`."""

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> list[Any]:
        """As they are: a step adds the replicas' gradients up before they come here, where they are clipped first."""
        return list(grads_and_vars)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Nothing here: `update_step` decays each variable at its own rate."""

    def get_config(self) -> dict[str, Any]:
        """What the optimizer is made from."""
        return {**super().get_config(), "shares": self.shares, "starts": self.starts}  # type: ignore[misc]


class _FusedAdam(keras.optimizers.Adam):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The formulas of Keras, in one pass over the numbers."""
        index, number = self._get_variable_index(variable), variable.dtype
        if isinstance(gradient, tf.IndexedSlices):
            gradient = tf.math.unsorted_segment_sum(gradient.values, gradient.indices, variable.shape[0])
        step = tf.cast(self.iterations + 1, number)
        beta_1, beta_2 = (tf.cast(beta, number) for beta in (self.beta_1, self.beta_2))
        # Keras rounds 1 - beta, the operation rounds beta: of 0.999 the two differ in the fifth digit.
        larger_1, larger_2 = (_rounded_complement(beta, number) / (1.0 - beta) for beta in (self.beta_1, self.beta_2))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, number) * (larger_2**0.5 / larger_1),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon * larger_2**0.5, number),
            grad=tf.cast(gradient, number),
        )


def _rounded_complement(beta: float, number: tf.DType) -> float:
    """What is left to 1 of a number that is rounded to the format of the weights."""
    return 1.0 - float(np.asarray(beta, number.as_numpy_dtype))


@keras.saving.register_keras_serializable(package="aimodels")
class Adam(ByVariable, _FusedAdam):
    """`keras.optimizers.Adam`, which is AdamW with a `weight_decay`."""


@keras.saving.register_keras_serializable(package="aimodels")
class SGD(ByVariable, keras.optimizers.SGD):
    """`keras.optimizers.SGD`."""


@keras.saving.register_keras_serializable(package="aimodels")
class RMSprop(ByVariable, keras.optimizers.RMSprop):
    """`keras.optimizers.RMSprop`."""


@keras.saving.register_keras_serializable(package="aimodels")
class Adagrad(ByVariable, keras.optimizers.Adagrad):
    """`keras.optimizers.Adagrad`."""


@keras.saving.register_keras_serializable(package="aimodels")
class Lion(ByVariable, keras.optimizers.Lion):
    """`keras.optimizers.Lion`."""


@keras.saving.register_keras_serializable(package="aimodels")
class Muon(ByVariable, keras.optimizers.Muon):
    """`keras.optimizers.Muon`, with one decay for the matrices of either of its two steps."""


def shares_of(model: keras.Model, variables: Sequence[Any]) -> tuple[float, ...]:
    """The share of the rate of each variable: the product of `learning_rate_share` of the layers that it lies in."""
    shares: dict[int, float] = {}
    for layer in model._flatten_layers(include_self=False):
        share = getattr(layer, "learning_rate_share", 1.0)
        for variable in layer.variables if share != 1.0 else ():
            shares[id(variable)] = shares.get(id(variable), 1.0) * share
    return tuple(shares.get(id(variable), 1.0) for variable in variables) if shares else ()
