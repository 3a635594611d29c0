"""The data of a cross-validation, dealt out to its folds, and the config of each."""

from dataclasses import dataclass

from aimodels.config.loading import Loaded
from aimodels.config.schema import Config, Fold
from aimodels.data.dataset import Dataset
from aimodels.data.folding import divided_as, fold_numbers, refuse_order_of_time
from aimodels.data.loading import load_undivided
from aimodels.data.splitting import Indices
from aimodels.data.suitability import check_suits
from aimodels.errors import ConfigError, Problem
from aimodels.events import Inferred, emit


@dataclass(frozen=True)
class DealtOut:
    """The data of a cross-validation: the whole, and in which fold (from 1) each of its examples is tested."""

    loaded: Loaded
    whole: Dataset
    numbers: Indices
    of: int


def deal_out(loaded: Loaded) -> DealtOut:
    """Load the data whole, check that they can be learned from, and deal them out to the folds.

    Raises:
        UserError: the data are missing, broken, too few for so many folds, or do not suit the model.
    """
    config = loaded.config
    of = config.train.folds or 0
    _refuse_both(config)
    refuse_order_of_time(config.data)
    whole = load_undivided(config.data, seed=config.seed)
    numbers = fold_numbers(whole, of=of, seed=config.seed)
    if whole.inferred:
        emit(Inferred(whole.inferred))
    if whole.resolved is not None:
        config = config.model_copy(update={"data": divided_as(config.data, resolved=whole.resolved)})
    check_suits(config, dataset=whole)
    known = Loaded(config=config, path=loaded.path, source=loaded.source, name=loaded.name)
    return DealtOut(known, whole, numbers, of)


def config_of(config: Config, *, number: int, of: int) -> Config:
    """The config of one fold: an ordinary training, tested on that part.

    Raises:
        ConfigError: the config asks for one fold by itself.
    """
    _refuse_both(config)
    data = config.data.model_copy(update={"fold": Fold(number=number, of=of)})
    return config.model_copy(update={"data": data, "train": config.train.model_copy(update={"folds": None})})


def _refuse_both(config: Config) -> None:
    if config.data.fold is not None:
        message = "`train.folds` trains every fold, and `data.fold` asks for one of them"
        problem = Problem(code="AM128", message=message, path="data.fold", help="leave one of the two out")
        raise ConfigError([problem], source=message)
