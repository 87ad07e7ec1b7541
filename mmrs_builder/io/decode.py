"""Opening a picture file: every check that does not depend on whether it is an image or a mask.

Pillow alone decodes, from an explicit list of formats. Its header gives the size before any pixel is decoded. The
structure of JPEG and PNG is walked (``metadata``) before Pillow sees it, because Pillow accepts cut files whose
missing part the decoder fills in, and its ``verify`` does not notice.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from mmrs_builder.io.metadata import JPEG, PNG, cleaned
from mmrs_builder.io.orientation import stated_orientation
from mmrs_builder.vocab import Rejected

FORMATS: Final = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP", "PPM")
MAX_PIXELS: Final = 100_000_000
MIN_SIDE: Final = 8  # px

GREY16_MODES: Final = frozenset({"I;16", "I;16L", "I;16B", "I"})

_PLAIN: Final = (b"P1", b"P2", b"P3")  # a number cut in half at the end of such a file would still be a number

# What Pillow's readers raise on damaged input.
_DAMAGE: Final = (
    OSError, EOFError, SyntaxError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A loaded picture as stored, save that Pillow turns TIFF pictures upright itself (``turned``)."""

    image: Image.Image
    clean: bytes  # the file without metadata
    raw_size: tuple[int, int]  # width, height as stored
    orientation: int | None  # what the file states
    turned: bool
    lossy: bool
    plain: bool  # 8-bit grey or RGB, JPEG or PNG, no transparency: if upright, it may be stored as it is


def decode(data: bytes, what: str) -> Decoded:
    """Decode the bytes of a file called ``what``.

    Raises ``Rejected``: ``not_an_image``, ``truncated``, ``too_large`` (over 100 megapixels), ``too_small`` (a side
    under 8 px), ``multi_frame``, ``unsupported_mode`` (several channels of more than 8 bits, inverted 16-bit grey).
    """
    clean = cleaned(data, what)
    bare = data.startswith((JPEG, PNG)) and clean == data  # nothing was removed: the file need not be opened twice
    probe = _opened(data, what)
    _check_size(probe, what)
    with _refusing("truncated", what):
        if getattr(probe, "is_animated", False):
            raise Rejected("multi_frame", what)
        if not bare and _metadata_follows_pixels(data):
            probe.load()
        orientation = stated_orientation(probe)
        _check_depth(probe, clean, what)
    image = probe if bare else _opened(clean, what)
    with _refusing("truncated", what):
        image.load()
    if image.mode in ("P", "PA") and image.palette is None:
        raise Rejected("truncated", what, "palette picture without a palette")
    turned = image.format == "TIFF"
    swapped = turned and (orientation or 1) >= 5
    return Decoded(
        image=image,
        clean=clean,
        raw_size=(image.height, image.width) if swapped else image.size,
        orientation=orientation,
        turned=turned,
        lossy=_lossy(image, clean),
        plain=_plain(image, clean),
    )


def pixels_of(image: Image.Image) -> npt.NDArray[np.uint8]:
    """The pixels of a loaded picture of 8 bits, (H, W) or (H, W, 3)."""
    if image.mode != "RGB":
        return np.asarray(image, np.uint8)
    try:
        padded = pa.array(
            image
        ).flatten()  # of four bytes each, and not copied, which takes Pillow half as long as a JPEG
    except ValueError:  # a large picture, in several blocks of memory
        return np.asarray(image, np.uint8)
    rows = np.asarray(padded).reshape(image.height, image.width, 4)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_RGBA2RGB), np.uint8)


@contextmanager
def _refusing(reason: str, what: str) -> Iterator[None]:
    """Turn what Pillow raises or warns of into a rejection. Its warnings name nothing a user could act on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise Rejected("too_large", what, f"limit {MAX_PIXELS} pixels") from error
    except UnidentifiedImageError as error:  # its text holds a memory address
        raise Rejected(reason, what) from error
    except _DAMAGE as error:
        raise Rejected(reason, what, f"{type(error).__name__}: {error}") from error


def _opened(data: bytes, what: str) -> Image.Image:
    if data[:2] in _PLAIN:
        raise Rejected("not_an_image", what, "plain-text PNM is not supported")
    with _refusing("not_an_image", what):
        return Image.open(io.BytesIO(data), formats=FORMATS)


def _check_size(image: Image.Image, what: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Rejected("too_large", what, f"{width} x {height}, limit {MAX_PIXELS} pixels")
    if min(width, height) < MIN_SIDE:
        raise Rejected("too_small", what, f"{width} x {height}, limit {MIN_SIDE}")


def _metadata_follows_pixels(data: bytes) -> bool:
    """PNG chunks after the image data are seen by Pillow only when it loads the pixels."""
    names = (b"eXIf", b"iTXt", b"zTXt", b"tEXt")
    return data.startswith(PNG) and max(data.rfind(name) for name in names) > data.find(b"IDAT")


def _check_depth(image: Image.Image, clean: bytes, what: str) -> None:
    """Pillow drops the low byte of deep colour and does not invert deep white-is-zero: refuse both."""
    depth, inverted = 8, False
    if clean.startswith(PNG):
        depth = clean[24]
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        depth = max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        inverted = image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    if depth > 8 and (inverted or image.mode not in GREY16_MODES):
        raise Rejected("unsupported_mode", what, f"{image.mode}, {depth} bits per channel")


def _lossy(image: Image.Image, clean: bytes) -> bool:
    if image.format == "WEBP":
        return b"VP8L" not in clean[:64]
    return image.format in ("JPEG", "MPO") or image.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")


def _plain(image: Image.Image, clean: bytes) -> bool:
    if clean.startswith(JPEG):
        return image.mode in ("L", "RGB")
    grey_or_rgb = clean[24:25] == b"\x08" and clean[25:26] in (b"\x00", b"\x02")
    return clean.startswith(PNG) and grey_or_rgb and not image.has_transparency_data
