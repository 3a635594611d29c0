"""Encoded rows on disk: what is written is read, at any positions and in any order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.preprocessing.words import Encoded

pytestmark = pytest.mark.tensorflow

COUNT = 500
NUMBERS = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
CATEGORIES = np.arange(COUNT * 2, dtype=np.int32).reshape(COUNT, 2)
TEXTS = [list(range(number % 7)) for number in range(COUNT)]


def encoded(texts: list[list[int]]) -> Encoded:
    lengths = np.array([len(text) for text in texts], np.int64)
    ids = np.array([word for text in texts for word in text], np.int32)
    return Encoded(ids, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]), lengths)


def stored(folder: Path) -> dict[str, object]:
    from aimodels.training import encoded_rows

    cuts = [0, 1, 200, 201, COUNT]
    chunks = [
        {"numbers": NUMBERS[a:b], "categories": CATEGORIES[a:b], "text_0": encoded(TEXTS[a:b])}
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    return encoded_rows.store(chunks, folder)


@pytest.fixture(scope="module")
def tensors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return stored(tmp_path_factory.mktemp("rows"))


@given(positions=st.lists(st.integers(0, COUNT - 1), max_size=80))
def test_rows_come_back(tensors: dict[str, object], positions: list[int]) -> None:
    from aimodels.training.encoded_rows import Wanted

    chosen = np.array(positions, np.int64)
    wanted = Wanted(chosen)
    np.testing.assert_array_equal(tensors["numbers"].read(wanted), NUMBERS[chosen])
    np.testing.assert_array_equal(tensors["categories"].read(wanted), CATEGORIES[chosen])
    texts = tensors["text_0"].read(wanted)
    found = [texts.ids[a:b].tolist() for a, b in zip(texts.starts, texts.starts[1:], strict=False)]
    assert found == [TEXTS[position] for position in positions]


def test_a_file_that_was_cut_is_noticed(tmp_path: Path) -> None:
    from aimodels.training.encoded_rows import Wanted

    numbers = stored(tmp_path)["numbers"]
    (tmp_path / "numbers.bin").write_bytes(b"")
    with pytest.raises(EOFError, match="expected 12"):
        numbers.read(Wanted(np.array([0])))
