from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from mmrs_builder.io.orientation import upright
from mmrs_builder.io.raster import MaskGrid, read_pair
from mmrs_builder.vocab import Rejected
from tests.io.drawing import coloured, encoded, exif, grey, square, stored_as

EIGHT = range(1, 9)
SIZES = [(40, 28), (32, 32)]
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'


def picture_of(mask: np.ndarray) -> np.ndarray:
    """Bright where the mask is, so that the picture says where the mask belongs."""
    return np.repeat(np.where(mask, 250, 20).astype(np.uint8)[..., None], 3, axis=-1)


def agreement(root: Path, grid: MaskGrid | None = None) -> float:
    picture, (reading,) = read_pair(root, "image", ["mask"], mask_grid=grid)
    bright = picture.pixels.mean(axis=-1) > 127
    return float((bright & reading.mask).sum() / (bright | reading.mask).sum())


@pytest.mark.parametrize("orientation", EIGHT)
def test_turning_agrees_with_pillow(orientation: int):
    image = Image.fromarray(coloured())
    image.getexif().update(exif(orientation))
    assert np.array_equal(upright(coloured(), orientation), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", EIGHT)
def test_a_mask_on_the_stored_grid_of_the_image_follows_it(
    tmp_path: Path, orientation: int, kind: str, size: tuple[int, int]
):
    mask = square(*size)
    image = stored_as(picture_of(mask), orientation)
    (tmp_path / "image").write_bytes(encoded(image, kind, exif=exif(orientation), quality=95))
    (tmp_path / "mask").write_bytes(encoded(stored_as(grey(mask), orientation)))
    picture, (reading,) = read_pair(tmp_path, "image", ["mask"], mask_grid="stored")
    assert agreement(tmp_path, "stored") == 1.0
    assert np.array_equal(reading.mask, mask)
    assert (picture.render or "").startswith(f"orient:{orientation}") == (orientation > 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", EIGHT)
def test_a_mask_with_its_own_orientation_is_turned_by_it(
    tmp_path: Path, orientation: int, kind: str, size: tuple[int, int]
):
    mask = square(*size)
    (tmp_path / "image").write_bytes(encoded(picture_of(mask)))
    (tmp_path / "mask").write_bytes(
        encoded(stored_as(grey(mask), orientation), kind, exif=exif(orientation), quality=95)
    )
    assert agreement(tmp_path) == 1.0


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_where_a_turn_swaps_width_and_height_the_size_tells_that_the_mask_was_stored(tmp_path: Path, orientation: int):
    turned(tmp_path, orientation, (40, 28), "stored")
    assert agreement(tmp_path) == 1.0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("orientation", EIGHT)
def test_masks_said_to_be_drawn_on_the_upright_picture_stay_as_they_are(
    tmp_path: Path, orientation: int, size: tuple[int, int]
):
    turned(tmp_path, orientation, size, "upright")
    assert agreement(tmp_path, "upright") == 1.0


@pytest.mark.parametrize("grid", ["stored", "upright"])
@pytest.mark.parametrize(
    ("orientation", "size"), [*((o, (40, 28)) for o in (2, 3, 4)), *((o, (32, 32)) for o in EIGHT if o > 1)]
)
def test_a_pair_is_refused_where_nothing_tells_which_way_up_its_mask_is(
    tmp_path: Path, orientation: int, size: tuple[int, int], grid: MaskGrid
):
    turned(tmp_path, orientation, size, grid)
    with pytest.raises(Rejected, match="before or after") as caught:
        agreement(tmp_path)
    assert (caught.value.reason, caught.value.what) == ("orientation_unclear", "mask")


def test_a_size_that_contradicts_what_the_source_says_is_refused(tmp_path: Path):
    turned(tmp_path, 6, (40, 28), "upright")
    with pytest.raises(Rejected, match="differ in size"):
        agreement(tmp_path, "stored")
    turned(tmp_path, 6, (40, 28), "stored")
    with pytest.raises(Rejected, match="differ in size"):
        agreement(tmp_path, "upright")


def turned(root: Path, orientation: int, size: tuple[int, int], grid: MaskGrid) -> None:
    """Write a picture stored in one of the eight ways, and its mask without a tag on one of the two grids."""
    mask = square(*size)
    (root / "image").write_bytes(
        encoded(stored_as(picture_of(mask), orientation), "JPEG", exif=exif(orientation), quality=95)
    )
    (root / "mask").write_bytes(encoded(stored_as(grey(mask), orientation if grid == "stored" else 1)))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_drawn_on_the_upright_image_stays_as_it_is(tmp_path: Path, orientation: int):
    image = stored_as(picture_of(square()), orientation)
    (tmp_path / "image").write_bytes(encoded(image, "JPEG", exif=exif(orientation)))
    (tmp_path / "mask").write_bytes(encoded(grey(square())))
    assert agreement(tmp_path) == 1.0


def test_a_mask_that_says_it_is_upright_is_not_turned_with_the_image(tmp_path: Path):
    image = stored_as(picture_of(square()), 3)
    (tmp_path / "image").write_bytes(encoded(image, "JPEG", exif=exif(3)))
    (tmp_path / "mask").write_bytes(encoded(grey(square()), exif=exif(1)))
    assert agreement(tmp_path) == 1.0


@pytest.mark.parametrize("shape", [(28, 41), (29, 40), (40, 28), (14, 20)])
def test_a_mask_of_another_size_is_refused(tmp_path: Path, shape: tuple[int, int]):
    (tmp_path / "image").write_bytes(encoded(coloured()))
    mask = np.zeros(shape, np.uint8)
    mask[4:8, 4:8] = 255
    (tmp_path / "mask").write_bytes(encoded(mask))
    with pytest.raises(Rejected, match="differ in size") as caught:
        read_pair(tmp_path, "image", ["mask"])
    assert caught.value.what == "mask"


def test_png_metadata_behind_the_pixels_still_turns_the_picture(tmp_path: Path):
    mask = square()
    front = encoded(stored_as(picture_of(mask), 6), exif=exif(6))
    start = front.index(b"eXIf") - 4
    length = 12 + int.from_bytes(front[start : start + 4], "big")
    late = front[:start] + front[start + length : -12] + front[start : start + length] + front[-12:]
    (tmp_path / "image").write_bytes(late)
    (tmp_path / "mask").write_bytes(encoded(grey(mask)))
    assert agreement(tmp_path) == 1.0


def test_an_orientation_in_xmp_counts(tmp_path: Path):
    image = stored_as(picture_of(square()), 8)
    (tmp_path / "image").write_bytes(encoded(image, "JPEG", xmp=XMP.format(8).encode()))
    (tmp_path / "mask").write_bytes(encoded(grey(square())))
    assert agreement(tmp_path) == 1.0


@pytest.mark.parametrize("block", [b"", b"garbage", b"II*\0\xff\xff\xff\xff", exif(9).tobytes()[6:]])
def test_a_nonsensical_exif_block_states_no_orientation(tmp_path: Path, block: bytes):
    (tmp_path / "image").write_bytes(encoded(coloured(), "JPEG", exif=b"Exif\0\0" + block))
    assert read_pair(tmp_path, "image", [])[0].render is None
