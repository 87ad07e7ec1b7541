"""The same picture as another hand might have annotated it: masks a little larger, a little smaller, a pixel aside.

Where several people outlined the same 77 melanocytic lesions, the region on which they disagreed had on average 15.28 %
of the lesion's area ("Where's the naevus? Inter-operator variability in the localization of melanocytic lesion
border"). For a disc that is a ring 7.6 % of the radius wide. A mask is grown and shrunk by that part of the radius of a
disc of its area, by one pixel at least, and shrunk by no more than leaves half of it.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from mmrs_builder import geometry
from mmrs_builder.types import Box, Mask

DISAGREEMENT: Final = 0.1528
REACH: Final = DISAGREEMENT / 2
"""How far two hands lie apart, as a part of the radius: a ring of area 2πr·d on a disc of area πr²."""

LEFT_OVER: Final = 0.5
"""Part of a structure that shrinking must leave."""

SHIFTS: Final = {"up_left": (-1, -1), "up_right": (-1, 1), "down_left": (1, -1), "down_right": (1, 1)}
"""How far all masks are moved, in px (down, right). All four, so that a mirrored corpus is asked the same."""

WAYS: Final = ("grown", "shrunk", *SHIFTS)
"""What is done to all masks of a picture at once."""


def jittered(mask: Mask, way: str) -> Mask:
    """A non-empty mask (H, W) as ``way`` of ``WAYS`` changes it; itself where nothing of it would be left."""
    box, area = geometry.box(mask), int(mask.sum())
    if way == "grown":
        return _grown(mask, box, max(1.0, REACH * math.sqrt(area / math.pi)))
    if way == "shrunk":
        return _shrunk(mask, box, area)
    down, right = SHIFTS[way]
    moved = np.roll(mask, (down, right), axis=(0, 1))
    moved[0 if down > 0 else -1, :] = False
    moved[:, 0 if right > 0 else -1] = False
    return moved if moved.any() else mask


def _grown(mask: Mask, box: Box, reach: float) -> Mask:
    """All pixels within ``reach`` px of the mask."""
    room = math.ceil(reach)
    x0, y0 = max(box[0] - room, 0), max(box[1] - room, 0)
    around = (x0, y0, min(box[2] + room, mask.shape[1]), min(box[3] + room, mask.shape[0]))
    away = cv2.distanceTransform((~geometry.crop(mask, around)).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = mask.copy()
    grown[around[1] : around[3], around[0] : around[2]] = away <= reach
    return grown


def _shrunk(mask: Mask, box: Box, area: int) -> Mask:
    """The pixels deeper in the mask than the reach of its radius, or than what leaves half of it, if that is less.

    The picture's border is no edge of a structure: there it may go on outside.
    """
    inside = geometry.crop(mask, box)
    at_border = np.pad(inside, 1, mode="edge")
    rim = [box[1] > 0, box[3] < mask.shape[0], box[0] > 0, box[2] < mask.shape[1]]
    for cut, edge in zip(rim, (np.s_[:1, :], np.s_[-1:, :], np.s_[:, :1], np.s_[:, -1:]), strict=True):
        if cut:
            at_border[edge] = False
    depth = cv2.distanceTransform(at_border.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    depths = np.sort(depth[inside])[::-1]
    half = float(depths[min(math.ceil(LEFT_OVER * area), area) - 1])  # so deep lies the half that must be left
    reach = max(1.0, REACH * math.sqrt(area / math.pi))
    kept = inside & (depth > reach if reach < half else depth >= half)
    shrunk = np.zeros_like(mask)
    shrunk[box[1] : box[3], box[0] : box[2]] = kept
    return shrunk
