"""Which images may be given to `predict`, and what is said about the rest."""

from pathlib import Path

import numpy as np
import pytest

from aimodels.data.dataset import ImageFiles, ImageInput
from aimodels.errors import DataError, MissingError, UserError
from aimodels.prediction.image_inputs import Images, read_images

INPUT = ImageInput(height=4, width=5, channels=1)


def read(*texts: str, limit: int | None = None) -> list[Images]:
    return read_images(texts, input=INPUT, limit=limit)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos" / "more"
    folder.mkdir(parents=True)
    for name in ("photos/b.png", "photos/a.JPG", "photos/more/c.gif", "photos/notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path / "photos"


def test_a_folder_gives_its_images_at_any_depth_in_order(photos: Path) -> None:
    (group,) = read(str(photos))
    assert [Path(name).name for name in group.names] == ["a.JPG", "b.png", "c.gif"]
    assert isinstance(group.examples, ImageFiles)


def test_a_file_is_taken_whatever_its_suffix(photos: Path) -> None:
    (group,) = read(str(photos / "notes.txt"))
    assert group.names == (str(photos / "notes.txt"),)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_pattern_gives_what_matches(photos: Path, absolute: bool) -> None:
    (group,) = read(f"{photos}/*.png" if absolute else "photos/**/*.gif")
    assert len(group.names) == 1


@pytest.mark.parametrize("text", ["missing.png", "photos/*.bmp", "empty"])
def test_what_is_not_there_is_said(text: str, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingError, match=text.replace("*", r"\*")) as caught:
        read(text)
    assert (caught.value.code, caught.value.exit_code) == ("AM233", 3)
    assert caught.value.help


@pytest.mark.parametrize("shape", [(3, 4, 5, 1), (3, 4, 5)])
def test_an_array_gives_its_images(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros(shape, np.uint8))
    (group,) = read("images.npy")
    assert group.names == ("images.npy[0]", "images.npy[1]", "images.npy[2]")
    assert group.examples.shape == (3, 4, 5, 1)


def test_one_image_may_come_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.zeros((4, 5), np.uint8))
    (group,) = read("image.npy")
    assert group.examples.shape == (1, 4, 5, 1)


def test_an_archive_in_the_layout_of_keras_gives_its_test_images(tmp_path: Path) -> None:
    arrays = {"x_train": np.zeros((9, 4, 5), np.uint8), "x_test": np.ones((2, 4, 5), np.uint8)}
    np.savez(tmp_path / "data.npz", **arrays)
    (group,) = read("data.npz")
    assert group.examples.min() == 1


@pytest.mark.parametrize(
    ("array", "found"),
    [(np.zeros((3, 9, 9), np.uint8), r"uint8 \(3, 9, 9\)"), (np.zeros((3, 4, 5), np.float32), r"float32 \(3, 4, 5\)")],
)
def test_images_of_another_kind_are_refused(array: np.ndarray, found: str, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", array)
    with pytest.raises(DataError, match=found) as caught:
        read("images.npy")
    assert caught.value.code == "AM231"
    assert "uint8" in caught.value.help


def test_a_broken_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images.npy").write_bytes(b"\x93NUMPY cut off")
    with pytest.raises(DataError) as caught:
        read("images.npy")
    assert caught.value.code == "AM232"


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError) as caught:
        read("images.npy")
    assert caught.value.code == "AM232"


def test_a_limit_counts_over_all_inputs(photos: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((3, 4, 5, 1), np.uint8))
    groups = read(str(photos), "images.npy", limit=4)
    assert [len(group.names) for group in groups] == [3, 1]
