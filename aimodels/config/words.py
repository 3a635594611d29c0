"""How texts become words, and words become numbers: `model.words`, and `words` of a text column."""

from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.section import Listed, Section

StopWord = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]


class WordsOptions(Section):
    """How texts become words, and words become numbers."""

    vocabulary: int = Field(
        20_000,
        ge=3,
        le=10_000_000,
        description="Size of the vocabulary and rows of the embedding: the most frequent words of the training texts, "
        "after one number for padding and one for every other word.",
        examples=[20_000],
    )
    min_count: int = Field(1, ge=1, description="A word that the training texts hold fewer times stays unknown.")
    lower: bool = Field(True, description="Make every letter small, the same way in every language: İ and I become i.")
    html_breaks: bool = Field(True, description="Read `<br>` and `<br />` as white space, as in the IMDB reviews.")
    punctuation: Literal["strip", "split", "keep"] = Field(
        "strip",
        description="strip: punctuation separates words and is left out, but an apostrophe is only left out (`don't` "
        "is `dont`); split: each punctuation mark is a word; keep: it stays part of its word.",
    )
    split: Literal["auto", "whitespace", "characters"] = Field(
        "auto",
        description="whitespace: words are what stands between white space; auto: besides, each character of a script "
        "without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) and each emoji is a word; characters: each "
        "character is a word.",
    )
    stop_words: Literal["none", "english"] | Listed[StopWord] = Field(
        "none",
        description="Words to leave out: english (318 of them, from scikit-learn), or a list.",
        examples=[["the", "a", "of"]],
    )
    ngrams: int = Field(
        1,
        ge=1,
        le=5,
        description="Also number the runs of up to this many words. Each stands right behind its last word: with 2, "
        "`not very good` is `not`, `very`, `not very`, `good`, `very good`.",
    )
    max_length: int = Field(
        400, ge=1, le=1_000_000, description="Words (and n-grams) that are read of a text; the rest is cut off."
    )
    keep: Literal["start", "end"] = Field("start", description="Which end of a longer text is read.")
