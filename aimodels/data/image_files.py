"""Image files looked at before training: whether each one can be read, its size and colours, and its SHA-256.

Pillow looks; TensorFlow reads the same files later. So what only one of the two understands is refused here.
"""

import hashlib
import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin
from PIL.ImageFile import ImageFile as OpenedImage

from aimodels.events import Downloaded, emit

FORMATS = "PNG, JPEG, GIF or BMP"
# A file with one of these suffixes means to be an image; one that cannot be read is a mistake, not a stray file.
SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff"]
    + [".heic", ".heif", ".avif", ".jp2", ".jxl", ".ico", ".ppm", ".pgm"]
)
MOST_PIXELS = 100_000_000
FILES_PER_ROUND = 512
SECONDS_BETWEEN_EVENTS = 0.1

GRAYSCALE_MODES = frozenset(["1", "L", "LA", "I", "I;16"])
# tf.io.decode_image ignores palettes and bit masks in BMP files and knows no compression there.
BMP_LAYOUTS = frozenset(["L", "BGR", "BGRX", "BGRA"])

Verify = Literal["decode", "header"]


@dataclass(frozen=True)
class CheckedImage:
    """What is known of an image file. `problem` says why it cannot be used, in a few words; empty if it can."""

    path: Path
    num_bytes: int = 0
    sha256: str = ""
    height: int = 0
    width: int = 0
    is_grayscale: bool = False
    has_alpha: bool = False
    problem: str = ""


def image_format(start: bytes) -> str | None:
    """PNG, JPEG, GIF or BMP by the first bytes of a file (16 are enough); None for anything else."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    # Two letters alone would make an image of a text that starts with "BM"; bytes 6 to 9 of a BMP are reserved, zero.
    if start.startswith(b"BM") and start[6:10] == b"\0\0\0\0":
        return "BMP"
    return None


def is_meant_as_image(path: Path) -> bool:
    """Whether a file is an image by its suffix or, failing that, by its contents. A dead link counts by its suffix."""
    if path.suffix.lower() in SUFFIXES and (path.is_file() or path.is_symlink()):
        return True
    # Only plain files are opened: a pipe would wait for a writer.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return image_format(file.read(16)) is not None
    except OSError:
        return False


def check_images(paths: Sequence[Path], *, verify: Verify) -> list[CheckedImage]:
    """Look at every file, in as many threads as pay; in the order of `paths`. Emits its progress.

    `verify` says how closely: `decode` reads every pixel, `header` only the first bytes (and hashes the rest).
    """
    checked: list[CheckedImage] = []
    told_at = float("-inf")
    with ThreadPoolExecutor(thread_name_prefix="checking-images") as pool:
        # In rounds, so that a million files do not become a million waiting tasks.
        for start in range(0, len(paths), FILES_PER_ROUND):
            for image in pool.map(partial(check_image, verify=verify), paths[start : start + FILES_PER_ROUND]):
                checked.append(image)
                if time.monotonic() - told_at >= SECONDS_BETWEEN_EVENTS:
                    emit(Downloaded(name="checking images", done=len(checked), total=len(paths), unit="files"))
                    told_at = time.monotonic()
    emit(Downloaded(name="checking images", done=len(paths), total=len(paths), unit="files"))
    return checked


def check_image(path: Path, *, verify: Verify) -> CheckedImage:
    """Look at one file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return CheckedImage(path, problem=error.strerror or str(error))
    kind = image_format(content[:16])
    if kind is None:
        return CheckedImage(path, problem="the file is empty" if not content else f"not a {FORMATS} image")
    try:
        return _checked(path, content, kind=kind, verify=verify)
    # Pillow's decoders let any kind of exception out of a broken file (OSError, SyntaxError, struct.error, ...).
    except Exception as error:
        return CheckedImage(path, problem=f"broken {kind}: {str(error) or type(error).__name__}")


def _checked(path: Path, content: bytes, *, kind: str, verify: Verify) -> CheckedImage:
    image = _opened(content, kind)
    width, height = image.size
    problem = _problem(image, kind)
    facts = CheckedImage(
        path,
        num_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        height=height,
        width=width,
        is_grayscale=_is_grayscale(image),
        has_alpha=image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info,
        problem=problem,
    )
    if not problem and verify == "decode":
        if kind == "PNG":
            # Decoding alone skips the checksums that TensorFlow insists on; verifying uses the image up.
            image.verify()
            image = _opened(content, kind)
        image.load()
    return facts


def _opened(content: bytes, kind: str) -> OpenedImage:
    # Not Image.open: it warns of large images, and warnings cannot be caught safely in threads.
    openers: dict[str, type[OpenedImage]] = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }
    return openers[kind](io.BytesIO(content))


def _problem(image: OpenedImage, kind: str) -> str:
    width, height = image.size
    if width * height > MOST_PIXELS:
        return f"{width} x {height} pixels are too many (at most {MOST_PIXELS:,})"
    if kind == "BMP" and (image.info.get("compression") not in (0, None) or _bmp_layout(image) not in BMP_LAYOUTS):
        return "this kind of BMP (with a palette, masks or compression) is not supported; save it as PNG"
    return ""


def _bmp_layout(image: OpenedImage) -> str:
    """How Pillow would unpack the pixels: the raw mode of its first and only tile."""
    arguments = image.tile[0].args
    return str(arguments[0]) if isinstance(arguments, tuple) else str(arguments)


def _is_grayscale(image: OpenedImage) -> bool:
    if image.mode != "P" or image.palette is None:
        return image.mode in GRAYSCALE_MODES
    # As it is in the file, since getpalette() would decode the whole image.
    layout, colours = image.palette.getdata()
    step = len(layout)
    return bytes(colours[0::step]) == bytes(colours[1::step]) == bytes(colours[2::step])
