"""How well a predicted mask fits the true one: Dice, IoU, HD95 and surface Dice.

Masks are (H, W) bool, thresholded by the caller. Every pair of masks has a score: an empty mask is never left out of
a mean, where leaving it out would reward a model that finds nothing
(https://github.com/Project-MONAI/MONAI/issues/9095).

The surface of a mask are its pixels with a 4-neighbour outside it or outside the picture, as points at their centres.
``spacing`` is (down, right) in mm, as in ``types.Grid``; with it distances and tolerances are in mm, else in px.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from mmrs_builder import geometry
from mmrs_builder.types import Mask

Spacing: TypeAlias = tuple[float, float]  # (down, right) in mm
Distances: TypeAlias = npt.NDArray[np.float64]

_ROUNDING: Final = 1e-9
"""Distances that exceed a tolerance by this part of it are equal to it: 3 · 0.7 mm is not more than 2.1 mm."""


def dice(predicted: Mask, truth: Mask) -> float:
    """2·|P ∩ T| / (|P| + |T|), in [0, 1]. Both empty: 1; one empty: 0. (Dice 1945)"""
    shared, total = _areas(predicted, truth)
    return 2 * shared / total if total else 1.0


def iou(predicted: Mask, truth: Mask) -> float:
    """|P ∩ T| / |P ∪ T|, in [0, 1]. Both empty: 1; one empty: 0. (Jaccard 1912)"""
    shared, total = _areas(predicted, truth)
    return shared / (total - shared) if total else 1.0


def hausdorff95(predicted: Mask, truth: Mask, spacing: Spacing | None = None) -> float:
    """Hausdorff distance of the surfaces with the 95th percentile for the maximum, in px, or mm with ``spacing``.

    The larger of two percentiles: of the distances from each surface pixel of one mask to the nearest of the other,
    and the other way round. Percentiles are linearly interpolated. MONAI defines it so; MedPy takes one percentile of
    both lists together, which is seldom larger; DeepMind's ``surface-distance`` weighs pieces of contour by length.
    Both empty: 0; one empty: the picture's diagonal, the largest distance there is.
    """
    _check(predicted, truth)
    if not (predicted.any() and truth.any()):
        return _diagonal(truth, spacing) if predicted.any() or truth.any() else 0.0
    return max(float(np.percentile(distances, 95)) for distances in _surface_distances(predicted, truth, spacing))


def surface_dice(predicted: Mask, truth: Mask, tolerance: float, spacing: Spacing | None = None) -> float:
    """Normalised surface Dice: the part of both surfaces that lies within ``tolerance`` of the other, in [0, 1].

    (n + m) / (|S_P| + |S_T|): ``n`` surface pixels of P no further than ``tolerance`` (px, or mm with ``spacing``) from
    the surface of T, and ``m`` of T from that of P. Nikolov et al. 2018 (https://arxiv.org/abs/1809.04430) weigh pieces
    of surface by their area; here each surface pixel counts the same. Both empty: 1; one empty: 0.
    """
    _check(predicted, truth)
    if not tolerance >= 0:
        raise ValueError(f"tolerance is {tolerance}; give a distance of 0 or more")
    if not (predicted.any() and truth.any()):
        return float(predicted.any() == truth.any())
    distances = np.concatenate(_surface_distances(predicted, truth, spacing))
    return float(np.mean(distances <= tolerance * (1 + _ROUNDING)))


def _areas(predicted: Mask, truth: Mask) -> tuple[int, int]:
    """Number of pixels in both masks, and the sum of their areas."""
    _check(predicted, truth)
    shared = int(np.count_nonzero(predicted & truth))
    return shared, int(np.count_nonzero(predicted)) + int(np.count_nonzero(truth))


def _check(predicted: Mask, truth: Mask) -> None:
    for name, mask in (("predicted", predicted), ("truth", truth)):
        if mask.dtype != np.bool_ or mask.ndim != 2:
            raise ValueError(f"{name} is {mask.dtype} {mask.shape}; give a thresholded mask, bool (H, W)")
    if predicted.shape != truth.shape:
        raise ValueError(f"predicted is {predicted.shape}, truth is {truth.shape}; masks of one size are compared")


def _surface_distances(a: Mask, b: Mask, spacing: Spacing | None) -> tuple[Distances, Distances]:
    """Distances from each surface pixel of ``a`` to the nearest of ``b``, and from ``b`` to ``a``. None is empty.

    Trees of surface pixels cost less than distance transforms of pictures unless a mask is noise all over.
    """
    one, other = _surface(a, spacing), _surface(b, spacing)
    return cKDTree(other).query(one)[0], cKDTree(one).query(other)[0]


def _surface(mask: Mask, spacing: Spacing | None) -> Distances:
    """(n, 2) x, y of the surface pixels, in px or mm."""
    down, right = _scale(spacing)
    points: Distances = geometry.outline(geometry.patch(mask)) * np.array([right, down])
    return points


def _diagonal(mask: Mask, spacing: Spacing | None) -> float:
    down, right = _scale(spacing)
    return math.hypot(mask.shape[0] * down, mask.shape[1] * right)


def _scale(spacing: Spacing | None) -> Spacing:
    if spacing is None:
        return 1.0, 1.0
    down, right = spacing
    if not (0 < down < math.inf and 0 < right < math.inf):
        raise ValueError(f"spacing is {spacing}; give (down, right) in mm, both above 0")
    return down, right
