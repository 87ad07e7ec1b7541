"""Marks that a machine or a person burnt into a picture: captions, calipers, coloured marks, boxes.

They can tell an answer (calipers stand around a lesion) or a person (a name, a date). A picture is suspected when one
of these is found; tissue is soft, while what is drawn is sharp, thin and repeats itself:

- ``text``: a row of at least 4 bright thin shapes of one height and one base line, or two rows of at least 3, one
  below the other.
- ``calipers``: in a grey picture, 2 to 12 bright upright crosses that stand out from all four of their corners.
- ``coloured``: saturated colour on a picture that is otherwise grey.
- ``box``: an even rectangle in a corner of the picture that ends abruptly on both free sides: a second picture that
  was blacked out, a legend.
- ``mark``: in a grey picture that is soft elsewhere, a small place full of jumps between neighbouring pixels that no
  tissue makes: a logo, a letter of lead or ink, an arrow.

Measured on extracts that were looked through by eye: 16 of 17 marked BUSI pictures are found, none of 3 clean ones;
35 of 39 marked Kvasir-SEG pictures, not the clean one. Accused without a mark: 0 of 35 CVC-ClinicDB, 0 of 24 ISIC,
0 of 28 TCGA-LGG, 0 of 24 figshare MRI, 2 of 178 sharpened MRI of a COCO export, 1 of 3 CT slices (a table's edge), 0 of
600 phantoms. Faint text over bright tissue, dark text and handwriting are missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Mask, Pixels

MAX_SIDE: Final = 1600
"""Larger pictures are looked at in half, third, … of their size, in px."""

GREY_SPREAD: Final = 12
"""Difference between the channels of a pixel up to which it is grey."""

GREY_PART: Final = 0.97
"""Part of the pixels that must be grey in a grey picture."""

CONTRASTS: Final = (45, 100)
"""By how much a shape narrower than 11 px must stand out from what is around it."""

SHARP: Final = 55
"""A jump between neighbouring pixels that outlines a letter."""

LEAST_SHARP: Final = 12
"""Such pixels of the shortest caption: three in each of four letters, for half of an outline, or of the 6 px of a
shape, must be sharp."""

TALLEST: Final = 48
"""Of a letter, in px."""

BROADEST: Final = 2.2
"""Of a letter, in parts of its height."""

MOST_SHAPES: Final = 3000
"""With more thin bright shapes a picture is noise, and rows in it mean nothing."""

_CROSS: Final = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_BAR: Final = np.ones((5, 7), np.uint8)
_LINE: Final = np.ones((7, 1), np.uint8)

_Grey: TypeAlias = npt.NDArray[np.uint8]  # (H, W)


def overlay_suspected(pixels: Pixels) -> bool:
    """Whether a picture, (H, W) or (H, W, 3), seems to carry marks that are not part of what was photographed."""
    return next(marks(pixels), None) is not None


def marks(pixels: Pixels) -> Iterator[str]:
    """What is suspected, cheapest first: ``coloured``, ``mark``, ``box``, ``calipers``, ``text``."""
    seen = _reduced(pixels)
    planes: Sequence[Any] = (seen,) if seen.ndim == 2 else cv2.split(seen)  # much faster than reducing the last axis
    bright: _Grey = reduce(np.maximum, planes)
    dark: _Grey = reduce(np.minimum, planes)
    spread = bright - dark
    grey = np.count_nonzero(spread <= GREY_SPREAD) / spread.size >= GREY_PART
    jumps = _jumps(bright)
    if grey and _coloured(spread):
        yield "coloured"
    if grey and _mark(jumps):
        yield "mark"
    if _box(seen):
        yield "box"
    if grey and _crosses(bright) in range(2, 13):
        yield "calipers"
    if _text(bright, jumps) or (not grey and _text(dark, _jumps(dark))):
        yield "text"


def _reduced(pixels: Pixels) -> Pixels:
    """Every n-th row and column: averaging would soften what is drawn."""
    step = -(-max(pixels.shape[:2]) // MAX_SIDE)
    return np.ascontiguousarray(pixels[::step, ::step])


def _jumps(grey: _Grey) -> _Grey:
    """Largest difference between a pixel and its four neighbours."""
    found: _Grey = np.zeros(grey.shape, np.uint8)
    down, right = cv2.absdiff(grey[1:], grey[:-1]), cv2.absdiff(grey[:, 1:], grey[:, :-1])
    for part, steps in ((found[1:], down), (found[:-1], down), (found[:, 1:], right), (found[:, :-1], right)):
        np.maximum(part, steps, out=part)
    return found


def _coloured(spread: _Grey) -> bool:
    """At least 30 saturated pixels in patches of 9 or more; single ones are chroma noise of a compressed picture."""
    saturated = spread > 60
    if np.count_nonzero(saturated) < 30:
        return False
    _, _, boxes, _ = cv2.connectedComponentsWithStats(saturated.view(np.uint8), connectivity=8)
    areas = boxes[1:, cv2.CC_STAT_AREA]
    return int(areas[areas >= 9].sum()) >= 30


def _mark(jumps: _Grey) -> bool:
    """Jumps over half the range crowd in a place under a quarter of the picture's sides, and are rare elsewhere."""
    sharp = (jumps >= 120).view(np.uint8)
    if np.count_nonzero(sharp) < 60:
        return False
    near = cv2.dilate(sharp, np.ones((9, 9), np.uint8))
    if np.count_nonzero(near) / near.size > 0.02:
        return False
    count, places, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    inside = np.bincount(places.ravel(), sharp.ravel(), minlength=count)
    height, width = jumps.shape
    small = (boxes[:, cv2.CC_STAT_WIDTH] <= width / 4) & (boxes[:, cv2.CC_STAT_HEIGHT] <= height / 4)
    crowded = (inside >= 60) & (inside >= 0.08 * boxes[:, cv2.CC_STAT_AREA])
    return bool((small & crowded)[1:].any())


def _box(seen: Pixels) -> bool:
    """Whether an even rectangle fills a corner: 5 to 60 % of each side, and beyond both free sides all is different."""
    return any(_cornered(seen, vertical, horizontal) for vertical in (1, -1) for horizontal in (1, -1))


def _cornered(seen: Pixels, vertical: int, horizontal: int) -> bool:
    """The same of one corner; rows and columns are counted from it, in these steps."""
    height, width = seen.shape[:2]

    def corner(rows: int, columns: int) -> Pixels:
        return seen[_first(rows, vertical), _first(columns, horizontal)]

    usual = np.median(corner(8, 8).reshape(-1, seen[0, 0].size), axis=0)
    if not cv2.inRange(corner(1, math.ceil(0.05 * width)), usual - 24, usual + 24).all():
        return False  # no row reaches further than the first
    part = corner(int(0.6 * height) + 7, int(0.6 * width) + 7)  # what lies further off decides nothing
    even = cv2.inRange(part, usual - 24, usual + 24)[::vertical, ::horizontal] > 0
    runs = np.minimum.accumulate(np.where(even.all(axis=1), width, np.argmin(even, axis=1)))
    for row in np.flatnonzero(runs[:-1] - runs[1:] > 0.08 * width).tolist():
        down, across = row + 1, int(runs[row])
        if not (0.05 * height <= down <= 0.6 * height and 0.05 * width <= across <= 0.6 * width):
            continue
        below, beside = ~even[down : down + 6, :across], ~even[:down, across : across + 6]
        if min(below.any(axis=0).mean(), beside.any(axis=1).mean()) >= 0.7:
            return True
    return False


def _first(count: int, step: int) -> slice:
    return slice(count) if step > 0 else slice(-count, None)


def _crosses(bright: _Grey) -> int:
    """The largest number of crosses of one size: the darkest pixel of the arms outshines what lies 3 px beside them."""
    most, width = 0, bright.shape[1]
    low = cv2.erode(bright, cv2.getStructuringElement(cv2.MORPH_CROSS, (9, 9)))
    contrast = low - cv2.erode(bright, np.ones((17, 17), np.uint8))  # no cross in this window has more
    places = np.flatnonzero((low > 180) & (contrast > 80))
    grey, low = bright.ravel(), low.ravel()[places]
    brightest, sums = np.zeros(places.size, np.uint8), np.zeros(places.size, np.float32)
    for arm in (4, 5, 6, 7, 8):  # a cross holds the smaller ones, and what lies beside them
        if min(bright.shape) <= 2 * (2 * arm + 1):
            break
        stays = _inside(places, bright.shape, arm + 2)
        places, low, brightest, sums = places[stays], low[stays], brightest[stays], sums[stays]
        for tip in (-arm, arm, -arm * width, arm * width):
            low = np.minimum(low, grey[places + tip])
        for down, right in (*product((-3, 3), (-arm, arm)), *product((-arm, arm), (-3, 3))):
            flank = grey[places + (down * width + right)]
            brightest, sums = np.maximum(brightest, flank), sums + flank
        stays = (low > 180) & (brightest < low.astype(np.int16) + 10)
        places, low, brightest, sums = places[stays], low[stays], brightest[stays], sums[stays]
        clear = places[low - sums / np.float32(8 * (arm - 3)) > 80]
        most = max(most, _spots(clear, bright.shape, arm + 2))
    return most


def _inside(places: npt.NDArray[np.intp], shape: tuple[int, ...], rim: int) -> Mask:
    """Which of the pixels, numbered row by row, lie within a rim."""
    down, right = np.divmod(places, shape[1])
    inside: Mask = (down >= rim) & (down < shape[0] - rim) & (right >= rim) & (right < shape[1] - rim)
    return inside


def _spots(places: npt.NDArray[np.intp], shape: tuple[int, ...], rim: int) -> int:
    """The small groups that pixels within a rim come in."""
    if not places.size:
        return 0
    marked = np.zeros(shape, np.uint8)
    marked.ravel()[places] = 1
    near = cv2.dilate(marked[rim:-rim, rim:-rim], np.ones((3, 3), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    return int((boxes[1:, cv2.CC_STAT_AREA] <= 60).sum())


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Shape:
    """A thin bright shape: its box in px, and its brightest value."""

    left: int
    right: int
    base: int
    height: int
    peak: int


def _text(grey: _Grey, jumps: _Grey) -> bool:
    """Whether there are rows of letters; on lively ground they come apart from it at the higher contrast only."""
    sharp = jumps >= SHARP
    if np.count_nonzero(sharp) < LEAST_SHARP:
        return False
    zone = _around(sharp)
    grey, sharp = grey[zone], sharp[zone]
    thin = _thin(grey)
    return any(_rows(sorted(_shapes(grey, thin > contrast, sharp))) for contrast in CONTRASTS)


def _around(sharp: Mask) -> tuple[slice, slice]:
    """Where all shapes that have a sharp pixel and may be letters lie whole, with the 10 px that ``_thin`` looks at
    around them: what is cut off there is too large for a letter, like the whole of it.
    """
    x, y, width, height = cv2.boundingRect(sharp.view(np.uint8))
    down, right = TALLEST + 10, math.floor(BROADEST * TALLEST) + 11
    return np.s_[max(0, y - down) : y + height + down, max(0, x - right) : x + width + right]


def _thin(grey: _Grey) -> _Grey:
    """By how much pixels outshine what is around shapes narrower than 11 px: the top hat of OpenCV's ellipse of that
    size, which is a cross, a cross, and a bar with a line through it, one after the other.
    """
    ground = cv2.erode(grey, _CROSS, iterations=2)
    ground = np.minimum(cv2.erode(ground, _BAR), cv2.erode(ground, _LINE))
    ground = cv2.dilate(ground, _CROSS, iterations=2)
    ground = np.maximum(cv2.dilate(ground, _BAR), cv2.dilate(ground, _LINE))
    return np.asarray(cv2.subtract(grey, ground), np.uint8)


def _rows(shapes: Sequence[_Shape]) -> bool:
    if len(shapes) > MOST_SHAPES:
        return False
    rows = [_row(shapes, first) for first in range(len(shapes))]
    if any(len(row) >= 4 for row in rows):
        return True
    short = [row for row in rows if len(row) == 3]
    return any(_stacked(a, b) for a, b in combinations(short, 2))


def _shapes(grey: _Grey, thin: Mask, sharp: Mask) -> Iterator[_Shape]:
    """Connected thin shapes, as large as letters, most of whose outline is a sharp jump."""
    outline = thin & sharp
    if np.count_nonzero(outline) < LEAST_SHARP:
        return
    zone = _around(outline)
    grey, thin, outline = grey[zone], thin[zone], outline[zone]
    count, places, boxes, _ = cv2.connectedComponentsWithStats(thin.view(np.uint8), connectivity=8)
    crisp = np.bincount(places[outline], minlength=count)
    left, top, width, height, area = boxes.T
    letters = (height >= 5) & (height <= TALLEST) & (width <= BROADEST * height) & (area >= 6)
    letters &= crisp >= 0.5 * np.minimum(area, 2 * (width + height))
    for i in (np.flatnonzero(letters[1:]) + 1).tolist():
        inside = np.s_[top[i] : top[i] + height[i], left[i] : left[i] + width[i]]
        yield _Shape(
            left=int(left[i]),
            right=int(left[i] + width[i]),
            base=int(top[i] + height[i]),
            height=int(height[i]),
            peak=int(grey[inside][places[inside] == i].max()),
        )


def _row(shapes: Sequence[_Shape], first: int) -> list[_Shape]:
    """The shapes, sorted from the left, that go on the row that one of them begins."""
    start = shapes[first]
    row, high = [start], start.height
    for shape in shapes[first + 1 :]:
        gap = shape.left - row[-1].right
        if gap > high:
            break
        level = abs(shape.base - start.base) <= max(1.0, 0.12 * high)
        alike = abs(shape.height - high) <= max(1.0, 0.15 * high) and abs(shape.peak - start.peak) <= 25
        if gap >= -1 and level and alike:
            row.append(shape)
    return row


def _stacked(a: Sequence[_Shape], b: Sequence[_Shape]) -> bool:
    """Whether two rows are lines of one caption."""
    high = a[0].height
    apart = abs(a[0].base - b[0].base)
    return abs(high - b[0].height) <= 2 and 1.1 * high <= apart <= 4 * high and abs(a[0].left - b[0].left) <= 6 * high
