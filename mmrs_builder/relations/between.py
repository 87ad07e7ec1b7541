"""How two different structures lie to each other, as the viewer sees them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from mmrs_builder.relations.judged import Judged, cap, percent
from mmrs_builder.types import Grid, Pair, Structure
from mmrs_builder.vocab import VALUES

NESTED: Final = 0.95
"""Part of an area that must lie in another structure to be inside it."""


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


def horizontal(a: Structure, b: Structure, pair: Pair) -> Judged:
    """Left or right of ``b``."""
    return Judged(value="left" if a.centroid[0] < b.centroid[0] else "right", margin=cap(part_x(a, b, pair)))


def vertical(a: Structure, b: Structure, pair: Pair) -> Judged:
    """Above or below ``b``."""
    return Judged(value="above" if a.centroid[1] < b.centroid[1] else "below", margin=cap(part_y(a, b, pair)))


def direction(a: Structure, b: Structure, pair: Pair) -> Judged:
    """Where ``a`` lies seen from ``b``, in eight sectors of 45 degrees of the picture's pixel grid."""
    angle = math.degrees(math.atan2(b.centroid[1] - a.centroid[1], a.centroid[0] - b.centroid[0]))
    sector = round(angle / 45)
    off = abs(angle - 45 * sector)
    margin = min(1 - off / 22.5, cap(max(part_x(a, b, pair), part_y(a, b, pair))))
    return Judged(value=VALUES["Direction"][sector % 8], margin=margin)


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


def gap(pair: Pair, grid: Grid) -> Judged | None:
    """Width of the gap in percent of the picture's diagonal, to one decimal; undefined for overlapping masks."""
    if pair.shared_px:
        return None
    square = Fraction(round(pair.gap_px**2), grid.width**2 + grid.height**2)  # a gap is the root of an integer
    return Judged(value=percent(square), margin=1.0)
