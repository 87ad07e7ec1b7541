"""Relations of three structures (``docs/language.md`` section 4): value and margin."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Final

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.double import different, outside
from mmrs_builder.verify.values import NoValue, Result

RIGHT: Final = 90  # degrees
WIDE: Final = 135
STRAIGHT: Final = 180


def between(board: Board, a: int, b: int, c: int) -> Result:
    """Whether ``a`` lies between ``b`` and ``c``: the angle at its centroid is wide."""
    pairs = list(combinations((a, b, c), 2))
    for pair in pairs:
        different(*pair)
    at, one, other = board.shapes[a], board.shapes[b], board.shapes[c]
    (bx, by), (cx, cy) = (one.x - at.x, one.y - at.y), (other.x - at.x, other.y - at.y)
    if (bx, by) == (0, 0) or (cx, cy) == (0, 0):
        raise NoValue("two centroids coincide")
    angle = math.degrees(math.atan2(abs(bx * cy - by * cx), bx * cx + by * cy))
    if RIGHT < angle < WIDE:
        raise NoValue(f"an angle of {angle:.3g} degrees is neither wide nor narrow")
    margin = (angle - WIDE) / (STRAIGHT - WIDE) if angle >= WIDE else (RIGHT - angle) / RIGHT
    return angle >= WIDE, min(margin, *(outside(board, *pair) for pair in pairs))
