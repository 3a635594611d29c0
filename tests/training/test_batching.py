"""Batches: every example once an epoch, in an order that seed and epoch decide alone."""

from pathlib import Path

import numpy as np
import pytest

from aimodels.architectures import mlp
from aimodels.config.schema import DatasetOptions, config_class
from aimodels.data.dataset import Dataset, ImageFiles, ImageInput, Provenance, Split, Target
from aimodels.errors import DataError

pytestmark = pytest.mark.tensorflow


def dataset(examples: object = None, *, count: int = 10) -> Dataset:
    pixels = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    train = Split("train", pixels if examples is None else examples, np.arange(count) % 3)
    return Dataset(
        input=ImageInput(2, 2, 1),
        target=Target("multiclass", ("a", "b", "c")),
        train=train,
        validation=train.take(range(4), name="validation"),
        test=None,
        provenance=Provenance("numbers", "0"),
    )


def batches(data: Dataset, *, one_hot: bool = False, **train: object) -> object:
    from aimodels.training.batching import Batches

    asked = {"seed": 5, "data": {"name": "x"}, "model": {"name": "mlp"}, "train": {"batch_size": 4, **train}}
    return Batches(data, config_class(DatasetOptions, mlp.Options).model_validate(asked), one_hot=one_hot)


def order(result: object) -> list[int]:
    return [int(number) for images, *_ in result for number in np.asarray(images)[:, 0, 0, 0]]


def test_every_example_comes_once_an_epoch() -> None:
    assert sorted(order(batches(dataset()).epoch(0))) == list(range(10))


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    one, other = batches(dataset()), batches(dataset())
    assert order(one.epoch(0)) != order(one.epoch(1))
    # Asking for epoch 1 first, as a resumed run does, changes nothing.
    assert order(other.epoch(1)) == order(one.epoch(1))


def test_targets_stay_with_their_examples() -> None:
    for images, targets in batches(dataset()).epoch(3):
        np.testing.assert_array_equal(np.asarray(images)[:, 0, 0, 0] % 3, np.asarray(targets))


def test_validation_comes_in_order_and_unchanged() -> None:
    assert order(batches(dataset(), augment={"rotate": 0.5}).validation()) == [0, 1, 2, 3]


def test_targets_can_be_rows() -> None:
    _, targets = next(iter(batches(dataset(), one_hot=True).epoch(0)))
    assert targets.shape == (4, 3)
    assert np.asarray(targets).sum() == 4


def test_steps_count_the_last_short_batch() -> None:
    assert batches(dataset()).steps_per_epoch == 3


def test_balanced_weights_make_every_class_weigh_the_same() -> None:
    data = dataset()
    total = np.zeros(3)
    for _, targets, weights in batches(data, class_weights="balanced").epoch(0):
        np.add.at(total, np.asarray(targets), np.asarray(weights))
    np.testing.assert_allclose(total, 10 / 3, rtol=1e-6)


@pytest.fixture
def files(tmp_path: Path) -> ImageFiles:
    from PIL import Image

    paths = []
    for number in range(10):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((2, 2), number, np.uint8)).save(path)
        paths.append(path)
    return ImageFiles(tuple(paths))


def test_streamed_files_give_the_same_batches_as_files_in_memory(
    files: ImageFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import image_source

    in_memory = order(batches(dataset(files)).epoch(0))
    monkeypatch.setattr(image_source, "fits_in_memory", lambda split, input: False)
    streamed = batches(dataset(files))
    assert order(streamed.epoch(0)) == in_memory == order(batches(dataset()).epoch(0))
    assert streamed.train.is_streamed


def test_a_file_that_cannot_be_decoded_is_named(files: ImageFiles) -> None:
    files.paths[7].write_bytes(b"not an image")
    with pytest.raises(DataError, match=r"7\.png cannot be decoded"):
        batches(dataset(files)).epoch(0)


def test_no_iterator_waits_for_a_tuner() -> None:
    made = batches(dataset())
    assert not made.epoch(0).options().autotune.enabled
    assert not made.validation().options().autotune.enabled
