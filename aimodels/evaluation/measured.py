"""What was measured of some examples: which they are, the answers to them, and the scores of these."""

from dataclasses import dataclass

from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.scoring import AnyScores
from aimodels.runs.predictions import Predictions


@dataclass(frozen=True)
class Measured:
    """The examples, the answers to them and their scores."""

    chosen: Chosen
    rows: Predictions
    scores: AnyScores
