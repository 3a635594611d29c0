"""Model, batches, optimizer and state of a training, ready for its first step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import keras
import tensorflow as tf

from aimodels import discovery
from aimodels.config.loading import Loaded
from aimodels.config.schema import Config
from aimodels.data.dataset import Dataset
from aimodels.data.suitability import check_suits, preprocessing_for
from aimodels.distribution.larger_batches import offer
from aimodels.distribution.precision import choose_precision
from aimodels.distribution.strategy import Placement
from aimodels.errors import FailedError, UsageError
from aimodels.events import CheckpointSaved, Inferred, emit
from aimodels.layers.low_rank import num_merged_parameters
from aimodels.runs.folder import RunFolder
from aimodels.training.assembling import Network, assemble
from aimodels.training.batching import Batches
from aimodels.training.checkpoints import BestNetwork, Write, save_network
from aimodels.training.compiling import compile_model
from aimodels.training.features import FeatureBatches, feature_batches, split_at_features
from aimodels.training.objectives import objective_for
from aimodels.training.progress import Progress, begin
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.sharing import shares_of
from aimodels.training.speed import Speed, Work, choose_speed
from aimodels.training.state import hash_of
from aimodels.training.stepping import Trained
from aimodels.training.stopping import LeftEpoch, StopTraining
from aimodels.training.target_scale import target_scale
from aimodels.training.unfreezing import in_words, num_trained, warn_of_late_layers


@dataclass(frozen=True)
class Prepared:
    """Everything that one training needs, ready for its first step. `network.whole` is what is saved.

    `choices` say what was chosen for this network, besides what `speed` says.
    """

    config: Config
    dataset: Dataset
    network: Network
    batches: Batches
    steps: Steps
    rate: LearningRate
    progress: Progress
    placement: Placement
    precision: str
    speed: Speed
    choices: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Trained:
        """What the training loop runs."""
        return self.network.trained

    @property
    def num_parameters(self) -> int:
        """Of the whole network as it answers: changes of low rank become part of the kernels."""
        return num_merged_parameters(self.network.whole)

    @property
    def num_trainable(self) -> int:
        """Those numbers that train, in some epoch."""
        return num_trained(self.model, steps=self.steps)

    @property
    def last_rate(self) -> float:
        """The learning rate of the last step that was done."""
        return float(self.rate(keras.ops.maximum(self.model.optimizer.iterations - 1, 0)))

    def feed(self, between: Callable[[], None]) -> Batches | FeatureBatches:
        """The batches of `model`; those of features take a while, in which `between` is called now and then."""
        encoder = self.network.encoder
        return self.batches if encoder is None else feature_batches(self.batches, encoder, between=between)

    @cached_property
    def frozen(self) -> str:
        """A hash of the encoder whose features are computed once; empty where there is none."""
        encoder = self.network.encoder
        return "" if encoder is None else hash_of(encoder)

    def best(self, run: RunFolder, *, epoch: int) -> Write:
        """The network alone as the best checkpoint, with the weights averaged there if they have an average."""
        with self.model.averaged():
            return self._best.copied(run)

    def save_last(self, run: RunFolder, *, epoch: int) -> None:
        """The same as the last checkpoint."""
        self._save(run, which="last", epoch=epoch)

    @cached_property
    def _best(self) -> BestNetwork:
        return BestNetwork(self.network.whole)

    def _save(self, run: RunFolder, *, which: str, epoch: int) -> None:
        with self.model.averaged():
            path = save_network(run, self.network.whole, which=which)
        emit(CheckpointSaved(path=str(path.relative_to(run.path)), epoch=epoch))

    def leave(self, run: RunFolder, *, progress: Progress, stop: StopTraining, left: LeftEpoch) -> Progress:
        """Nothing of a first, unfinished epoch is lost; a later one is gone on with by `--resume`."""
        # Not whether the file is there: of several workers, only the chief has one from before it was left.
        if not progress.epochs_done:
            self._save(run, which="best", epoch=0)
        return progress


def refuse_folds(config: Config) -> None:
    """Refuse a config that asks for a run per fold where one run is made.

    Raises:
        UsageError: it does.
    """
    if config.train.folds is not None:
        raise UsageError(
            f"`train.folds: {config.train.folds}` asks for a run per fold, and one run is trained here",
            code="AM554",
            help="call aimodels.cross_validation.cross_validate.cross_validate, or leave train.folds out; `data.fold` "
            "asks for one of the folds",
        )


def resolved(loaded: Loaded, dataset: Dataset) -> Loaded:
    """The config with what was inferred from the data written into it, so that the run never infers it again."""
    if dataset.inferred:
        emit(Inferred(dataset.inferred))
    if dataset.resolved is None:
        return loaded
    config = loaded.config.model_copy(update={"data": dataset.resolved})
    return replace(loaded, config=config, asked=loaded.asked or loaded.config)


def prepare(config: Config, dataset: Dataset, *, placement: Placement) -> Prepared:
    """Model, batches and state, ready for the first step; call it inside the strategy's scope.

    Raises:
        UserError: model and data do not fit together, or not into memory.
    """
    check_suits(config, dataset=dataset)
    try:
        return _prepared(config, dataset, placement=placement)
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise FailedError(
            f"out of memory while the model {config.model.name} was built on {placement.device}",
            code="AM402",
            help="make the model smaller (fewer units or filters, another encoder), or its input (data.size, "
            "model.words.max_length, model.wordpieces.max_length)",
        ) from error


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers that are made inside the block compute in this precision; those made later do not."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _prepared(config: Config, dataset: Dataset, *, placement: Placement) -> Prepared:
    precision = choose_precision(config.train.precision, kind=placement.kind)
    progress = begin(config.train, dataset)
    scale = target_scale(dataset, config.train)
    objective = objective_for(dataset.target, config.train, scale=scale)
    with computing_in(precision):
        network = assemble(config, dataset, scale=scale)
    architecture = discovery.plugin("architectures", config.model.name)
    split = split_at_features(network, architecture, config=config, dataset=dataset)
    network = split.network
    batches = Batches(
        dataset,
        config,
        one_hot=objective.one_hot,
        scale=scale,
        reading=network.preprocessing,
        shares=shares_of(placement),
    )
    steps = Steps(per_epoch=batches.steps_per_epoch, epochs=config.train.epochs)
    warn_of_late_layers(network.trained, steps=steps)
    speed = _speed(network, batches, steps=steps, placement=placement)
    rate = compile_model(network.trained, objective, train=config.train, steps=steps, speed=speed)
    return Prepared(
        config=config,
        dataset=dataset,
        network=network,
        batches=batches,
        steps=steps,
        rate=rate,
        progress=progress,
        placement=placement,
        precision=precision,
        speed=speed,
        choices={
            **_begins_with(config),
            "features": split.told,
            "unfreezing": in_words(network.trained, steps=steps),
            "batch": offer(config.train, num_replicas=placement.num_replicas),
        },
    )


def _begins_with(config: Config) -> dict[str, str]:
    """Where the weights are from that training begins with, where the architecture says it."""
    architecture = discovery.plugin("architectures", config.model.name)
    return {"encoder": architecture.source(config.model)} if hasattr(architecture, "source") else {}


def _speed(network: Network, batches: Batches, *, steps: Steps, placement: Placement) -> Speed:
    """How the loop is driven: by the work of a step, and by where the architecture says that XLA is faster."""
    config = batches.config
    architecture = discovery.plugin("architectures", config.model.name)
    kind = preprocessing_for(architecture, dataset=batches.dataset, name=config.model.name)
    # A user's own architecture need not say where XLA is faster, by what it is given and device.
    xla_faster_on = getattr(architecture, "XLA_FASTER_ON", {}).get(kind, ())
    positions = 1.0 if network.encoder else batches.mean_length
    work = Work(network.trained, examples_per_step=batches.examples_per_step, positions=positions)
    return choose_speed(work, config.train, steps=steps, placement=placement, xla_faster_on=xla_faster_on)
