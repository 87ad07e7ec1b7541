"""From outlines to pixels: the one rule for which pixels a polygon holds.

A pixel belongs to the inside when the number of edges that cross its row at or left of its centre is odd. A crossing
row counts from an edge's upper end up to, but not including, its lower end. The rule is half-open: of the centres that
lie on an outline, those on its left and upper side are inside, those on its right and lower side are not, so polygons
that share an edge share no pixel and leave none out. Several polygons combine by exclusive or: one within another is
a hole, and the two banks of a channel that joins a hole to the outside cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Mask

_CROSSINGS: Final = 1 << 22  # held at a time: a zigzag across a high picture crosses each row a million times


def filled(polygons: Sequence[npt.NDArray[np.float64]], width: int, height: int) -> Mask:
    """Pixels (H, W) inside the polygons, by the rule of this module.

    Each polygon is (n, 2), x and y in pixels, the first pixel centred at (0, 0); it closes by itself and may leave
    the picture. Raises ``ValueError`` for other shapes and for what is not finite.
    """
    crossings = np.zeros((height, width + 1), np.uint8)
    for polygon in polygons:
        points = np.asarray(polygon, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ValueError("a polygon is an array (n, 2) of finite numbers")
        _count(crossings, points)
    left = np.add.accumulate(crossings[:, :width], axis=1, dtype=np.uint8)
    mask: Mask = (left & 1).astype(np.bool_)
    return mask


def _count(crossings: npt.NDArray[np.uint8], points: npt.NDArray[np.float64]) -> None:
    """Add one, in each row, to the first pixel at or right of each crossing; only the parity has a meaning."""
    height, width = crossings.shape[0], crossings.shape[1] - 1
    ends = np.roll(points, -1, axis=0)
    # From the upper to the lower end whichever way the outline runs: both sides of an edge then cross at equal places.
    swap = (points[:, 1] > ends[:, 1])[:, None]
    upper, lower = np.where(swap, ends, points), np.where(swap, points, ends)
    first = np.ceil(upper[:, 1]).clip(0, height).astype(np.int64)
    counts = np.ceil(lower[:, 1]).clip(0, height).astype(np.int64) - first
    per_block = max(1, _CROSSINGS // max(height, 1))
    crossed = np.flatnonzero(counts)
    for start in range(0, crossed.size, per_block):
        edges = crossed[start : start + per_block]
        number = np.repeat(edges, counts[edges])
        before = np.cumsum(counts[edges]) - counts[edges]
        rows = np.arange(number.size) - np.repeat(before - first[edges], counts[edges])
        part = (rows - upper[number, 1]) / (lower[number, 1] - upper[number, 1])
        across = upper[number, 0] + part * (lower[number, 0] - upper[number, 0])
        columns = np.ceil(across).clip(0, width).astype(np.int64)
        np.add.at(crossings.reshape(-1), rows * (width + 1) + columns, np.uint8(1))
