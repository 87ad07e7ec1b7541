"""Marks burnt into pictures: what is drawn is found, what only looks lively is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmrs_builder.io.overlay import marks, overlay_suspected
from mmrs_builder.io.raster import read_picture
from mmrs_builder.sources.phantom import configure
from mmrs_builder.types import Pixels

CLEAN = {"cvc-clinicdb": "*/images/*", "isic2017": "*Training_Data/*.jpg", "lgg-mri": "*/*/*[0-9].tif"}


def phantom(modality: str, number: int = 0) -> Pixels:
    source = configure(count="30")
    refs = [ref for ref in source.index(Path()) if ref.modality == modality]
    return np.array(source.load(refs[number]).views[0].picture.pixels)


def drawn(pixels: Pixels) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.fromarray(pixels).convert("RGB")
    return picture, ImageDraw.Draw(picture)


def crossed(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw.line((x - 6, y, x + 6, y), fill="white")
    draw.line((x, y - 6, x, y + 6), fill="white")


@pytest.mark.parametrize("modality", ["ct", "mri", "xray", "ultrasound", "endoscopy", "dermoscopy"])
def test_phantoms_are_clean_and_captions_on_them_are_mostly_found(modality: str):
    """A caption over tissue as bright as itself is missed."""
    found = 0
    for number in range(5):
        pixels = phantom(modality, number)
        assert not overlay_suspected(pixels)
        picture, draw = drawn(pixels)
        draw.text((8, 8), "RIGHT BREAST 12:30", fill="white", font=ImageFont.load_default(16))
        found += "text" in marks(np.asarray(picture))
    assert found >= 4


def test_calipers_are_found_by_their_crosses():
    picture, draw = drawn(phantom("ultrasound"))
    crossed(draw, 60, 70)
    assert "calipers" not in marks(np.asarray(picture))
    crossed(draw, 150, 120)
    assert "calipers" in marks(np.asarray(picture))


def test_colour_on_a_grey_picture_is_found():
    picture, draw = drawn(phantom("ultrasound"))
    draw.rectangle((50, 50, 120, 110), outline=(255, 255, 0))
    assert "coloured" in marks(np.asarray(picture))


def test_a_box_in_a_corner_is_found_and_a_bar_along_a_side_is_none():
    picture, draw = drawn(phantom("dermoscopy"))
    draw.rectangle((0, 180, 90, 255), fill="black")
    assert list(marks(np.asarray(picture))) == ["box"]
    picture, draw = drawn(phantom("dermoscopy"))
    draw.rectangle((0, 226, 255, 255), fill="black")
    assert not overlay_suspected(np.asarray(picture))


def test_a_small_sharp_mark_on_a_soft_picture_is_found():
    y, x = np.mgrid[:200, :240]
    soft = (90 + 40 * np.sin(x / 30) + 30 * np.cos(y / 25)).astype(np.uint8)
    assert not overlay_suspected(soft)
    soft[20:36, 20:36] = 0
    soft[20:36:4, 20:36] = 255
    assert "mark" in marks(soft)


def test_noise_and_tiny_pictures_are_no_marks():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
    assert not overlay_suspected(noise)
    assert not overlay_suspected(np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize(("corpus", "glob", "marked"), [("busi", "*/*/*).png", 16), ("kvasir-seg", "*/images/*", 35)])
def test_marked_pictures_of_real_corpora_are_found(samples: Path, corpus: str, glob: str, marked: int):
    """17 of 20 and 39 of 40 are marked, by eye."""
    root = samples / corpus
    found = [
        path for path in sorted(root.glob(glob)) if overlay_suspected(read_picture(root, _name(root, path)).pixels)
    ]
    assert len(found) == marked


@pytest.mark.parametrize("corpus", CLEAN)
def test_clean_pictures_of_real_corpora_are_not_accused(samples: Path, corpus: str):
    root = samples / corpus
    paths = [_name(root, path) for path in sorted(root.glob(CLEAN[corpus]))]
    assert len(paths) >= 24
    assert [path for path in paths if overlay_suspected(read_picture(root, path).pixels)] == []


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
