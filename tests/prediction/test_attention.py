"""The weights of words, from those of what the network reads."""

import numpy as np
import pytest

from aimodels.encoders.encoder import PieceRules
from aimodels.prediction.attention import Attention, of_pieces


def weights(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_a_word_weighs_what_its_pieces_weigh_together() -> None:
    pieces = ["[CLS]", "##ing", "film", "##s", "-", "##ed", "[SEP]", "##ly", "[UNK]", "[SEP]"]
    found = of_pieces(pieces, weights(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), rules=PieceRules())
    assert found.words == ("##ing", "films", "-ed", "##ly", "[UNK]")
    assert found.weights.tolist() == [2, 12, 48, 128, 256]
    assert [piece for piece, _ in found.pieces] == pieces


def test_an_empty_text_has_no_word_to_weigh() -> None:
    found = of_pieces(["[CLS]", "[SEP]"], weights(0.5, 0.5), rules=PieceRules())
    assert (found.words, found.highest(10)) == ((), [])


def test_a_word_that_comes_twice_is_told_with_its_place() -> None:
    attention = Attention(("a", "good", "film", "a", "film"), weights(0.125, 0.25, 0.0625, 0.0625, 0.5))
    assert attention.highest(3) == [("film (5)", 0.5), ("good", 0.25), ("a (1)", pytest.approx(0.125))]
