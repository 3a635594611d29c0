"""Augmentation: a function of its seed, and each option does what it says."""

import numpy as np
import pytest

from aimodels.config.augmentation import ImageAugmentation

pytestmark = pytest.mark.tensorflow

IMAGES = np.random.default_rng(0).integers(0, 256, size=(16, 12, 12, 3), dtype=np.uint8)


def changed(images: np.ndarray = IMAGES, *, seed: tuple[int, int] = (1, 2), **options: object) -> np.ndarray:
    import tensorflow as tf

    from aimodels.training.augmentation import augmented

    section = ImageAugmentation.model_validate(options)
    return np.asarray(augmented(tf.constant(images), section, seed=tf.constant(seed, tf.int64)))


def test_the_same_seed_gives_the_same_pixels() -> None:
    options = {"rotate": 0.1, "shift": 0.1, "zoom": 0.1, "flip": "both", "contrast": 0.3}
    np.testing.assert_array_equal(changed(**options), changed(**options))
    assert (changed(**options) != changed(seed=(1, 3), **options)).any()


@pytest.mark.parametrize("option", ["rotate", "shift", "zoom", "shear", "crop", "contrast", "brightness"])
def test_every_option_changes_images_each_in_its_own_way(option: str) -> None:
    result = changed(**{option: 0.3})
    assert result.dtype == np.uint8
    assert result.shape == IMAGES.shape
    # A draw near zero leaves an image as it is.
    assert (result != IMAGES).any(axis=(1, 2, 3)).mean() > 0.8


def test_a_flip_mirrors_some_images_and_leaves_the_others() -> None:
    result = changed(flip="horizontal")
    mirrored = [np.array_equal(new, old[:, ::-1]) for new, old in zip(result, IMAGES, strict=True)]
    same = [np.array_equal(new, old) for new, old in zip(result, IMAGES, strict=True)]
    assert all(one != other for one, other in zip(mirrored, same, strict=True))
    assert any(mirrored)
    assert any(same)


def test_a_vertical_flip_is_vertical() -> None:
    result = changed(flip="vertical")
    assert any(np.array_equal(new, old[::-1]) for new, old in zip(result, IMAGES, strict=True))


def test_a_shift_moves_by_at_most_its_share() -> None:
    image = np.zeros((64, 20, 20, 1), np.uint8)
    image[:, 10, 10] = 255
    result = changed(image, shift=0.1)
    rows, columns = np.unravel_index(result.reshape(64, -1).argmax(axis=1), (20, 20))
    assert np.abs(rows - 10).max() <= 2
    assert np.abs(columns - 10).max() <= 2
    assert len(set(rows)) > 2


def test_a_quarter_turn_keeps_the_middle_in_the_middle() -> None:
    image = np.zeros((64, 21, 21, 1), np.uint8)
    image[:, 9:12, 9:12] = 255
    result = changed(image, rotate=0.25).astype(float)
    assert result[:, 10, 10].min() == 255
    np.testing.assert_allclose(result.sum(axis=(1, 2, 3)), 9 * 255, rtol=0.15)


def test_brightness_stays_within_the_range() -> None:
    result = changed(brightness=1.0).astype(int)
    assert result.min() == 0
    assert result.max() == 255


def test_contrast_keeps_the_mean() -> None:
    gray = np.full((4, 8, 8, 1), 100, np.uint8)
    np.testing.assert_array_equal(changed(gray, contrast=0.5), gray)
