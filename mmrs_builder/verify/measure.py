"""Measurements of one mask, and of two, taken as naively as possible (``docs/language.md`` section 1).

Viewer frame: x to the right, y down, in pixels, the first pixel centred at (0, 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from mmrs_builder.types import Box, Mask

NEIGHBOURS = np.ones((3, 3), dtype=np.bool_)  # 8-connected
TRIED: Final = 25_000_000  # pairs of outline pixels, a quarter of a second
AT_ONCE: Final = 1_000_000  # pairs held in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mask (H, W) with its area in pixels, centroid (x, y) in pixels and half-open box x0 y0 x1 y1."""

    mask: Mask
    area: int
    x: float
    y: float
    box: Box

    @property
    def crop(self) -> Mask:
        """The mask inside its box."""
        x0, y0, x1, y1 = self.box
        return self.mask[y0:y1, x0:x1]

    @property
    def width(self) -> int:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]


def measure(mask: Mask) -> Shape:
    """Measure a mask (H, W). Raises ``ValueError`` when no pixel is set."""
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        raise ValueError("the mask has no pixel set")
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return Shape(mask=mask, area=int(rows.size), x=float(columns.mean()), y=float(rows.mean()), box=box)


def border_pixels(mask: Mask) -> int:
    """Number of mask pixels in the first or last row or column."""
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = True
    return int(np.count_nonzero(mask & ~inner))


def _band(length: int, band: int, bands: int) -> npt.NDArray[np.int64]:
    """For each pixel of a line, how many ``bands``-ths of it lie in one of as many equal bands of the line."""
    starts = bands * np.arange(length)
    upper = np.clip((band + 1) * length - starts, 0, bands)
    return np.asarray(upper - np.clip(band * length - starts, 0, bands), dtype=np.int64)


def part_in_cell(shape: Shape, *, column: int, columns: int, row: int, rows: int) -> float:
    """Part of the area in one cell of a ``columns`` by ``rows`` grid over the picture; pixels are unit squares."""
    height, width = shape.mask.shape
    x0, y0, x1, y1 = shape.box
    across = _band(width, column, columns)[x0:x1]
    down = _band(height, row, rows)[y0:y1]
    return int(down @ (shape.crop @ across)) / (shape.area * columns * rows)


def shared_pixels(a: Shape, b: Shape) -> int:
    """Number of pixels that two masks of one size share."""
    x0, y0 = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    x1, y1 = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    if x0 >= x1 or y0 >= y1:
        return 0
    return int(np.count_nonzero(a.mask[y0:y1, x0:x1] & b.mask[y0:y1, x0:x1]))


def outline(shape: Shape) -> npt.NDArray[np.int64]:
    """Pixels (N, 2) as row, column that have an 8-neighbour outside the mask: the ends of a gap are among them."""
    edge = shape.crop & ~binary_erosion(shape.crop, NEIGHBOURS)
    return np.asarray(np.argwhere(edge) + np.array([shape.box[1], shape.box[0]]), dtype=np.int64)


def squared_gap(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> int:
    """Smallest squared distance between two outlines (N, 2) of masks that share no pixel, in px²."""
    distances, _ = cKDTree(b).query(a)
    return round(float(np.min(distances)) ** 2)


def nearest_offset(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], steps: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns from a pixel of outline ``a`` (N, 2) to the pixel of ``b`` (M, 2) that is nearest to it.

    ``steps`` is what one row and one column measure, in any unit. Every pair is tried; only outlines with more pairs
    than ``TRIED`` are searched as a tree, lest a strange mask keep the verifier busy for days.
    """
    scale = np.asarray(steps) / max(steps)  # no square overflows
    best, one, other = math.inf, 0, 0
    if len(a) * len(b) > TRIED:
        distances, nearest = cKDTree(b * scale).query(a * scale)
        one = int(np.argmin(distances))
        other = int(nearest[one])
    else:
        at_once = max(1, AT_ONCE // len(b))
        for start in range(0, len(a), at_once):
            squares = cdist(a[start : start + at_once] * scale, b * scale, "sqeuclidean")
            if squares.min() < best:
                best = float(squares.min())
                one, other = divmod(start * len(b) + int(squares.argmin()), len(b))
    down, right = b[other] - a[one]
    return int(down), int(right)


def contact_pixels(a: Shape, b: Shape) -> int:
    """Pixels of the smaller structure with an 8-neighbour in the other, of equal ones the smaller number."""
    if a.area == b.area:
        return min(_facing(a, b), _facing(b, a))
    return _facing(a, b) if a.area < b.area else _facing(b, a)


def _facing(shape: Shape, other: Shape) -> int:
    """Pixels of ``shape`` with an 8-neighbour in ``other``; they share no pixel."""
    x0, y0, x1, y1 = shape.box
    window = slice(max(0, y0 - 1), y1 + 1), slice(max(0, x0 - 1), x1 + 1)
    return int(np.count_nonzero(shape.mask[window] & binary_dilation(other.mask[window], NEIGHBOURS)))
