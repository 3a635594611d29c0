"""What the columns of a table are and how they become numbers: `data.columns`."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from aimodels.config.section import Listed, Section
from aimodels.config.words import WordsOptions

Kind = Literal["number", "category", "date", "text"]
DATE_TOKENS = {"%Y", "%m", "%d", "%H", "%M", "%S"}
Quantile = Annotated[float, Field(ge=0, le=1)]


class NumberColumn(Section):
    """Numbers, such as a length or a price. Everything is fitted on the training split."""

    kind: Literal["number"] = "number"
    scale: Literal["standard", "min_max", "robust", "log", "none"] = Field(
        "standard",
        description="standard: mean 0 and deviation 1; min_max: 0 to 1; robust: median 0 and interquartile range 1; "
        "log: sign(x) log(1 + |x|), then standard; none: as it is.",
    )
    missing: Literal["mean", "median"] | float = Field(
        "mean", description="What a missing number is taken for: the mean, the median, or this number."
    )
    indicator: Literal["auto"] | bool = Field(
        "auto", description="A further input that is 1 where the number is missing; auto: if any is, in training."
    )
    clip: Literal["none", "iqr"] | Annotated[tuple[Quantile, Quantile], Field(strict=False)] = Field(
        "none",
        description="Pull extreme numbers in: to 1.5 interquartile ranges beyond the quartiles (iqr), or to these "
        "quantiles of the training split, as in [0.01, 0.99].",
    )
    bins: int = Field(
        0,
        ge=0,
        le=1000,
        description="Cut the numbers into this many bins of equal counts, each an input of its own; 0: no.",
    )

    @model_validator(mode="after")
    def _something_is_left(self) -> "NumberColumn":
        if self.bins == 1:
            raise ValueError("`bins` must be 0 (none) or at least 2: one bin would hold every number")
        if not isinstance(self.clip, str) and self.clip[0] >= self.clip[1]:
            raise ValueError(f"`clip` must be a lower and a higher quantile, got {self.clip[0]:g} and {self.clip[1]:g}")
        return self


class CategoryColumn(Section):
    """One of some values, such as an island. Unseen values and missing ones have their own slots."""

    kind: Literal["category"] = "category"
    encode: Literal["auto", "one_hot", "embedding"] = Field(
        "auto", description="A 0 or 1 per value, or a learned vector per value; auto: one_hot for up to 10 values."
    )
    size: Literal["auto"] | Annotated[int, Field(ge=1, le=4096)] = Field(
        "auto", description="Numbers in the vector of a value; auto: about 1.6 times the 0.56th power of their count."
    )
    most: int = Field(
        20_000, ge=1, description="Values that are kept, the most frequent ones; the others count as unseen."
    )
    at_least: int = Field(1, ge=1, description="A value that is rarer in training counts as unseen.")
    hash: int = Field(
        0, ge=0, description="Put the values into this many buckets by their hash, without a list of them; 0: no."
    )


class DateColumn(Section):
    """A day, or a day and a time."""

    kind: Literal["date"] = "date"
    format: str = Field(
        "iso", description="iso (2024-05-31, 2024-05-31T13:45:10) or a pattern of %Y %m %d %H %M %S, as in %d.%m.%Y."
    )
    parts: Listed[Literal["year", "month", "day", "weekday", "day_of_year", "hour", "minute"]] = Field(
        ("year", "month", "day", "weekday", "hour"),
        min_length=1,
        description="What of it becomes inputs, each scaled; a part that never changes in training is left out.",
    )
    cycles: bool = Field(True, description="Parts that come round again (month, day, weekday, ...) as sine and cosine.")

    @model_validator(mode="after")
    def _format_can_be_read(self) -> "DateColumn":
        found = re.findall(r"%.?", self.format)
        if self.format == "iso" or (found and set(found) <= DATE_TOKENS and len(found) == len(set(found))):
            return self
        raise ValueError(
            f'`format` must be iso or a pattern of %Y %m %d %H %M %S, each once at most, got "{self.format}"'
        )


class TextColumn(Section):
    """Free text."""

    kind: Literal["text"] = "text"
    words: WordsOptions = Field(
        WordsOptions(vocabulary=10_000, max_length=100), description="How texts become words, and words numbers."
    )


class IgnoredColumn(Section):
    """A column that the network does not see."""

    kind: Literal["ignore"] = "ignore"


ColumnOptions = NumberColumn | CategoryColumn | DateColumn | TextColumn
AnyColumn = ColumnOptions | IgnoredColumn

_READ: TypeAdapter[ColumnOptions] = TypeAdapter(Annotated[ColumnOptions, Field(discriminator="kind")])


def column_options(document: dict[str, Any]) -> ColumnOptions:
    """Options from what `model_dump(mode="json")` gave.

    Raises:
        pydantic.ValidationError: it is something else.
    """
    return _READ.validate_python(document, strict=False)
