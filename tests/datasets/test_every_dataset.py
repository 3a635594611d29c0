"""The contract of a dataset, held against every file in `aimodels/datasets/`; a new one is tested from its first day.

A dataset that reads images is given some made here: those with an option `source` an `.npz` file, those with an option
`path` a folder of images.
"""

import ast
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from aimodels import discovery
from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Dataset, ImageFiles, Split

NAMES = discovery.names("datasets")
PER_CLASS = 12


def pictures(num_classes: int, *, changed: int | None = None) -> np.ndarray:
    """Different images, [class, number, 28, 28]; one pixel of that number in the first class can be changed."""
    images = np.random.default_rng(0).integers(0, 256, (num_classes, PER_CLASS, 28, 28), dtype=np.uint8)
    if changed is not None:
        images[0, changed, 0, 0] ^= 1
    return images


def as_npz(path: Path, images: np.ndarray) -> None:
    labels = np.repeat(np.arange(len(images)), PER_CLASS - 2)
    np.savez(
        path,
        x_train=images[:, 2:].reshape(-1, 28, 28),
        y_train=labels,
        x_test=images[:, :2].reshape(-1, 28, 28),
        y_test=np.repeat(np.arange(len(images)), 2),
    )


def as_folder(path: Path, images: np.ndarray) -> None:
    for label, of_class in enumerate(images):
        (path / f"class{label}").mkdir(parents=True)
        for number, image in enumerate(of_class):
            Image.fromarray(image).save(path / f"class{label}" / f"{number:02d}.png")


def opened(module: ModuleType, name: str, place: Path, *, changed: int | None = None, seed: int = 3) -> Dataset:
    """The dataset, loaded from a small source that is made for it at `place`."""
    fields = module.Options.model_fields
    if "source" in fields:
        source = place.with_suffix(".npz")
        as_npz(source, pictures(10, changed=changed))
        options = module.Options(name=name, source=str(source), validation=0.2)
    else:
        if not place.exists():
            as_folder(place, pictures(3, changed=changed))
        options = module.Options(name=name, path=str(place), validation=0.2)
    return module.load(options, seed=seed)


def contents(split: Split) -> list[bytes]:
    """The examples of a split as bytes."""
    if isinstance(split.examples, ImageFiles):
        return [path.read_bytes() for path in split.examples.paths]
    return [image.tobytes() for image in split.examples]


def splits_of(dataset: Dataset) -> list[Split]:
    return [split for split in (dataset.train, dataset.validation, dataset.test) if split is not None]


def test_there_are_datasets():
    assert {"mnist", "fashion_mnist", "image_folder"} <= set(NAMES)


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
    num_classes = len(dataset.target.class_names)
    assert dataset.input.shape == (28, 28, 1)
    assert dataset.target.task == ("binary" if num_classes == 2 else "multiclass")
    for split, expected in zip(splits_of(dataset), ("train", "validation", "test"), strict=True):
        assert split.name == expected
        assert split.targets.dtype == np.int64
        assert set(split.targets) == set(range(num_classes))
        if not isinstance(split.examples, ImageFiles):
            assert split.examples.dtype == np.uint8
            assert split.examples.shape == (len(split), *dataset.input.shape)
    assert dataset.provenance.description.startswith(name)
    assert all(number > 0 for number in dataset.provenance.counts.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_example_of_any_dataset_is_in_two_splits_or_lost(name, tmp_path):
    dataset = opened(discovery.plugin("datasets", name), name, tmp_path / "data")
    everything = [content for split in splits_of(dataset) for content in contents(split)]
    assert len(everything) == len(set(everything)) == PER_CLASS * len(dataset.target.class_names)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_gives_the_same_for_the_same_seed(name, tmp_path):
    module = discovery.plugin("datasets", name)
    first, again = opened(module, name, tmp_path / "data"), opened(module, name, tmp_path / "data")
    other = opened(module, name, tmp_path / "data", seed=4)
    assert [contents(split) for split in splits_of(first)] == [contents(split) for split in splits_of(again)]
    assert contents(first.validation) != contents(other.validation)


@pytest.mark.parametrize("changed", [0, PER_CLASS - 1], ids=["test", "train"])
@pytest.mark.parametrize("name", NAMES)
def test_every_fingerprint_is_stable_and_knows_a_changed_pixel(name, changed, tmp_path):
    module = discovery.plugin("datasets", name)
    here, there = opened(module, name, tmp_path / "here"), opened(module, name, tmp_path / "there", seed=9)
    other = opened(module, name, tmp_path / "other", changed=changed)
    assert here.provenance.fingerprint == there.provenance.fingerprint
    assert here.provenance.fingerprint != other.provenance.fingerprint
    assert here.provenance.fingerprint.startswith("sha256:")
