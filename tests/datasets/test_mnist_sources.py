"""Where MNIST and Fashion-MNIST come from: the bundled sample, the cache, a path; never the network in a test."""

import gzip
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from aimodels.data.downloading import cache_folder
from aimodels.datasets import fashion_mnist, mnist
from aimodels.errors import DataError, MissingError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "debian")


def write_idx_folder(folder, *, seed: int = 0) -> None:
    """Ten images of each class to train on, two to test on."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for part, per_class in (("train", 10), ("t10k", 2)):
        labels = np.repeat(np.arange(10, dtype=np.uint8), per_class)
        images = random.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes(), mtime=0))


def fashion(source: str = "auto"):
    return fashion_mnist.load(fashion_mnist.Options(name="fashion_mnist", source=source), seed=0)


def test_the_sample_is_there_whole():
    dataset = mnist.load(mnist.Options(name="mnist", source="sample"), seed=7)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1800, 200, 1000)
    assert dataset.input.shape == (28, 28, 1)
    assert dataset.target.class_names == tuple("0123456789")
    assert list(np.bincount(dataset.validation.targets)) == [20] * 10
    assert dataset.provenance.description == "mnist from the bundled sample: 2,000 training and 1,000 test images"
    assert dataset.provenance.counts == {}


def test_auto_reads_the_cache_of_keras(tmp_path, monkeypatch):
    cache_folder().mkdir(parents=True)
    content = mnist.SAMPLE.read_bytes()
    (cache_folder() / "mnist.npz").write_bytes(content)
    monkeypatch.setattr(mnist, "ORIGINAL", replace(mnist.ORIGINAL, sha256=hashlib.sha256(content).hexdigest()))
    dataset = mnist.load(mnist.Options(name="mnist"), seed=0)
    assert str(tmp_path / "keras") in dataset.provenance.description
    assert len(dataset.train) == 1800


def test_another_file_in_the_cache_is_refused():
    cache_folder().mkdir(parents=True)
    (cache_folder() / "mnist.npz").write_bytes(mnist.SAMPLE.read_bytes())
    with pytest.raises(DataError, match="mnist.npz is not the file that was published"):
        mnist.load(mnist.Options(name="mnist"), seed=0)


def test_a_path_is_relative_to_the_current_folder(tmp_path):
    (tmp_path / "mine.npz").write_bytes(mnist.SAMPLE.read_bytes())
    assert len(mnist.load(mnist.Options(name="mnist", source="mine.npz"), seed=0).test) == 1000
    with pytest.raises(MissingError, match="mine2.npz") as caught:
        mnist.load(mnist.Options(name="mnist", source="mine2.npz"), seed=0)
    assert "mine.npz" in caught.value.notes[0]


def test_a_limit_is_counted():
    dataset = mnist.load(mnist.Options(name="mnist", source="sample", limit=500), seed=0)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (500, 200, 500)
    assert dataset.provenance.counts == {
        "train examples left out by limit": 1300,
        "test examples left out by limit": 500,
    }


def test_without_a_share_there_is_no_validation():
    dataset = mnist.load(mnist.Options(name="mnist", source="sample", validation=0.0), seed=0)
    assert dataset.validation is None
    assert len(dataset.train) == 2000


def test_fashion_comes_from_debian_where_it_is_not_cached(tmp_path):
    write_idx_folder(tmp_path / "debian")
    dataset = fashion()
    assert str(tmp_path / "debian") in dataset.provenance.description
    assert dataset.target.class_names[9] == "Ankle boot"
    assert len(dataset.target.class_names) == 10


def test_fashion_comes_from_the_cache_first(tmp_path, monkeypatch):
    write_idx_folder(tmp_path / "debian", seed=1)
    cached = cache_folder() / "fashion-mnist"
    write_idx_folder(cached, seed=2)
    known = [
        replace(file, sha256=hashlib.sha256(file.path.read_bytes()).hexdigest()) for file in fashion_mnist.ORIGINALS
    ]
    monkeypatch.setattr(fashion_mnist, "ORIGINALS", known)
    assert str(cached) in fashion().provenance.description
    assert fashion().provenance.fingerprint == fashion(str(cached)).provenance.fingerprint


def test_fashion_has_no_sample():
    with pytest.raises(ValidationError, match="must be auto or a path"):
        fashion_mnist.Options(name="fashion_mnist", source="sample")
