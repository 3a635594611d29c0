"""Image files, whole and broken, as they are looked at before training."""

import hashlib
import io
import os
import zlib

import numpy as np
import pytest
from PIL import Image

from aimodels.data import image_files
from aimodels.data.image_files import check_image, check_images, image_format, is_meant_as_image
from aimodels.events import Downloaded, Event, listening

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def encoded(file_format: str, *, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(content, file_format)
    return content.getvalue()


def gray_palette_png() -> bytes:
    image = Image.fromarray(PIXELS[..., 0]).convert("P")
    image.putpalette([level for level in range(256) for _ in range(3)])
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def a_file(folder, content: bytes, name: str = "image.png"):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "BMP"])
@pytest.mark.parametrize("verify", ["decode", "header"])
def test_a_whole_image_is_measured_whatever_its_name(tmp_path, file_format, verify):
    content = encoded(file_format)
    image = check_image(a_file(tmp_path, content, "image.txt"), verify=verify)
    assert (image.height, image.width, image.problem) == (40, 30, "")
    assert (image.is_grayscale, image.has_alpha) == (False, False)
    assert (image.num_bytes, image.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("file_format", "mode", "colours"),
    [
        ("PNG", "L", (True, False)),
        ("PNG", "1", (True, False)),
        ("PNG", "I;16", (True, False)),
        ("PNG", "LA", (True, True)),
        ("PNG", "RGBA", (False, True)),
        ("PNG", "P", (False, False)),
        ("JPEG", "L", (True, False)),
        ("JPEG", "CMYK", (False, False)),
        ("GIF", "L", (True, False)),
        ("BMP", "L", (True, False)),
    ],
)
@pytest.mark.parametrize("verify", ["decode", "header"])
def test_colours_are_told(tmp_path, file_format, mode, colours, verify):
    image = check_image(a_file(tmp_path, encoded(file_format, mode=mode)), verify=verify)
    assert (image.problem, image.is_grayscale, image.has_alpha) == ("", *colours)


def test_a_palette_of_grays_is_grayscale(tmp_path):
    assert check_image(a_file(tmp_path, gray_palette_png()), verify="decode").is_grayscale


def flipped(content: bytes, *, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (encoded("PNG")[:-300], "broken PNG: "),
        (encoded("PNG")[:-12], "broken PNG: "),
        (flipped(encoded("PNG"), position=200), "broken PNG: "),
        (encoded("PNG")[:20], "broken PNG: "),
        (encoded("JPEG")[:-300], "broken JPEG: "),
        (encoded("GIF")[:-300], "broken GIF: "),
        (encoded("BMP")[:-300], "broken BMP: "),
        (b"", "the file is empty"),
        (b"no image at all", "not a PNG, JPEG, GIF or BMP image"),
        (encoded("WEBP"), "not a PNG, JPEG, GIF or BMP image"),
        (encoded("BMP", mode="P"), "this kind of BMP"),
        (encoded("BMP", mode="1"), "this kind of BMP"),
    ],
    ids=[
        "png",
        "png end",
        "png bit",
        "png header",
        "jpeg",
        "gif",
        "bmp",
        "empty",
        "text",
        "webp",
        "bmp palette",
        "bmp 1",
    ],
)
def test_a_broken_image_has_a_problem(tmp_path, content, problem):
    assert check_image(a_file(tmp_path, content), verify="decode").problem.startswith(problem)


def test_the_header_alone_does_not_tell_that_the_end_is_missing(tmp_path):
    assert check_image(a_file(tmp_path, encoded("JPEG")[:-300]), verify="header").problem == ""


def test_a_decompression_bomb_is_refused_without_decoding(tmp_path):
    header = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    content = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0d" + header + zlib.crc32(header).to_bytes(4, "big")
    content += encoded("PNG")[33:]
    problem = check_image(a_file(tmp_path, content), verify="decode").problem
    assert problem == "30000 x 30000 pixels are too many (at most 100,000,000)"


def test_a_file_that_is_gone_has_a_problem(tmp_path):
    assert check_image(tmp_path / "gone.png", verify="decode").problem == "No such file or directory"


def test_many_files_keep_their_order_and_tell_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "FILES_PER_ROUND", 4)
    paths = [a_file(tmp_path, encoded("PNG") if number % 3 else b"", f"{number}.png") for number in range(10)]
    heard: list[Event] = []
    with listening(heard.append):
        images = check_images(paths, verify="header")
    assert [image.path for image in images] == paths
    assert [bool(image.problem) for image in images] == [number % 3 == 0 for number in range(10)]
    assert heard[-1] == Downloaded(name="checking images", done=10, total=10, unit="files")


@pytest.mark.parametrize(
    ("start", "expected"),
    [(b"BM and other makers of cars", None), (b"GIF88a", None), (b"\xff\xd8\xff\xe0", "JPEG"), (b"", None)],
)
def test_the_format_is_told_by_the_first_bytes(start, expected):
    assert image_format(start) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", b"", True),
        ("a.WEBP", b"?", True),
        ("a", encoded("JPEG"), True),
        ("a.txt", encoded("PNG"), True),
        ("a.txt", b"BMW", False),
        ("Thumbs.db", b"", False),
    ],
)
def test_an_image_is_known_by_its_suffix_or_its_contents(tmp_path, name, content, expected):
    assert is_meant_as_image(a_file(tmp_path, content, name)) is expected


def test_pipes_and_dead_links_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dead.png").symlink_to(tmp_path / "gone.png")
    assert not is_meant_as_image(tmp_path / "pipe.png")
    assert is_meant_as_image(tmp_path / "dead.png")
