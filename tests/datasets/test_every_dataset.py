"""The contract of a dataset, held against every file in `aimodels/datasets/`; a new one is tested from its first day.

Each is given examples that are made here. Those that are not named in `MADE` are taken to read images: with an option
`source` from an `.npz` file, with an option `path` from a folder.
"""

import ast
import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from aimodels import discovery
from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Dataset, ImageFiles, ImageInput, Split, TableInput, TextInput, Texts
from aimodels.data.rows import Rows

NAMES = discovery.names("datasets")
PER_CLASS = 12


def pictures(num_classes: int, *, changed: int | None = None) -> np.ndarray:
    """Different images, [class, number, 28, 28]; one pixel of that number in the first class can be changed."""
    images = np.random.default_rng(0).integers(0, 256, (num_classes, PER_CLASS, 28, 28), dtype=np.uint8)
    if changed is not None:
        images[0, changed, 0, 0] ^= 1
    return images


def as_npz(place: Path, changed: int | None) -> Path:
    images = pictures(10, changed=changed)
    path = place.with_suffix(".npz")
    np.savez(
        path,
        x_train=images[:, 2:].reshape(-1, 28, 28),
        y_train=np.repeat(np.arange(len(images)), PER_CLASS - 2),
        x_test=images[:, :2].reshape(-1, 28, 28),
        y_test=np.repeat(np.arange(len(images)), 2),
    )
    return path


def as_folder(place: Path, changed: int | None) -> Path:
    for label, of_class in enumerate(pictures(3, changed=changed)):
        (place / f"class{label}").mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(of_class):
            Image.fromarray(image).save(place / f"class{label}" / f"{number:02d}.png")
    return place


def sentences(class_name: str, *, changed: int | None) -> list[str]:
    """Different texts; that of that number can have another letter."""
    return [f"{'So' if number == changed else 'No'} {class_name}, take {number}." for number in range(PER_CLASS)]


def as_reviews(place: Path, changed: int | None) -> Path:
    for class_name in ("neg", "pos"):
        for number, text in enumerate(sentences(class_name, changed=changed)):
            path = place / ("test" if number < 2 else "train") / class_name / f"{number}_9.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return place


def as_texts(place: Path, changed: int | None) -> Path:
    for class_name in ("bad", "fair", "good"):
        (place / class_name).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(sentences(class_name, changed=changed)):
            (place / class_name / f"{number:02d}.txt").write_text(text, encoding="utf-8")
    return place


def as_table(place: Path, changed: int | None) -> Path:
    path = place.with_suffix(".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for class_name in ("bad", "fair", "good"):
            writer.writerows((text, class_name) for text in sentences(class_name, changed=changed))
    return path


def as_lines(place: Path, changed: int | None) -> Path:
    path = place.with_suffix(".txt")
    path.write_text("\n\n".join(sentences("words", changed=changed)) + "\n", encoding="utf-8")
    return path


def as_rows(place: Path, changed: int | None) -> Path:
    path = place.with_suffix(".csv")
    random = np.random.default_rng(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["width", "weight", "colour", "fruit"])
        for class_name in ("apple", "lime", "plum"):
            for number in range(PER_CLASS):
                colour = "grey" if number == changed else ("red", "green")[number % 2]
                writer.writerow([*random.normal(size=2).round(6), colour, class_name])
    return path


MADE: dict[str, Callable[[Path, int | None], Path]] = {
    "csv": as_rows,
    "imdb": as_reviews,
    "text_folder": as_texts,
    "text_table": as_table,
    "texts": as_lines,
}


def opened(module: ModuleType, name: str, place: Path, *, changed: int | None = None, seed: int = 3) -> Dataset:
    """The dataset, loaded from a small source that is made for it at `place`."""
    key = "source" if "source" in module.Options.model_fields else "path"
    made = MADE.get(name, as_npz if key == "source" else as_folder)
    required = {"csv": {"target": "fruit"}, "texts": {"test": 0.1}}.get(name, {})
    options = module.Options(name=name, validation=0.2, **{key: str(made(place, changed))}, **required)
    return module.load(options, seed=seed)


def contents(split: Split) -> list[bytes]:
    """The examples of a split as bytes."""
    if isinstance(split.examples, ImageFiles):
        return [path.read_bytes() for path in split.examples.paths]
    if isinstance(split.examples, Texts):
        return [text.encode() for text in split.examples.strings]
    if isinstance(split.examples, Rows):
        return [repr(row).encode() for row in split.examples.table().to_pylist()]
    return [image.tobytes() for image in split.examples]


def num_classes_of(dataset: Dataset) -> int:
    """The classes; 1 where nothing is predicted, since all examples are drawn from alike then."""
    return max(1, len(dataset.target.class_names))


def splits_of(dataset: Dataset) -> list[Split]:
    return [split for split in (dataset.train, dataset.validation, dataset.test) if split is not None]


def test_there_are_datasets():
    assert {"csv", "mnist", "fashion_mnist", "image_folder", "imdb", "text_folder", "text_table", "texts"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_says_what_it_is_and_shows_a_record(name, root):
    source = (root / "aimodels" / "datasets" / f"{name}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source))
    assert docstring is not None
    assert "Example:" in docstring


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_has_options_of_its_own(name):
    options = discovery.plugin("datasets", name).Options
    assert issubclass(options, DatasetOptions)
    assert options.model_fields["name"].annotation.__args__ == (name,)
    assert all(field.description for field in options.model_fields.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_keeps_the_contract(name, tmp_path):
    dataset = opened(discovery.plugin("datasets", name), name, tmp_path / "data")
    num_classes = num_classes_of(dataset)
    if isinstance(dataset.input, ImageInput):
        assert dataset.input.shape == (28, 28, 1)
    elif isinstance(dataset.input, TableInput):
        assert [(column.name, column.kind) for column in dataset.input.columns] == [
            ("width", "number"),
            ("weight", "number"),
            ("colour", "category"),
        ]
    else:
        assert dataset.input == TextInput()
    assert dataset.target.task == {1: "none", 2: "binary"}.get(num_classes, "multiclass")
    for split, expected in zip(splits_of(dataset), ("train", "validation", "test"), strict=True):
        assert split.name == expected
        assert split.targets.dtype == np.int64
        assert set(split.targets) == set(range(num_classes))
        assert isinstance(split.examples, Texts) == isinstance(dataset.input, TextInput)
        assert isinstance(split.examples, Rows) == isinstance(dataset.input, TableInput)
        if isinstance(split.examples, Texts | Rows):
            assert len({split.name_of(index) for index in range(len(split))}) == len(split)
        elif not isinstance(split.examples, ImageFiles):
            assert split.examples.dtype == np.uint8
            assert split.examples.shape == (len(split), *dataset.input.shape)
    assert dataset.provenance.description.startswith(name)
    assert all(number > 0 for number in dataset.provenance.counts.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_example_of_any_dataset_is_in_two_splits_or_lost(name, tmp_path):
    dataset = opened(discovery.plugin("datasets", name), name, tmp_path / "data")
    everything = [content for split in splits_of(dataset) for content in contents(split)]
    assert len(everything) == len(set(everything)) == PER_CLASS * num_classes_of(dataset)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_gives_the_same_for_the_same_seed(name, tmp_path):
    module = discovery.plugin("datasets", name)
    first, again = opened(module, name, tmp_path / "data"), opened(module, name, tmp_path / "data")
    other = opened(module, name, tmp_path / "data", seed=4)
    assert [contents(split) for split in splits_of(first)] == [contents(split) for split in splits_of(again)]
    assert contents(first.validation) != contents(other.validation)


@pytest.mark.parametrize("changed", [0, PER_CLASS - 1], ids=["test", "train"])
@pytest.mark.parametrize("name", NAMES)
def test_every_fingerprint_is_stable_and_knows_a_changed_example(name, changed, tmp_path):
    module = discovery.plugin("datasets", name)
    here, there = opened(module, name, tmp_path / "here"), opened(module, name, tmp_path / "there", seed=9)
    other = opened(module, name, tmp_path / "other", changed=changed)
    assert here.provenance.fingerprint == there.provenance.fingerprint
    assert here.provenance.fingerprint != other.provenance.fingerprint
    assert here.provenance.fingerprint.startswith("sha256:")
