"""tf.data without its own tuning."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def untuned(dataset: "tf.data.Dataset") -> "tf.data.Dataset":
    """The dataset, which does not tune itself.

    Where an iterator is dropped, as after every epoch, TensorFlow 2.21 waits for the tuner, which does not notice and
    sleeps on: as long as the iterator has lived, up to a minute. Python stands still in that time.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
