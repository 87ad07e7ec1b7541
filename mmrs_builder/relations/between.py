"""How different structures lie to each other, as the viewer sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from mmrs_builder.relations.judged import Judged, cap, percent
from mmrs_builder.types import Grid, Pair, Structure
from mmrs_builder.vocab import VALUES

NESTED: Final = 0.95
"""Part of an area that must lie in another structure to be inside it."""


STRAIGHT: Final = 135.0
"""Angle in degrees from which on a structure lies between two others; up to a right angle it does not."""


def outside(a: Structure, b: Structure, pair: Pair) -> float:
    """1 for structures without a common pixel, 0 when half of one lies in the other."""
    return 1 - 2 * pair.shared_px / min(a.area_px, b.area_px)


def part_x(a: Structure, b: Structure, pair: Pair) -> float:
    """How far two structures have moved apart sideways: 1 when the boxes of symmetric ones just stop overlapping."""
    widths = a.box[2] - a.box[0] + b.box[2] - b.box[0]
    return min(2 * abs(a.centroid[0] - b.centroid[0]) / (widths / 2) - 1, outside(a, b, pair))


def part_y(a: Structure, b: Structure, pair: Pair) -> float:
    """The same upwards and downwards."""
    heights = a.box[3] - a.box[1] + b.box[3] - b.box[1]
    return min(2 * abs(a.centroid[1] - b.centroid[1]) / (heights / 2) - 1, outside(a, b, pair))


def horizontal(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    """Left or right of ``b``."""
    return Judged(value="left" if a.centroid[0] < b.centroid[0] else "right", margin=cap(part_x(a, b, pair)))


def vertical(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    """Above or below ``b``."""
    return Judged(value="above" if a.centroid[1] < b.centroid[1] else "below", margin=cap(part_y(a, b, pair)))


def toward(a: Structure, b: Structure, pair: Pair, grid: Grid, way: str) -> Judged:
    """Whether ``a`` lies that way from ``b``: ``left``, ``right``, ``above`` or ``below``."""
    found = (horizontal if way in VALUES["Horizontal"] else vertical)(a, b, pair, grid)
    return Judged(value=found.value == way, margin=found.margin)


def direction(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    """Where ``a`` lies seen from ``b``, in eight sectors of 45 degrees of the picture's pixel grid."""
    return _sector(a, b, pair, VALUES["Direction"])


def main_direction(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    """The same in four sectors of 90 degrees."""
    return _sector(a, b, pair, VALUES["Direction"][::2])


def _sector(a: Structure, b: Structure, pair: Pair, tokens: Sequence[str]) -> Judged:
    """Equal sectors named counter-clockwise; the middle of the first points to the right."""
    angle = math.degrees(math.atan2(b.centroid[1] - a.centroid[1], a.centroid[0] - b.centroid[0]))
    width = 360 / len(tokens)
    sector = round(angle / width)
    off = abs(angle - width * sector)
    margin = min(1 - off / (width / 2), cap(max(part_x(a, b, pair), part_y(a, b, pair))))
    return Judged(value=tokens[sector % len(tokens)], margin=margin)


def aligned(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Side by side in a row, one over the other in a column, or neither; undefined where boxes overlap on both axes."""
    x, y = _common(a, b, 0), _common(a, b, 1)
    token = {(False, True): "row", (True, False): "column", (False, False): "neither"}.get((x > 0.5, y > 0.5))
    margin = min(abs(2 * x - 1), abs(2 * y - 1), outside(a, b, pair))
    return None if token is None else Judged(value=token, margin=margin)


def _common(a: Structure, b: Structure, axis: int) -> float:
    """Common length of two boxes along an axis (0: x, 1: y), as a part of the shorter one."""
    common = min(a.box[axis + 2], b.box[axis + 2]) - max(a.box[axis], b.box[axis])
    return max(0, common) / min(s.box[axis + 2] - s.box[axis] for s in (a, b))


def between(a: Structure, b: Structure, c: Structure, pairs: tuple[Pair, Pair, Pair]) -> Judged | None:
    """Whether ``a`` lies between ``b`` and ``c``, by the angle at its centroid; ``pairs`` are a-b, a-c and b-c.

    Nothing is decided from a right angle to ``STRAIGHT``; undefined where ``a`` has the centroid of one of the others.
    """
    if a.centroid in (b.centroid, c.centroid):
        return None
    (bx, by), (cx, cy) = ((s.centroid[0] - a.centroid[0], s.centroid[1] - a.centroid[1]) for s in (b, c))
    angle = math.degrees(math.atan2(abs(bx * cy - by * cx), bx * cx + by * cy))
    margin = (angle - STRAIGHT) / (180 - STRAIGHT) if angle >= STRAIGHT else (90 - angle) / 90
    apart = (outside(one, other, pair) for one, other, pair in zip((a, a, b), (b, c, c), pairs, strict=True))
    return Judged(value=angle >= STRAIGHT, margin=min(margin, *apart))


def topology(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Inside, contains, overlaps, touches or apart; undefined where two masks coincide."""
    if not pair.shared_px:
        return _disjoint(a, b, pair, grid)
    in_b, in_a = pair.shared_px / a.area_px, pair.shared_px / b.area_px
    if in_b >= NESTED and in_a >= NESTED:
        return None
    if in_b >= NESTED:
        return Judged(value="inside", margin=(in_b - NESTED) / (1 - NESTED))
    if in_a >= NESTED:
        return Judged(value="contains", margin=(in_a - NESTED) / (1 - NESTED))
    most = max(in_a, in_b)
    return Judged(value="overlaps", margin=min(1.0, most / 0.25, (NESTED - most) / 0.25))


def _disjoint(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    if pair.gap_px < 2:
        smaller = min(a.area_px, b.area_px)
        return Judged(value="touches", margin=cap(pair.contact_px / (0.25 * math.sqrt(smaller))))
    return Judged(value="apart", margin=cap((pair.gap_px - 2) / (0.05 * math.hypot(grid.width, grid.height))))


def gap(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Width of the gap in percent of the picture's diagonal, to one decimal; undefined where masks touch or overlap."""
    if pair.gap_px < 2:
        return None
    square = Fraction(round(pair.gap_px**2), grid.width**2 + grid.height**2)  # a gap is the root of an integer
    return Judged(value=percent(square), margin=1.0)
