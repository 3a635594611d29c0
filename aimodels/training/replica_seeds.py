"""Random numbers of its own for each replica: dropout switches off other numbers in each share of a batch."""

from typing import Any

import keras
import tensorflow as tf

# 2 ** 32 divided by the golden ratio, and odd: seeds of neighbouring replicas lie far apart, and no two are alike.
BETWEEN_REPLICAS = 0x9E3779B9
# Keras takes seeds of so many, which keeps those of the first replica as they are.
NUM_SEEDS = 2**31


def differ_between_replicas(model: keras.Model) -> None:
    """Let every generator of seeds in a model count the replica in.

    The state of a generator is the same on all replicas, which have done the same steps; Keras 3.15 draws the same
    numbers from it on all of them. The first replica draws what one device does.
    """
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            if not isinstance(generator.next, _NextOfReplica):
                generator.next = _NextOfReplica(generator.next)


class _NextOfReplica:
    """In place of a generator's `next`."""

    def __init__(self, next_of_all: Any) -> None:
        self._next_of_all = next_of_all

    def __call__(self, ordered: bool = True) -> Any:
        """A seed, [2], for this replica."""
        seed = tf.convert_to_tensor(self._next_of_all(ordered=ordered))
        context = tf.distribute.get_replica_context()
        if context is None:
            return seed
        number = tf.cast(context.replica_id_in_sync_group, tf.int64) * BETWEEN_REPLICAS
        first = tf.math.floormod(tf.cast(seed[0], tf.int64) + number, NUM_SEEDS)
        return tf.stack([tf.cast(first, seed.dtype), seed[1]])
