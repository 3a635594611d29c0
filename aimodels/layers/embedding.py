"""The vector of each word."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.config.embedding import Embedding as Options
from aimodels.data import word_vectors
from aimodels.events import warn

FEW = 0.5  # share of the vocabulary


@keras.saving.register_keras_serializable(package="aimodels")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding`, from ids [N, T] to vectors [N, T, size], with a gradient as large as the table.

    TensorFlow's own gradient is a list of rows. The optimizers of Keras make a table of that list several times in each
    step, so it is cheaper to make it once.
    """

    def call(self, inputs: Any) -> Any:
        """The rows of the table."""
        return tf.cast(rows_of(self.embeddings, inputs), self.compute_dtype)


def rows_of(table: Any, ids: Any) -> Any:
    """The rows [..., size] of a table [rows, size], with a gradient as large as the table."""

    def rows(table: Any) -> Any:
        def gradient(by_rows: Any) -> Any:
            flat = tf.reshape(by_rows, [-1, table.shape[1]])
            return tf.math.unsorted_segment_sum(flat, tf.reshape(ids, [-1]), table.shape[0])

        return tf.gather(table, ids), gradient

    return tf.custom_gradient(rows)(tf.convert_to_tensor(table))


def embedded(ids: Any, options: Options, *, vocabulary: Sequence[str], name: str = "embedding") -> Any:
    """From ids [N, T] to vectors [N, T, size] with the mask that padding (id 0) makes, as the options say.

    Raises:
        UserError: the file of word vectors is not there, or is not as it should be.
    """
    layer = Embedding(len(vocabulary), options.size, mask_zero=True, trainable=options.trainable, name=name)
    flow = layer(ids)
    if options.file is not None:
        _start_from(options.file, layer, vocabulary=vocabulary)
    if options.dropout:
        flow = keras.layers.SpatialDropout1D(options.dropout, name=f"{name}_dropout")(flow)
    return flow


def _start_from(file: str, layer: Embedding, *, vocabulary: Sequence[str]) -> None:
    """Put the vectors of a file into the table; the words it lacks keep their random ones."""
    found = word_vectors.read(Path(file).expanduser(), vocabulary=vocabulary, size=layer.output_dim)
    table = np.array(layer.get_weights()[0])
    table[found.rows] = found.vectors
    layer.set_weights([table])
    share = len(found.rows) / len(vocabulary)
    if share < FEW:
        warn(
            "AM325",
            f"{file} holds {len(found.rows):,} of the {len(vocabulary):,} words of the vocabulary ({share:.0%}); the "
            "others start at random",
            help="take a file with more words, or one whose words are written as `model.words` reads them",
        )
