"""Images survive the way through JSON, and broken text is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aimodels.data.thumbnails import decode, encode, shrink

SHAPES = st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_images_come_back_as_they_were(images):
    back = decode(json.loads(json.dumps(encode(images))))
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, images)


@pytest.mark.parametrize("images", [np.zeros((1, 2, 2, 1)), np.zeros((2, 2, 1), np.uint8)])
def test_other_arrays_are_refused(images):
    with pytest.raises(ValueError, match="must be uint8"):
        encode(images)


def test_a_wrong_size_is_refused():
    document = encode(np.zeros((2, 3, 3, 1), np.uint8))
    with pytest.raises(ValueError, match="must hold 9 bytes"):
        decode(document | {"shape": [1, 3, 3, 1]})
    with pytest.raises(ValueError, match="must hold 27 bytes"):
        decode(document | {"shape": [3, 3, 3, 1]})


@pytest.mark.parametrize("text", ["no base64!", "aGVsbG8="])
def test_broken_text_is_refused(text):
    with pytest.raises(ValueError, match="not encoded images"):
        decode({"shape": [1, 1, 1, 1], "zlib_base64": text})


def test_shrinking_takes_the_mean_of_blocks():
    image = np.array([[0, 100, 8], [100, 200, 8], [9, 9, 9]], np.uint8).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(shrink(image, longest_side=2), np.array([[[[100]]]], np.uint8))
    assert shrink(image, longest_side=3) is image


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 96))
def test_no_side_stays_above_the_limit(height, width, limit):
    small = shrink(np.full((1, height, width, 1), 7, np.uint8), longest_side=limit)
    assert max(small.shape) <= limit
    assert min(small.shape) >= 1
    assert (small == 7).all()
