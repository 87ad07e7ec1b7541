from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrs_builder.io.binarise import binarise
from mmrs_builder.io.decode import decode
from mmrs_builder.types import Mask
from mmrs_builder.vocab import Rejected
from tests.io.drawing import encoded, grey, square


def reading(picture: Image.Image | npt.NDArray[np.generic], kind: str = "PNG", **options: object) -> tuple[Mask, int]:
    return binarise(decode(encoded(picture, kind, **options), "mask"), "mask")


def reason_for(picture: Image.Image | npt.NDArray[np.generic], kind: str = "PNG", **options: object) -> str:
    with pytest.raises(Rejected) as caught:
        reading(picture, kind, **options)
    return caught.value.reason


def of_values(*counts: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A 40 x 40 picture with so many pixels of each value, the rest 0."""
    values = np.zeros(1600, np.uint8)
    values[: sum(n for n, _ in counts)] = np.concatenate([np.full(n, v, np.uint8) for n, v in counts])
    return values.reshape(40, 40)


def colours(inside: tuple[int, int, int], outside: tuple[int, int, int] = (0, 0, 0)) -> npt.NDArray[np.uint8]:
    return np.where(square()[..., None], inside, outside).astype(np.uint8)


def files() -> Iterator[tuple[str, Image.Image]]:
    """One and the same mask in every way that corpora store it."""
    mask, white = square(), Image.fromarray(grey(square()))
    alpha = Image.fromarray(np.where(mask, 0, 128).astype(np.uint8))
    yield "1-bit", Image.fromarray(mask)
    yield "0 and 255", white
    yield "0 and 1", Image.fromarray(mask.astype(np.uint8))
    yield "0 and 128", Image.fromarray(mask.astype(np.uint8) * 128)
    yield "16-bit 0 and 257", Image.fromarray(mask.astype(np.uint16) * 257)
    yield "16-bit 0 and 1", Image.fromarray(mask.astype(np.uint16))
    yield "RGB", white.convert("RGB")
    yield "RGBA", Image.merge("RGBA", [white, white, white, alpha])
    yield "LA", Image.merge("LA", [white, alpha])
    yield "palette", white.convert("RGB").quantize(2)
    yield "stray greys", Image.fromarray(grey(mask) - np.eye(28, 40, dtype=np.uint8) * 3 * mask)


@pytest.mark.parametrize("image", dict(files()).values(), ids=dict(files()))
def test_every_way_to_store_a_mask_means_the_same(image: Image.Image):
    mask, doubtful = reading(image)
    assert np.array_equal(mask, square())
    assert doubtful == 0


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_mask_stored_as_jpeg_is_thresholded_and_its_fringe_counted(mode: str, quality: int):
    y, x = np.mgrid[:64, :64]
    disc = (x - 30) ** 2 + (y - 33) ** 2 < 400
    mask, doubtful = reading(Image.fromarray(grey(disc)).convert(mode), "JPEG", quality=quality)
    assert (mask ^ disc).sum() <= 0.01 * disc.sum()
    assert 0 <= doubtful < 0.2 * disc.sum()


def test_an_empty_mask_is_read_as_empty():
    for kind in ("PNG", "JPEG", "TIFF"):
        mask, doubtful = reading(np.zeros((20, 20), np.uint8), kind)
        assert not mask.any()
        assert doubtful == 0


def test_a_dark_jpeg_is_empty_with_its_doubt_counted():
    values = np.zeros((32, 32), np.uint8)
    values[:4, :4] = 90
    mask, doubtful = reading(values, "JPEG", quality=100)
    assert not mask.any()
    assert doubtful == 16


@pytest.mark.parametrize("value", [1, 128, 255])
def test_a_mask_over_the_whole_picture_is_refused(value: int):
    assert reason_for(np.full((20, 20), value, np.uint8)) == "mask_full"


def test_a_white_jpeg_is_refused_as_full():
    assert reason_for(np.full((20, 20), 255, np.uint8), "JPEG") == "mask_full"


@pytest.mark.parametrize(("value", "counts"), [(32, 0), (33, 1), (127, 1), (128, 1), (223, 1), (224, 0)])
def test_doubt_lies_strictly_between_the_stated_values(value: int, counts: int):
    mask, doubtful = reading(of_values((8, value), (400, 255)))
    assert doubtful == 8 * counts
    assert mask.sum() == 400 + 8 * (value > 127)


def test_sixteen_bits_are_thresholded_like_eight():
    for value in (0, 32, 33, 127, 128, 223, 224, 255):
        narrow = of_values((8, value), (5, 254), (400, 255))
        assert reading(narrow.astype(np.uint16) * 257)[1] == reading(narrow)[1]
        assert np.array_equal(reading(narrow.astype(np.uint16) * 257)[0], reading(narrow)[0])


def fringe(pixels: int) -> Iterator[tuple[int, int]]:
    """So many doubtful pixels, no value more than five times."""
    return ((min(5, pixels - 5 * i), 40 + i) for i in range(-(-pixels // 5)))


def test_a_quarter_of_the_foreground_may_be_doubtful_and_not_more():
    assert reading(of_values(*fringe(100), (400, 255)))[1] == 100
    assert reason_for(of_values(*fringe(101), (400, 255))) == "mask_not_binary"


def test_where_the_background_is_the_smaller_the_doubt_is_held_against_it():
    assert reading(of_values(*fringe(50), (1350, 255)))[1] == 50
    assert reason_for(of_values(*fringe(70), (1350, 255))) == "mask_not_binary"


def test_a_tiny_foreground_may_have_a_few_doubtful_pixels():
    assert reading(of_values(*fringe(25), (1, 255)))[1] == 25
    assert reason_for(of_values(*fringe(26), (1, 255))) == "mask_not_binary"


@pytest.mark.parametrize(("disc", "cup"), [(150, 60), (40, 20), (9, 700)])
def test_of_three_labels_the_white_background_is_not_taken_for_a_lesion(disc: int, cup: int):
    labels = of_values((disc, 128), (1600 - disc - cup, 255))
    assert reason_for(labels) == "mask_not_binary"
    assert reason_for(labels.astype(np.uint16) * 257) == "mask_not_binary"


def test_a_few_pixels_of_one_grey_do_not_make_a_map_of_labels():
    assert reading(of_values((6, 128), (400, 255)))[1] == 6


@pytest.mark.parametrize("labels", [(1, 2), (1, 2, 3), (63, 126), (128, 255), (85, 170, 255)])
def test_a_map_of_label_numbers_is_not_taken_for_a_mask(labels: tuple[int, ...]):
    assert reason_for(of_values(*((200, label) for label in labels))) == "mask_not_binary"


def test_a_photograph_is_not_taken_for_a_mask():
    y, x = np.mgrid[:40, :40]
    assert reason_for((3 * x + 3 * y).astype(np.uint8)) == "mask_not_binary"


@pytest.mark.parametrize("inside", [(255, 0, 0), (128, 0, 0), (1, 0, 0), (0, 0, 9), (255, 255, 0), (255, 206, 255)])
def test_coloured_masks_are_refused(inside: tuple[int, int, int]):
    assert reason_for(colours(inside)) == "mask_coloured"
    assert reason_for(Image.fromarray(colours(inside)).quantize(4)) == "mask_coloured"


def test_one_coloured_pixel_is_noticed_in_a_lossless_file():
    picture = colours((255, 255, 255))
    picture[20, 30] = (255, 0, 0)
    assert reason_for(picture) == "mask_coloured"


def test_a_colour_cast_within_the_tolerance_is_grey():
    assert np.array_equal(reading(colours((255, 230, 210)))[0], square())


def test_a_coloured_jpeg_mask_is_refused():
    assert reason_for(colours((255, 0, 0)), "JPEG") == "mask_coloured"


@pytest.mark.parametrize("mode", ["F", "CMYK", "LAB"])
def test_pixel_types_without_a_rule_are_refused(mode: str):
    assert reason_for(Image.new(mode, (20, 20)), "TIFF") == "unsupported_mode"


@given(st.integers(0, 254), st.integers(1, 255))
def test_of_two_values_the_larger_is_foreground(low: int, step: int):
    high = min(255, low + step)
    assert np.array_equal(reading(np.where(square(), high, low).astype(np.uint8))[0], square())


def test_masks_of_real_corpora_hold_hardly_any_doubtful_pixel(samples: Path):
    folders = ("kvasir-seg/Kvasir-SEG/masks", "cvc-clinicdb/CVC-ClinicDB/masks")
    paths = [path for folder in folders for path in sorted((samples / folder).iterdir())]
    readings = [binarise(decode(path.read_bytes(), path.name), path.name) for path in paths]
    assert len(readings) >= 70
    assert max(doubtful / mask.sum() for mask, doubtful in readings) < 0.01
