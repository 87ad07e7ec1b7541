"""Where one structure lies in the picture, as the viewer sees it."""

from __future__ import annotations

import math
from typing import Final

from mmrs_builder.relations.judged import Judged, cap
from mmrs_builder.types import Grid, Structure
from mmrs_builder.vocab import VALUES

NEAR: Final = 0.4
"""Radius of "near the centre" in half-lengths of the picture: 20 % of the width and 20 % of the height."""


ROOM: Final = 0.25
"""Distance from the picture's centre, in halves of its shorter side, below which no hour of a clock is told."""


def fractions(s: Structure, grid: Grid) -> tuple[float, float]:
    """Centroid (u, v) as a fraction of the picture, both in (0, 1)."""
    return (s.centroid[0] + 0.5) / grid.width, (s.centroid[1] + 0.5) / grid.height


def quadrant(s: Structure, grid: Grid) -> Judged:
    """Quadrant that holds the centroid and most of the area."""
    u, v = fractions(s, grid)
    index = 2 * (v > 0.5) + (u > 0.5)
    share = s.quarters[index] / (4 * s.area_px)
    return Judged(value=VALUES["Quadrant"][index], margin=min(abs(2 * u - 1), abs(2 * v - 1), 2 * share - 1))


def zone(s: Structure, grid: Grid) -> Judged:
    """Ninth of the picture that holds the centroid and most of the area."""
    u, v = fractions(s, grid)
    (column, margin_u), (row, margin_v) = _third(u), _third(v)
    index = 3 * row + column
    share = s.ninths[index] / (9 * s.area_px)
    return Judged(value=VALUES["Zone"][index], margin=min(margin_u, margin_v, 2 * share - 1))


def _third(t: float) -> tuple[int, float]:
    if t < 1 / 3:
        return 0, 1 - 3 * t
    if t > 2 / 3:
        return 2, 3 * t - 2
    return 1, min(6 * t - 2, 4 - 6 * t)


def side(s: Structure, grid: Grid) -> Judged:
    """Left or right half of the picture."""
    u, _ = fractions(s, grid)
    q = s.quarters
    right = u > 0.5
    share = (q[1] + q[3] if right else q[0] + q[2]) / (4 * s.area_px)
    return Judged(value="right" if right else "left", margin=min(abs(2 * u - 1), 2 * share - 1))


def level(s: Structure, grid: Grid) -> Judged:
    """Upper or lower half of the picture."""
    _, v = fractions(s, grid)
    q = s.quarters
    lower = v > 0.5
    share = (q[2] + q[3] if lower else q[0] + q[1]) / (4 * s.area_px)
    return Judged(value="lower" if lower else "upper", margin=min(abs(2 * v - 1), 2 * share - 1))


def in_half(s: Structure, grid: Grid, half: str) -> Judged:
    """Whether the structure lies in the ``left``, ``right``, ``upper`` or ``lower`` half of the picture."""
    found = (side if half in VALUES["Side"] else level)(s, grid)
    return Judged(value=found.value == half, margin=found.margin)


def clock(s: Structure, grid: Grid) -> Judged | None:
    """Hour of a clock face over the picture, nearest to the centroid; undefined where the box holds the middle."""
    middle_x, middle_y = (grid.width - 1) / 2, (grid.height - 1) / 2
    x0, y0, x1, y1 = s.box
    if x0 <= middle_x <= x1 - 1 and y0 <= middle_y <= y1 - 1:
        return None
    right, up = s.centroid[0] - middle_x, middle_y - s.centroid[1]
    angle = math.degrees(math.atan2(right, up))
    hour = round(angle / 30)
    away = 2 * math.hypot(right, up) / min(grid.width, grid.height)
    margin = min(1 - abs(angle - 30 * hour) / 15, cap((away - ROOM) / ROOM))
    return Judged(value=VALUES["Clock"][(hour - 1) % 12], margin=margin)


def near_centre(s: Structure, grid: Grid) -> Judged:
    """Whether the centroid is near the picture's centre, each axis measured against its own half-length.

    The published rule uses the box centre and 20 % of the width for both axes; see ``docs/language.md`` section 3.
    """
    u, v = fractions(s, grid)
    r = math.hypot(2 * u - 1, 2 * v - 1)
    margin = (NEAR - r) / NEAR if r < NEAR else (r - NEAR) / (math.sqrt(2) - NEAR)
    return Judged(value=r < NEAR, margin=margin)


def covers_centre(s: Structure, grid: Grid) -> Judged | None:
    """Whether the mask covers the picture's centre; undefined where the mask's edge runs through the central pixels."""
    if s.centre_inside is None:
        return None
    if s.centre_distance is None:
        return Judged(value=s.centre_inside, margin=1.0)
    return Judged(value=s.centre_inside, margin=cap(s.centre_distance / (0.25 * min(grid.width, grid.height))))


def border(s: Structure, grid: Grid) -> Judged:
    """Whether the structure reaches the border of the picture."""
    if s.border_px:
        return Judged(value=True, margin=cap(s.border_px / (0.5 * math.sqrt(s.area_px))))
    x0, y0, x1, y1 = s.box
    distance = min(x0, y0, grid.width - x1, grid.height - y1)
    return Judged(value=False, margin=cap(distance / (0.1 * min(grid.width, grid.height))))
