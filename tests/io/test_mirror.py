"""Masks that fit the mirrored pictures better: found when planted, never suspected otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs_builder.io.mirror import STORED, TURNS, fits, mirrored
from mmrs_builder.io.raster import read_pair
from mmrs_builder.sources.phantom import configure
from mmrs_builder.types import Mask, Pixels

SIDED = ("ct", "ultrasound", "xray")
"""Modalities whose phantoms differ from their mirror image in what is drawn first."""


def phantoms(modality: str, count: int = 72) -> list[tuple[Pixels, Mask]]:
    source = configure(count=str(count))
    views = [source.load(ref).views[0] for ref in source.index(Path()) if ref.modality == modality]
    return [(view.picture.pixels, view.annotations[0].mask) for view in views if view.annotations]


def turned(pairs: list[tuple[Pixels, Mask]], turn: str) -> list[tuple[Pixels, Mask]]:
    return [(pixels, np.ascontiguousarray(TURNS[turn](mask.astype(np.float32))) > 0) for pixels, mask in pairs]


@pytest.mark.parametrize("modality", ["ct", "mri", "xray", "ultrasound", "endoscopy", "dermoscopy"])
def test_untouched_phantoms_raise_no_suspicion(modality: str):
    assert mirrored([fits(*pair) for pair in phantoms(modality)]) is None


@pytest.mark.parametrize("modality", SIDED)
@pytest.mark.parametrize("turn", ["mirrored left to right", "mirrored top to bottom", "turned by 180 degrees"])
def test_a_planted_turn_is_named(modality: str, turn: str):
    found = mirrored([fits(*pair) for pair in turned(phantoms(modality), turn)])
    assert found is not None
    assert (found.turn, found.better >= 0.8 * found.decided) == (turn, True)


def test_a_transposed_export_is_named():
    found = mirrored([fits(*pair) for pair in turned(phantoms("xray"), "transposed")])
    assert found is not None
    assert found.turn == "transposed"


def test_few_pairs_or_a_minority_say_nothing():
    wrong = [fits(*pair) for pair in turned(phantoms("xray"), "mirrored left to right")]
    right = [fits(*pair) for pair in phantoms("xray")]
    assert mirrored(wrong[:5]) is None
    assert mirrored([*wrong[:6], *right[:6]]) is None


def test_an_empty_mask_has_no_fit_and_a_blank_picture_fits_nowhere():
    assert fits(np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.bool_)) == {}
    mask = np.zeros((40, 40), np.bool_)
    mask[4:12, 4:12] = True
    assert set(fits(np.zeros((40, 40), np.uint8), mask).values()) == {0.0}


def test_oblong_pictures_are_tried_without_quarter_turns():
    pixels = np.random.default_rng(0).integers(0, 255, (30, 60), dtype=np.uint8)
    mask = np.zeros((30, 60), np.bool_)
    mask[4:12, 4:12] = True
    assert set(fits(pixels, mask)) == {
        STORED, "mirrored left to right", "mirrored top to bottom", "turned by 180 degrees",
    }  # fmt: skip


def test_kvasir_raises_no_suspicion_until_its_masks_are_mirrored(samples: Path):
    root = samples / "kvasir-seg"
    names = sorted(path.name for path in (root / "Kvasir-SEG" / "images").iterdir())
    pairs = []
    for name in names:
        picture, (reading,) = read_pair(root, f"Kvasir-SEG/images/{name}", [f"Kvasir-SEG/masks/{name}"])
        pairs.append((picture.pixels, reading.mask))
    assert mirrored([fits(*pair) for pair in pairs]) is None
    found = mirrored([fits(*pair) for pair in turned(pairs, "mirrored left to right")])
    assert found is not None
    assert (found.turn, found.better, found.decided) == ("mirrored left to right", 31, 32)
