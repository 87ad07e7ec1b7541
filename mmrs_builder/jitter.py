"""The same picture as another hand might have annotated it: masks a little larger, a little smaller, a pixel aside.

Where several people outlined the same 77 melanocytic lesions, the region on which they disagreed had on average 15.28 %
of the lesion's area ("Where's the naevus? Inter-operator variability in the localization of melanocytic lesion
border"). For a disc that is a ring 7.6 % of the radius wide. A mask is grown and shrunk by that part of the radius of a
disc of its area, by one pixel at least, and shrunk by no more than leaves half of it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder import geometry
from mmrs_builder.geometry import Patch
from mmrs_builder.types import Mask

DISAGREEMENT: Final = 0.1528
REACH: Final = DISAGREEMENT / 2
"""How far two hands lie apart, as a part of the radius: a ring of area 2πr·d on a disc of area πr²."""

NEAR: Final = 8.0
"""Up to so many px what is near a mask is found faster without all distances."""

LEFT_OVER: Final = 0.5
"""Part of a structure that shrinking must leave."""

SHIFTS: Final = {"up_left": (-1, -1), "up_right": (-1, 1), "down_left": (1, -1), "down_right": (1, 1)}
"""How far all masks are moved, in px (down, right). All four, so that a mirrored corpus is asked the same."""

WAYS: Final = ("grown", "shrunk", *SHIFTS)
"""What is done to all masks of a picture at once."""


def jittered(part: Patch, way: str) -> Patch:
    """A mask as ``way`` of ``WAYS`` changes it; itself where nothing of it would be left."""
    if way in SHIFTS:
        return _moved(part, *SHIFTS[way])
    area = geometry.area(part)
    if way == "grown":
        return _grown(part, max(1.0, REACH * math.sqrt(area / math.pi)))
    return _shrunk(part, area)


def _moved(part: Patch, down: int, right: int) -> Patch:
    """All of the mask a pixel aside, but what leaves the picture."""
    (width, height), (x0, y0, x1, y1) = part.size, part.box
    if x0 and y0 and x1 < width and y1 < height:
        return replace(part, box=(x0 + right, y0 + down, x1 + right, y1 + down))
    left, top = max(x0, -right), max(y0, -down)
    kept = part.pixels[top - y0 : height - max(down, 0) - y0, left - x0 : width - max(right, 0) - x0]
    if not kept.any():
        return part
    return geometry.placed(kept, (left + right, top + down, x1 + right, y1 + down), part.size)


def _grown(part: Patch, reach: float) -> Patch:
    """All pixels within ``reach`` px of the mask."""
    room = math.ceil(reach)
    (width, height), (x0, y0, x1, y1) = part.size, part.box
    around = (max(x0 - room, 0), max(y0 - room, 0), min(x1 + room, width), min(y1 + room, height))
    rim = ((y0 - around[1], around[3] - y1), (x0 - around[0], around[2] - x1))
    held = np.pad(part.pixels, rim).view(np.uint8)
    return geometry.placed(_within(held, reach), around, part.size)


def _shrunk(part: Patch, area: int) -> Patch:
    """The pixels deeper in the mask than the reach of its radius, or than what leaves half of it, if that is less.

    The picture's border is no edge of a structure: there it may go on outside.
    """
    (width, height), box = part.size, part.box
    at_border = np.pad(part.pixels, 1, mode="edge")
    rim = [box[1] > 0, box[3] < height, box[0] > 0, box[2] < width]
    for cut, edge in zip(rim, (np.s_[:1, :], np.s_[-1:, :], np.s_[:, :1], np.s_[:, -1:]), strict=True):
        if cut:
            at_border[edge] = False
    reach, left = max(1.0, REACH * math.sqrt(area / math.pi)), math.ceil(LEFT_OVER * area)
    kept = part.pixels & ~_within((~at_border).view(np.uint8), reach)[1:-1, 1:-1]
    if np.count_nonzero(kept) < left:
        depth = _distance(at_border.view(np.uint8))[1:-1, 1:-1]
        half = np.partition(depth[part.pixels], area - left)[area - left]  # so deep lies the half that must be left
        kept = part.pixels & (depth >= half)
    return geometry.placed(kept, box, part.size)


def _within(held: npt.NDArray[np.uint8], reach: float) -> Mask:
    """What is at most ``reach`` px away from pixels that are 1."""
    if reach > NEAR:
        return np.asarray(_distance(1 - held) <= reach)
    return np.asarray(cv2.dilate(held, _disc(reach)) > 0)


def _disc(reach: float) -> npt.NDArray[np.uint8]:
    """The pixels at most ``reach`` px away from the middle one, with distances rounded as ``_distance`` rounds them."""
    away = np.arange(-math.ceil(reach), math.ceil(reach) + 1) ** 2
    return np.asarray(np.sqrt(away[:, None] + away).astype(np.float32) <= reach, np.uint8)


def _distance(held: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """How far each pixel is from the next one that is 0, in px."""
    return np.asarray(cv2.distanceTransform(held, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
