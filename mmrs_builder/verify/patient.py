"""Relations of the patient's frame and lengths in mm (``docs/language.md`` section 4a): value and margin.

Patient LPS: x to the patient's left, y to the back, z to the head, in mm, in pixels where the spacing is unknown.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.double import different, outside
from mmrs_builder.verify.measure import nearest_offset
from mmrs_builder.verify.single import cap
from mmrs_builder.verify.values import NoValue, Result

L, P, S = 0, 1, 2  # components of a patient vector
VISIBLE: Final = 0.9  # of an axis, along one side of the picture
UNDECIDED: Final = 1e-6  # tenths from the middle between two decimals


def _steps(board: Board, axis: int) -> tuple[float, float]:
    """How far one pixel to the right and one pixel down lead along a patient axis."""
    if board.direction is None:
        raise NoValue("the view does not say how it lies in the patient")
    down, right = board.direction[0][axis], board.direction[1][axis]
    if max(abs(down), abs(right)) < VISIBLE:
        raise NoValue(f"the picture does not show the {'LPS'[axis]} axis")
    sy, sx = board.spacing or (1.0, 1.0)
    return sx * right, sy * down


def _place(board: Board, s: int, axis: int) -> float:
    """Component of the centroid's position."""
    across, down = _steps(board, axis)
    return board.shapes[s].x * across + board.shapes[s].y * down


def _extent(board: Board, s: int, axis: int) -> float:
    """Extent of the box."""
    across, down = _steps(board, axis)
    return board.shapes[s].width * abs(across) + board.shapes[s].height * abs(down)


def _order(board: Board, a: int, b: int, axis: int) -> tuple[bool, float]:
    """Whether ``a`` lies further along an axis than ``b``, and the margin."""
    different(a, b)
    one, other = _place(board, a, axis), _place(board, b, axis)
    mean = (_extent(board, a, axis) + _extent(board, b, axis)) / 2
    return one > other, cap(min(2 * abs(one - other) / mean - 1, outside(board, a, b)))


def lateral(board: Board, a: int, b: int) -> Result:
    """``a`` to the patient's left or right of ``b``."""
    further, margin = _order(board, a, b, L)
    return ("left" if further else "right"), margin


def anteroposterior(board: Board, a: int, b: int) -> Result:
    """``a`` in front of ``b`` or behind it."""
    further, margin = _order(board, a, b, P)
    return ("posterior" if further else "anterior"), margin


def craniocaudal(board: Board, a: int, b: int) -> Result:
    """``a`` towards the head from ``b`` or towards the feet."""
    further, margin = _order(board, a, b, S)
    return ("superior" if further else "inferior"), margin


def _label_place(board: Board, label: str) -> float:
    """Mean place of a label's whole or instances along L, weighted by area."""
    own = [
        s
        for s, (name, part) in enumerate(zip(board.labels, board.parts, strict=True))
        if name == label and part != "component"
    ]
    area = sum(board.shapes[s].area for s in own)
    return sum(board.shapes[s].area * _place(board, s, L) for s in own) / area


def _midline(board: Board) -> tuple[float, float]:
    """Place of the midline along L, and the smallest half distance of a pair."""
    places = [(_label_place(board, left), _label_place(board, right)) for left, right in board.pairs()]
    if not places:
        raise NoValue("no structure is seen on both sides of the body")
    half = min((left - right) / 2 for left, right in places)
    if half <= 1e-6:  # mm; less is what rounding leaves of nothing
        raise NoValue("a left structure does not lie to the left of the right one")
    return sum((left + right) / 2 for left, right in places) / len(places), half


def body_side(board: Board, s: int) -> Result:
    """The patient's half that holds the centroid."""
    _steps(board, L)
    middle, half = _midline(board)
    off = _place(board, s, L) - middle
    return ("left" if off > 0 else "right"), min(cap(abs(off) / half), cap(2 * abs(off) / _extent(board, s, L)))


def laterality(board: Board, a: int, b: int) -> Result:
    """Whether ``a`` and ``b`` lie in the same half of the patient."""
    different(a, b)
    (one, first), (other, second) = body_side(board, a), body_side(board, b)
    return ("ipsilateral" if one == other else "contralateral"), min(first, second)


def _length(board: Board, rows: float, columns: float) -> Result:
    """Length in mm of an offset in pixels, one decimal."""
    if board.spacing is None:
        raise NoValue("the view does not say how large its pixels are")
    tenths = 10 * math.hypot(columns * board.spacing[1], rows * board.spacing[0])
    if not math.isfinite(tenths) or abs(tenths - math.floor(tenths) - 0.5) <= UNDECIDED:
        raise NoValue(f"{tenths / 10} mm lies between two decimals")
    return Decimal(round(tenths)) / 10, 1.0


def distance_mm(board: Board, a: int, b: int) -> Result:
    """Distance of the centroids in mm, one decimal."""
    different(a, b)
    one, other = board.shapes[a], board.shapes[b]
    return _length(board, one.y - other.y, one.x - other.x)


def gap_mm(board: Board, a: int, b: int) -> Result:
    """Smallest distance of pixel centres in mm, one decimal."""
    different(a, b)
    if board.shared(a, b) or board.squared_gap(a, b) < 4:
        raise NoValue("the structures touch or share a pixel")
    if board.spacing is None:
        raise NoValue("the view does not say how large its pixels are")
    return _length(board, *nearest_offset(board.outline(a), board.outline(b), board.spacing))
