"""Measurements of binary masks: exact integers wherever the question allows it.

Masks are (H, W) bool; ``x`` grows right and ``y`` down; the first pixel is centred at (0, 0).
Definitions: ``docs/language.md`` section 1.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from mmrs_builder.types import Box, Mask, Point

Ints = npt.NDArray[np.int64]


def box(mask: Mask) -> Box:
    """Half-open bounding box of a non-empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError("an empty mask has no box")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def crop(mask: Mask, to: Box) -> Mask:
    """The part of a mask inside a box."""
    x0, y0, x1, y1 = to
    return mask[y0:y1, x0:x1]


def centroid(mask: Mask, within: Box) -> Point:
    """Mean pixel centre (x, y); the sums are exact integers, divided once."""
    part = crop(mask, within)
    columns, rows = part.sum(axis=0, dtype=np.int64), part.sum(axis=1, dtype=np.int64)
    area = int(columns.sum())
    x = int(columns @ np.arange(within[0], within[2], dtype=np.int64))
    y = int(rows @ np.arange(within[1], within[3], dtype=np.int64))
    return x / area, y / area


def parts(mask: Mask, within: Box, n: int) -> tuple[int, ...]:
    """Area in each cell of an n x n division of the picture, row by row, in units of 1/n² pixel.

    Pixels are unit squares and are shared out between the cells they lie in. The products stay below 2**53, so that
    the float matrix product is exact.
    """
    height, width = mask.shape
    across, down = _overlaps(width, within[0], within[2], n), _overlaps(height, within[1], within[3], n)
    cells = down @ crop(mask, within).astype(np.float64) @ across.T
    return tuple(int(cell) for cell in cells.ravel())


def _overlaps(length: int, start: int, stop: int, n: int) -> npt.NDArray[np.float64]:
    """(n, stop - start): n times the part of pixel [x, x+1] that lies in cell [k L/n, (k+1) L/n]."""
    x = np.arange(start, stop, dtype=np.int64) * n
    k = np.arange(n, dtype=np.int64)[:, None] * length
    shared: Ints = np.clip(np.minimum(x + n, k + length) - np.maximum(x, k), 0, n)
    return shared.astype(np.float64)


def border_px(mask: Mask) -> int:
    """Number of mask pixels in the first or last row or column."""
    return int(mask.sum()) - int(mask[1:-1, 1:-1].sum())


def centre(mask: Mask) -> tuple[bool | None, float | None]:
    """Whether the pixels at the picture's centre are all, none (or partly: None) in the mask, and how far.

    The distance is that of the centre point ((W-1)/2, (H-1)/2) to the nearest pixel centre of the other kind; None
    where there is no such pixel or no decision.
    """
    height, width = mask.shape
    core = mask[(height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1]
    inside = bool(core.all())
    if not inside and core.any():
        return None, None
    ys, xs = np.nonzero(~mask if inside else mask)
    if not ys.size:
        return inside, None
    # Doubled coordinates keep the squared distance an exact integer.
    squared = int(((2 * xs - (width - 1)) ** 2 + (2 * ys - (height - 1)) ** 2).min())
    return inside, math.sqrt(squared) / 2


def components(mask: Mask) -> list[Mask]:
    """The 8-connected components as full-size masks, largest first, ties from the upper left."""
    count, ids, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(
        range(1, count),
        key=lambda i: (-stats[i, cv2.CC_STAT_AREA], stats[i, cv2.CC_STAT_TOP], stats[i, cv2.CC_STAT_LEFT], i),
    )
    return [np.equal(ids, i) for i in order]


def outline(mask: Mask, within: Box) -> Ints:
    """(n, 2) x, y of the mask pixels that have a 4-neighbour outside the mask (or lie at the edge of the picture)."""
    part = np.pad(crop(mask, within), 1)
    inner = part[1:-1, 1:-1] & part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
    ys, xs = np.nonzero(part[1:-1, 1:-1] & ~inner)
    return np.stack([xs + within[0], ys + within[1]], axis=1)


def gap(a: Ints, b: Ints) -> float:
    """Smallest distance between the points of two outlines of disjoint masks, in px."""
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    _, nearest = cKDTree(large).query(small)
    delta = large[nearest] - small
    return math.sqrt(int((delta * delta).sum(axis=1).min()))


def gap_mm(a: Ints, b: Ints, spacing: tuple[float, float], at_most: float) -> float:
    """The same in mm, for a ``spacing`` (down, right) that may differ between the axes.

    ``at_most`` is a length that is known not to be exceeded, in mm, as the gap in px gives one: it prunes the search.
    """
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    scale = np.array([spacing[1], spacing[0]])
    # Pixels at exactly the bound would not be found; those beyond it come back at an infinite distance.
    distances, _ = cKDTree(large * scale).query(small * scale, distance_upper_bound=at_most * (1 + 1e-9))
    return float(distances.min())


def shared_px(a: Mask, b: Mask, box_a: Box, box_b: Box) -> int:
    """Number of pixels in both masks."""
    x0, y0 = max(box_a[0], box_b[0]), max(box_a[1], box_b[1])
    x1, y1 = min(box_a[2], box_b[2]), min(box_a[3], box_b[3])
    if x0 >= x1 or y0 >= y1:
        return 0
    return int((a[y0:y1, x0:x1] & b[y0:y1, x0:x1]).sum())


def contact_px(small: Mask, other: Mask, box_small: Box) -> int:
    """Number of pixels of ``small`` that have an 8-neighbour in ``other``."""
    height, width = small.shape
    x0, y0 = max(box_small[0] - 1, 0), max(box_small[1] - 1, 0)
    x1, y1 = min(box_small[2] + 1, width), min(box_small[3] + 1, height)
    grown = cv2.dilate(other[y0:y1, x0:x1].astype(np.uint8), np.ones((3, 3), np.uint8))
    return int((small[y0:y1, x0:x1] & grown.astype(bool)).sum())
