from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.io.decode import decode, pixels_of
from mmrs_builder.io.raster import read_picture
from mmrs_builder.vocab import Rejected
from tests.io.drawing import coloured, encoded, square

RGB = Image.fromarray(coloured())
GREY16 = Image.fromarray(coloured()[..., 0].astype(np.uint16) * 257)
FILES = {
    "jpeg": encoded(RGB, "JPEG"),
    "jpeg progressive": encoded(RGB, "JPEG", progressive=True),
    "jpeg restarts": encoded(RGB, "JPEG", restart_marker_blocks=1),
    "jpeg cmyk": encoded(RGB.convert("CMYK"), "JPEG"),
    "png": encoded(RGB),
    "png 16-bit": encoded(GREY16),
    "png palette": encoded(RGB.quantize(8)),
    "bmp": encoded(RGB, "BMP"),
    "tiff": encoded(RGB, "TIFF"),
    "tiff lzw": encoded(RGB, "TIFF", compression="tiff_lzw"),
    "tiff deflate": encoded(RGB, "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": encoded(RGB, "TIFF", compression="jpeg"),
    "gif": encoded(RGB.quantize(8), "GIF"),
    "webp": encoded(RGB, "WEBP"),
    "webp lossless": encoded(RGB, "WEBP", lossless=True),
    "ppm": encoded(RGB, "PPM"),
    "pgm 16-bit": encoded(GREY16, "PPM"),
}


def reason_for(data: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        decode(data, "picture")
    return caught.value.reason


def png_of(width: int, height: int, depth: int, colour_type: int, pixels: bytes = b"\0") -> bytes:
    """A PNG that declares what it is told to and holds the given filtered rows."""
    header = struct.pack(">2I5B", width, height, depth, colour_type, 0, 0, 0)
    parts = (b"IHDR" + header, b"IDAT" + zlib.compress(pixels), b"IEND")
    chunks = (struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_cut_file_is_never_accepted_with_other_pixels(data: bytes):
    whole = np.asarray(decode(data, "whole").image)
    tail = max(1, len(data) // 100)  # some formats end in bytes that hold no pixel
    for length in range(1, len(data) - tail, max(1, len(data) // 100)):
        assert reason_for(data[:length]) in ("truncated", "not_an_image")
    for length in range(len(data) - tail, len(data)):
        with contextlib.suppress(Rejected):
            assert np.array_equal(np.asarray(decode(data[:length], "cut").image), whole)


@pytest.mark.parametrize(
    "data",
    [b"\0", b"patient,side\n1,left\n", b"<html>Sign in</html>", b"%PDF-1.7\n", b"P2\n8 8\n1\n" + b"1 " * 64],
)
def test_text_under_a_picture_name_is_not_an_image(data: bytes):
    assert reason_for(data) == "not_an_image"


@pytest.mark.parametrize("kind", ["ICNS", "PCX", "TGA", "JPEG2000"])
def test_formats_off_the_list_are_not_an_image(kind: str):
    assert reason_for(encoded(RGB, kind)) == "not_an_image"


@pytest.mark.parametrize("size", [(20_000, 20_000), (65_535, 65_535), (2**31 - 1, 2**31 - 1), (10_001, 10_000)])
def test_a_bomb_is_refused_from_its_header(size: tuple[int, int]):
    assert reason_for(png_of(*size, 8, 2)) == "too_large"


@pytest.mark.parametrize("size", [(1, 1), (1, 65_535), (7, 100), (100, 7)])
def test_a_picture_with_a_tiny_side_is_refused(size: tuple[int, int]):
    assert reason_for(encoded(np.zeros(size, np.uint8))) == "too_small"


def test_the_smallest_picture_allowed_is_read():
    assert decode(encoded(np.zeros((8, 8), np.uint8)), "a").raw_size == (8, 8)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_several_frames_are_refused(kind: str):
    frames = [Image.fromarray(coloured()), Image.fromarray(255 - coloured())]
    assert reason_for(encoded(frames[0], kind, save_all=True, append_images=frames[1:])) == "multi_frame"


@pytest.mark.parametrize("shape", [(9, 17, 3), (11, 8), (3000, 2000, 3)], ids=["colour", "grey", "large"])
def test_pixels_are_those_of_pillow_however_its_memory_is_divided(shape: tuple[int, ...]):
    drawn = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = Image.fromarray(drawn)
    assert np.array_equal(pixels_of(image), drawn)
    assert np.array_equal(pixels_of(image.crop((1, 2, 8, 9))), drawn[2:9, 1:8])


def test_a_gif_of_one_frame_is_read(tmp_path: Path):
    (tmp_path / "a.gif").write_bytes(FILES["gif"])
    assert np.array_equal(read_picture(tmp_path, "a.gif").pixels, np.asarray(RGB.quantize(8).convert("RGB")))


def test_deep_colour_is_refused_because_its_low_byte_would_be_lost():
    assert reason_for(png_of(8, 8, 16, 2, bytes(8 * 49))) == "unsupported_mode"


def test_a_palette_picture_without_a_palette_is_damaged():
    assert reason_for(png_of(8, 8, 8, 3, bytes(8 * 9))) == "truncated"


def test_random_damage_ends_in_pixels_or_a_reason():
    generator = np.random.default_rng(7)
    outcomes = {"pixels": 0, "refused": 0}
    for number in range(600):
        data = bytearray(list(FILES.values())[number % len(FILES)])
        at = generator.integers(0, min(len(data), 300), 3)
        for place in at:
            data[place] = generator.integers(0, 256)
        try:
            decode(bytes(data), "damaged").image.load()
            outcomes["pixels"] += 1
        except Rejected:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 50


def test_a_reason_does_not_depend_on_the_run():
    def text() -> str:
        with pytest.raises(Rejected) as caught:
            decode(b"no picture", "a.png")
        return str(caught.value)

    assert text() == text() == "a.png: the bytes are not a picture of a supported format"


def test_a_lossy_coding_is_known_as_such():
    lossy = {name for name, data in FILES.items() if decode(data, name).lossy}
    assert lossy == {"jpeg", "jpeg progressive", "jpeg restarts", "jpeg cmyk", "tiff jpeg", "webp"}


def test_only_eight_bit_jpeg_and_png_are_plain():
    extra = {
        "png 1-bit": encoded(square()),
        "png alpha": encoded(RGB.convert("RGBA")),
        "png grey alpha": encoded(RGB.convert("LA")),
        "png colour key": encoded(RGB, transparency=(1, 2, 3)),
        "png grey": encoded(RGB.convert("L")),
        "jpeg grey": encoded(RGB.convert("L"), "JPEG"),
    }
    plain = {name for name, data in (FILES | extra).items() if decode(data, name).plain}
    assert plain == {"jpeg", "jpeg progressive", "jpeg restarts", "jpeg grey", "png", "png grey"}
