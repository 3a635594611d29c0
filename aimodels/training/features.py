"""What never changes of a network is computed once: the features of each text, where nothing of its encoder trains.

The loop then runs the head alone, from features [N, size] to logits. Its layers are those of the whole network, so what
is saved is the same as without.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.config.schema import Config, TokenBudget
from aimodels.data.dataset import Dataset, TextInput
from aimodels.errors import FailedError
from aimodels.events import Downloaded, emit, phase
from aimodels.runs.precision import in_float32
from aimodels.training import feature_cache
from aimodels.training.assembling import Network
from aimodels.training.batching import Batches
from aimodels.training.ordering import Order, sorted_by_length
from aimodels.training.pipelines import in_order
from aimodels.training.text_source import TextSource

# Enough for the matrices to be large, little enough for the states of a batch to stay close to the processor.
TOKENS_PER_BATCH = TokenBudget(tokens=4096)
Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """A network, split where its features come out if that pays; `told` says whether and why, empty without any."""

    network: Network
    told: str


def split_at_features(network: Network, architecture: ModuleType, *, config: Config, dataset: Dataset) -> Split:
    """The network with a head that is trained alone, and the encoder before it, where the architecture has features
    that never change; otherwise the network as it is."""
    if not hasattr(architecture, "frozen_features"):
        return Split(network, "")
    name = architecture.frozen_features(network.trained, config.model)
    if name is None or not isinstance(dataset.input, TextInput):
        reason = architecture.features_in_each_step(network.trained, config.model)
        return Split(network, reason and f"computed in each step: {reason}")
    if config.train.augment.is_on:
        return Split(network, "computed in each step: train.augment changes the texts")
    features = network.trained.get_layer(name).output
    # In float32, so that they can be kept for runs of any precision.
    encoder = in_float32(keras.Model(network.trained.input, features, name="encoder"))
    head = keras.Model(features, network.trained.output, name="head")
    # By its policy Keras decides whether the loss is scaled, as half precision wants it.
    head.dtype_policy = network.trained.dtype_policy
    return Split(replace(network, trained=head, encoder=encoder), "computed once: nothing of the encoder trains")


@dataclass(frozen=True)
class FeatureBatches:
    """The batches of `batches`, the same texts in each, with their features [n, size] in the place of ids."""

    batches: Batches
    features: dict[str, tf.Tensor]

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """The training batches of one epoch (counted from 0): (features, targets, weights if there are any)."""
        return self._in(self.batches.order(epoch), "train", targets=self.batches.train_targets)

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches; None where there is no validation split."""
        held_out, targets = self.batches.held_out, self.batches.validation_targets
        return None if held_out is None or targets is None else self._in(held_out.in_sequence(), "validation", targets)

    def _in(self, order: Order, name: str, targets: tuple[Any, ...]) -> tf.data.Dataset:
        columns = (self.features[name], *targets)
        return in_order(order, lambda chosen: tuple(tf.gather(each, chosen) for each in columns)).prefetch(
            tf.data.AUTOTUNE
        )


def feature_batches(batches: Batches, encoder: keras.Model, *, between: Callable[[], None]) -> FeatureBatches:
    """The features of every training and validation text, read where they are kept, else computed and kept.

    `between` is called between two batches, and may raise to end it.

    Raises:
        FailedError: they do not fit into memory.
    """
    sources = {"train": batches.train, "validation": batches.held_out}
    try:
        features = {
            name: _features(source, encoder, name=name, between=between)
            for name, source in sources.items()
            if isinstance(source, TextSource)
        }
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise FailedError(
            "out of memory while the features of the texts were computed",
            code="AM402",
            help="read less of each text (model.wordpieces.max_length), or take a smaller encoder",
        ) from error
    return FeatureBatches(batches, features)


def _features(source: TextSource, encoder: keras.Model, *, name: str, between: Callable[[], None]) -> tf.Tensor:
    what = f"the features of {len(source.encoded.num_words):,} {name} texts"
    key = feature_cache.key_of(encoder, source.encoded)
    found = feature_cache.read(key, shape=(len(source.encoded.num_words), encoder.output.shape[-1]), what=what)
    if found is None:
        with phase(f"computing {what}"):
            found = computed(source, encoder, between=between)
        feature_cache.keep(found, key=key, what=what)
    with tf.device("CPU:0"):
        return tf.constant(found)


def computed(source: TextSource, encoder: keras.Model, *, between: Callable[[], None]) -> Features:
    """The features of every text, float32 [N, size], in batches of texts of similar length."""
    lengths = np.diff(source.encoded.starts)
    order = sorted_by_length(lengths, batch_size=TOKENS_PER_BATCH)
    found = np.zeros((len(lengths), encoder.output.shape[-1]), dtype=np.float32)
    # A graph for every length of text would take longer to make than to run.
    read = tf.function(
        lambda ids: encoder(ids, training=False),
        input_signature=[tf.TensorSpec([None, None], tf.int32)],
        autograph=False,
    )
    done = 0
    for number, (ids,) in enumerate(source.batches(order, targets=()).prefetch(tf.data.AUTOTUNE)):
        between()
        chosen = order.batch(number)
        found[chosen] = read(ids).numpy()
        done += len(chosen)
        emit(Downloaded("features", done=done, total=len(lengths), unit="texts"))
    return found
