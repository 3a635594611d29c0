"""What every pipeline of training examples needs."""

import tensorflow as tf

# What runs in the pipeline has no Python conditions on tensors; rewriting its source takes longer than tracing it.
as_written = tf.autograph.experimental.do_not_convert
