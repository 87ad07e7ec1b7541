from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mmrs_builder.io.metadata import JPEG, PNG, cleaned
from mmrs_builder.vocab import Rejected
from tests.io.drawing import coloured, decoded, encoded, exif, square

CANARY = b"Jane Roe 1961-07-23"
ENCODINGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 1},
    "4:4:4": {"subsampling": 0, "quality": 95},
}


def segment(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def planted_jpeg(**options: object) -> bytes:
    tags = exif(1)
    tags.get_ifd(0x8825)[29] = CANARY.decode()  # GPS date
    tags[0x010E] = CANARY.decode()
    data = encoded(coloured(), "JPEG", exif=tags, comment=CANARY, xmp=CANARY, icc_profile=CANARY, **options)
    extra = b"".join(segment(code, CANARY) for code in (*range(0xE0, 0xF0), 0xFE))
    last_scan = data.rindex(b"\xff\xda")
    return data[:2] + extra + data[2:last_scan] + extra + CANARY + data[last_scan:] + CANARY


def planted_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Patient", CANARY.decode())
    text.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    data = encoded(coloured(), "PNG", pnginfo=text, exif=exif(1), icc_profile=CANARY, dpi=(72, 72))
    end = chunk(b"IEND", b"")
    return data.removesuffix(end) + chunk(b"tEXt", b"Author\0" + CANARY) + chunk(b"prVt", CANARY) + end + CANARY


@pytest.mark.parametrize("options", ENCODINGS.values(), ids=ENCODINGS)
def test_no_planted_text_survives_in_a_jpeg_and_no_pixel_changes(options: dict[str, object]):
    data = planted_jpeg(**options)
    clean = cleaned(data, "a.jpg")
    assert data.count(CANARY) > 30
    assert CANARY not in clean
    assert np.array_equal(decoded(clean), decoded(encoded(coloured(), "JPEG", **options)))


def test_no_planted_text_survives_in_a_png_and_no_pixel_changes():
    data = planted_png()
    clean = cleaned(data, "a.png")
    assert data.count(CANARY) >= 4
    assert CANARY not in clean
    assert np.array_equal(decoded(clean), coloured())
    assert not Image.open(io.BytesIO(clean)).info


@pytest.mark.parametrize("options", ENCODINGS.values(), ids=ENCODINGS)
def test_coded_data_of_a_jpeg_stay_as_they_are(options: dict[str, object]):
    data = encoded(coloured(), "JPEG", **options)
    clean = cleaned(data, "a.jpg")
    assert clean[clean.index(b"\xff\xdb") :] == data[data.index(b"\xff\xdb") :]


def test_cleaning_a_clean_file_changes_nothing():
    for data in (planted_jpeg(), planted_png()):
        assert cleaned(cleaned(data, "a"), "a") == cleaned(data, "a")


def test_a_jfif_thumbnail_goes_but_its_meaning_for_colours_stays():
    thumbnail = segment(0xE0, b"JFIF\0\x01\x02\x01\x00\x48\x00\x48\x02\x02" + b"\x55" * 12)
    data = encoded(coloured(), "JPEG")
    data = data[:2] + thumbnail + data[2 + 18 :]
    assert b"\x55" * 12 not in cleaned(data, "a.jpg")
    assert np.array_equal(decoded(cleaned(data, "a.jpg")), decoded(data))


def test_the_adobe_segment_that_says_rgb_is_not_ycc_stays():
    data = encoded(coloured(), "JPEG", keep_rgb=True)
    assert b"Adobe" in data
    assert np.array_equal(decoded(cleaned(data, "a.jpg")), decoded(data))


def test_a_palette_stays_in_a_palette_picture_only():
    image = Image.fromarray(coloured()).quantize(8)
    assert np.array_equal(decoded(cleaned(encoded(image), "a.png")), decoded(encoded(image)))
    suggested = encoded(coloured())
    suggested = suggested[:33] + chunk(b"PLTE", CANARY[:18]) + suggested[33:]
    assert b"PLTE" not in cleaned(suggested, "a.png")


def test_other_formats_are_left_alone():
    assert cleaned(b"BM anything", "a.bmp") == b"BM anything"


@pytest.mark.parametrize("data", [planted_jpeg(), planted_jpeg(progressive=True), planted_png()])
def test_a_file_cut_anywhere_before_its_end_marker_is_noticed(data: bytes):
    end = max(data.rfind(b"\xff\xd9") + 1, data.rfind(b"IEND") + 7)
    for length in range(8, end, 7):
        with pytest.raises(Rejected, match="too early"):
            cleaned(data[:length], "a")
    assert cleaned(data[: end + 1], "a") == cleaned(data, "a")


def test_a_thumbnails_end_marker_is_not_the_pictures():
    inner = encoded(square(), "JPEG")
    data = encoded(coloured(), "JPEG", exif=b"Exif\0\0" + inner)
    with pytest.raises(Rejected, match="too early"):
        cleaned(data[: len(data) // 2 + len(inner)], "a.jpg")
    assert np.array_equal(decoded(cleaned(data, "a.jpg")), decoded(encoded(coloured(), "JPEG")))


def test_one_wrong_bit_in_any_png_chunk_is_noticed():
    data = encoded(coloured())
    for at in range(len(PNG), len(data), 5):
        damaged = bytearray(data)
        damaged[at] ^= 1
        with pytest.raises(Rejected, match=r"damaged|checksum"):
            cleaned(bytes(damaged), "a.png")


def test_every_real_picture_keeps_its_pixels(samples: Path):
    files = [p for p in sorted(samples.rglob("*")) if p.suffix.lower() in (".png", ".jpg", ".jpeg")][::4]
    assert len(files) > 100
    for path in files:
        data = path.read_bytes()
        assert data.startswith((JPEG, PNG))
        assert np.array_equal(decoded(cleaned(data, path.name)), decoded(data)), path.name
