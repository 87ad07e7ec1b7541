"""Masks scored the way PRS-Med was published, so that its tables can be compared: not the way to score masks.

As the authors' evaluation does it (https://github.com/huyquoctrinh/PRS-Med, ``evaluation/segmentation``): a grey
prediction is stretched to 0 ... 255, cut at 256 thresholds, and Dice and IoU are averaged over pictures at each. What
is called mDice and mIoU there is the mean over all thresholds, from one that takes the whole picture to one that takes
the brightest level alone; the maximum is chosen on the test set itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Mask

Levels: TypeAlias = npt.NDArray[np.uint8]
"""(H, W) grey levels of a predicted mask; what is at least ``CUT`` is the mask."""

Curve: TypeAlias = npt.NDArray[np.float64]
"""(256,) a score at each threshold, by level from 0 to 255."""

CUT: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Means over pictures: over all thresholds, and at the best one."""

    mean_dice: float
    max_dice: float
    mean_iou: float
    max_iou: float
    n: int


def stretched(levels: Levels) -> Levels:
    """Darkest to 0, brightest to 255, as predictions were saved; a picture of one level becomes 0 everywhere."""
    low, high = int(levels.min()), int(levels.max())
    if low == high:
        return np.zeros_like(levels)
    return np.asarray((levels.astype(np.float64) - low) / (high - low) * 255, dtype=np.uint8)


def curves(levels: Levels, truth: Mask) -> tuple[Curve, Curve]:
    """Dice and IoU of {level >= t} for every t in 0 ... 255. Without a common pixel both are 0, of empty masks too."""
    if levels.dtype != np.uint8 or levels.shape != truth.shape:
        raise ValueError(f"levels are {levels.dtype} {levels.shape}; give uint8 {truth.shape}")
    taken = _at_least(levels.ravel())
    shared = _at_least(levels[truth])
    total = taken + int(np.count_nonzero(truth))
    some = shared > 0
    dice = np.divide(2 * shared, total, out=np.zeros(256), where=some)
    return dice, np.divide(shared, total - shared, out=np.zeros(256), where=some)


def published(pairs: Sequence[tuple[Curve, Curve]]) -> Published | None:
    """What the published table would say of these pictures; None of none."""
    if not pairs:
        return None
    dice, iou = (np.mean(curve, axis=0) for curve in zip(*pairs, strict=True))
    return Published(
        mean_dice=float(np.mean(dice)),
        max_dice=float(np.max(dice)),
        mean_iou=float(np.mean(iou)),
        max_iou=float(np.max(iou)),
        n=len(pairs),
    )


def _at_least(levels: Levels) -> npt.NDArray[np.int64]:
    """How many pixels have at least each level."""
    return np.cumsum(np.bincount(levels, minlength=256)[::-1])[::-1]
