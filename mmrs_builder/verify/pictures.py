"""Stored pictures: decoded only after a look at their size, and searched for metadata that must not be there."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image

from mmrs_builder.types import Mask, Pixels

MAX_PIXELS: Final = 100_000_000
FORMATS: Final = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")
PNG_METADATA: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})
INFO_METADATA: Final = frozenset({"exif", "xmp", "comment", "photoshop", "XML:com.adobe.xmp", "Raw profile type exif"})
JPEG_METADATA: Final = {0xE1: "APP1 (EXIF, XMP)", 0xED: "APP13 (Photoshop, IPTC)", 0xFE: "comment"}
UNDECODABLE: Final = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError,
)  # fmt: skip
"""What Pillow's readers raise on damaged bytes."""


class BadPicture(ValueError):
    """Bytes that are not the picture they should be. ``code`` is a fault code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _open(data: bytes, formats: tuple[str, ...], code: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise BadPicture("too_large", str(error)) from error
    except UNDECODABLE as error:
        raise BadPicture(code, f"does not open: {error}") from error
    if image.width * image.height > MAX_PIXELS:
        raise BadPicture("too_large", f"{image.width} x {image.height} pixels")
    return image


def read_pixels(data: bytes) -> Pixels:
    """Decoded picture: (H, W) for mode L, else converted to RGB, (H, W, 3). Raises ``BadPicture``."""
    image = _open(data, FORMATS, "image")
    try:
        return np.asarray(image if image.mode == "L" else image.convert("RGB"), dtype=np.uint8)
    except UNDECODABLE as error:
        raise BadPicture("image", f"does not decode: {error}") from error


def read_mask(data: bytes, width: int, height: int) -> Mask:
    """Mask (H, W) of a 1-bit PNG of the given size. Raises ``BadPicture``."""
    image = _open(data, ("PNG",), "mask")
    if image.mode != "1" or image.size != (width, height):
        raise BadPicture("mask", f"mode {image.mode}, {image.width} x {image.height} instead of 1, {width} x {height}")
    try:
        return np.asarray(image, dtype=np.bool_)
    except UNDECODABLE as error:
        raise BadPicture("mask", f"does not decode: {error}") from error


def metadata(data: bytes) -> list[str]:
    """Names of metadata in a picture: EXIF, XMP, comments, PNG text, bytes after the end marker."""
    if data.startswith(b"\x89PNG"):
        return _png_metadata(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg_metadata(data)
    try:
        info = Image.open(io.BytesIO(data), formats=FORMATS).info
    except UNDECODABLE:
        return []  # reported when the pixels are read
    return sorted(str(key) for key in info if key in INFO_METADATA)


def _png_metadata(data: bytes) -> list[str]:
    """PNG chunks (PNG specification, section 5): length, type, data, CRC."""
    found, at = [], 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if kind in PNG_METADATA:
            found.append(kind.decode())
        if kind == b"IEND":
            break
    return found + (["bytes after IEND"] if at < len(data) else [])


def _jpeg_metadata(data: bytes) -> list[str]:
    """JPEG segments (ITU-T T.81, annex B); entropy-coded data end at a marker that is not stuffing or restart."""
    found, at = [], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at = _next_marker(data, at)
            continue
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        if marker in JPEG_METADATA:
            found.append(JPEG_METADATA[marker])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            at = _next_marker(data, at)
    return found + (["bytes after the end marker"] if at + 2 < len(data) else [])


def _next_marker(data: bytes, at: int) -> int:
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
