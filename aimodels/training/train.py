"""From a config to a finished run folder: the left half of the package on one screen, in the order of the data."""

import os

from aimodels.config.loading import Loaded
from aimodels.data.loading import load_dataset
from aimodels.data.suitability import check_without_data
from aimodels.distribution.strategy import cluster_for, place
from aimodels.distribution.tensorflow_start import choose_devices
from aimodels.events import phase
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace
from aimodels.training.crewed import met, run_of
from aimodels.training.fitting import fit
from aimodels.training.preparing import prepare, refuse_folds, resolved
from aimodels.training.recording import recording
from aimodels.training.resuming import start_of
from aimodels.training.seeding import seed_everything


def train(loaded: Loaded, where: RunPlace) -> RunFolder:
    """Train what the config asks for and give the run folder; its status tells how it ended.

    Raises:
        UserError: whatever the user can mend, before a folder is made where possible.
    """
    config = loaded.config
    refuse_folds(config)
    check_without_data(config)
    cluster = cluster_for(config.train, os.environ)
    choose_devices(config.train.device)
    with phase("reading data"):
        dataset = load_dataset(config.data, seed=config.seed)
    loaded = resolved(loaded, dataset)
    with met(cluster, loaded, dataset) as crew:
        placement = place(config.train, cluster=cluster)
        seed_everything(config.seed, deterministic=config.train.deterministic)
        with phase("building model"), placement.strategy.scope():
            prepared = prepare(loaded.config, dataset, placement=placement)
        with run_of(crew, loaded, where) as run:
            start = start_of(run, prepared, where=where, crew=crew)
            with recording(run, loaded, prepared, where=where, start=start) as ending:
                fit(run, prepared, ending=ending, feed=prepared.feed, start=start)
    return run
