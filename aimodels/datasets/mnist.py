"""MNIST: 70,000 handwritten digits in grayscale, 28 x 28 pixels; 60,000 to train on and 10,000 to test on.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.

Example: (a 28 x 28 x 1 image of uint8, white ink on black, showing a five, 5)    5 = the digit
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from aimodels.config.schema import DatasetOptions
from aimodels.data.array_files import read
from aimodels.data.dataset import Dataset
from aimodels.data.downloading import RemoteFile, fetch
from aimodels.data.image_arrays import as_dataset

CLASS_NAMES = tuple("0123456789")
SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "mnist_sample.npz"
# Address and hash as in keras.datasets.mnist.
ORIGINAL = RemoteFile(
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    cached_as="mnist.npz",
    otherwise="or write `source: sample` for the 3,000 digits that come with the package",
)


class Options(DatasetOptions):
    """Handwritten digits."""

    name: Literal["mnist"] = Field(description="The dataset.")
    source: str = Field(
        "auto",
        min_length=1,
        description="auto (Keras's cache folder, else downloaded into it), sample (2,000 + 1,000 digits that come with "
        "the package, offline), or a path: an .npz file in the layout of Keras's mnist.npz, or a folder of IDX files, "
        "plain or gzipped.",
        examples=["auto", "sample", "data/mnist.npz"],
    )


def load(options: Options, *, seed: int) -> Dataset:
    """Read the digits, downloading them where that is asked for.

    Raises:
        UserError: the source is not there, cannot be downloaded, or is broken.
    """
    if options.source == "sample":
        path, origin = SAMPLE, "the bundled sample"
    elif options.source == "auto":
        path = fetch(ORIGINAL)
        origin = str(path)
    else:
        path = Path(options.source).expanduser()
        origin = options.source
    arrays = read(path, num_classes=len(CLASS_NAMES))
    return as_dataset(arrays, options=options, class_names=CLASS_NAMES, origin=origin, seed=seed)
