"""How texts become pieces of words for an encoder of BERT's shape: `model.encoder`, `sizes` and `wordpieces`."""

from typing import Literal

from pydantic import Field, model_validator

from aimodels.config.section import Section

RANDOM = "random"


class EncoderSizes(Section):
    """Sizes of an encoder that begins with random weights (`encoder: random`)."""

    vocabulary: int = Field(
        8_000, ge=8, le=1_000_000, description="Pieces of words; they are chosen from the training texts."
    )
    lower: bool = Field(True, description="Make every letter small and take its accents off.")
    positions: int = Field(512, ge=8, le=100_000, description="Longest text, in pieces.")
    blocks: int = Field(2, ge=1, le=200, description="Encoder blocks.")
    size: int = Field(128, ge=2, le=100_000, description="Numbers per piece.")
    heads: int = Field(2, ge=1, le=1_000, description="Heads of the attention; they share `size`.")
    feed_forward: int = Field(512, ge=1, le=1_000_000, description="Units inside the small network of each block.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Share of numbers switched off at random in each part.")

    @model_validator(mode="after")
    def _heads_share_the_size(self) -> "EncoderSizes":
        if self.size % self.heads:
            raise ValueError(f"`size` must be a multiple of `heads`, got {self.size} and {self.heads}")
        return self


class WordpiecesOptions(Section):
    """How much of a text is read. How it is cut into pieces, the encoder's own files say."""

    max_length: int = Field(
        256,
        ge=4,
        le=100_000,
        description="Pieces that are read of a text, the special ones ([CLS], [SEP]) counted; the rest is cut off. Of "
        "two texts the longer one is cut first.",
    )
    keep: Literal["start", "end"] = Field("start", description="Which end of a longer text is read.")


class EncoderReading(Section):
    """What the preprocessing `wordpieces` must know of a model: its encoder, and how much of a text is read."""

    encoder: str = Field(description="A folder, a name on the hub, or random.")
    sizes: EncoderSizes = Field(EncoderSizes(), description="Sizes of a random encoder.")
    wordpieces: WordpiecesOptions = Field(WordpiecesOptions(), description="How much of a text is read.")
