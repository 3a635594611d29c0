"""Fashion-MNIST: 70,000 photos of clothes in grayscale, 28 x 28 pixels; 60,000 to train on and 10,000 to test on.

Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017,
https://arxiv.org/abs/1708.07747

Example: (a 28 x 28 x 1 image of uint8 showing an ankle boot, light on black, 9)    9 = Ankle boot
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from aimodels.config.schema import DatasetOptions
from aimodels.data.array_files import read
from aimodels.data.dataset import Dataset
from aimodels.data.downloading import RemoteFile, fetch, is_cached
from aimodels.data.image_arrays import as_dataset

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# The Debian package dataset-fashion-mnist.
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
# Keras gives the addresses (keras.datasets.fashion_mnist) without hashes. These are of the files whose MD5 sums are in
# https://github.com/zalandoresearch/fashion-mnist
SHA256 = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
ORIGINALS = tuple(
    RemoteFile(
        url=f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}",
        sha256=sha256,
        cached_as=f"fashion-mnist/{name}",
        otherwise="or on Debian and Ubuntu install the package dataset-fashion-mnist",
    )
    for name, sha256 in SHA256.items()
)


class Options(DatasetOptions):
    """Photos of clothes."""

    name: Literal["fashion_mnist"] = Field(description="The dataset.")
    source: str = Field(
        "auto",
        min_length=1,
        description="auto (Keras's cache folder, else Debian's package dataset-fashion-mnist, else downloaded into the "
        "cache), or a path: a folder of IDX files, plain or gzipped, or an .npz file in the layout of mnist.npz.",
        examples=["auto", "data/fashion-mnist"],
    )

    @field_validator("source")
    @classmethod
    def _has_no_sample(cls, source: str) -> str:
        if source == "sample":
            raise ValueError(
                "must be auto or a path: no sample of fashion_mnist comes with the package (one of mnist does)"
            )
        return source


def load(options: Options, *, seed: int) -> Dataset:
    """Read the images, downloading them where that is asked for.

    Raises:
        UserError: the source is not there, cannot be downloaded, or is broken.
    """
    folder = _found_or_fetched() if options.source == "auto" else Path(options.source).expanduser()
    arrays = read(folder, num_classes=len(CLASS_NAMES))
    return as_dataset(arrays, options=options, class_names=CLASS_NAMES, origin=str(folder), seed=seed)


def _found_or_fetched() -> Path:
    if not all(is_cached(file) for file in ORIGINALS) and DEBIAN_FOLDER.is_dir():
        return DEBIAN_FOLDER
    return [fetch(file) for file in ORIGINALS][0].parent
