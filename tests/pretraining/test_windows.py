"""Texts chopped into windows: nothing is lost, nothing is too long, no window is a short rest."""

import numpy as np
import pytest

from aimodels.pretraining.windows import chopped


def texts(*lengths: int) -> tuple[np.ndarray, np.ndarray]:
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return np.arange(starts[-1], dtype=np.int32), starts


@pytest.mark.parametrize("max_length", [4, 7, 16])
def test_every_piece_is_in_one_window(max_length: int) -> None:
    pieces, starts = texts(0, 1, 5, 14, 15, 100, 0)
    windows = chopped(pieces, starts=starts, max_length=max_length)
    assert windows.pieces.tolist() == pieces.tolist()
    assert windows.lengths.max() <= max_length
    for text in range(7):
        sizes = np.diff(windows.starts)[windows.text_of == text]
        assert sizes.sum() == starts[text + 1] - starts[text]
        if len(sizes):
            assert sizes.max() - sizes.min() <= 1
            assert len(sizes) == -(-int(sizes.sum()) // (max_length - 2))


def test_windows_of_pairs_have_two_halves() -> None:
    pieces, starts = texts(1, 2, 30, 9)
    windows = chopped(pieces, starts=starts, max_length=12, pairs=True)
    assert windows.is_pairs
    assert set(windows.text_of) == {1, 2, 3}  # one piece has no halves
    assert windows.lengths.max() <= 12
    firsts, seconds = windows.middles - windows.starts[:-1], windows.starts[1:] - windows.middles
    assert (seconds >= 1).all()
    assert ((firsts - seconds) >= 0).all()
    assert ((firsts - seconds) <= 1).all()


def test_no_text_gives_no_window() -> None:
    assert len(chopped(np.empty(0, np.int32), starts=np.zeros(1, np.int64), max_length=8)) == 0
    assert len(chopped(np.empty(0, np.int32), starts=np.zeros(3, np.int64), max_length=8)) == 0
