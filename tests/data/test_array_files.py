"""Array files: the two layouts, and every way in which they can be broken."""

import gzip
import struct

import numpy as np
import pytest

from aimodels.data.array_files import IDX_NAMES, read
from aimodels.errors import DataError, MissingError

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (20, 5, 4), dtype=np.uint8),
    "y_train": np.arange(20, dtype=np.uint8) % 3,
    "x_test": RANDOM.integers(0, 256, (6, 5, 4), dtype=np.uint8),
    "y_test": np.arange(6, dtype=np.uint8) % 3,
}


def npz(folder, **changes):
    arrays = {name: array for name, array in (ARRAYS | changes).items() if array is not None}
    np.savez_compressed(folder / "digits.npz", **arrays)
    return folder / "digits.npz"


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx_folder(folder, *, suffix=""):
    for name, stem in IDX_NAMES.items():
        content = idx_bytes(ARRAYS[name])
        (folder / f"{stem}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    return folder


def assert_is_what_was_written(data):
    assert np.array_equal(data.train.images[..., 0], ARRAYS["x_train"])
    assert np.array_equal(data.train.labels, ARRAYS["y_train"])
    assert np.array_equal(data.test.images[..., 0], ARRAYS["x_test"])
    assert np.array_equal(data.test.labels, ARRAYS["y_test"])
    assert data.train.images.dtype == np.uint8
    assert data.train.labels.dtype == np.int64


def test_an_npz_file_is_read(tmp_path):
    assert_is_what_was_written(read(npz(tmp_path), num_classes=3))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_are_read(tmp_path, suffix):
    assert_is_what_was_written(read(idx_folder(tmp_path, suffix=suffix), num_classes=3))


def test_images_in_colour_and_labels_in_a_column_are_read(tmp_path):
    colour = RANDOM.integers(0, 256, (20, 5, 4, 3), dtype=np.uint8)
    column = ARRAYS["y_train"].astype(np.int32)[:, np.newaxis]
    path = npz(tmp_path, x_train=colour, x_test=colour[:6], y_train=column)
    data = read(path, num_classes=3)
    assert np.array_equal(data.train.images, colour)
    assert np.array_equal(data.train.labels, ARRAYS["y_train"])


def test_a_missing_file_is_named_with_its_neighbours(tmp_path):
    npz(tmp_path)
    with pytest.raises(MissingError, match="no such file or folder: .*digit.npz") as caught:
        read(tmp_path / "digit.npz", num_classes=3)
    assert (caught.value.code, caught.value.exit_code) == ("AM201", 3)
    assert "digits.npz" in caught.value.notes[0]


def test_a_missing_folder_is_named_with_what_is_there(tmp_path):
    with pytest.raises(MissingError) as caught:
        read(tmp_path / "nowhere" / "else" / "digits.npz", num_classes=3)
    assert f"the last part of the path that exists is {tmp_path}" in caught.value.notes[0]


def test_a_missing_idx_file_is_named(tmp_path):
    idx_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(MissingError, match="t10k-labels-idx1-ubyte"):
        read(tmp_path, num_classes=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a whole .npz archive"),
        (b"these are no digits", "not a whole .npz archive"),
        (b"\x93NUMPY\x01\x00", "not a whole .npz archive"),
    ],
    ids=["empty", "text", "npy"],
)
def test_another_kind_of_file_is_an_error(tmp_path, content, message):
    (tmp_path / "digits.npz").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path / "digits.npz", num_classes=3)
    assert caught.value.code == "AM206"


def test_a_truncated_npz_file_is_an_error(tmp_path):
    path = npz(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot read .*digits.npz") as caught:
        read(path, num_classes=3)
    assert caught.value.code == "AM206"


def test_a_damaged_npz_file_is_an_error(tmp_path):
    path = npz(tmp_path)
    content = bytearray(path.read_bytes())
    content[150:200] = bytes(50)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot read .*digits.npz") as caught:
        read(path, num_classes=3)
    assert caught.value.code == "AM206"


def test_python_objects_are_refused(tmp_path):
    path = npz(tmp_path, y_train=np.array([{"run": "me"}] * 20, dtype=object))
    with pytest.raises(DataError, match="allow_pickle=False") as caught:
        read(path, num_classes=3)
    assert caught.value.code == "AM206"


IMAGES_FILE = IDX_NAMES["x_train"]


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "AM206", "starts with two zero bytes, this one with nothing"),
        (b"\x89PNG\r\n", "AM206", "starts with two zero bytes, this one with 89 50 4e 47"),
        (b"\0\0\x08\x03\0\0", "AM206", "cut off inside its header, after 6 bytes"),
        (idx_bytes(ARRAYS["x_train"])[:-1], "AM206", "says 20 x 5 x 4 values, and 399 bytes follow"),
        (idx_bytes(ARRAYS["x_train"]) + b"x", "AM206", "says 20 x 5 x 4 values, and 401 bytes follow"),
        (b"\0\0\x0d\x01\0\0\0\x01" + bytes(4), "AM207", "IDX type 0x0d, expected 0x08"),
        (idx_bytes(ARRAYS["y_train"]), "AM207", "x_train has shape 20, expected N x height x width"),
    ],
    ids=["empty", "magic", "header", "short", "long", "type", "labels in the place of images"],
)
def test_a_broken_idx_file_is_an_error(tmp_path, content, code, message):
    (idx_folder(tmp_path) / IMAGES_FILE).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, num_classes=3)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "content", [gzip.compress(idx_bytes(ARRAYS["x_train"]))[:-9], b"no gzip"], ids=["short", "other"]
)
def test_a_broken_gzip_file_is_an_error(tmp_path, content):
    (idx_folder(tmp_path, suffix=".gz") / f"{IMAGES_FILE}.gz").write_bytes(content)
    with pytest.raises(DataError, match=f"cannot read .*{IMAGES_FILE}.gz") as caught:
        read(tmp_path, num_classes=3)
    assert caught.value.code == "AM206"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"x_test": None}, "AM207", "it has no x_test; it has x_train, y_train, y_test"),
        ({"x_train": ARRAYS["x_train"] / 255}, "AM207", "x_train has type float64, expected uint8"),
        ({"x_train": ARRAYS["x_train"][:, 0]}, "AM207", "x_train has shape 20 x 4, expected"),
        ({"x_train": np.zeros((20, 5, 4, 2), np.uint8)}, "AM207", "x_train has shape 20 x 5 x 4 x 2, expected"),
        ({"x_train": np.zeros((20, 0, 4), np.uint8)}, "AM207", "x_train has shape 20 x 0 x 4, expected"),
        ({"x_test": ARRAYS["x_test"][:, :4]}, "AM207", "training images are 5 x 4 x 1 and test images 4 x 4 x 1"),
        ({"y_train": ARRAYS["y_train"][:19]}, "AM207", "x_train has 20 images, and y_train has shape 19"),
        ({"y_train": np.eye(20)}, "AM207", "y_train has type float64, expected whole numbers"),
        ({"y_test": ARRAYS["y_test"] + 1}, "AM208", r"y_test\[2\] is 3, expected a class number from 0 to 2"),
        ({"y_train": ARRAYS["y_train"].astype(int) - 1}, "AM208", r"y_train\[0\] is -1"),
        ({"x_test": ARRAYS["x_test"][:0], "y_test": ARRAYS["y_test"][:0]}, "AM209", "x_test is empty"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:40],
)
def test_arrays_that_are_no_labelled_images_are_errors(tmp_path, changes, code, message):
    with pytest.raises(DataError, match=message) as caught:
        read(npz(tmp_path, **changes), num_classes=3)
    assert caught.value.code == code


def test_labels_outside_the_range_are_counted(tmp_path):
    with pytest.raises(DataError) as caught:
        read(npz(tmp_path, y_train=ARRAYS["y_train"] + 1), num_classes=3)
    assert caught.value.notes == ("6 of 20 labels are outside that range",)
