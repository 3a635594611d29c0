"""From a config with `train.folds` to one run folder: a run per fold, their scores, every out-of-fold answer."""

import sys

from aimodels.config.loading import Loaded, to_yaml
from aimodels.cross_validation.crew import Crew, FoldDone
from aimodels.cross_validation.dealing import DealtOut, config_of, deal_out
from aimodels.cross_validation.fold_process import FoldRequest
from aimodels.cross_validation.recording import Outcome, recording
from aimodels.cross_validation.results import SPLIT, deciding_metric, scores_of, write_folds, write_out_of_fold
from aimodels.cross_validation.sharing import share_machine
from aimodels.data.suitability import check_without_data
from aimodels.events import FoldEnded, phase
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace


def cross_validate(loaded: Loaded, where: RunPlace, *, jobs: int | None = None, plots: bool = True) -> RunFolder:
    """Train and score a run per fold, in processes of their own, and give the folder that holds them.

    `jobs` is how many are trained at a time; None: as many as there are cores, one where a GPU trains.

    Raises:
        UserError: whatever the user can mend; before a folder is made where possible, else the error of a fold.
    """
    check_without_data(loaded.config)
    with phase("reading data"):
        dealt = deal_out(loaded)
    config = dealt.loaded.config
    sharing = share_machine(dealt.of, device=config.train.device, asked=jobs)
    run = RunFolder.create(where.runs_dir, stem=loaded.name, exactly=where.exactly)
    with recording(run, dealt, sharing=sharing, where=where) as outcome:
        requests = [_request(run, dealt, number=number, where=where, plots=plots) for number in range(1, dealt.of + 1)]

        def done(fold: FoldDone) -> FoldEnded:
            return _scored(run, fold, outcome=outcome, of=dealt.of)

        with Crew(run, requests, sharing=sharing) as crew:
            try:
                crew.work(done)
            finally:
                outcome.signal_number = crew.stopped_by
        if len(outcome.scores) == dealt.of:
            write_out_of_fold(run, dealt.numbers)
    return run


def _request(run: RunFolder, dealt: DealtOut, *, number: int, where: RunPlace, plots: bool) -> FoldRequest:
    config = config_of(dealt.loaded.config, number=number, of=dealt.of).model_copy(update={"name": dealt.loaded.name})
    note = f"Fold {number} of {dealt.of} of {run.name}, from {dealt.loaded.path}"
    return FoldRequest(
        number=number,
        config=to_yaml(config, note=note),
        source=str(dealt.loaded.path),
        name=dealt.loaded.name,
        path=str(run.fold(number).path),
        tags=list(where.tags),
        notes=where.notes,
        plots=plots,
        command=sys.argv,
    )


def _scored(run: RunFolder, fold: FoldDone, *, outcome: Outcome, of: int) -> FoldEnded:
    """Keep the scores of a fold that ended well."""
    scores = scores_of(run, number=fold.number, seconds=fold.seconds)
    outcome.scores.append(scores)
    document = write_folds(run, outcome.scores)
    run.update(folds_done=len(outcome.scores), monitor=f"{SPLIT}_{document['metric']}", mode=document["mode"])
    metric = deciding_metric(scores.metrics)
    return FoldEnded(
        number=fold.number,
        of=of,
        status="finished",
        seconds=fold.seconds,
        metric=metric,
        value=scores.metrics.get(metric),
        metrics=scores.metrics,
    )
