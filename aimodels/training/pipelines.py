"""What every pipeline of training examples needs."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from aimodels.data.untuned import untuned
from aimodels.training.ordering import Order

# What runs in the pipeline has no Python conditions on tensors; rewriting its source takes longer than tracing it.
as_written = tf.autograph.experimental.do_not_convert


def read_ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The batches, the next ones of which are made while a step runs."""
    return untuned(batches.prefetch(tf.data.AUTOTUNE))


def in_order(order: Order, fetch: Callable[[Any], tuple[Any, ...]]) -> tf.data.Dataset:
    """The batches of an order; `fetch` gives what is in one from the positions of its examples, int64 [n]."""
    if order.size is not None:
        positions = tf.data.Dataset.from_tensor_slices(order.positions).batch(order.size)
    else:
        everyone = tf.constant(order.positions)
        limits = tf.data.Dataset.from_tensor_slices((order.starts[:-1], order.starts[1:]))
        positions = limits.map(as_written(lambda start, end: everyone[start:end]))
    return positions.map(as_written(fetch), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
