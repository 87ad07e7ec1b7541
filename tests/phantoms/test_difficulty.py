"""No single grey threshold finds the lesions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mmrs_builder.sources.phantom import configure, load
from mmrs_builder.types import CaseRef, Mask, View
from mmrs_builder.vocab import MODALITIES

pytestmark = pytest.mark.long

LESIONS = ("tumour", "cyst", "nodule", "polyp", "breast_mass", "skin_lesion")


def dice(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def largest(mask: Mask) -> Mask:
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return names == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA]) if count > 1 else mask


def best_threshold_dice(grey: npt.NDArray[np.uint8], lesion: Mask) -> float:
    """Best Dice over all thresholds chosen with knowledge of the truth, both polarities, with or without cleaning."""
    best = 0.0
    for threshold in np.unique(grey):
        for mask in (grey <= threshold, grey > threshold):
            best = max(best, dice(mask, lesion), dice(largest(mask), lesion))
    return best


def lesions_and_grey(view: View) -> tuple[Mask, npt.NDArray[np.uint8]] | None:
    masks = [annotation.mask for annotation in view.annotations if annotation.label in LESIONS]
    grey = np.asarray(Image.fromarray(view.picture.pixels).convert("L"))
    return (np.logical_or.reduce(masks), grey) if masks else None


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_best_threshold_of_each_picture_stays_below_half_dice(modality: str):
    refs = [r for r in configure(count="288", size="96").index(Path("nowhere")) if isinstance(r, CaseRef)]
    views = (load(ref).views[0] for ref in refs if ref.modality == modality)
    scores = [best_threshold_dice(grey, mask) for mask, grey in filter(None, map(lesions_and_grey, views))]
    assert len(scores) > 30
    assert np.mean(scores) < 0.5


@pytest.mark.parametrize("modality", MODALITIES)
def test_lesions_can_be_seen(modality: str):
    """Most lesions differ from their surroundings by about as much as these vary."""
    refs = [r for r in configure(count="144", size="128").index(Path("nowhere")) if isinstance(r, CaseRef)]
    views = (load(ref).views[0] for ref in refs if ref.modality == modality)
    shown = [(view.picture.pixels, a.mask) for view in views for a in view.annotations if a.label in LESIONS]
    assert np.median([contrast(pixels, mask) for pixels, mask in shown]) > 0.8


def contrast(pixels: npt.NDArray[np.uint8], mask: Mask) -> float:
    """Largest difference to a ring, in brightness or hue: of means in ring deviations, or log ratio of spreads."""
    outer = cv2.dilate(mask.astype(np.uint8), np.ones((11, 11), np.uint8)).astype(bool) & ~mask
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.5).astype(np.float64).reshape(*mask.shape, -1)
    colour = np.concatenate([smooth, smooth / smooth.sum(axis=2, keepdims=True).clip(1)], axis=2)
    ring, lesion = colour[outer], colour[mask]
    spread, own = ring.std(0) + 1e-3, lesion.std(0) + 1e-3
    return float(max(np.max(np.abs(lesion.mean(0) - ring.mean(0)) / spread), np.max(np.abs(np.log(own / spread)))))
