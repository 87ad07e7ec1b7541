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
from itertools import combinations, product
from typing import Final, TypeAlias, TypeVar

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

MOST_SHAPES: Final = 3000
"""With more thin bright shapes a picture is noise, and rows in it mean nothing."""

_T = TypeVar("_T", bound=np.generic)
_Grey: TypeAlias = npt.NDArray[np.uint8]  # (H, W)


def overlay_suspected(pixels: Pixels) -> bool:
    """Whether a picture, (H, W) or (H, W, 3), seems to carry marks that are not part of what was photographed."""
    return next(marks(pixels), None) is not None


def marks(pixels: Pixels) -> Iterator[str]:
    """What is suspected, cheapest first: ``coloured``, ``mark``, ``box``, ``calipers``, ``text``."""
    colour = _reduced(np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels)
    red, green, blue = cv2.split(colour)  # much faster than reducing the last axis
    bright: _Grey = np.maximum(np.maximum(red, green), blue)
    dark: _Grey = np.minimum(np.minimum(red, green), blue)
    spread = bright - dark
    grey = float((spread <= GREY_SPREAD).mean()) >= GREY_PART
    jumps = _jumps(bright)
    if grey and _coloured(spread):
        yield "coloured"
    if grey and _mark(jumps):
        yield "mark"
    if _box(colour):
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
    sharp = (jumps >= 120).astype(np.uint8)
    near = cv2.dilate(sharp, np.ones((9, 9), np.uint8))
    if int(sharp.sum()) < 60 or float(near.mean()) > 0.02:
        return False
    count, places, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    inside = np.bincount(places.ravel(), sharp.ravel(), minlength=count)
    height, width = jumps.shape
    small = (boxes[:, cv2.CC_STAT_WIDTH] <= width / 4) & (boxes[:, cv2.CC_STAT_HEIGHT] <= height / 4)
    crowded = (inside >= 60) & (inside >= 0.08 * boxes[:, cv2.CC_STAT_AREA])
    return bool((small & crowded)[1:].any())


def _box(colour: Pixels) -> bool:
    """Whether an even rectangle fills a corner: 5 to 60 % of each side, and beyond both free sides all is different."""
    return any(_cornered(colour[::vertical, ::horizontal]) for vertical in (1, -1) for horizontal in (1, -1))


def _cornered(colour: Pixels) -> bool:
    height, width = colour.shape[:2]
    usual = np.median(colour[:8, :8].reshape(-1, 3), axis=0)
    first = cv2.inRange(np.ascontiguousarray(colour[:1]), usual - 24, usual + 24)
    if not first[0, : math.ceil(0.05 * width)].all():
        return False  # no row reaches further than the first
    even = cv2.inRange(np.ascontiguousarray(colour), usual - 24, usual + 24) > 0
    runs = np.minimum.accumulate(np.where(even.all(axis=1), width, np.argmin(even, axis=1)))
    for row in np.flatnonzero(runs[:-1] - runs[1:] > 0.08 * width).tolist():
        down, across = row + 1, int(runs[row])
        if not (0.05 * height <= down <= 0.6 * height and 0.05 * width <= across <= 0.6 * width):
            continue
        below, beside = ~even[down : down + 6, :across], ~even[:down, across : across + 6]
        if min(below.any(axis=0).mean(), beside.any(axis=1).mean()) >= 0.7:
            return True
    return False


def _crosses(bright: _Grey) -> int:
    """The largest number of crosses of one size."""
    return max(_crosses_of(bright, arm) for arm in (4, 5, 6, 7, 8))


def _crosses_of(bright: _Grey, arm: int) -> int:
    """Crosses with arms of a length in px: the darkest pixel of the arms outshines what lies 3 px beside them."""
    side = 2 * arm + 1
    arms, flanks = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    arms[arm, :] = arms[:, arm] = 1
    for beside in (arm - 3, arm + 3):
        outer = [*range(arm - 3), *range(arm + 4, side)]
        flanks[beside, outer] = flanks[outer, beside] = 1
    if min(bright.shape) <= 2 * side:
        return 0
    low = cv2.erode(bright, arms)
    clear = _within(low > 180, arm, 0, 0)
    clear &= _within(cv2.dilate(bright, flanks) < low.astype(np.int16) + 10, arm, 0, 0)
    if not clear.any():
        return 0
    clear &= _within(low, arm, 0, 0) - _beside(bright, arm) > 80
    if not clear.any():
        return 0
    near = cv2.dilate(clear.view(np.uint8), np.ones((3, 3), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    return int((boxes[1:, cv2.CC_STAT_AREA] <= 60).sum()) if count > 1 else 0


def _beside(bright: _Grey, arm: int) -> npt.NDArray[np.float32]:
    """The mean of what lies 3 px beside the arms of each cross: two pieces on either side of each of its two lines."""
    sums = np.zeros(_within(bright, arm, 0, 0).shape, np.float32)
    for turned in (False, True):
        line = cv2.boxFilter(
            bright, cv2.CV_32F, (1, arm - 3) if turned else (arm - 3, 1), anchor=(0, 0), normalize=False
        )
        for side, along in product((-3, 3), (-arm, 4)):
            sums += _within(line, arm, along, side) if turned else _within(line, arm, side, along)
    return sums / np.float32(8 * (arm - 3))


def _within(values: npt.NDArray[_T], arm: int, down: int, right: int) -> npt.NDArray[_T]:
    """What lies so far down and right of each pixel around which there is room for a cross."""
    rim, (height, width) = arm + 2, values.shape
    return values[rim + down : height - rim + down, rim + right : width - rim + right]


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
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    thin: _Grey = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel), np.uint8)
    return any(_rows(sorted(_shapes(grey, thin > contrast, jumps))) for contrast in CONTRASTS)


def _rows(shapes: Sequence[_Shape]) -> bool:
    if len(shapes) > MOST_SHAPES:
        return False
    rows = [_row(shapes, first) for first in range(len(shapes))]
    if any(len(row) >= 4 for row in rows):
        return True
    short = [row for row in rows if len(row) == 3]
    return any(_stacked(a, b) for a, b in combinations(short, 2))


def _shapes(grey: _Grey, thin: Mask, jumps: _Grey) -> Iterator[_Shape]:
    """Connected thin shapes, as large as letters, most of whose outline is a jump of 55."""
    if not thin.any():
        return
    count, places, boxes, _ = cv2.connectedComponentsWithStats(thin.view(np.uint8), connectivity=8)
    sharp = np.bincount(places[thin & (jumps >= 55)], minlength=count)
    left, top, width, height, area = boxes.T
    letters = (height >= 5) & (height <= 48) & (width <= 2.2 * height) & (area >= 6)
    letters &= sharp >= 0.5 * np.minimum(area, 2 * (width + height))
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
