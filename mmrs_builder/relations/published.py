"""The rule by which PRS-Med named positions, kept to check and compare its published labels; no question uses it.

The rule looks at one box around everything annotated and never at the mask: where the box spans the picture's centre
the position is the centre, otherwise the quadrant that holds the middle of the box. What is wrong with that is shown
in ``docs/posmed.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from mmrs_builder.relations.judged import Judged, cap
from mmrs_builder.types import Grid, Structure

NEAR: Final = 0.2
"""Part of the picture's width, whatever its height, within which the middle of the box is near the centre."""


def published_zone(structures: Sequence[Structure], grid: Grid) -> Judged:
    """``centre``, or the quadrant ``upper_left`` … of the box around all ``structures``; there is at least one.

    Whole pixels throughout: the centre is pixel (W // 2, H // 2), the middle of the box is rounded down, and both
    count as right and lower. The margin is how far the box is from where the value would change, as a part of half
    the picture; the rule knows no tie, so it may be 0 and there is still a value.
    """
    (x0, x1, x), (y0, y1, y) = _span(structures, grid, 0), _span(structures, grid, 1)
    if x0 <= x <= x1 and y0 <= y <= y1:
        steps = [(x - x0, grid.width), (x1 - x, grid.width), (y - y0, grid.height), (y1 - y, grid.height)]
        return Judged(value="centre", margin=cap(min(2 * step / size for step, size in steps)))
    across, down = _middle(x0, x1) - x, _middle(y0, y1) - y
    outside = max(_outside(x, x0, x1) / grid.width, _outside(y, y0, y1) / grid.height)
    margin = min(2 * abs(across) / grid.width, 2 * abs(down) / grid.height, 2 * outside)
    return Judged(value=f"{'lower' if down >= 0 else 'upper'}_{'right' if across >= 0 else 'left'}", margin=cap(margin))


def published_near(structures: Sequence[Structure], grid: Grid) -> Judged:
    """Whether the rule called it near the centre: the box spans it, or its middle is closer than 0.2 of the width."""
    zone = published_zone(structures, grid)
    if zone.value == "centre":
        return Judged(value=True, margin=zone.margin)
    (x0, x1, x), (y0, y1, y) = _span(structures, grid, 0), _span(structures, grid, 1)
    away, limit = math.hypot(_middle(x0, x1) - x, _middle(y0, y1) - y), NEAR * grid.width
    return Judged(value=away < limit, margin=cap(abs(away - limit) / limit))


def _span(structures: Sequence[Structure], grid: Grid, axis: int) -> tuple[int, int, int]:
    """First and last pixel of the common box along an axis (0: x, 1: y), and the one that the rule calls the centre."""
    first, last = min(s.box[axis] for s in structures), max(s.box[axis + 2] for s in structures) - 1
    return first, last, (grid.width, grid.height)[axis] // 2


def _middle(first: int, last: int) -> int:
    return (first + last) // 2


def _outside(centre: int, first: int, last: int) -> int:
    """How many pixels a span misses the centre by; 0 when it holds it."""
    return max(first - centre, centre - last, 0)
