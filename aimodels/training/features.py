"""What never changes of a network is computed once: the features of each text, where nothing of its encoder trains.

The loop then runs the head alone, from features [N, size] to logits. Its layers are those of the whole network, so what
is saved is the same as without.

Texts are put into parts by their length and their pieces alone, whatever split they are in, and each part is computed
and kept by itself. So all folds of a dataset have the same parts: each is computed once, by whichever fold comes first,
and to the last bit the features are those of every other fold.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.config.augmentation import TextAugmentation
from aimodels.config.schema import Config, TokenBudget
from aimodels.data.dataset import Dataset, TextInput
from aimodels.data.plurals import counted
from aimodels.errors import FailedError
from aimodels.events import Downloaded, Inferred, emit, phase
from aimodels.preprocessing.words import Encoded
from aimodels.runs.precision import in_float32
from aimodels.training import feature_cache
from aimodels.training.assembling import Network
from aimodels.training.batching import Batches
from aimodels.training.feature_cache import FeatureCache, Features
from aimodels.training.ordering import Order, Positions, sorted_by_length
from aimodels.training.pipelines import in_order, read_ahead
from aimodels.training.stepping import Trained
from aimodels.training.text_source import TextSource, text_source

# Enough for the matrices to be large, little enough for the states of a batch to stay close to the processor.
TOKENS_PER_BATCH = TokenBudget(tokens=4096)
# Enough for a file to be worth its name, little enough for processes to have parts to share.
TEXTS_PER_PART = 512
SECONDS_BETWEEN_LOOKS = 0.1


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
    head = Trained(features, network.trained.output, name="head")
    # By its policy Keras decides whether the loss is scaled, as half precision wants it.
    head.dtype_policy = network.trained.dtype_policy
    return Split(replace(network, trained=head, encoder=encoder), "computed once: nothing of the encoder trains")


@dataclass(frozen=True)
class FeatureBatches:
    """The batches of `batches`, the same texts in each, with their features [n, size] in the place of ids."""

    batches: Batches
    features: dict[str, tf.Tensor]

    def epoch(self, epoch: int, *, first_step: int = 0) -> tf.data.Dataset:
        """The training batches of one epoch from a step on (both counted from 0): (features, targets, weights if there
        are any)."""
        return self._in(self.batches.order(epoch).after(first_step), "train", targets=self.batches.train_targets)

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches; None where there is no validation split."""
        held_out, targets = self.batches.held_out, self.batches.validation_targets
        return None if held_out is None or targets is None else self._in(held_out.in_sequence(), "validation", targets)

    def _in(self, order: Order, name: str, targets: tuple[Any, ...]) -> tf.data.Dataset:
        columns, parts = (self.features[name], *targets), self.batches.shares.of(order)
        batches = in_order(parts.order, lambda chosen: tuple(tf.gather(each, chosen) for each in columns))
        return read_ahead(parts.told(batches))


def feature_batches(batches: Batches, encoder: keras.Model, *, between: Callable[[], None]) -> FeatureBatches:
    """The features of every training and validation text, read where they are kept, else computed and kept.

    `between` is called between two batches, and may raise to end it.

    Raises:
        FailedError: they do not fit into memory.
    """
    sources = {"train": batches.train, "validation": batches.held_out, "test": _tested(batches)}
    texts = {name: source for name, source in sources.items() if isinstance(source, TextSource)}
    ends = np.cumsum([len(source.encoded.num_tokens) for source in texts.values()])
    try:
        found = features_of(_joined(list(texts.values())), encoder, between=between)
        with tf.device("CPU:0"):
            parts = zip(texts, np.split(found, ends[:-1]), strict=True)
            features = {name: tf.constant(part) for name, part in parts if name != "test"}
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise FailedError(
            "out of memory while the features of the texts were computed",
            code="AM402",
            help="read less of each text (model.wordpieces.max_length), or take a smaller encoder",
        ) from error
    return FeatureBatches(batches, features)


def _tested(batches: Batches) -> TextSource | None:
    """What a fold is tested on and all others learn from; None where there are no folds."""
    test, train = batches.dataset.test, batches.train
    if batches.config.data.fold is None or test is None or not isinstance(train, TextSource):
        return None
    return text_source(test, reading=train.reading, batch_size=train.batch_size, augment=TextAugmentation())


def _joined(sources: list[TextSource]) -> TextSource:
    """The texts of some sources as those of one, in their order."""
    encoded = [source.encoded for source in sources]
    lengths = np.concatenate([np.diff(each.starts) for each in encoded])
    ids, num_tokens = (np.concatenate([getattr(each, name) for each in encoded]) for name in ("ids", "num_tokens"))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    with tf.device("CPU:0"):
        examples = tf.RaggedTensor.from_row_splits(ids, starts, validate=False)
    return replace(sources[0], encoded=Encoded(ids, starts, num_tokens), examples=examples)


@dataclass(frozen=True)
class Part:
    """Texts whose features are computed and kept together: their positions, and what they are kept under."""

    key: str
    positions: Positions


def parts_of(encoded: Encoded, *, encoder_key: str) -> list[Part]:
    """All texts in parts, the shortest first: the same parts wherever these texts stand."""
    limits = zip(encoded.starts[:-1].tolist(), encoded.starts[1:].tolist(), strict=True)
    told = b"".join(hashlib.blake2b(encoded.ids[start:end].tobytes(), digest_size=16).digest() for start, end in limits)
    digests = np.frombuffer(told, np.uint64).reshape(-1, 2)
    order = np.lexsort((digests[:, 1], digests[:, 0], np.diff(encoded.starts)))
    chunks = [order[start : start + TEXTS_PER_PART] for start in range(0, len(order), TEXTS_PER_PART)]
    keys = (hashlib.sha256(encoder_key.encode() + digests[chunk].tobytes()).hexdigest() for chunk in chunks)
    return [Part(key, chunk) for key, chunk in zip(keys, chunks, strict=True)]


def features_of(source: TextSource, encoder: keras.Model, *, between: Callable[[], None]) -> Features:
    """The features of every text, float32 [N, size]; those that another process computes now are waited for."""
    parts = parts_of(source.encoded, encoder_key=feature_cache.key_of(encoder))
    cache = FeatureCache(frozenset(part.key for part in parts), size=encoder.output.shape[-1])
    work = _Work(source, encoder, cache, np.zeros((len(source.encoded.num_tokens), cache.size), np.float32))
    missing = [part for part in parts if not work.has_read(part)]
    cache.tell_broken()
    num_computed = 0
    if missing:
        with phase(f"computing the features of {counted(_num_texts(missing), 'text')}"):
            num_computed = work.finish(missing, between=between)
    _tell(num_computed, num_read=_num_texts(parts) - num_computed, is_kept=cache.is_kept)
    return work.found


def _num_texts(parts: Iterable[Part]) -> int:
    return sum(len(part.positions) for part in parts)


def _tell(num_computed: int, *, num_read: int, is_kept: bool) -> None:
    told, where = [], feature_cache.folder()
    if num_read:
        told.append(f"already there: the features of {counted(num_read, 'text')}, in {where}")
    if num_computed and is_kept:
        told.append(f"kept for the next run: the features of {counted(num_computed, 'text')}, in {where}")
    if told:
        emit(Inferred(tuple(told)))


@dataclass(frozen=True)
class _Work:
    """What fills `found`, part by part: what is kept is read, what is not is computed, by one process alone."""

    source: TextSource
    encoder: keras.Model
    cache: FeatureCache
    found: Features

    def has_read(self, part: Part) -> bool:
        """Read a part where it is kept; whether it is."""
        kept = self.cache.read(part.key, num_texts=len(part.positions))
        if kept is not None:
            self.found[part.positions] = kept
        return kept is not None

    def finish(self, missing: list[Part], *, between: Callable[[], None]) -> int:
        """Have these parts computed, here or by others at the same time; for how many texts it was done here."""
        waiting, num_computed, total = deque(missing), 0, _num_texts(missing)
        while waiting:
            between()
            part = waiting.popleft()
            with feature_cache.claimed(part.key) as is_ours:
                # Whoever had claimed it may be done by now.
                if self.has_read(part):
                    continue
                if is_ours:
                    done = total - _num_texts(waiting) - len(part.positions)
                    for num_of_part in self._computed(part):
                        between()
                        emit(Downloaded("features", done=done + num_of_part, total=total, unit="texts"))
                    self.cache.keep(part.key, self.found[part.positions])
                    num_computed += len(part.positions)
                    continue
            waiting.append(part)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return num_computed

    def _computed(self, part: Part) -> Iterator[int]:
        """Compute a part in batches of texts of similar length; after each, how many of its texts are done."""
        lengths = np.diff(self.source.encoded.starts)[part.positions]
        order = sorted_by_length(lengths, batch_size=TOKENS_PER_BATCH).of(part.positions)
        num_done = 0
        for number, (ids,) in enumerate(read_ahead(self.source.batches(order, targets=()))):
            chosen = order.batch(number)
            self.found[chosen] = self._answer(ids).numpy()
            num_done += len(chosen)
            yield num_done

    @cached_property
    def _answer(self) -> Any:
        # A graph for every length of text would take longer to make than to run.
        return tf.function(
            lambda ids: self.encoder(ids, training=False),
            input_signature=[tf.TensorSpec([None, None], tf.int32)],
            autograph=False,
        )
