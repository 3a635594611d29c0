"""Which pieces are hidden: shares, what is left alone, whole words, pairs, and that equal seeds choose alike."""

import dataclasses

import numpy as np
import pytest

from aimodels.pretraining import masking
from aimodels.pretraining.masking import Examples, Masking, Vocabulary
from aimodels.pretraining.windows import Windows, chopped

NUM_PIECES = 60
PAD, UNK, CLS, SEP, MASK = range(5)
FIRST_END = 40  # from here on a piece goes on with the word before it


def vocabulary() -> Vocabulary:
    numbers = np.arange(NUM_PIECES)
    return Vocabulary(start=CLS, end=SEP, mask=MASK, is_special=numbers <= MASK, begins_word=numbers < FIRST_END)


def windows_of(lengths: list[int], *, max_length: int = 64, pairs: bool = False) -> Windows:
    pieces = np.random.default_rng(1).integers(UNK, NUM_PIECES, size=sum(lengths)).astype(np.int32)
    pieces[(pieces > UNK) & (pieces <= MASK)] = 10
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return chopped(pieces, starts=starts, max_length=max_length, pairs=pairs)


def many(*, pairs: bool = False) -> Windows:
    return windows_of(list(np.random.default_rng(0).integers(1, 200, size=400)), pairs=pairs)


def plain(*, whole_words: bool = False, seed: int = 3, share: float = 0.15) -> Masking:
    return Masking(vocabulary(), share=share, whole_words=whole_words, seed=seed)


def before(windows: Windows) -> Examples:
    """The windows with nothing changed: a share so small that one piece per window is chosen, put back."""
    shown = plain(share=1e-9).examples(windows, epoch=0)
    ids = shown.ids.copy()
    ids[flat_places(shown)] = shown.answers
    return dataclasses.replace(shown, ids=ids)


def flat_places(shown: Examples) -> np.ndarray:
    counts = np.diff(shown.guess_starts)
    return np.repeat(shown.starts[:-1], counts) + shown.places


def test_the_shares_are_those_that_were_asked_for() -> None:
    windows = many()
    shown, original = plain().examples(windows, epoch=4), before(windows)
    places = flat_places(shown)
    maskable = (original.ids > MASK).sum()
    assert len(places) / maskable == pytest.approx(0.15, abs=0.005)
    now = shown.ids[places]
    hidden, same = (now == MASK).mean(), (now == shown.answers).mean()
    assert hidden == pytest.approx(0.8, abs=0.02)
    # A piece drawn at random is now and then the one that stood there.
    assert same == pytest.approx(0.1 + 0.1 / (NUM_PIECES - 5), abs=0.015)
    assert (now[now != MASK] > MASK).all()


def test_the_answers_are_what_stood_there_and_nothing_else_changes() -> None:
    windows = many()
    shown, original = plain().examples(windows, epoch=4), before(windows)
    places = flat_places(shown)
    assert len(set(places)) == len(places)
    assert (original.ids[places] == shown.answers).all()
    assert (shown.answers > MASK).all()
    others = np.setdiff1d(np.arange(len(shown.ids)), places)
    assert (shown.ids[others] == original.ids[others]).all()
    assert (shown.ids[shown.starts[:-1]] == CLS).all()
    assert (shown.ids[shown.starts[1:] - 1] == SEP).all()
    assert (np.diff(shown.guess_starts) >= 1).mean() > 0.99  # a window of unknown pieces alone has none


def test_an_epoch_repeats_itself_and_differs_from_the_next() -> None:
    windows = many()
    first, again = plain().examples(windows, epoch=2), plain().examples(windows, epoch=2)
    assert (first.ids == again.ids).all()
    for other in (plain().examples(windows, epoch=3), plain(seed=4).examples(windows, epoch=2)):
        assert (first.ids[:500] != other.ids[:500]).any()
    measured = dataclasses.replace(plain(), stream=masking.MEASURING)
    assert (measured.examples(windows, epoch=2).ids[:500] != first.ids[:500]).any()


def test_blocks_of_windows_stand_one_behind_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = many()
    whole = before(windows)
    monkeypatch.setattr(masking, "WINDOWS_AT_ONCE", 7)
    parted = before(windows)
    assert (whole.ids == parted.ids).all()
    assert (whole.starts == parted.starts).all()
    assert len(parted.places) == parted.guess_starts[-1]


def test_whole_words_are_chosen_together() -> None:
    windows = many()
    shown, original = plain(whole_words=True).examples(windows, epoch=1), before(windows)
    is_chosen = np.zeros(len(shown.ids), dtype=bool)
    is_chosen[flat_places(shown)] = True
    goes_on = original.ids >= FIRST_END
    is_beside = original.ids[:-1] > MASK  # what goes on with [UNK] or stands first in a window is a word of its own
    together = goes_on[1:] & is_beside
    assert together.sum() > 1000
    assert (is_chosen[1:][together] == is_chosen[:-1][together]).all()
    assert is_chosen.sum() / (original.ids > MASK).sum() == pytest.approx(0.15, abs=0.01)
    apart = plain().examples(windows, epoch=1)
    is_chosen[:] = False
    is_chosen[flat_places(apart)] = True
    assert (is_chosen[1:][together] != is_chosen[:-1][together]).any()


def test_half_of_the_pairs_get_the_second_half_of_another_text() -> None:
    windows = many(pairs=True)
    shown = plain(share=1e-9).examples(windows, epoch=5)
    assert shown.is_next.mean() == pytest.approx(0.5, abs=0.05)
    assert shown.ids.max() >= NUM_PIECES
    for window in np.flatnonzero(shown.is_next == 0)[:20]:
        ids = shown.ids[shown.starts[window] : shown.starts[window + 1]]
        first = np.flatnonzero(ids == SEP)[0]
        assert (ids[: first + 1] < NUM_PIECES).all()
        assert (ids[first + 1 :] >= NUM_PIECES).all()
        assert ids[-1] == SEP + NUM_PIECES
    own = [
        (shown.ids[shown.starts[window] : shown.starts[window + 1]] % NUM_PIECES).tolist()
        for window in np.flatnonzero(shown.is_next)
    ]
    original = [windows.pieces[a:b].tolist() for a, b in zip(windows.starts[:-1], windows.starts[1:], strict=True)]
    assert len(own[0]) == len(original[np.flatnonzero(shown.is_next)[0]]) + 3
    assert (np.diff(shown.starts) <= windows.lengths).all()


def test_a_single_text_has_no_other_to_borrow_from() -> None:
    shown = plain().examples(windows_of([500], pairs=True), epoch=0)
    assert (shown.is_next == 1).all()


def test_nothing_can_be_guessed_where_every_piece_is_unknown() -> None:
    windows = chopped(np.full(5, UNK, np.int32), starts=np.array([0, 5]), max_length=8)
    shown = plain().examples(windows, epoch=0)
    assert shown.ids.tolist() == [CLS, UNK, UNK, UNK, UNK, UNK, SEP]
    assert len(shown.places) == 0
    assert shown.guess_starts.tolist() == [0, 0]
