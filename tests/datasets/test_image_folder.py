"""Folders of images: sizes, colours, splits, and images that cannot be used."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from aimodels.data.dataset import Dataset, ImageInput
from aimodels.datasets.image_folder import Options, load
from aimodels.errors import DataError
from aimodels.events import Downloaded, Event, Warned, listening

RANDOM = np.random.default_rng(0)


def image(*, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Image.Image:
    """Random pixels, height x width."""
    return Image.fromarray(RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)).convert(mode)


def save(path: Path, picture: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def photos(root: Path, *, per_class: int = 10, **how) -> Path:
    for name in ("cat", "dog"):
        for number in range(per_class):
            save(root / name / f"{number}.png", image(**how))
    return root


def opened(root: Path, **options) -> Dataset:
    return load(Options(name="image_folder", path=str(root), **options), seed=0)


def heard(root: Path, **options) -> dict[str, str]:
    """Message by code of every warning."""
    events: list[Event] = []
    with listening(events.append):
        opened(root, **options)
    return {event.code: event.message for event in events if isinstance(event, Warned)}


def test_a_collection_is_split(tmp_path):
    dataset = opened(photos(tmp_path), test=0.2, validation=0.25)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (12, 4, 4)
    assert list(np.bincount(dataset.test.targets)) == [2, 2]
    assert list(np.bincount(dataset.validation.targets)) == [2, 2]
    assert dataset.target.task == "binary"
    assert dataset.target.class_names == ("cat", "dog")
    for split in (dataset.train, dataset.validation, dataset.test):
        assert [path.parent.name for path in split.examples.paths] == [("cat", "dog")[t] for t in split.targets]


def test_folders_of_splits_are_used_as_they_are(tmp_path):
    for split, per_class in (("train", 10), ("validation", 2), ("test", 3)):
        photos(tmp_path / split, per_class=per_class)
    dataset = opened(tmp_path)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (20, 4, 6)
    assert {path.parts[-3] for path in dataset.test.examples.paths} == {"test"}


def test_validation_is_drawn_from_train_where_it_has_no_folder(tmp_path):
    photos(tmp_path / "train", per_class=10)
    photos(tmp_path / "test", per_class=3)
    dataset = opened(tmp_path, validation=0.2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (16, 4, 6)


def test_nothing_is_said_where_nothing_was_decided(tmp_path):
    assert heard(photos(tmp_path)) == {}
    assert opened(tmp_path).provenance.counts == {}


def test_the_most_common_size_is_chosen_and_said(tmp_path):
    photos(tmp_path)
    save(tmp_path / "cat/wide.jpg", image(size=(8, 30)))
    dataset = opened(tmp_path)
    assert dataset.input == ImageInput(height=8, width=6, channels=3, resize="stretch")
    assert dataset.provenance.counts == {"images of another size, resized": 1}
    assert dataset.provenance.description.endswith(
        "21 images, 2 classes, 8 x 6 (the most common size, stretch), colour"
    )
    assert "1 of the images" in heard(tmp_path)["AM220"]
    assert "8 x 6 (height x width), the most common size" in heard(tmp_path)["AM220"]


@pytest.mark.parametrize(("size", "expected"), [(5, (5, 5)), ([4, 7], (4, 7)), ("auto", (8, 6))])
def test_the_size_can_be_given(tmp_path, size, expected):
    dataset = opened(photos(tmp_path, per_class=3), size=size, resize="pad")
    assert (dataset.input.height, dataset.input.width, dataset.input.resize) == (*expected, "pad")


def test_a_size_that_was_given_is_no_warning(tmp_path):
    assert "AM220" not in heard(photos(tmp_path), size=4)


@pytest.mark.parametrize("size", [0, -1, [3], [3, 3, 3], "big", 3.5])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValidationError):
        Options(name="image_folder", path="photos", size=size)


def test_grayscale_images_have_one_channel(tmp_path):
    photos(tmp_path, mode="L")
    assert opened(tmp_path).input.channels == 1
    assert opened(tmp_path, channels=3).input.channels == 3
    assert opened(tmp_path, channels=3).provenance.counts == {"grayscale images, repeated in three channels": 20}


def test_one_image_in_colour_makes_three_channels(tmp_path):
    save(photos(tmp_path, mode="L") / "cat/colour.png", image())
    assert opened(tmp_path).input.channels == 3


def test_colour_is_an_error_where_one_channel_was_asked_for(tmp_path):
    save(photos(tmp_path, mode="L") / "cat/colour.png", image())
    with pytest.raises(DataError, match="1 of the images in .* are in colour, and `data.channels` is 1") as caught:
        opened(tmp_path, channels=1)
    assert caught.value.code == "AM217"
    assert caught.value.notes == ("cat/colour.png: in colour",)
    dataset = opened(tmp_path, channels=1, on_error="skip")
    assert dataset.input.channels == 1
    assert dataset.provenance.counts == {"images in colour, skipped": 1}


def test_transparency_is_dropped_and_said(tmp_path):
    save(photos(tmp_path) / "cat/logo.png", image(mode="RGBA"))
    assert opened(tmp_path).provenance.counts == {"images with transparency, which is dropped": 1}
    assert "AM223" in heard(tmp_path)


def truncated(file_format: str) -> bytes:
    content = io.BytesIO()
    image(size=(32, 32)).save(content, file_format)
    return content.getvalue()[:-100]


BROKEN = {
    "cat/cut.png": truncated("PNG"),
    "cat/cut.jpg": truncated("JPEG"),
    "dog/empty.png": b"",
    "dog/text.png": b"a list of dogs",
}


@pytest.fixture
def broken(tmp_path):
    photos(tmp_path)
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_broken_images_are_named_all_at_once(broken):
    with pytest.raises(DataError, match="4 of the images in .* cannot be read") as caught:
        opened(broken)
    assert (caught.value.code, caught.value.exit_code) == ("AM211", 1)
    assert [note.split(":")[0] for note in caught.value.notes] == sorted(BROKEN)
    assert "on_error: skip" in caught.value.help


def test_broken_images_can_be_skipped_and_are_counted(broken):
    dataset = opened(broken, on_error="skip")
    assert dataset.provenance.counts == {"images that cannot be read, skipped": 4}
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 20
    message = heard(broken, on_error="skip")["AM219"]
    assert "4 of the images" in message
    assert all(name in message for name in BROKEN)


def test_of_many_broken_images_ten_are_named(tmp_path):
    photos(tmp_path)
    for number in range(25):
        (tmp_path / f"cat/broken{number}.png").touch()
    with pytest.raises(DataError) as caught:
        opened(tmp_path)
    assert len(caught.value.notes) == 11
    assert caught.value.notes[-1] == "and 15 more"


def test_a_class_of_which_every_image_was_skipped_is_an_error(tmp_path):
    photos(tmp_path)
    (tmp_path / "eel").mkdir()
    (tmp_path / "eel/1.png").touch()
    with pytest.raises(DataError, match=r"no usable image is left for a class of .* \(train\): eel") as caught:
        opened(tmp_path, on_error="skip")
    assert caught.value.code == "AM212"


def test_one_class_only_is_an_error(tmp_path):
    save(tmp_path / "cat/1.png", image())
    with pytest.raises(DataError, match="one class only: 'cat'") as caught:
        opened(tmp_path)
    assert caught.value.code == "AM210"


def test_other_files_are_said_and_counted(tmp_path):
    photos(tmp_path)
    (tmp_path / "cat/notes.txt").write_text("cats")
    (tmp_path / "cat/.DS_Store").touch()
    assert opened(tmp_path).provenance.counts == {
        "files that are no images, ignored": 1,
        "hidden files and folders, ignored": 1,
    }
    assert "1 .txt (such as cat/notes.txt)" in heard(tmp_path)["AM218"]


def test_copies_across_splits_are_said_and_counted(tmp_path):
    photos(tmp_path / "train")
    photos(tmp_path / "test", per_class=3)
    content = (tmp_path / "train/cat/0.png").read_bytes()
    (tmp_path / "test/cat/again.png").write_bytes(content)
    assert opened(tmp_path, validation=0.0).provenance.counts == {"images with an exact copy in another split": 1}
    assert "1 of the images" in heard(tmp_path)["AM224"]


def test_a_share_of_less_than_one_image_is_said(tmp_path):
    assert "there is no test split: 0.1 of 4" in heard(photos(tmp_path, per_class=2), validation=0.0)["AM222"]


def test_progress_is_told(tmp_path):
    events: list[Event] = []
    with listening(events.append):
        opened(photos(tmp_path))
    assert Downloaded(name="checking images", done=20, total=20, unit="files") in events


def test_a_limit_is_counted(tmp_path):
    dataset = opened(photos(tmp_path), limit=4, validation=0.25, test=0.2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (4, 4, 4)
    assert dataset.provenance.counts == {"train examples left out by limit": 8}
