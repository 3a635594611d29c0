"""From a run to everything measured on one split: answer every example, score the answers, write `eval/<name>/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.config.losses import quantile_of
from aimodels.data.dataset import SplitName, TableInput
from aimodels.data.plurals import counted
from aimodels.distribution.answering_devices import AnsweringStrategy, answering_devices
from aimodels.distribution.cluster import Cluster
from aimodels.evaluation.answered import answered_rows, kept_examples
from aimodels.evaluation.chosen import Chosen, other_data, own_split
from aimodels.evaluation.measured import Measured
from aimodels.evaluation.scoring import AnyScores, score_rows
from aimodels.evaluation.shown import Shown
from aimodels.evaluation.table_findings import TableFindings, table_findings
from aimodels.evaluation.text_report import as_text
from aimodels.evaluation.words_read import WordsRead, words_read
from aimodels.events import phase
from aimodels.prediction.outputs import EVEN
from aimodels.runs.atomic import write_json
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.predictions import Predictions

if TYPE_CHECKING:
    from aimodels.prediction.predict import Answers, Predictor
    from aimodels.prediction.sharing import Share, WorkerPart

BEST = "best"


@dataclass(frozen=True)
class EvaluationRequest:
    """What to measure on, and with which weights. `checkpoint` is `best`, `last` or the path of a .keras file.

    `top_losses` is how many of the hardest examples are kept; None means as many as the run's config says. Without
    `importance` the columns of a table are not shuffled, whatever the config says. `strategy` says which devices of
    this machine answer.
    """

    split: SplitName = "test"
    data: Path | None = None
    checkpoint: str = BEST
    batch_size: int = 256
    top_losses: int | None = None
    importance: bool = True
    strategy: AnsweringStrategy = "auto"


@dataclass(frozen=True)
class Evaluation:
    """Everything measured, and where it was written.

    `words` is None where the examples are no texts, `threshold` where the task is not binary, and `table` where the
    examples are no rows of a table.
    """

    run: RunFolder
    folder: EvaluationFolder
    checkpoint: str
    data: str
    scores: AnyScores
    hardest: Shown
    words: WordsRead | None
    threshold: float | None = None
    table: TableFindings | None = None

    @property
    def files(self) -> dict[str, str]:
        """The files, relative to the run's folder."""
        folder = self.folder
        files = {
            "report": folder.report_file,
            "text": folder.text_file,
            "predictions": folder.predictions_file,
            "examples": folder.examples_file,
        }
        if self.table:
            columns = {"importance": folder.importance_file, "by_feature": folder.by_feature_file}
            files |= {name: columns[name] for name in self.table.documents()}
        return {name: str(path.relative_to(self.run.path)) for name, path in files.items()}

    def paragraphs(self, *, limit: int | None = None) -> list[str]:
        """What stands beside the scores, for people: of columns at most so many."""
        paragraphs = [str(self.words)] if self.words else []
        if self.threshold not in (None, EVEN):
            second = self.run.signature["class_names"][1]
            paragraphs.append(f"the answer is {second} from a probability of {self.threshold:.4g} on")
        return paragraphs + (self.table.paragraphs(limit=limit) if self.table else [])

    def as_document(self) -> dict[str, Any]:
        """What was measured as strict JSON."""
        document = self.scores.as_document()
        if self.threshold is not None:
            document["threshold"] = self.threshold
        if self.words:
            document["words"] = self.words.as_document()
        if self.table:
            document["baselines"] = self.table.comparison.as_document()
            document["unseen_values"] = self.table.unseen
        return document


def evaluate(run: RunFolder, request: EvaluationRequest) -> Evaluation:
    """Measure a run and write what was found into its folder.

    Raises:
        UserError: the data is gone or has changed, the checkpoint does not fit, or the answers are not finite.
    """
    chosen = chosen_for(run, request)
    with phase("loading the model"):
        predictor = _predictor(run, checkpoint=request.checkpoint, strategy=request.strategy)
    return measure(run, chosen, predictor=predictor, request=request)


def evaluate_together(run: RunFolder, request: EvaluationRequest, *, cluster: Cluster) -> "Evaluation | WorkerPart":
    """The same as one of several workers, each of which answers a part of the examples.

    The chief scores them, and alone writes. All others get what they have done for it.

    Raises:
        UserError: as above; or a worker is missing or lost, or was started with something else.
    """
    from aimodels.prediction.identity import facts_of
    from aimodels.prediction.sharing import together

    chosen = chosen_for(run, request)
    question = {"split": chosen.name, "checkpoint": request.checkpoint, "batch_size": request.batch_size}
    data = f"{chosen.provenance.fingerprint} {len(chosen.split)}"
    facts = facts_of(run, checkpoint=request.checkpoint, question=question, data=data)
    with together(cluster, facts) as share:
        with phase("loading the model"):
            predictor = _predictor(run, checkpoint=request.checkpoint, strategy=request.strategy, share=share)
        answers = _answers(chosen, predictor=predictor, request=request)
    if not share.is_chief:
        return share.part
    return _measured(run, chosen, Asked(predictor.alone(), answers), request=request)


def chosen_for(run: RunFolder, request: EvaluationRequest) -> Chosen:
    """The examples that the request is about.

    Raises:
        UserError: the data is gone or has changed, or is none of this kind.
    """
    with phase("reading the data"):
        if request.data is None:
            return own_split(run, name=request.split)
        return other_data(run, path=request.data, name=request.split)


def measure(run: RunFolder, chosen: Chosen, *, predictor: "Predictor", request: EvaluationRequest) -> Evaluation:
    """Ask about the chosen examples, score the answers, and write the evaluation's files.

    Raises:
        DataError: an example cannot be read, or is of another kind or shape than the model takes.
        FailedError: the answers are not finite.
    """
    answers = _answers(chosen, predictor=predictor, request=request)
    return _measured(run, chosen, Asked(predictor, answers), request=request)


@dataclass(frozen=True)
class Asked:
    """The answers to all examples, and whom to ask about more."""

    predictor: "Predictor"
    answers: "Answers"


def _answers(chosen: Chosen, *, predictor: "Predictor", request: EvaluationRequest) -> "Answers":
    with phase(f"answering {counted(len(chosen.split), 'example')}"):
        return predictor.answer(chosen.split.examples, batch_size=request.batch_size)


def _measured(run: RunFolder, chosen: Chosen, asked: Asked, *, request: EvaluationRequest) -> Evaluation:
    predictor, answers = asked.predictor, asked.answers
    rows = answered_rows(run, chosen.split, answers=answers)
    num_hardest = run.config.evaluate.top_losses if request.top_losses is None else request.top_losses
    examples = kept_examples(run, chosen.split, rows, predictor=predictor, num_hardest=num_hardest)
    scores = _scores(run, rows, class_names=answers.class_names)
    measured = Measured(chosen, rows, scores)
    evaluation = Evaluation(
        run=run,
        folder=EvaluationFolder(run.evaluation(_name(chosen, checkpoint=request.checkpoint))),
        checkpoint=request.checkpoint,
        data=chosen.provenance.description,
        scores=scores,
        hardest=examples["top_losses"],
        words=words_read(answers, run=run),
        threshold=answers.threshold if rows.task == "binary" else None,
        table=_table_findings(run, measured, predictor=predictor, request=request),
    )
    evaluation.folder.write(
        report=_report(evaluation, chosen),
        text=_text(evaluation),
        predictions=rows,
        examples=examples,
        columns=evaluation.table.documents() if evaluation.table else None,
    )
    _add_to_metrics(evaluation)
    return evaluation


def _scores(run: RunFolder, rows: Predictions, *, class_names: Sequence[str]) -> AnyScores:
    config, unit = run.config, run.signature.get("unit")
    quantile = quantile_of(config.train.loss)
    return score_rows(rows, class_names=class_names, unit=unit, quantile=quantile, options=config.evaluate)


def _table_findings(
    run: RunFolder, measured: Measured, *, predictor: "Predictor", request: EvaluationRequest
) -> TableFindings | None:
    if not isinstance(run.input, TableInput):
        return None
    return table_findings(run, measured, predictor=predictor, with_importance=request.importance)


def _text(evaluation: Evaluation) -> str:
    title = f"{evaluation.run.name}, {evaluation.folder.name}: {evaluation.data}"
    return as_text(evaluation.scores, title=title, beside=evaluation.paragraphs(), hardest=evaluation.hardest)


def _predictor(
    run: RunFolder, *, checkpoint: str, strategy: AnsweringStrategy, share: "Share | None" = None
) -> "Predictor":
    from aimodels.prediction.predict import Predictor

    return Predictor(run, checkpoint, devices=answering_devices(strategy).names, share=share)


def _name(chosen: Chosen, *, checkpoint: str) -> str:
    """The usual checkpoint goes without saying; another one must not write over its evaluation."""
    return chosen.name if checkpoint == BEST else f"{chosen.name}-{Path(checkpoint).stem}"


def _report(evaluation: Evaluation, chosen: Chosen) -> dict[str, Any]:
    facts = {
        "run": evaluation.run.name,
        "name": evaluation.folder.name,
        "split": chosen.split.name,
        "checkpoint": evaluation.checkpoint,
        "task": evaluation.run.signature["task"],
        "data": evaluation.data,
        "data_fingerprint": chosen.provenance.fingerprint,
        "data_counts": chosen.provenance.counts,
        "evaluated": now(),
    }
    return facts | evaluation.as_document()


def _add_to_metrics(evaluation: Evaluation) -> None:
    """Keep the single numbers in the run's `metrics.json`, beside those of training."""
    metrics = evaluation.run.metrics()
    entry = {
        "checkpoint": evaluation.checkpoint,
        "evaluated": now(),
        "num_examples": evaluation.scores.num_examples,
        "all": evaluation.scores.metrics,
    }
    evaluations = metrics.get("evaluations", {}) | {evaluation.folder.name: entry}
    write_json(evaluation.run.metrics_file, metrics | {"evaluations": evaluations})
