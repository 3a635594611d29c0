"""Everything a training needs, built and tried on one batch, without training or writing anything."""

import math
from dataclasses import dataclass

from aimodels.config.loading import Loaded
from aimodels.data.loading import load_dataset
from aimodels.data.suitability import check_without_data
from aimodels.distribution.strategy import place
from aimodels.distribution.tensorflow_start import choose_devices
from aimodels.errors import FailedError
from aimodels.training.preparing import prepare, refuse_folds, resolved
from aimodels.training.seeding import seed_everything


@dataclass(frozen=True)
class DryRun:
    """What the model is and what it says to one batch before any training."""

    num_parameters: int
    output_shape: tuple[int | None, ...]
    loss: float


def dry_run(loaded: Loaded) -> DryRun:
    """Build the model of a config and take the loss of its first batch.

    Raises:
        UserError: whatever would also stop the training.
    """
    config = loaded.config
    refuse_folds(config)
    check_without_data(config)
    choose_devices(config.train.device)
    seed_everything(config.seed, deterministic=config.train.deterministic)
    dataset = load_dataset(config.data, seed=config.seed)
    loaded = resolved(loaded, dataset)
    placement = place(config.train)
    with placement.strategy.scope():
        prepared = prepare(loaded.config, dataset, placement=placement)
    examples, *targets = prepared.batches.sample(prepared.batches.order(0).batch(0))
    if prepared.network.encoder is not None:
        examples = prepared.network.encoder(examples)
    loss = float(prepared.model.loss_of((examples, *targets)))
    if not math.isfinite(loss):
        raise FailedError(
            "the loss of the first batch is not a finite number",
            code="AM401",
            help="look at the data for extreme values, or scale it: model.images.scale=standardize for images, "
            "scale: robust or clip: iqr for columns of a table",
        )
    return DryRun(prepared.num_parameters, tuple(prepared.model.output_shape), loss)
