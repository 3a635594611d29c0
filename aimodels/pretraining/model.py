"""An encoder with the heads of pre-training: what it guesses, what is minimised, what is measured."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.encoders.encoder import EncoderShape
from aimodels.layers.bert_encoder import EncoderLayers, encoder_layers, load_weights, weights_of
from aimodels.layers.masked_pieces import MaskedPieces

Weights = dict[str, npt.NDArray[np.float32]]
NOTHING = -1  # in place of a guess where a window has fewer than others of its batch


class Perplexity(keras.metrics.Mean):
    """exp of the mean loss per guess: among how many pieces the model is torn, as if they were equally likely."""

    def result(self) -> Any:
        """The perplexity of everything since the last reset; of a loss beyond 80 what it is of 80."""
        # float32 ends at exp(88), and a perplexity is no reason to take a finite loss for none.
        return tf.exp(tf.minimum(super().result(), 80.0))


class PretrainedModel(keras.Model):
    """Guesses hidden pieces; with `next_sentence` also whether the second half of a window follows the first.

    It takes {`ids`: int32 [N, T] padded with 0, `places`: int32 [N, P] padded with -1} and wants {`answers`: int32
    [N, P] padded with -1, `is_next`: float32 [N]}. The loss is the mean over all guesses of a batch.
    """

    def __init__(self, shape: EncoderShape, *, next_sentence: bool, dropout: float | None = None) -> None:
        super().__init__(name="pretraining")
        layers = encoder_layers(shape, dropout=dropout)
        self.embeddings, self.blocks = layers.embeddings, list(layers.blocks)
        self.shape_of_encoder = shape
        self.guesses = MaskedPieces(
            pieces=shape.pieces,
            embedding=shape.embedding,
            activation=shape.activation,
            epsilon=shape.epsilon,
            name="mlm",
        )
        self.pooler = self.follows = None
        if next_sentence:
            self.pooler = keras.layers.Dense(shape.size, "tanh", name="pooler")
            self.follows = keras.layers.Dense(2, name="nsp", dtype="float32")
        self._measured = {
            "loss": keras.metrics.Mean(name="loss"),
            "accuracy": keras.metrics.Mean(name="accuracy"),
            "perplexity": Perplexity(name="perplexity"),
        }
        if next_sentence:
            self._measured["next_accuracy"] = keras.metrics.Mean(name="next_accuracy")
        # The variables are there before an optimizer is made for them.
        self({"ids": tf.ones((1, 2), tf.int32), "places": tf.zeros((1, 1), tf.int32)})

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Logits of the guesses of all windows, one below the other [guesses, V]; and whether halves follow, [N, 2]."""
        flow = self.embeddings(inputs["ids"], training=training)
        for block in self.blocks:
            flow = block(flow, training=training)
        places = inputs["places"]
        # Padding is left out before the product with the whole vocabulary, by far the most expensive step of a head.
        at = tf.stack([tf.where(places >= 0)[:, 0], tf.cast(places[places >= 0], tf.int64)], axis=1)
        found = {"pieces": self.guesses(tf.gather_nd(flow, at), self.embeddings.word)}
        if self.pooler is not None and self.follows is not None:
            found["follows"] = self.follows(self.pooler(flow[:, 0]))
        return found

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean loss of the guesses, and of the halves beside it; also takes them into what is measured."""
        answers = y["answers"][y["answers"] >= 0]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=answers, logits=y_pred["pieces"])
        count = tf.cast(tf.size(losses), tf.float32)
        summed, of_halves = tf.reduce_sum(losses), tf.constant(0.0)
        is_right = tf.argmax(y_pred["pieces"], axis=-1, output_type=tf.int32) == answers
        self._measured["accuracy"].update_state(tf.cast(is_right, tf.float32))
        self._measured["perplexity"].update_state(losses)
        if "follows" in y_pred:
            # As in BERT's own files, 0 is a half that follows.
            wanted = tf.cast(1 - y["is_next"], tf.int32)
            of_halves = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=y_pred["follows"])
            )
            said = tf.argmax(y_pred["follows"], axis=-1, output_type=tf.int32)
            self._measured["next_accuracy"].update_state(tf.cast(said == wanted, tf.float32))
        # Per guess, as perplexity is: of guesses alone exp(loss) is the perplexity.
        self._measured["loss"].update_state(tf.math.divide_no_nan(summed, count) + of_halves, sample_weight=count)
        num_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if num_replicas > 1:  # their gradients are added up, and none has as many guesses as another
            count = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, count)
        return tf.math.divide_no_nan(summed, count) + of_halves / num_replicas

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What is reported, and reset before each epoch."""
        return list(self._measured.values())

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The values so far; `compute_loss` has taken the batch in."""
        return {name: metric.result() for name, metric in self._measured.items()}

    @property
    def encoder(self) -> EncoderLayers:
        """The layers of the encoder itself."""
        return EncoderLayers(self.shape_of_encoder, self.embeddings, tuple(self.blocks))

    def load(self, weights: Mapping[str, Any]) -> tuple[str, ...]:
        """Put an encoder's weights in, with those of its heads that there are; gives the heads that begin at random."""
        load_weights(self.encoder, weights)
        fresh = []
        for head, places in self._heads().items():
            there = all(name in weights and weights[name].shape == weight.shape for name, weight in places.items())
            for name, weight in places.items() if there else ():
                weight.assign(weights[name])
            if not there:
                fresh.append(head)
        return tuple(fresh)

    def weights_by_name(self) -> Weights:
        """The encoder's weights and those of the heads."""
        heads = {name: weight for places in self._heads().values() for name, weight in places.items()}
        return weights_of(self.encoder) | {
            name: keras.ops.convert_to_numpy(weight) for name, weight in heads.items()
        }  # fmt: skip

    def _heads(self) -> dict[str, dict[str, Any]]:
        guesses = self.guesses
        places = {
            "mlm": {
                "mlm/dense/kernel": guesses.dense.kernel,
                "mlm/dense/bias": guesses.dense.bias,
                "mlm/norm/gamma": guesses.norm.gamma,
                "mlm/norm/beta": guesses.norm.beta,
                "mlm/bias": guesses.bias,
            }
        }
        for name, layer in (("pooler", self.pooler), ("nsp", self.follows)):
            if layer is not None:
                places[name] = {f"{name}/kernel": layer.kernel, f"{name}/bias": layer.bias}
        return places
