"""Measurements of binary masks: exact integers wherever the question allows it.

Masks are (H, W) bool; ``x`` grows right and ``y`` down; the first pixel is centred at (0, 0). All but the first look at
a mask costs what its box holds, however large the picture is.
Definitions: ``docs/language.md`` section 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from mmrs_builder.types import Box, Mask, Point

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A non-empty mask cut to its ``box``: ``pixels`` are (h, w) of it, ``size`` is (W, H) of the picture."""

    pixels: Mask
    box: Box
    size: tuple[int, int]


def patch(mask: Mask) -> Patch:
    """A mask (H, W) cut to its box. Raises ``ValueError`` for an empty one."""
    height, width = mask.shape
    found = box(mask)
    return Patch(pixels=crop(mask, found), box=found, size=(width, height))


def placed(pixels: Mask, within: Box, size: tuple[int, int]) -> Patch:
    """What is drawn inside a box of a picture, cut to its own box. Raises ``ValueError`` if that is nothing."""
    x0, y0, x1, y1 = box(pixels)
    left, top = within[:2]
    return Patch(pixels=pixels[y0:y1, x0:x1], box=(left + x0, top + y0, left + x1, top + y1), size=size)


def whole(part: Patch) -> Mask:
    """The mask (H, W) that a patch was cut from."""
    mask = np.zeros(part.size[::-1], np.bool_)
    crop(mask, part.box)[:] = part.pixels
    return mask


def box(mask: Mask) -> Box:
    """Half-open bounding box of a non-empty mask."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        raise ValueError("an empty mask has no box")
    return x, y, x + width, y + height


def crop(mask: Mask, to: Box) -> Mask:
    """The part of a mask inside a box."""
    x0, y0, x1, y1 = to
    return mask[y0:y1, x0:x1]


def area(part: Patch) -> int:
    """Number of pixels."""
    return int(np.count_nonzero(part.pixels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the pixels of a mask lie: their number, their mean centre (x, y), and their area in each cell of the picture
    divided in 2 x 2 and in 3 x 3, row by row, in units of 1/4 and 1/9 pixel.

    Pixels are unit squares and are shared out between the cells they lie in.
    """

    area: int
    centroid: Point
    quarters: tuple[int, ...]
    ninths: tuple[int, ...]


def spread(part: Patch) -> Spread:
    """All sums over the pixels of a mask: integers below 2**53, so that the float matrix product is exact."""
    (width, height), (x0, y0, x1, y1) = part.size, part.box
    across, down = _weights(width, x0, x1), _weights(height, y0, y1)
    sums = down @ part.pixels.astype(np.float64) @ across.T
    pixels = sums[_ONE, _ONE]
    return Spread(
        area=int(pixels),
        centroid=(float(sums[_ONE, _PLACE] / pixels), float(sums[_PLACE, _ONE] / pixels)),
        quarters=tuple(map(int, sums[_HALVES, _HALVES].ravel())),
        ninths=tuple(map(int, sums[_THIRDS, _THIRDS].ravel())),
    )


def centroid(part: Patch) -> Point:
    """Mean pixel centre (x, y); the sums are exact integers, divided once."""
    return spread(part).centroid


_HALVES, _THIRDS, _ONE, _PLACE = slice(0, 2), slice(2, 5), 5, 6  # rows of the weights
_CACHED: Final = 4096  # px; longer sides are rare, and their weights large


def _weights(length: int, start: int, stop: int) -> Floats:
    """(7, stop - start): each pixel's parts in halves and thirds of the side, times 2 and 3, then 1, and its place."""
    if length <= _CACHED:
        return _all_weights(length)[:, start:stop]
    return _new_weights(length, np.arange(start, stop, dtype=np.int64))


@lru_cache(maxsize=64)
def _all_weights(length: int) -> Floats:
    return _new_weights(length, np.arange(length, dtype=np.int64))


def _new_weights(length: int, x: Ints) -> Floats:
    return np.vstack([_overlaps(length, x, 2), _overlaps(length, x, 3), np.ones_like(x), x]).astype(np.float64)


def _overlaps(length: int, x: Ints, n: int) -> Ints:
    """(n, len(x)): n times the part of pixel [x, x+1] that lies in cell [k L/n, (k+1) L/n]."""
    k = np.arange(n, dtype=np.int64)[:, None] * length
    shared: Ints = np.clip(np.minimum(x * n + n, k + length) - np.maximum(x * n, k), 0, n)
    return shared


def border_px(part: Patch) -> int:
    """Number of mask pixels in the first or last row or column of the picture."""
    (width, height), (x0, y0, x1, y1) = part.size, part.box
    if x0 and y0 and x1 < width and y1 < height:
        return 0
    inner = part.pixels[int(y0 == 0) : y1 - y0 - int(y1 == height), int(x0 == 0) : x1 - x0 - int(x1 == width)]
    return area(part) - int(np.count_nonzero(inner))


def centre(part: Patch) -> tuple[bool | None, float | None]:
    """Whether the pixels at the picture's centre are all, none (or partly: None) in the mask, and how far.

    The distance is that of the centre point ((W-1)/2, (H-1)/2) to the nearest pixel centre of the other kind; None
    where there is no such pixel or no decision.
    """
    (width, height), (x0, y0, x1, y1) = part.size, part.box
    core = [(x, y) for x in {(width - 1) // 2, width // 2} for y in {(height - 1) // 2, height // 2}]
    held = [x0 <= x < x1 and y0 <= y < y1 and bool(part.pixels[y - y0, x - x0]) for x, y in core]
    inside = all(held)
    if not inside and any(held):
        return None, None
    # From a centre inside, nothing beyond the first pixels around the box is the nearest of the others.
    rim = int(inside)
    room = (x0 - min(rim, x0), y0 - min(rim, y0), min(x1 + rim, width), min(y1 + rim, height))
    around = ((y0 - room[1], room[3] - y1), (x0 - room[0], room[2] - x1))
    other = ~np.pad(part.pixels, around) if inside else part.pixels
    if not other.any():
        return inside, None
    # Doubled coordinates keep the squared distance an exact integer.
    across = (2 * np.arange(room[0], room[2], dtype=np.int64) - (width - 1)) ** 2
    down = (2 * np.arange(room[1], room[3], dtype=np.int64) - (height - 1)) ** 2
    nearest = across.argsort()
    first = other[:, nearest].argmax(axis=1)  # of each row, the pixel nearest to the middle column
    there = nearest[first]
    rows = np.flatnonzero(other[np.arange(len(other)), there])
    return inside, math.sqrt(int((across[there[rows]] + down[rows]).min())) / 2


def components(mask: Mask) -> list[Mask]:
    """The 8-connected components as full-size masks, largest first, ties from the upper left."""
    within = box(mask)
    count, ids, stats, _ = cv2.connectedComponentsWithStats(crop(mask, within).view(np.uint8), connectivity=8)
    order = sorted(
        range(1, count),
        key=lambda i: (-stats[i, cv2.CC_STAT_AREA], stats[i, cv2.CC_STAT_TOP], stats[i, cv2.CC_STAT_LEFT], i),
    )
    pieces = [np.zeros_like(mask) for _ in order]
    for i, piece in zip(order, pieces, strict=True):
        np.equal(ids, i, out=crop(piece, within))
    return pieces


def outline(part: Patch) -> Ints:
    """(n, 2) x, y of the mask pixels that have a 4-neighbour outside the mask (or lie at the edge of the picture)."""
    held = part.pixels.view(np.uint8)
    inner = cv2.erode(held, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    found = cv2.findNonZero(held - inner).reshape(-1, 2)  # OpenCV 4 has an axis more
    return found.astype(np.int64) + part.box[:2]


def gaps(outlines: Sequence[Ints]) -> Floats:
    """(k, k) smallest distances between the points of k outlines of disjoint masks, in px; only i < j is filled."""
    pairs = list(combinations(range(len(outlines)), 2))
    found = np.zeros((len(outlines), len(outlines)))
    if len(pairs) > 1 and len(outlines) * sum(map(len, outlines)) > _MANY:
        for i, j in pairs:
            found[i, j] = gaps([outlines[i], outlines[j]])[0, 1]
        return found
    points = [np.ascontiguousarray(outline.T, np.float64) for outline in outlines]  # squares of differences are exact
    first, last = (np.array([of(outline, axis=1) for outline in points]).T for of in (np.min, np.max))
    away = [_from_boxes(outline, first, last) for outline in points]
    # Some distance there is: from the point nearest to the other's box to its nearest. What lies further from that box
    # than this has no part in the smallest.
    nearest = np.array([outline[:, far.argmin(axis=1)] for outline, far in zip(points, away, strict=True)])
    bound = np.stack([_least(nearest[..., j].T, outline) for j, outline in enumerate(points)], axis=1)
    bound = np.minimum(bound, bound.T)
    for i, j in pairs:
        a, b = points[i][:, away[i][j] <= bound[i, j]], points[j][:, away[j][i] <= bound[i, j]]
        found[i, j] = math.sqrt(_least(a, b).min() if a.shape[1] * b.shape[1] <= _FEW else _least_by_tree(a, b))
    return found


def _from_boxes(points: Floats, first: Floats, last: Floats) -> Floats:
    """(k, n) squared distances of points (2, n) from boxes, given by their first and last points (2, k)."""
    away = np.zeros((first.shape[1], points.shape[1]))
    for at, start, stop in zip(points, first[..., None], last[..., None], strict=True):
        beyond = np.maximum(np.maximum(start - at, at - stop), 0)
        away += beyond * beyond
    return away


def _least(a: Floats, b: Floats) -> Floats:
    """(n,) smallest squared distances of points (2, n) from others (2, m)."""
    right, down = (one[:, None] - other for one, other in zip(a, b, strict=True))
    return np.asarray((right * right + down * down).min(axis=1))


def _least_by_tree(a: Floats, b: Floats) -> int:
    """The smallest squared distance between points (2, n) and (2, m)."""
    small, large = sorted((a.T, b.T), key=len)
    _, nearest = cKDTree(large).query(small)
    delta = large[nearest] - small
    return int((delta * delta).sum(axis=1).min())


_CROSS: Final = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_MANY: Final = 2**22  # numbers in a table of all points and boxes that is not made
_FEW: Final = 2**12  # pairs of points up to which a tree does not pay


def gap_mm(a: Ints, b: Ints, spacing: tuple[float, float], at_most: float) -> float:
    """The same in mm, for a ``spacing`` (down, right) that may differ between the axes.

    ``at_most`` is a length that is known not to be exceeded, in mm, as the gap in px gives one: it prunes the search.
    """
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    scale = np.array([spacing[1], spacing[0]])
    # Pixels at exactly the bound would not be found; those beyond it come back at an infinite distance.
    distances, _ = cKDTree(large * scale).query(small * scale, distance_upper_bound=at_most * (1 + 1e-9))
    return float(distances.min())


def shared_px(a: Patch, b: Patch) -> int:
    """Number of pixels in both masks."""
    x0, y0 = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    x1, y1 = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    if x0 >= x1 or y0 >= y1:
        return 0
    return int(np.count_nonzero(_seen(a, (x0, y0, x1, y1)) & _seen(b, (x0, y0, x1, y1))))


def contact_px(small: Patch, other: Patch) -> int:
    """Number of pixels of ``small`` that have an 8-neighbour in ``other``."""
    x0, y0, x1, y1 = small.box
    rimmed = np.pad(small.pixels, 1)
    left, top, right, bottom = (
        max(x0 - 1, other.box[0]), max(y0 - 1, other.box[1]), min(x1 + 1, other.box[2]), min(y1 + 1, other.box[3]),
    )  # fmt: skip
    if left >= right or top >= bottom:
        return 0
    near = np.zeros(rimmed.shape, np.uint8)
    near[top - y0 + 1 : bottom - y0 + 1, left - x0 + 1 : right - x0 + 1] = _seen(other, (left, top, right, bottom))
    return int(np.count_nonzero(rimmed & (cv2.dilate(near, np.ones((3, 3), np.uint8)) > 0)))


def _seen(part: Patch, window: Box) -> Mask:
    """The pixels of a patch in a window inside its box."""
    x0, y0, x1, y1 = window
    left, top = part.box[:2]
    return part.pixels[y0 - top : y1 - top, x0 - left : x1 - left]
