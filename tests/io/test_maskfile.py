"""What kind of mask a file is, told by its pixels alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mmrs_builder.io.decode import decode
from mmrs_builder.io.maskfile import MaskFile, look, masklike
from tests.io.drawing import coloured, encoded, grey, square


def found(picture: Image.Image | npt.NDArray[np.generic], kind: str = "PNG", **options: object) -> MaskFile:
    return look(decode(encoded(picture, kind, **options), "a.png"), "a.png")[0]


def numbers() -> npt.NDArray[np.uint8]:
    values = square().astype(np.uint8)
    values[20:24, 20:30] = 2
    return values


def painted() -> npt.NDArray[np.uint8]:
    colours = np.zeros((*square().shape, 3), np.uint8)
    colours[square()] = (255, 0, 0)
    colours[20:24, 20:30] = (0, 255, 0)
    return colours


def test_black_and_white_is_binary_and_jpeg_makes_it_fringed():
    assert (found(grey(square())).kind, found(grey(square())).values) == ("binary", 2)
    assert found(grey(square()), "JPEG", quality=60).kind == "fringed"


def test_numbers_are_told_with_their_pixels():
    assert found(numbers()).kind == "numbers"
    assert dict(found(numbers()).codes) == {"0": 28 * 40 - 80 - 40, "1": 80, "2": 40}


def test_colours_are_told_with_their_pixels_even_after_compression():
    assert dict(found(painted()).codes) == {"#000000": 28 * 40 - 80 - 40, "#ff0000": 80, "#00ff00": 40}
    large = painted().repeat(8, axis=0).repeat(8, axis=1)
    squeezed = found(large, "JPEG", quality=90, subsampling=0)
    assert (squeezed.kind, {code for code, _ in squeezed.codes}) == ("colours", {"#000000", "#ff0000", "#00ff00"})


def test_a_palette_file_is_told_by_its_indices():
    picture = Image.fromarray(numbers(), "L").convert("P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    assert found(picture).palette
    assert {code for code, _ in found(picture).codes} == {"0", "1", "2"}


def test_a_photograph_is_no_mask():
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    assert found(noise).kind == found(noise[..., 0]).kind == "photograph"
    assert found(np.full((20, 20), 255, np.uint8)).kind == "full"


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (grey(square()), True),
        (numbers(), True),
        (np.stack([grey(square())] * 3, axis=-1), True),
        (painted(), False),
        (coloured(), False),
        (np.zeros((20, 20), np.uint8), False),
        (np.arange(400, dtype=np.uint8).reshape(20, 20), False),
    ],
)
def test_an_image_of_two_or_three_greys_is_a_mask(pixels: npt.NDArray[np.uint8], expected: bool):
    assert masklike(pixels) is expected


def test_a_mask_saved_as_jpeg_is_still_one_and_a_dark_slice_is_none():
    mask = grey(square()).repeat(8, axis=0).repeat(8, axis=1)
    assert masklike(np.asarray(Image.open(_stream(encoded(mask, "JPEG", quality=95)))))
    dark = np.random.default_rng(0).integers(0, 12, (100, 100), dtype=np.uint8)
    dark[40:44, 40:44] = 120
    assert not masklike(dark)


def _stream(data: bytes):
    import io

    return io.BytesIO(data)
