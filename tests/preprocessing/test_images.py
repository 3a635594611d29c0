"""Image bytes to pixels, and pixels to numbers, against Pillow and NumPy."""

import io

import numpy as np
import pytest
from PIL import Image

from aimodels.data.dataset import ImageFiles, ImageInput, Split
from aimodels.preprocessing import images
from aimodels.preprocessing.images import Options, decode, fit

pytestmark = pytest.mark.tensorflow

RANDOM = np.random.default_rng(0)
HEIGHT, WIDTH = 12, 10
PIXELS = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
COLOUR = Image.fromarray(PIXELS[..., :3])


def encoded(picture: Image.Image, file_format: str = "PNG", **how) -> bytes:
    content = io.BytesIO()
    picture.save(content, file_format, **how)
    return content.getvalue()


def decoded(
    content: bytes, *, height: int = HEIGHT, width: int = WIDTH, channels: int = 3, resize="stretch"
) -> np.ndarray:
    return decode(content, input=ImageInput(height, width, channels, resize)).numpy()


def by_pillow(content: bytes, *, channels: int) -> np.ndarray:
    """What Pillow reads, with alpha dropped."""
    picture = Image.open(io.BytesIO(content))
    if picture.mode == "RGBA":
        picture = Image.fromarray(np.asarray(picture)[..., :3])
    picture = picture.convert("RGB") if channels == 3 else picture.convert("RGB").convert("L")
    return np.asarray(picture).reshape(HEIGHT, WIDTH, channels)


LOSSLESS = {
    "png colour": encoded(COLOUR),
    "png grayscale": encoded(COLOUR.convert("L")),
    "png alpha": encoded(Image.fromarray(PIXELS)),
    "png grayscale alpha": encoded(Image.fromarray(PIXELS).convert("LA")),
    "png palette": encoded(COLOUR.quantize(16)),
    "png black and white": encoded(COLOUR.convert("1")),
    "gif": encoded(COLOUR, "GIF"),
    "gif grayscale": encoded(COLOUR.convert("L"), "GIF"),
    "bmp": encoded(COLOUR, "BMP"),
    "bmp grayscale": encoded(COLOUR.convert("L"), "BMP"),
    "bmp alpha": encoded(Image.fromarray(PIXELS), "BMP"),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_images_of_the_right_size_are_read_exactly(kind, channels):
    content = LOSSLESS[kind]
    image = decoded(content, channels=channels)
    assert image.dtype == np.uint8
    assert np.array_equal(image, by_pillow(content, channels=channels))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_is_read_as_by_pillow_but_for_rounding(mode):
    smooth = COLOUR.resize((3, 3)).resize((WIDTH, HEIGHT)).convert(mode)
    content = encoded(smooth, "JPEG", quality=95)
    difference = decoded(content).astype(int) - by_pillow(content, channels=3)
    assert np.abs(difference).max() <= 4


def test_sixteen_bits_become_eight():
    deep = PIXELS[..., 0].astype(np.uint16) * 256 + 255
    assert np.array_equal(decoded(encoded(Image.fromarray(deep)), channels=1)[..., 0], PIXELS[..., 0])


def test_the_first_frame_of_an_animation_is_read():
    second = Image.fromarray(255 - PIXELS[..., :3])
    content = encoded(COLOUR.convert("L"), "GIF", save_all=True, append_images=[second.convert("L")])
    assert np.array_equal(decoded(content, channels=1)[..., 0], np.asarray(COLOUR.convert("L")))


def test_gray_levels_survive_the_way_through_colour():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    content = encoded(Image.fromarray(ramp).convert("RGB"))
    assert np.array_equal(decoded(content, height=16, width=16, channels=1)[..., 0], ramp)


def a_square_in_the_middle() -> bytes:
    """20 x 40 pixels, black, with a white square of 20 x 20 in the middle."""
    pixels = np.zeros((20, 40), dtype=np.uint8)
    pixels[:, 10:30] = 255
    return encoded(Image.fromarray(pixels))


@pytest.mark.parametrize(
    ("resize", "white_rows", "white_columns"),
    [
        ("stretch", slice(0, 8), slice(2, 6)),  # as high as before, half as wide
        ("crop", slice(0, 8), slice(0, 8)),  # nothing but the square is left
        ("pad", slice(2, 6), slice(2, 6)),  # still a square
    ],
)
def test_the_policies_treat_the_aspect_as_they_say(resize, white_rows, white_columns):
    image = decoded(a_square_in_the_middle(), height=8, width=8, channels=1, resize=resize)[..., 0]
    expected = np.zeros((8, 8), dtype=bool)
    expected[white_rows, white_columns] = True
    assert np.array_equal(image > 127, expected)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 7), (64, 33)])
def test_every_size_comes_out_right(resize, size):
    pixels = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    assert decoded(encoded(Image.fromarray(pixels)), height=9, width=13, resize=resize).shape == (9, 13, 3)


def test_shrinking_averages_and_rounds():
    checkers = np.indices((32, 32)).sum(axis=0) % 2 * 255
    image = decoded(encoded(Image.fromarray(checkers.astype(np.uint8))), height=8, width=8, channels=1)
    assert set(np.unique(image[1:-1, 1:-1])) <= {127, 128}


def test_shrinking_is_like_pillow():
    smooth = COLOUR.resize((90, 60), Image.Resampling.BICUBIC)
    content = encoded(smooth)
    expected = np.asarray(smooth.resize((31, 20), Image.Resampling.BILINEAR))
    assert np.abs(decoded(content, height=20, width=31).astype(int) - expected).max() <= 1


def test_decoding_runs_inside_a_graph_with_a_known_shape():
    import tensorflow as tf

    input = ImageInput(HEIGHT, WIDTH, 3, "pad")
    files = tf.data.Dataset.from_tensor_slices([LOSSLESS["png colour"], LOSSLESS["gif"], a_square_in_the_middle()])
    batch = files.map(lambda content: decode(content, input=input)).batch(3)
    assert batch.element_spec.shape.as_list() == [None, HEIGHT, WIDTH, 3]
    [result] = batch.as_numpy_iterator()
    assert np.array_equal(result[0], PIXELS[..., :3])


INPUT = ImageInput(HEIGHT, WIDTH, 3)
ARRAYS = RANDOM.integers(0, 100, (50, HEIGHT, WIDTH, 3), dtype=np.uint8) + np.array([0, 50, 150], dtype=np.uint8)
TRAIN = Split(name="train", examples=ARRAYS, targets=np.zeros(50, dtype=np.int64))


def as_files(folder) -> Split:
    paths = tuple(folder / f"{number}.png" for number in range(len(ARRAYS)))
    for path, pixels in zip(paths, ARRAYS, strict=True):
        Image.fromarray(pixels).save(path)
    return Split(name="train", examples=ImageFiles(paths), targets=TRAIN.targets)


def expected(scale: str) -> np.ndarray:
    if scale == "unit":
        return ARRAYS / 255
    if scale == "signed":
        return ARRAYS / 127.5 - 1
    return (ARRAYS - ARRAYS.mean(axis=(0, 1, 2))) / ARRAYS.std(axis=(0, 1, 2))


@pytest.mark.parametrize("scale", ["unit", "signed", "standardize"])
def test_the_scales_are_what_they_say_and_survive_a_save(scale, tmp_path):
    import keras

    model = fit(Options(scale=scale), input=INPUT, train=TRAIN)
    assert model.inputs[0].name == "image"
    assert (model.inputs[0].dtype, model.inputs[0].shape) == ("uint8", (None, HEIGHT, WIDTH, 3))
    assert (model.outputs[0].dtype, model.outputs[0].shape) == ("float32", (None, HEIGHT, WIDTH, 3))
    assert model.weights == []
    assert np.allclose(model.predict(ARRAYS, verbose=0), expected(scale), atol=1e-5)
    model.save(tmp_path / "preprocessing.keras")
    loaded = keras.saving.load_model(tmp_path / "preprocessing.keras", safe_mode=True)
    assert np.array_equal(loaded.predict(ARRAYS, verbose=0), model.predict(ARRAYS, verbose=0))


@pytest.mark.parametrize("scale", ["unit", "standardize"])
def test_half_precision_in_training_does_not_round_the_pixels(scale):
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = fit(Options(scale=scale), input=INPUT, train=TRAIN)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.allclose(model.predict(ARRAYS, verbose=0), expected(scale), atol=1e-5)


def test_files_are_measured_like_arrays(tmp_path):
    from_files = fit(Options(scale="standardize"), input=INPUT, train=as_files(tmp_path))
    from_arrays = fit(Options(scale="standardize"), input=INPUT, train=TRAIN)
    assert np.array_equal(from_files.predict(ARRAYS, verbose=0), from_arrays.predict(ARRAYS, verbose=0))


def test_of_many_files_some_are_measured_from_the_first_to_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MOST_FILES_MEASURED", 3)
    model = fit(Options(scale="standardize"), input=INPUT, train=as_files(tmp_path))
    layer = model.get_layer("scale")
    assert np.allclose(np.ravel(layer.mean), ARRAYS[[0, 24, 49]].mean(axis=(0, 1, 2)), atol=1e-3)


def test_a_channel_that_never_changes_gives_finite_numbers():
    black = Split(name="train", examples=np.zeros_like(ARRAYS), targets=TRAIN.targets)
    model = fit(Options(scale="standardize"), input=INPUT, train=black)
    assert np.isfinite(model.predict(ARRAYS, verbose=0)).all()
