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
from aimodels.training.sharing import Share
from aimodels.training.stepping import Stepping

Weights = dict[str, npt.NDArray[np.float32]]
NOTHING = -1  # in place of a guess where a window has fewer than others of its batch


class Perplexity(keras.metrics.Mean):
    """exp of the mean loss per guess: among how many pieces the model is torn, as if they were equally likely."""

    def result(self) -> Any:
        """The perplexity of everything since the last reset; of a loss beyond 80 what it is of 80."""
        # float32 ends at exp(88), and a perplexity is no reason to take a finite loss for none.
        return tf.exp(tf.minimum(super().result(), 80.0))


class PretrainedModel(Stepping, keras.Model):
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

    def totals(self, share: Share) -> Any:
        """The guesses and the windows of the whole batch: no replica has as many guesses as another."""
        guesses = tf.cast(tf.math.count_nonzero(_answers(share) >= 0), tf.float32)
        guesses *= tf.cast(share.num_counted > 0, tf.float32)
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            guesses = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, guesses)
        return guesses, tf.cast(share.num_in_batch, tf.float32)

    def objective(self, x: Any, y: Any, answers: Any, *, weights: Any, of: Any) -> Any:
        """What these windows add to the mean loss of the guesses, and to that of the halves beside it."""
        guesses, windows = of
        found = tf.math.divide_no_nan(tf.reduce_sum(_of_pieces(y, answers)), guesses)
        return found + tf.reduce_sum(_of_halves(y, answers)) / windows if "follows" in answers else found

    def take_in(self, x: Any, y: Any, answers: Any, *, weights: Any, num_counted: Any) -> None:
        """Measure the first `num_counted` of these windows."""
        losses = _of_pieces(y, answers)
        counts = tf.ones_like(losses) * tf.cast(num_counted > 0, tf.float32)
        # Per guess, as perplexity is: of guesses alone exp(loss) is the perplexity.
        loss, count = tf.math.divide_no_nan(tf.reduce_sum(losses), _count(losses)), tf.reduce_sum(counts)
        wanted = y["answers"][y["answers"] >= 0]
        is_right = tf.argmax(answers["pieces"], axis=-1, output_type=tf.int32) == wanted
        self._measured["accuracy"].update_state(tf.cast(is_right, tf.float32), sample_weight=counts)
        self._measured["perplexity"].update_state(losses, sample_weight=counts)
        if "follows" in answers:
            loss += tf.reduce_mean(_of_halves(y, answers))
            said = tf.argmax(answers["follows"], axis=-1, output_type=tf.int32)
            right = tf.cast(said == _halves(y), tf.float32)
            every = tf.ones_like(right) * tf.cast(num_counted > 0, tf.float32)
            self._measured["next_accuracy"].update_state(right, sample_weight=every)
        self._measured["loss"].update_state(loss, sample_weight=count)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What is reported, and reset before each epoch."""
        return list(self._measured.values())

    def get_metrics_result(self) -> dict[str, Any]:
        """The values so far."""
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


def _answers(share: Share) -> Any:
    return keras.utils.unpack_x_y_sample_weight(share.batch)[1]["answers"]


def _of_pieces(y: Any, answers: Any) -> Any:
    """The loss of each guess, [guesses]."""
    wanted = y["answers"][y["answers"] >= 0]
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=answers["pieces"])


def _of_halves(y: Any, answers: Any) -> Any:
    """The loss of whether the halves follow, [N]."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=_halves(y), logits=answers["follows"])


def _halves(y: Any) -> Any:
    """As in BERT's own files, 0 is a half that follows."""
    return tf.cast(1 - y["is_next"], tf.int32)


def _count(losses: Any) -> Any:
    return tf.cast(tf.size(losses), tf.float32)
