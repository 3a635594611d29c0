"""Folders of labelled files: which layouts are understood, and what is said about the others."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from aimodels.data import class_folders
from aimodels.data.image_collection import IMAGES
from aimodels.errors import DataError, MissingError

PNG = b"\x89PNG\r\n\x1a\n"
find = partial(class_folders.find, kind=IMAGES)


def files(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG if path.suffix == ".png" else b"text")
    return root


def found(root: Path) -> dict[str, dict[str, list[str]]]:
    return {
        split: {name: [str(path.relative_to(root)) for path in paths] for name, paths in classes.items()}
        for split, classes in find(root).splits.items()
    }


def test_the_folder_is_the_class(tmp_path):
    files(tmp_path, "dog/1.png", "cat/2.png", "cat/1.png", "cat/old/0.png")
    assert find(tmp_path).class_names == ("cat", "dog")
    assert found(tmp_path) == {"train": {"cat": ["cat/1.png", "cat/2.png", "cat/old/0.png"], "dog": ["dog/1.png"]}}


@pytest.mark.parametrize("validation", ["validation", "val", "valid"])
def test_folders_of_splits_are_recognised(tmp_path, validation):
    files(tmp_path, *(f"{split}/{name}/1.png" for split in ("train", validation, "test") for name in ("cat", "dog")))
    assert {split: sorted(classes) for split, classes in found(tmp_path).items()} == {
        "train": ["cat", "dog"],
        "validation": ["cat", "dog"],
        "test": ["cat", "dog"],
    }


def test_a_class_can_be_called_train(tmp_path):
    files(tmp_path, "train/1.png", "bus/1.png")
    assert find(tmp_path).class_names == ("bus", "train")


def test_other_files_are_listed_and_hidden_ones_counted(tmp_path):
    files(
        tmp_path, "cat/1.png", "cat/notes.txt", "dog/1.png", "readme.md", "cat/.DS_Store", ".git/x.png", "dog/._1.png"
    )
    folders = find(tmp_path)
    assert sorted(path.name for path in folders.other_files) == ["notes.txt", "readme.md"]
    assert folders.num_hidden == 3
    assert folders.splits["train"] == {"cat": (tmp_path / "cat/1.png",), "dog": (tmp_path / "dog/1.png",)}


def test_links_are_followed_and_loops_are_not(tmp_path):
    files(tmp_path / "photos", "cat/1.png", "dog/1.png")
    files(tmp_path / "elsewhere", "2.png")
    (tmp_path / "photos/cat/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos/cat/self").symlink_to(tmp_path / "photos/cat")
    (tmp_path / "photos/dog/up").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/dog/top").symlink_to("/")
    classes = found(tmp_path / "photos")["train"]
    assert classes == {"cat": ["cat/1.png", "cat/more/2.png"], "dog": ["dog/1.png"]}


def test_what_is_looked_for_is_up_to_the_caller(tmp_path):
    files(tmp_path, "train/pos/1.txt", "train/pos/1.png", "train/neg/2.txt", "train/unsup/3.txt", "train/unsup/4.txt")
    texts = replace(IMAGES, many="texts", is_one=lambda path: path.suffix == ".txt", no_classes=frozenset({"unsup"}))
    folders = class_folders.find(tmp_path, kind=texts)
    assert folders.splits["train"] == {
        "neg": (tmp_path / "train/neg/2.txt",),
        "pos": (tmp_path / "train/pos/1.txt",),
    }
    assert folders.other_files == (tmp_path / "train/pos/1.png",)
    assert folders.num_unlabelled == 2


@pytest.mark.parametrize(
    ("names", "code", "message"),
    [
        (["1.png", "2.png"], "AM215", "has no class folders: it has images \\(2\\) and no folder"),
        (["notes.txt"], "AM215", "has no class folders: it has no folder"),
        (["cat/1.png", "3.png"], "AM215", "images lie beside the class folders of .*, without a class"),
        (["cat/1.png", "dog/notes.txt", "eel/notes.txt"], "AM212", "class folders of .* without an image: dog, eel"),
        (["train/cat/1.png", "extra/1.png"], "AM215", "train/ with classes in it, and beside it extra/"),
        (["train/cat/1.png", "val/cat/1.png", "valid/cat/1.png"], "AM215", "has both val/ and valid/"),
        (
            ["train/cat/1.png", "train/dog/1.png", "test/cat/1.png"],
            "AM216",
            "class folders of test are not those of train",
        ),
        (["train/cat/1.png", "test/Cat/1.png"], "AM216", "class folders of test are not those of train"),
    ],
    ids=["flat", "nothing", "loose", "empty", "stranger", "two validations", "lost class", "spelling"],
)
def test_another_layout_is_an_error(tmp_path, names, code, message):
    with pytest.raises(DataError, match=message) as caught:
        find(files(tmp_path, *names))
    assert caught.value.code == code


def test_classes_that_differ_are_named(tmp_path):
    with pytest.raises(DataError) as caught:
        find(files(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/eel/1.png"))
    assert caught.value.notes == ("only in test: eel", "only in train: dog")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(MissingError, match="no such file or folder") as caught:
        find(tmp_path / "photos")
    assert caught.value.code == "AM201"


def test_a_file_is_not_a_folder(tmp_path):
    with pytest.raises(DataError, match="1.png is a file"):
        find(files(tmp_path, "1.png") / "1.png")
