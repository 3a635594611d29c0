"""How the cells of a table stand in its file: `data.format`."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from aimodels.config.section import Listed, Section

TAB = "tab"
NO_QUOTE = "none"
# What pandas, R, Excel and the UCI repository write for a value that is not there.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "None", "?", "-")


class TableFormat(Section):
    """How the cells of a CSV file are separated and written. Of a Parquet file, only `missing` matters."""

    delimiter: str = Field(
        "auto",
        pattern=r"^(auto|tab|\t|[!-/:-@\[-`{-~])$",
        description="What separates cells: one character, or tab; auto: of comma, semicolon, tab and | the one that "
        "gives the first line the most cells.",
        examples=["auto", ";"],
    )
    encoding: str = Field(
        "utf-8",
        description="How characters stand in the file, by a name that Python knows: utf-8 (with or without a byte "
        "order mark), utf-16, latin-1, cp1252, ...",
        examples=["utf-8", "latin-1"],
    )
    quote: str = Field(
        '"',
        pattern=r"^(none|[!-/:-@\[-`{-~])$",
        description="What stands around a cell that has a delimiter or a line break in it, doubled inside; none: "
        "quotes mean nothing.",
    )
    decimal: Literal["auto", ".", ","] = Field(
        "auto",
        description="What stands before the decimals of a number; auto: a comma where something else separates cells "
        "and the numbers of the first rows are written so (77,5), else a point.",
    )
    missing: Listed[str] = Field(
        MISSING,
        description="Cells that stand for a missing value, white space around them not counted. An empty cell always "
        "does, and in a column of numbers every nan.",
        examples=[["", "NA", "-999"]],
    )

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            "".encode(name)
        except (LookupError, ValueError) as error:
            raise ValueError(f'no encoding of texts is called "{name}"; try utf-8, latin-1 or cp1252') from error
        return name

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        if self.delimiter == self.decimal_character:
            raise ValueError(f"`{self.delimiter}` cannot stand between cells and before the decimals as well")
        if self.delimiter == self.quote:
            raise ValueError(f"`{self.delimiter}` cannot stand between cells and around them as well")
        return self

    @property
    def delimiters(self) -> tuple[str, ...]:
        """The characters that may separate cells, in the order in which they are tried."""
        if self.delimiter == "auto":
            return tuple(
                character for character in (",", ";", "\t", "|") if character not in (self.decimal, self.quote)
            )
        return ("\t" if self.delimiter == TAB else self.delimiter,)

    @property
    def decimal_character(self) -> str:
        """What stands before the decimals of a number: a point unless the table is known to have a comma there."""
        return "," if self.decimal == "," else "."

    @property
    def quote_character(self) -> str | None:
        """What stands around a cell, None if nothing does."""
        return None if self.quote == NO_QUOTE else self.quote

    @property
    def missing_words(self) -> tuple[str, ...]:
        """What stands for a missing value, without white space around it; the empty cell always among them."""
        return tuple(dict.fromkeys(["", *(word.strip() for word in self.missing)]))
