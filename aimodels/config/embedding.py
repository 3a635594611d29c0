"""How words become vectors: `model.embedding` of the architectures that read words."""

from pydantic import Field, model_validator

from aimodels.config.section import Fraction, Section


class Embedding(Section):
    """One vector per word of the vocabulary."""

    size: int = Field(64, ge=1, le=100_000, description="Numbers in the vector of a word.", examples=[64])
    file: str | None = Field(
        None,
        min_length=1,
        description="Start from the vectors in this file, as GloVe and word2vec write them as text: a word and its "
        "numbers per line; words that it lacks start at random. null: all start at random.",
        examples=["glove.6B.100d.txt"],
    )
    trainable: bool = Field(True, description="Whether training changes the vectors.")
    dropout: Fraction = Field(
        0.0,
        description="Share of the numbers in a vector switched off at random, the same ones for all words of a text.",
    )

    @model_validator(mode="after")
    def _random_vectors_are_trained(self) -> "Embedding":
        if self.file is None and not self.trainable:
            raise ValueError(
                "`trainable: false` needs the vectors of a `file`: those at random say nothing about words"
            )
        return self
