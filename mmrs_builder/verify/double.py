"""Relations of two structures (``docs/language.md`` section 4): value and margin."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.measure import contact_pixels
from mmrs_builder.verify.single import cap
from mmrs_builder.verify.values import NoValue, Result

SECTORS: Final = ("right", "upper_right", "above", "upper_left", "left", "lower_left", "below", "lower_right")
AXES: Final = ("right", "above", "left", "below")
CONTAINED: Final = 0.95  # part of an area that must be shared


def different(a: int, b: int) -> None:
    """Raises ``NoValue`` for a structure and itself."""
    if a == b:
        raise NoValue("a relation of two structures was asked of one")


def part_x(board: Board, a: int, b: int) -> float:
    """How far two structures have moved apart sideways; 1 when symmetric ones just stop overlapping."""
    one, other = board.shapes[a], board.shapes[b]
    return min(2 * abs(one.x - other.x) / ((one.width + other.width) / 2) - 1, outside(board, a, b))


def part_y(board: Board, a: int, b: int) -> float:
    """How far two boxes have moved apart in height."""
    one, other = board.shapes[a], board.shapes[b]
    return min(2 * abs(one.y - other.y) / ((one.height + other.height) / 2) - 1, outside(board, a, b))


def outside(board: Board, a: int, b: int) -> float:
    """1 for structures without a common pixel, 0 when half of one lies in the other."""
    return 1 - 2 * board.shared(a, b) / min(board.shapes[a].area, board.shapes[b].area)


def direction(board: Board, a: int, b: int) -> Result:
    """Where ``a`` lies seen from ``b``: one of eight 45 degree sectors."""
    different(a, b)
    dx = board.shapes[a].x - board.shapes[b].x
    dy = board.shapes[a].y - board.shapes[b].y
    angle = math.degrees(math.atan2(-dy, dx))
    sector = round(angle / 45)
    delta = abs(angle - 45 * sector)
    return SECTORS[sector % 8], min(1 - delta / 22.5, cap(max(part_x(board, a, b), part_y(board, a, b))))


def horizontal(board: Board, a: int, b: int) -> Result:
    """``a`` left or right of ``b``."""
    different(a, b)
    return ("left" if board.shapes[a].x < board.shapes[b].x else "right"), cap(part_x(board, a, b))


def vertical(board: Board, a: int, b: int) -> Result:
    """``a`` above or below ``b``."""
    different(a, b)
    return ("above" if board.shapes[a].y < board.shapes[b].y else "below"), cap(part_y(board, a, b))


def main_direction(board: Board, a: int, b: int) -> Result:
    """Where ``a`` lies seen from ``b``: one of four 90 degree sectors."""
    different(a, b)
    dx = board.shapes[a].x - board.shapes[b].x
    dy = board.shapes[a].y - board.shapes[b].y
    angle = math.degrees(math.atan2(-dy, dx))
    sector = round(angle / 90)
    delta = abs(angle - 90 * sector)
    return AXES[sector % 4], min(1 - delta / 45, cap(max(part_x(board, a, b), part_y(board, a, b))))


def _common(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Common length of two intervals as a part of the shorter one."""
    shorter = min(one[1] - one[0], other[1] - other[0])
    return max(0, min(one[1], other[1]) - max(one[0], other[0])) / shorter


def aligned(board: Board, a: int, b: int) -> Result:
    """Whether two boxes stand side by side, one above the other, or neither."""
    different(a, b)
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = board.shapes[a].box, board.shapes[b].box
    along_x, along_y = _common((ax0, ax1), (bx0, bx1)), _common((ay0, ay1), (by0, by1))
    if along_x > 0.5 and along_y > 0.5:
        raise NoValue("the boxes lie over one another on both axes")
    value = "row" if along_y > 0.5 else "column" if along_x > 0.5 else "neither"
    return value, min(abs(2 * along_x - 1), abs(2 * along_y - 1), outside(board, a, b))


def _disjoint(board: Board, a: int, b: int) -> Result:
    if board.squared_gap(a, b) < 4:
        n = contact_pixels(board.shapes[a], board.shapes[b])
        smaller = min(board.shapes[a].area, board.shapes[b].area)
        return "touches", cap(n / (0.25 * math.sqrt(smaller)))
    return "apart", cap((board.gap(a, b) - 2) / (0.05 * board.diagonal))


def topology(board: Board, a: int, b: int) -> Result:
    """How the areas of ``a`` and ``b`` relate."""
    different(a, b)
    shared = board.shared(a, b)
    if shared == 0:
        return _disjoint(board, a, b)
    fa, fb = shared / board.shapes[a].area, shared / board.shapes[b].area
    if fa >= CONTAINED and fb >= CONTAINED:
        raise NoValue("each contains the other")
    if fa >= CONTAINED:
        return "inside", (fa - CONTAINED) / 0.05
    if fb >= CONTAINED:
        return "contains", (fb - CONTAINED) / 0.05
    most = max(fa, fb)
    return "overlaps", min(1.0, most / 0.25, (CONTAINED - most) / 0.25)


def larger(board: Board, a: int, b: int) -> Result:
    """Whether the area of ``a`` is larger."""
    different(a, b)
    one, other = board.shapes[a].area, board.shapes[b].area
    return one > other, abs(one - other) / max(one, other)


def _round_root(square: Fraction) -> int:
    """Integer nearest to the root of a rational, ties to even, decided in exact arithmetic."""
    floor = math.isqrt(square.numerator // square.denominator)
    half = (floor + Fraction(1, 2)) ** 2
    return floor + int(square > half or (square == half and floor % 2 == 1))


def gap(board: Board, a: int, b: int) -> Result:
    """Gap in percent of the picture's diagonal, one decimal."""
    different(a, b)
    if board.shared(a, b) or board.squared_gap(a, b) < 4:
        raise NoValue("the structures touch or share a pixel")
    diagonal = board.width**2 + board.height**2
    return Decimal(_round_root(Fraction(1_000_000 * board.squared_gap(a, b), diagonal))) / 10, 1.0
