"""Pictures are untrusted bytes: sizes first, no metadata, no traceback."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mmrs_builder.verify.pictures import BadPicture, metadata, read_mask, read_pixels

GREY = np.arange(192, dtype=np.uint8).reshape(12, 16)


def save(kind: str, mode: str = "L", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(GREY).convert(mode).save(buffer, format=kind, **options)
    return buffer.getvalue()


def text_chunk() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "patient name")
    return info


def orientation() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (12, 16)), ("RGB", (12, 16, 3)), ("P", (12, 16, 3)), ("1", (12, 16, 3))]
)
def test_grey_stays_grey_and_all_else_becomes_rgb(mode: str, shape: tuple[int, ...]) -> None:
    assert read_pixels(save("PNG", mode)).shape == shape


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_a_plain_picture_has_no_metadata(kind: str) -> None:
    assert metadata(save(kind)) == []


def test_a_progressive_jpeg_with_restart_markers_has_no_metadata() -> None:
    assert metadata(save("JPEG", "RGB", progressive=True, restart_marker_rows=1)) == []


@pytest.mark.parametrize(
    "data",
    [
        save("PNG", pnginfo=text_chunk()),
        save("PNG", exif=orientation()),
        save("JPEG", exif=orientation()),
        save("JPEG", comment=b"patient name"),
        save("JPEG", xmp=b"<x/>"),
        save("PNG") + b"PK",
        save("JPEG") + b"PK",
    ],
)
def test_metadata_and_trailing_bytes_are_named(data: bytes) -> None:
    assert metadata(data)


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xd8\xff", save("PNG")[:50], save("JPEG")[:300], b"GIF89a"])
def test_damaged_bytes_are_a_bad_picture(data: bytes) -> None:
    metadata(data)
    with pytest.raises(BadPicture):
        read_pixels(data)


def test_a_picture_beyond_the_limit_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 10_001, 10_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    empty = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.warns(Image.DecompressionBombWarning), pytest.raises(BadPicture) as refused:
        read_pixels(b"\x89PNG\r\n\x1a\n" + chunk + empty)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("data", [save("PNG"), save("BMP", "1"), b"", save("PNG", "1")[:50]])
def test_a_mask_is_a_whole_png_of_one_bit(data: bytes) -> None:
    with pytest.raises(BadPicture):
        read_mask(data, 16, 12)


def test_a_mask_has_the_size_of_its_picture() -> None:
    assert read_mask(save("PNG", "1"), 16, 12).shape == (12, 16)
    with pytest.raises(BadPicture):
        read_mask(save("PNG", "1"), 12, 16)
