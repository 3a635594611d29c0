"""What is measured of tables besides the scores: baselines, how much each column counts, errors by value."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.data.dataset import Split, TableInput
from aimodels.data.encodings import CATEGORIES, UNSEEN
from aimodels.data.rows import Rows
from aimodels.evaluation.aims import aim_of
from aimodels.evaluation.baselines import Comparison, Encode, compare
from aimodels.evaluation.by_feature import by_feature
from aimodels.evaluation.importance import Importance, importance, short
from aimodels.evaluation.linear_features import Encoded
from aimodels.evaluation.measured import Measured
from aimodels.evaluation.scores import listed
from aimodels.events import phase
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    import keras

    from aimodels.prediction.predict import Predictor

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class TableFindings:
    """`unseen` counts the rows with a value that the network does not know, by column;
    `importance` is None where it was not asked for."""

    unseen: dict[str, int]
    comparison: Comparison
    importance: Importance | None
    by_feature: dict[str, Any]

    def paragraphs(self, *, limit: int | None) -> list[str]:
        """The comparison in a line, and how much the columns count: for people."""
        told = [str(self.comparison)]
        if self.comparison.hint:
            told.append(f"hint: {self.comparison.hint}")
        paragraphs = ["\n".join(map(_wrapped, told))]
        if self.unseen:
            counted = listed(f"{short(name)} in {count:,} rows" for name, count in self.unseen.items())
            paragraphs.append(_wrapped(f"values that the training rows did not show: {counted}"))
        return [*paragraphs, self.importance.as_text(limit=limit)] if self.importance else paragraphs

    def documents(self) -> dict[str, Any]:
        """What is written beside the report, by file."""
        documents = {"by_feature": self.by_feature}
        return documents if self.importance is None else documents | {"importance": self.importance.as_document()}


def _wrapped(text: str) -> str:
    """On lines of 80 columns; a number stays beside its percent sign."""
    kept = text.replace(" %", f"{NO_BREAK}%")
    return textwrap.fill(kept, width=80, subsequent_indent="  ", break_on_hyphens=False).replace(NO_BREAK, " ")


def table_findings(
    run: RunFolder, measured: Measured, *, predictor: "Predictor", with_importance: bool
) -> TableFindings:
    """Measure what concerns the columns of a table."""
    config, input, rows, split = run.config, run.input, measured.rows, measured.chosen.split
    if not isinstance(input, TableInput):
        raise TypeError("columns are those of a table")
    network = run.model()
    encode = encoder(network)
    with phase("fitting the baselines"):
        comparison = compare(measured, aim=aim_of(config, measured), encode=encode, seed=config.seed)
    importances = None
    if with_importance and config.evaluate.importance:
        with phase("shuffling columns"):
            importances = importance(predictor, split, columns=input.names, task=rows.task, seed=config.seed)
    return TableFindings(
        unseen=unseen_values(split, encode=encode, names=category_names(network)),
        comparison=comparison,
        importance=importances,
        by_feature=by_feature(rows, split, input=input, seed=config.seed),
    )


def unseen_values(split: Split, *, encode: Encode, names: Sequence[str]) -> dict[str, int]:
    """In how many rows each column of categories has a value that the network does not know; none are left out."""
    counts = np.zeros(len(names), np.int64)
    if len(names):
        for chunk in encode(split.rows):
            counts += (chunk[CATEGORIES] == UNSEEN).sum(axis=0)
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def category_names(network: "keras.Model") -> tuple[str, ...]:
    """The columns of categories, in the order in which they are encoded."""
    from aimodels.preprocessing import columns

    return tuple(column.name for column in columns.columns(network).categories)


def encoder(network: "keras.Model") -> Encode:
    """How the network encodes rows, chunk by chunk."""
    from aimodels.preprocessing import columns

    def encode(rows: Rows) -> Iterator[Encoded]:
        return columns.encode(network, rows)

    return encode
