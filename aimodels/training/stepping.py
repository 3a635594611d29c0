"""One step of training or of measuring: the same sums on one device, on several, and on several machines.

Keras 3.15 weighs the replicas alike, whatever each of them was given, clips what each one found before it adds it up,
and neither bundles steps under several replicas nor trains under several workers at all (keras-team/keras#20585). So
the steps are our own; what is around them, `fit` and the callbacks, is Keras's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from aimodels.training.replica_seeds import differ_between_replicas
from aimodels.training.several_steps import SeveralSteps, has_workers, num_replicas_of
from aimodels.training.sharing import HandedOut, Share

if TYPE_CHECKING:
    from keras import Model as _Model
else:
    # Of a model that is made of its inputs and outputs Keras changes the bases, for every class that has them too.
    _Model = object


# What all workers do after the same step: leave the loop for a reason, or keep their state by the clock.
WISHES = ("sigint", "sigterm", "time_is_over", "is_broken", "keep")


class Stepping(_Model):
    """Before `keras.Model`: batches or `Share`s of them in, sums over all replicas out.

    The loss of a batch is the mean over its examples, wherever they are. With `accumulate` each replica goes through
    its part of a batch in so many pieces and adds their gradients up, which needs less memory and changes no number but
    by rounding (and what batch normalisation sees at once).
    """

    accumulate = 1
    # In the order of `WISHES`: what this process wishes, and what any worker does (see `agreed`).
    wishes: tuple[bool, ...] = (False,) * len(WISHES)
    wishes_of_all: tuple[bool, ...] = (False,) * len(WISHES)

    def agreed(self, **wishes: bool) -> tuple[bool, ...]:
        """What is to be done after this step, of these `WISHES`, which are those of this process.

        One worker alone must do nothing: the others would wait for it in the next step. So what one wishes is told
        together with the next steps, and all of them learn of it after the same step.
        """
        if not has_workers(self.distribute_strategy):
            return tuple(wishes.values())
        self.wishes = tuple(wishes.get(name, before) for name, before in zip(WISHES, self.wishes, strict=True))
        return tuple(self.wishes_of_all[WISHES.index(name)] for name in wishes)

    def forget_wish(self, name: str) -> None:
        """It is done: what any worker wished of it before the next step is about what was."""
        self.agreed(**{name: False})
        self.wishes_of_all = tuple(wish and each != name for each, wish in zip(WISHES, self.wishes_of_all, strict=True))

    def fit(self, x: Any, *, validation_data: Any = None, **options: Any) -> Any:
        """As `keras.Model.fit`, of a dataset of batches, or of the shares of one epoch."""
        if num_replicas_of(self.distribute_strategy) > 1:
            differ_between_replicas(self)
        if _takes_shares(x):
            self.make_measures(x)
            x, options["steps_per_epoch"] = self._shared(x, "train_step")
            if validation_data is not None:
                validation_data, options["validation_steps"] = self._shared(validation_data, "test_step")
        return super().fit(x, validation_data=validation_data, **options)

    def evaluate(self, x: Any = None, **options: Any) -> Any:
        """As `keras.Model.evaluate`, with the weights averaged where there is an average."""
        if _takes_shares(x):
            self.make_measures(x)
            x, options["steps"] = self._shared(x, "test_step")
        with self.averaged():
            return super().evaluate(x, **options)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The moving average of the weights in their place while the block runs, where the optimizer has one."""
        optimizer: Any = getattr(self, "optimizer", None)
        averages = getattr(getattr(optimizer, "inner_optimizer", optimizer), "averages", None)
        # Before the first step there is nothing to take the average of.
        if not averages or not int(_numbers(optimizer.iterations)):
            yield
            return
        trained = [_numbers(variable) for variable, _ in averages]
        for variable, average in averages:
            variable.assign(_numbers(average))
        try:
            yield
        finally:
            for (variable, _), values in zip(averages, trained, strict=True):
                variable.assign(values)

    def train_step(self, data: Any) -> Any:
        """Move the weights by one batch."""
        share = data if isinstance(data, Share) else _whole(data)
        gradients = self._gradients(share)
        if _num_replicas() > 1:
            gradients = self._summed(gradients)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._told()

    def test_step(self, data: Any) -> Any:
        """Take one batch into what is measured."""
        share = data if isinstance(data, Share) else _whole(data)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(share.batch)
        self.take_in(x, y, self(x, training=False), weights=weights, num_counted=share.num_counted)
        return self._told()

    def loss_of(self, batch: tuple[Any, ...]) -> Any:
        """The loss of a whole batch, of the network as it is."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        return self.compile_loss_of(x, y, self(x, training=False), weights=weights) + self._penalty()

    def objective(self, x: Any, y: Any, answers: Any, *, weights: Any, of: Any) -> Any:
        """What these examples add to the loss of the whole batch; `of` is what `totals` gave."""
        mean = self.compile_loss_of(x, y, answers, weights=weights)
        return mean * (tf.cast(_size(x), mean.dtype) / tf.cast(of, mean.dtype))

    def totals(self, share: Share) -> Any:
        """What the sums over a batch are divided by, the same on every replica."""
        return share.num_in_batch

    def take_in(self, x: Any, y: Any, answers: Any, *, weights: Any, num_counted: Any) -> None:
        """Measure the first `num_counted` of these examples."""
        mean = self.compile_loss_of(x, y, answers, weights=weights) + self._penalty()
        self._loss_tracker.update_state(mean, sample_weight=tf.cast(num_counted, tf.float32))
        y, answers, weights = _rows((y, answers, weights), slice(num_counted))
        self.compute_metrics(x, y, answers, sample_weight=weights)

    def compile_loss_of(self, x: Any, y: Any, answers: Any, *, weights: Any) -> Any:
        """The mean of the loss over these examples."""
        # Keras divides it by the number of replicas.
        return self._compile_loss(y, answers, weights) * _num_replicas()

    def _summed(self, gradients: list[Any]) -> list[Any]:
        """The sums over all replicas; what batch normalisation keeps for later becomes the mean over them.

        Each replica has seen its own share, and Keras would leave it at that: the network would be another one on each.
        """
        kept = self._kept_for_later()
        shares = [tf.convert_to_tensor(variable) / _num_replicas() for variable in kept]
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, [*gradients, *shares])
        for variable, mean in zip(kept, summed[len(gradients) :], strict=True):
            variable.assign(mean)
        return list(summed[: len(gradients)])

    def _kept_for_later(self) -> list[Any]:
        """The variables of batch normalisation that steps move besides the weights."""
        return [
            variable
            for layer in self._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
            for variable in (layer.moving_mean, layer.moving_variance)
        ]

    def summed_in_step(self, batch: tuple[Any, ...]) -> list[Any]:
        """What the replicas would add up in a step, of a replica whose share is this batch; nothing is moved by it."""
        return [*self._gradients(_whole(batch)), *(tf.convert_to_tensor(each) for each in self._kept_for_later())]

    def _gradients(self, share: Share) -> list[Any]:
        """What this replica adds to the gradients of the batch."""
        totals, num_counted = self.totals(share), tf.cast(share.num_counted, tf.int32)
        x, y, weights = batch = keras.utils.unpack_x_y_sample_weight(share.batch)
        if self.accumulate == 1:
            return self._of_piece(batch, num_counted=num_counted, totals=totals)
        size = _size(x)
        per_piece = -(-size // self.accumulate)
        summed: list[Any] = []
        for number in range(self.accumulate):
            # One piece after the other: what the last one needed is free before the next begins.
            with tf.control_dependencies(summed):
                begin = tf.minimum(number * per_piece, size - 1)
                counted = tf.clip_by_value(num_counted - number * per_piece, 0, per_piece)
                piece = _rows(batch, slice(begin, begin + tf.maximum(counted, 1)))
                found = [
                    tf.convert_to_tensor(each) for each in self._of_piece(piece, num_counted=counted, totals=totals)
                ]
            summed = [one + other for one, other in zip(summed, found, strict=True)] if summed else found
        return summed

    def _of_piece(self, batch: tuple[Any, Any, Any], *, num_counted: Any, totals: Any) -> list[Any]:
        x, y, weights = batch
        with tf.GradientTape() as tape:
            answers = self(x, training=True)
            loss = self.objective(x, y, answers, weights=weights, of=totals)
            # One example stands in where there is none; it counts for nothing.
            loss *= tf.cast(num_counted > 0, loss.dtype)
            loss += self._penalty() / (_num_replicas() * self.accumulate)
            loss = self.optimizer.scale_loss(loss)
        self.take_in(x, y, answers, weights=weights, num_counted=num_counted)
        return list(tape.gradient(loss, self.trainable_weights))

    def _penalty(self) -> Any:
        """What the weights themselves cost."""
        return tf.add_n([tf.cast(each, tf.float32) for each in self.losses]) if self.losses else 0.0

    def _told(self) -> dict[str, Any]:
        """What was measured so far."""
        return dict(self.get_metrics_result())

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Nothing: under several replicas Keras takes the mean of their first batches, whose shapes may differ."""
        if num_replicas_of(self.distribute_strategy) == 1:
            super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)

    def make_measures(self, batches: tf.data.Dataset) -> None:
        """Make the variables of what is measured, in the strategy's scope; Keras alone makes them in the first step."""
        spec = batches.element_spec
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=spec.batch if isinstance(spec, Share) else spec)

    def _shared(self, shares: tf.data.Dataset, step: str) -> tuple[Any, int]:
        """The shares as the strategy wants them, and the steps that they are for."""
        strategy = self.distribute_strategy
        # A replica takes one share in each step.
        number = int(shares.cardinality()) // len(strategy.extended.worker_devices)
        self._num_steps = {**getattr(self, "_num_steps", {}), step: number}
        return HandedOut(shares), number

    def _make_function(self, step_function: Callable[[Any], Any]) -> Any:
        """`steps_per_execution` steps per call from Python, of several replicas too."""
        if num_replicas_of(self.distribute_strategy) == 1:
            return super()._make_function(step_function)
        return SeveralSteps(self, step_function)


class Trained(Stepping, keras.Model):
    """A functional model that takes our steps."""


def _whole(data: Any) -> Share:
    """A batch that nobody shares."""
    size = _size(data)
    return Share(data, size, size)


def _rows(batch: Any, chosen: slice) -> Any:
    return keras.tree.map_structure(lambda rows: None if rows is None else tf.identity(rows[chosen]), batch)


def _numbers(variable: Any) -> Any:
    return keras.ops.convert_to_numpy(variable)


def _size(batch: Any) -> Any:
    return tf.shape(keras.tree.flatten(batch)[0])[0]


def _takes_shares(dataset: Any) -> bool:
    """Whether these are shares that nobody has handed out yet."""
    if isinstance(dataset, HandedOut) or not isinstance(dataset, tf.data.Dataset):
        return False
    return isinstance(dataset.element_spec, Share)


def _num_replicas() -> int:
    return num_replicas_of(tf.distribute.get_strategy())
