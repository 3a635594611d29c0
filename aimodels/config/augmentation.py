"""Random changes of training examples: `train.augment`."""

from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]


class ImageAugmentation(Section):
    """How far each training image may be changed, drawn anew for every image and epoch. 0 switches a change off."""

    rotate: Share = Field(
        0.0, description="Largest rotation either way, as a share of a full turn: 0.03 is 10.8 degrees."
    )
    shift: Share = Field(0.0, description="Largest shift either way, as a share of height and width.")
    zoom: Share = Field(0.0, lt=1, description="Largest change of size either way: 0.1 is from 90 % to 110 %.")
    shear: Share = Field(0.0, description="Largest horizontal slant either way, as a share of the height.")
    flip: Literal["none", "horizontal", "vertical", "both"] = Field("none", description="Mirror half of the images.")
    crop: Share = Field(0.0, lt=1, description="Cut away up to this share of each side and scale back to full size.")
    contrast: Share = Field(0.0, description="Largest change of contrast either way: 0.2 is from 80 % to 120 %.")
    brightness: Share = Field(0.0, description="Largest change of brightness either way, as a share of the full range.")

    @property
    def is_on(self) -> bool:
        """Whether anything is changed at all."""
        return self != ImageAugmentation()


class TextAugmentation(Section):
    """How often words and characters of a training text are changed, drawn anew for every text and epoch; 0: never."""

    word_dropout: Share = Field(
        0.0, lt=1, description="Share of the words that are hidden: each becomes the unknown word (Iyyer et al., 2015)."
    )
    word_swap: Share = Field(0.0, lt=1, description="Share of the words that change places with a neighbour.")
    char_dropout: Share = Field(
        0.0, lt=1, description="Share of the characters that are left out, as typing errors do."
    )
    char_swap: Share = Field(0.0, lt=1, description="Share of the characters that change places with a neighbour.")

    @property
    def is_on(self) -> bool:
        """Whether anything is changed at all."""
        return self != TextAugmentation()
