from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from mmrs_builder.io.png import encode_mask, encode_pixels
from mmrs_builder.types import Mask, Pixels
from tests.io.drawing import coloured, decoded

shapes = array_shapes(min_dims=2, max_dims=2, max_side=40)


@given(shapes.flatmap(lambda shape: arrays(np.bool_, shape)))
def test_a_mask_comes_back_as_it_went(mask: Mask):
    assert np.array_equal(decoded(encode_mask(mask)), mask)


@given(shapes.flatmap(lambda shape: arrays(np.bool_, shape)), st.booleans())
def test_the_same_mask_gives_the_same_bytes_whatever_its_memory_layout(mask: Mask, fortran: bool):
    other = np.asfortranarray(mask) if fortran else np.repeat(mask, 2, axis=1)[:, ::2]
    assert encode_mask(other) == encode_mask(mask)


def test_a_mask_is_stored_with_one_bit_per_pixel():
    image = Image.open(io.BytesIO(encode_mask(np.eye(64, dtype=np.bool_))))
    assert image.mode == "1"
    assert image.convert("L").getextrema() == (0, 255)


def test_pixels_come_back_as_they_went():
    for pixels in (coloured(), coloured()[..., 0]):
        assert np.array_equal(decoded(encode_pixels(pixels)), pixels)


@pytest.mark.parametrize("shape", [(2, 1_000_001), (1_000_001, 1, 3)])
def test_pictures_that_are_longer_than_opencv_writes_come_back_too(shape: tuple[int, ...]):
    pixels = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
    assert np.array_equal(decoded(encode_pixels(pixels)), pixels)


@pytest.mark.parametrize("pixels", [np.zeros((0, 5), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4))])
def test_what_is_no_picture_is_refused(pixels: Pixels):
    with pytest.raises(ValueError, match="no 8-bit picture"):
        encode_pixels(pixels)


def chunks(data: bytes) -> set[bytes]:
    """The names of all chunks of a file."""
    found, at = set(), 8
    while at < len(data):
        found.add(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return found


def test_files_hold_nothing_but_pixels():
    for data in (encode_mask(np.eye(9, dtype=np.bool_)), encode_pixels(coloured()), encode_pixels(coloured()[..., 0])):
        assert chunks(data) == {b"IHDR", b"IDAT", b"IEND"}


@given(shapes.flatmap(lambda shape: arrays(np.bool_, shape)))
def test_another_reader_sees_the_same_mask(mask: Mask):
    read = cv2.imdecode(np.frombuffer(encode_mask(mask), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(read, mask * np.uint8(255))
