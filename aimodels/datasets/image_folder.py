"""Your own images: one folder per class, with PNG, JPEG, GIF and BMP files of any size.

    photos/cat/tom.jpg    photos/cat/2.png    photos/dog/rex.gif                     to be split
    photos/train/cat/tom.jpg    photos/validation/dog/rex.gif    photos/test/...     split already

Example: (photos/cat/tom.jpg, 0)    0 = cat, the first class by name
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.schema import DatasetOptions
from aimodels.config.section import Fraction
from aimodels.data.class_counts import check_classes
from aimodels.data.dataset import Dataset, ImageInput, Provenance, ResizePolicy, target_of
from aimodels.data.image_collection import ImageCollection, OnError, Size, collect
from aimodels.data.image_files import Verify
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.splitting import Splits, completed, cut_down, left_out_by_limit
from aimodels.events import warn

Side = Annotated[int, Field(ge=1, le=16384)]


class Options(DatasetOptions):
    """Images in one folder per class."""

    name: Literal["image_folder"] = Field(description="The dataset.")
    path: str = Field(
        min_length=1,
        description="The folder that holds one folder per class, or train/ and optionally validation/ and test/ "
        "with one folder per class in each.",
        examples=["photos"],
    )
    test: Fraction = Field(
        0.1,
        description="Share of the images kept for the test split, drawn per class, where there is no folder test/; "
        "0 for none.",
    )
    size: Literal["auto"] | Side | Annotated[tuple[Side, Side], Field(strict=False)] = Field(
        "auto",
        description="Size that the model sees, in pixels: one number for a square, or [height, width]; "
        "auto: the most common size of the training images.",
        examples=["auto", 64, [48, 64]],
    )
    channels: Literal["auto", 1, 3] = Field(
        "auto",
        description="3: colour, grayscale is repeated in each channel; 1: grayscale, an image in colour is an error; "
        "auto: 1 if every image is grayscale, else 3. Transparency is dropped.",
    )
    resize: ResizePolicy = Field(
        "stretch",
        description="How an image of another size gets there: stretch (ignores its aspect), "
        "crop (fills, cuts off the rest), pad (fits, fills with black).",
    )
    on_error: OnError = Field(
        "fail",
        description="What to do about images that cannot be used: fail (and name them) or skip (and count them).",
    )
    verify: Verify = Field(
        "decode", description="How closely each image is looked at beforehand: decode (every pixel) or header (faster)."
    )


def load(options: Options, *, seed: int) -> Dataset:
    """Find the images, look at each of them, and split them.

    Raises:
        UserError: the folder is not there or laid out in another way, or an image cannot be used.
    """
    root = Path(options.path).expanduser()
    collection = collect(root, verify=options.verify, grayscale_only=options.channels == 1, on_error=options.on_error)
    own = collection.splits
    check_classes(own["train"].targets, class_names=collection.class_names, where=options.path)
    image_input = _input(collection, options)
    splits = completed(own, shares={"test": options.test, "validation": options.validation}, seed=seed)
    changes = _changes(collection, image_input, splits)
    _warn_of_changes(changes, image_input, options)
    by_limit = left_out_by_limit(splits, options=options)
    counts = {what: number for what, number in (collection.counts | changes | by_limit).items() if number}
    kept = cut_down(splits, options=options, seed=seed)
    return Dataset(
        input=image_input,
        target=target_of(collection.class_names),
        train=kept.train,
        validation=kept.validation,
        test=kept.test,
        provenance=Provenance(
            description=_description(collection, image_input, options),
            fingerprint=collection.fingerprint,
            counts=counts,
        ),
    )


def _input(collection: ImageCollection, options: Options) -> ImageInput:
    if options.size == "auto":
        size = collection.most_common_size()
    elif isinstance(options.size, int):
        size = Size(options.size, options.size)
    else:
        size = Size(*options.size)
    channels = options.channels
    if channels == "auto":
        channels = 3 if collection.count(lambda file: not file.is_grayscale) else 1
    return ImageInput(height=size.height, width=size.width, channels=channels, resize=options.resize)


RESIZED = "images of another size, resized"
TRANSPARENT = "images with transparency, which is dropped"
REPEATED = "grayscale images, repeated in three channels"
COPIES = "images with an exact copy in another split"


def _changes(collection: ImageCollection, image_input: ImageInput, splits: Splits) -> dict[str, int]:
    """How many images are not used just as they are."""
    size = (image_input.height, image_input.width)
    return {
        RESIZED: collection.count(lambda file: (file.height, file.width) != size),
        TRANSPARENT: collection.count(lambda file: file.has_alpha),
        REPEATED: collection.count(lambda file: file.is_grayscale) if image_input.channels == 3 else 0,
        COPIES: collection.num_copies(splits),
    }


def _warn_of_changes(changes: dict[str, int], image_input: ImageInput, options: Options) -> None:
    if changes[RESIZED] and options.size == "auto":
        warn(
            "AM220",
            f"{changes[RESIZED]:,} of the images in {options.path} {one_or_many(changes[RESIZED], 'is', 'are')} not "
            f"{image_input.height} x {image_input.width} (height x width), the most common size, and will be resized "
            f"to it ({options.resize})",
            help="choose the size with `data.size`, and how it is reached with `data.resize`: stretch, crop or pad",
        )
    if changes[TRANSPARENT]:
        warn(
            "AM223",
            f"{changes[TRANSPARENT]:,} of the images in {options.path} "
            f"{one_or_many(changes[TRANSPARENT], 'has', 'have')} transparency, which is dropped",
            help="transparent pixels get the colour that is stored for them; put such images on a background first",
        )
    if changes[COPIES]:
        warn(
            "AM224",
            f"{changes[COPIES]:,} of the images in {options.path} {one_or_many(changes[COPIES], 'is', 'are')}, byte "
            "for byte, also in another split",
            help="scores on them say nothing about new images; delete the copies",
        )


def _description(collection: ImageCollection, image_input: ImageInput, options: Options) -> str:
    chosen = "the most common size" if options.size == "auto" else "as asked for"
    colour = "grayscale" if image_input.channels == 1 else "colour"
    return (
        f"image_folder from {options.path}: {counted(len(collection.images), 'image')}, "
        f"{len(collection.class_names)} classes, "
        f"{image_input.height} x {image_input.width} ({chosen}, {options.resize}), {colour}"
    )
