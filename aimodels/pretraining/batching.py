"""Batches of windows with hidden pieces: windows of similar length together, others hidden in every epoch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from aimodels.config.schema import TokenBudget
from aimodels.pretraining.masking import MEASURED_EPOCH, MEASURING, Examples, Masking
from aimodels.pretraining.model import NOTHING
from aimodels.pretraining.windows import Windows
from aimodels.training.ordering import Order, shuffled_by_budget, shuffled_by_length, sorted_by_length
from aimodels.training.pipelines import in_order, read_ahead
from aimodels.training.sharing import WHOLE, Shares


@dataclass(frozen=True)
class MaskedBatches:
    """The batches of windows, as `PretrainedModel` takes them. `measured` are the windows to validate on, if any;
    `shares` are the parts of each batch that this process takes."""

    windows: Windows
    measured: Windows | None
    masking: Masking
    batch_size: int | TokenBudget
    shares: Shares = WHOLE

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch; the same number in every one."""
        return len(self._order(epoch=0))

    @property
    def examples_per_step(self) -> float:
        """Windows in a batch, on average."""
        return len(self.windows) / max(1, self.steps_per_epoch)

    @property
    def mean_length(self) -> float:
        """Pieces in a window, on average."""
        return float(self.windows.lengths.mean()) if len(self.windows) else 1.0

    def epoch(self, epoch: int, *, first_step: int = 0) -> tf.data.Dataset:
        """The training batches of one epoch from a step on, both counted from 0."""
        examples = self.masking.examples(self.windows, epoch=epoch)
        parts = self.shares.of(self._order(epoch=epoch).after(first_step))
        return read_ahead(parts.told(_batches(examples, parts.order)))

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches: the same pieces are hidden in every epoch, so that epochs can be compared."""
        if self.measured is None or self._hidden is None:
            return None
        parts = self.shares.of(sorted_by_length(self.measured.lengths, batch_size=self.batch_size))
        return read_ahead(parts.told(_batches(self._hidden, parts.order)))

    @cached_property
    def _hidden(self) -> Examples | None:
        if self.measured is None:
            return None
        fixed = Masking(
            self.masking.vocabulary,
            share=self.masking.share,
            whole_words=self.masking.whole_words,
            seed=self.masking.seed,
            stream=MEASURING,
        )
        return fixed.examples(self.measured, epoch=MEASURED_EPOCH)

    def _order(self, *, epoch: int) -> Order:
        seed, lengths = self.masking.seed, self.windows.lengths
        if isinstance(self.batch_size, int):
            return shuffled_by_length(lengths, size=self.batch_size, seed=seed, epoch=epoch)
        return shuffled_by_budget(lengths, budget=self.batch_size, seed=seed, epoch=epoch)


def _batches(examples: Examples, order: Order) -> tf.data.Dataset:
    with tf.device("CPU:0"):
        ids = _ragged(examples.ids, examples.starts)
        places, answers = (_ragged(each, examples.guess_starts) for each in (examples.places, examples.answers))
        is_next = tf.constant(examples.is_next)

    def fetch(chosen: Any) -> tuple[Any, ...]:
        shown = {
            "ids": tf.gather(ids, chosen).to_tensor(0),
            "places": tf.gather(places, chosen).to_tensor(NOTHING),
        }
        wanted = {"answers": tf.gather(answers, chosen).to_tensor(NOTHING), "is_next": tf.gather(is_next, chosen)}
        return shown, wanted

    return in_order(order, fetch)


def _ragged(values: Any, starts: Any) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(np.asarray(values, np.int32), starts, validate=False)
