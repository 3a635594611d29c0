"""Encoder, windows, batches and optimizer of a pre-training, ready for its first step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.config.schema import Config, Pretrain
from aimodels.data.dataset import Dataset
from aimodels.distribution.precision import choose_precision
from aimodels.distribution.strategy import Placement
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.memory import expect_fits
from aimodels.encoders.writing import write_encoder
from aimodels.errors import FailedError
from aimodels.events import CheckpointSaved, emit, phase
from aimodels.pretraining.ability import expect_able
from aimodels.pretraining.batching import MaskedBatches
from aimodels.pretraining.masking import Masking
from aimodels.pretraining.model import PretrainedModel, Weights
from aimodels.pretraining.reading import Reader, reader, vocabulary_of
from aimodels.pretraining.set_aside import forget, set_aside
from aimodels.runs.folder import RunFolder
from aimodels.training.checkpoints import Write
from aimodels.training.compiling import compile_model
from aimodels.training.fitting import end_epoch
from aimodels.training.preparing import computing_in
from aimodels.training.progress import Progress, begin
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.sharing import Shares, shares_of
from aimodels.training.speed import Speed, Work, choose_speed
from aimodels.training.stopping import LeftEpoch, StopTraining

HEADS = {"mlm": "guesses of pieces", "pooler": "the pooler", "nsp": "guesses of whether halves follow"}


@dataclass(frozen=True)
class PreparedPretraining:
    """Everything that one pre-training needs. `carried` are weights of the file that do not train, such as a pooler."""

    config: Config
    dataset: Dataset
    encoder: Encoder
    model: PretrainedModel
    carried: Weights
    batches: MaskedBatches
    steps: Steps
    rate: LearningRate
    progress: Progress
    placement: Placement
    precision: str
    speed: Speed
    choices: dict[str, str]

    @property
    def num_parameters(self) -> int:
        """Of the encoder and its heads."""
        return int(self.model.count_params())

    @property
    def num_trainable(self) -> int:
        """All of them."""
        return self.num_parameters

    @property
    def last_rate(self) -> float:
        """The learning rate of the last step that was done."""
        return float(self.rate(keras.ops.maximum(self.model.optimizer.iterations - 1, 0)))

    @property
    def frozen(self) -> str:
        """Nothing: all weights train."""
        return ""

    def best(self, run: RunFolder, *, epoch: int) -> Write:
        """The best encoder so far, as a folder that `model.encoder` takes."""
        weights = {name: np.array(values) for name, values in self.model.weights_by_name().items()}

        def write() -> Path:
            write_encoder(
                run.encoder,
                shape=self.encoder.shape,
                rules=self.encoder.rules,
                vocabulary=self.encoder.vocabulary,
                weights=self.carried | weights,
            )
            return run.encoder

        return write

    def save_best(self, run: RunFolder, *, epoch: int) -> None:
        """The same, at once."""
        self.best(run, epoch=epoch)()
        emit(CheckpointSaved(path=run.encoder.name, epoch=epoch))

    def save_last(self, run: RunFolder, *, epoch: int) -> None:
        """Nothing: the best encoder is what a pre-training is for."""

    def leave(self, run: RunFolder, *, progress: Progress, stop: StopTraining, left: LeftEpoch) -> Progress:
        """Where the time is over, what was learned since the last epoch is measured like an epoch of its own.

        The encoder is then that of this part of an epoch, if it is better; where the run goes on, it is the one from
        before again. After Ctrl-C the part is kept only where there is no encoder yet.
        """
        # Not whether it is there: of several workers, only the chief has one from before the training was left.
        if not progress.epochs_done:
            self.save_best(run, epoch=0)
        if stop.signal_number or not left.steps:
            return progress
        metrics = dict.fromkeys(self.metric_names, float("nan"))
        if left.steps < self.steps.per_epoch:
            metrics |= {metric.name: float(metric.result()) for metric in self.model.metrics}
        metrics |= self.measured()
        set_aside(run)
        after = end_epoch(run, self, progress=progress, metrics=metrics, seconds=left.seconds)
        if after.best.improved_at == after.epochs_done:
            self.save_best(run, epoch=after.epochs_done)
        else:
            forget(run)
        return after

    def measured(self) -> dict[str, float]:
        """What the model does on the validation windows now; empty where there are none."""
        batches = self.batches.validation()
        if batches is None:
            return {}
        with phase("measuring perplexity"):
            found = self.model.evaluate(batches, verbose=0, return_dict=True)
        return {f"val_{name}": float(found[name]) for name in self.metric_names}

    @property
    def metric_names(self) -> list[str]:
        """What is measured of the training windows, in the order of `history.csv`."""
        return sorted((metric.name for metric in self.model.metrics), key=lambda name: (name != "loss", name))


def prepare(config: Config, dataset: Dataset, *, placement: Placement) -> PreparedPretraining:
    """Encoder, batches and state, ready for the first step; call it inside the strategy's scope.

    Raises:
        UserError: the encoder cannot be read, cannot do what is asked for, or does not fit into memory; or the texts
            hold nothing to guess.
    """
    try:
        return _prepared(config, dataset, placement=placement)
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise FailedError(
            f"out of memory while the encoder was prepared on {placement.device}",
            code="AM402",
            help="take a smaller encoder, or fewer texts (data.limit)",
        ) from error


def _prepared(config: Config, dataset: Dataset, *, placement: Placement) -> PreparedPretraining:
    options, train = config.pretrain or Pretrain(), config.train
    precision = choose_precision(train.precision, kind=placement.kind)
    found = reader(config, train=dataset.train)
    expect_able(found.encoder, options, max_length=found.max_length)
    expect_fits(found.encoder.shape, name=found.encoder.name)
    batches = _batches(config, dataset, found=found, shares=shares_of(placement))
    weights = found.encoder.weights()
    with computing_in(precision):
        dropout: Any = config.model.encoder_dropout  # type: ignore[attr-defined]  # what reads word pieces has it
        model = PretrainedModel(
            found.encoder.shape, next_sentence=options.next_sentence, dropout=None if dropout == "auto" else dropout
        )
    fresh = model.load(weights) if weights else ()
    steps = Steps(per_epoch=batches.steps_per_epoch, epochs=train.epochs)
    work = Work(model, examples_per_step=batches.examples_per_step, positions=batches.mean_length)
    speed = choose_speed(work, train, steps=steps, placement=placement, xla_faster_on=())
    rate = compile_model(model, None, train=train, steps=steps, speed=speed)
    trained = model.weights_by_name()
    return PreparedPretraining(
        config=config,
        dataset=dataset,
        encoder=found.encoder,
        model=model,
        carried={name: values for name, values in weights.items() if name not in trained},
        batches=batches,
        steps=steps,
        rate=rate,
        progress=begin(train, dataset),
        placement=placement,
        precision=precision,
        speed=speed,
        choices={"encoder": found.encoder.source, "heads": _told(fresh)},
    )


def _batches(config: Config, dataset: Dataset, *, found: Reader, shares: Shares) -> MaskedBatches:
    options = config.pretrain or Pretrain()
    validation = dataset.validation
    return MaskedBatches(
        windows=found.windows(dataset.train, pairs=options.next_sentence),
        measured=None if validation is None else found.windows(validation, pairs=options.next_sentence),
        masking=Masking(
            vocabulary_of(found.encoder), share=options.mask, whole_words=options.whole_words, seed=config.seed
        ),
        batch_size=config.train.batch_size,
        shares=shares,
    )


def _told(fresh: tuple[str, ...]) -> str:
    """Which heads begin at random, though the encoder does not."""
    if not fresh:
        return ""
    return f"{' and '.join(HEADS[head] for head in fresh)} begin at random: the encoder's files hold no weights of them"
