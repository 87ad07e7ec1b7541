"""Marks burnt into pictures: what is drawn is found, what only looks lively is not."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmrs_builder.io import overlay
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


def lively(seed: int) -> Pixels:
    """A grey picture with noise, letters, crosses and bright patches."""
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(19, 160, 2))
    pixels = random.integers(0, random.integers(1, 256), (height, width)).astype(np.uint8)
    for _ in range(3):
        x, y, arm = int(random.integers(width)), int(random.integers(height)), int(random.integers(4, 9))
        grey, font = int(random.integers(180, 256)), float(random.uniform(0.3, 2))
        cv2.rectangle(pixels, (x, y), (x + 9, y + 30), int(random.integers(256)), cv2.FILLED)
        cv2.putText(pixels, "MARKED", (x - 60, y), cv2.FONT_HERSHEY_SIMPLEX, font, grey)
        cv2.line(pixels, (x - arm, y), (x + arm, y), grey)
        cv2.line(pixels, (x, y - arm), (x, y + arm), grey)
    return pixels


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 3), (11, 11), (12, 30), (40, 50)])
def test_what_is_thin_is_the_top_hat_of_an_ellipse(shape: tuple[int, int]):
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    for seed in range(5):
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        assert np.array_equal(overlay._thin(pixels), cv2.morphologyEx(pixels, cv2.MORPH_TOPHAT, ellipse))


def test_letters_are_found_around_sharp_pixels_as_in_the_whole_picture(monkeypatch: pytest.MonkeyPatch):
    pictures = [np.pad(lively(seed), 140, mode="reflect", reflect_type="odd") // 2 for seed in range(20)]
    pictures += [np.pad(lively(seed), 70) for seed in range(40)]
    near = [overlay._text(pixels, overlay._jumps(pixels)) for pixels in pictures]
    monkeypatch.setattr(overlay, "_around", lambda _: np.s_[:, :])
    assert near == [overlay._text(pixels, overlay._jumps(pixels)) for pixels in pictures]
    assert {*near} == {True, False}


def test_what_is_sharp_at_one_end_only_is_measured_to_the_other():
    """Four thin bars are letters, but not if all are too tall, or if one of them has too long a foot."""
    bars = np.full((200, 400), 20, np.uint8)
    bars[80:120, 100:148:12] = bars[80:120, 101:149:12] = 100
    assert overlay._text(bars, overlay._jumps(bars))
    tall, footed = bars.copy(), bars.copy()
    tall[110:136, 100:148:12] = tall[110:136, 101:149:12] = 70
    footed[118:120, 138:230] = 70
    assert not overlay._text(tall, overlay._jumps(tall))
    assert not overlay._text(footed, overlay._jumps(footed))


def test_crosses_are_counted_as_a_search_of_every_pixel_counts_them():
    found = [(overlay._crosses(pixels), plain_crosses(pixels)) for pixels in map(lively, range(40))]
    assert [fast for fast, _ in found] == [plain for _, plain in found]
    assert len({plain for _, plain in found}) > 2


def plain_crosses(pixels: Pixels) -> int:
    return max(len(small_groups(crosses(pixels, arm))) for arm in range(4, 9))


def crosses(pixels: Pixels, arm: int) -> Pixels:
    """Where crosses of one size stand, within their rim."""
    rim, along = arm + 2, range(-arm, arm + 1)
    if min(pixels.shape) <= 2 * (2 * arm + 1):
        return np.zeros((1, 1), np.uint8)
    beside = [*product((-3, 3), [step for step in along if abs(step) > 3])]
    parts = [[*((0, step) for step in along), *((step, 0) for step in along)], [*beside, *(b[::-1] for b in beside)]]
    height, width = (side - 2 * rim for side in pixels.shape)
    bars, flanks = (
        np.array([pixels[rim + y : rim + y + height, rim + x : rim + x + width] for y, x in part], np.float32)
        for part in parts
    )
    low = bars.min(axis=0)
    return ((low > 180) & (flanks.max(axis=0) < low + 10) & (low - flanks.mean(axis=0) > 80)).astype(np.uint8)


def small_groups(found: Pixels) -> list[int]:
    _, _, boxes, _ = cv2.connectedComponentsWithStats(cv2.dilate(found, np.ones((3, 3), np.uint8)))
    return [int(area) for area in boxes[1:, cv2.CC_STAT_AREA] if area <= 60]


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
