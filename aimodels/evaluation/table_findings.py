"""What is measured of tables besides the scores: baselines, how much each column counts, errors by value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aimodels.data.dataset import TableInput
from aimodels.data.rows import Rows
from aimodels.evaluation.baselines import Comparison, Encode, compare
from aimodels.evaluation.by_feature import by_feature
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.importance import Importance, importance
from aimodels.evaluation.linear_features import Encoded
from aimodels.evaluation.scoring import AnyScores
from aimodels.events import phase
from aimodels.runs.folder import RunFolder
from aimodels.runs.predictions import Predictions

if TYPE_CHECKING:
    import keras

    from aimodels.prediction.predict import Predictor


@dataclass(frozen=True)
class TableFindings:
    """`importance` is None where it was not asked for."""

    comparison: Comparison
    importance: Importance | None
    by_feature: dict[str, Any]

    def paragraphs(self, *, limit: int | None) -> list[str]:
        """The comparison in a line, and how much the columns count: for people."""
        line = str(self.comparison)
        paragraphs = [f"{line}\nhint: {self.comparison.hint}" if self.comparison.hint else line]
        return [*paragraphs, self.importance.as_text(limit=limit)] if self.importance else paragraphs

    def documents(self) -> dict[str, Any]:
        """What is written beside the report, by file."""
        documents = {"by_feature": self.by_feature}
        return documents if self.importance is None else documents | {"importance": self.importance.as_document()}


@dataclass(frozen=True)
class Measured:
    """What was measured of some examples: which, the answers and their scores."""

    chosen: Chosen
    rows: Predictions
    scores: AnyScores


def table_findings(
    run: RunFolder, measured: Measured, *, predictor: "Predictor", with_importance: bool
) -> TableFindings:
    """Measure what concerns the columns of a table."""
    config, input, rows, split = run.config, run.input, measured.rows, measured.chosen.split
    if not isinstance(input, TableInput):
        raise TypeError("columns are those of a table")
    with phase("fitting the baselines"):
        comparison = compare(
            rows, measured.chosen, scores=measured.scores, encode=encoder(run.model()), seed=config.seed
        )
    importances = None
    if with_importance and config.evaluate.importance:
        with phase("shuffling columns"):
            importances = importance(predictor, split, columns=input.names, task=rows.task, seed=config.seed)
    return TableFindings(comparison, importances, by_feature(rows, split, input=input, seed=config.seed))


def encoder(network: "keras.Model") -> Encode:
    """How the network encodes rows, chunk by chunk."""
    from aimodels.preprocessing import columns

    def encode(rows: Rows) -> Iterator[Encoded]:
        return columns.encode(network, rows)

    return encode
