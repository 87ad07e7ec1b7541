"""Relations of one structure (``docs/language.md`` section 3): value and margin."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.measure import border_pixels, part_in_cell
from mmrs_builder.verify.values import NoValue, Result

COLUMNS: Final = ("left", "middle", "right")
ROWS: Final = ("upper", "middle", "lower")
EXTENTS: Final = ("under_5", "5_to_15", "15_to_40", "over_40")
EXTENT_BOUNDS: Final = (0.05, 0.15, 0.40)
NEAR: Final = 0.4  # of half the picture
HOUR: Final = 30  # degrees


def cap(amount: float) -> float:
    """Margins end at 1."""
    return min(1.0, amount)


def position(board: Board, s: int) -> tuple[float, float]:
    """Centroid as fractions (u, v) of the picture."""
    shape = board.shapes[s]
    return (shape.x + 0.5) / board.width, (shape.y + 0.5) / board.height


def quadrant(board: Board, s: int) -> Result:
    """Quarter of the picture that holds the centroid."""
    u, v = position(board, s)
    column, row = int(u > 0.5), int(v > 0.5)
    part = part_in_cell(board.shapes[s], column=column, columns=2, row=row, rows=2)
    name = f"{('upper', 'lower')[row]}_{('left', 'right')[column]}"
    return name, min(abs(2 * u - 1), abs(2 * v - 1), 2 * part - 1)


def side(board: Board, s: int) -> Result:
    """Left or right half of the picture."""
    u, _ = position(board, s)
    part = part_in_cell(board.shapes[s], column=int(u > 0.5), columns=2, row=0, rows=1)
    return ("right" if u > 0.5 else "left"), min(abs(2 * u - 1), 2 * part - 1)


def level(board: Board, s: int) -> Result:
    """Upper or lower half of the picture."""
    _, v = position(board, s)
    part = part_in_cell(board.shapes[s], column=0, columns=1, row=int(v > 0.5), rows=2)
    return ("lower" if v > 0.5 else "upper"), min(abs(2 * v - 1), 2 * part - 1)


def _third(t: float) -> tuple[int, float]:
    if t < 1 / 3:
        return 0, 1 - 3 * t
    if t > 2 / 3:
        return 2, 3 * t - 2
    return 1, min(6 * t - 2, 4 - 6 * t)


def zone(board: Board, s: int) -> Result:
    """Ninth of the picture that holds the centroid."""
    u, v = position(board, s)
    (column, across), (row, down) = _third(u), _third(v)
    part = part_in_cell(board.shapes[s], column=column, columns=3, row=row, rows=3)
    name = "centre" if (column, row) == (1, 1) else f"{ROWS[row]}_{COLUMNS[column]}"
    return name, min(across, down, 2 * part - 1)


def near_centre(board: Board, s: int) -> Result:
    """Whether the centroid lies within 0.4 of the half lengths from the picture's centre."""
    u, v = position(board, s)
    r = math.hypot(2 * u - 1, 2 * v - 1)
    return r < NEAR, ((NEAR - r) / NEAR if r < NEAR else (r - NEAR) / (math.sqrt(2) - NEAR))


def covers_centre(board: Board, s: int) -> Result:
    """Whether the pixels at the picture's centre lie in the mask: all (true), none (false), else undecided."""
    mask = board.shapes[s].mask
    rows = slice((board.height - 1) // 2, board.height // 2 + 1)
    columns = slice((board.width - 1) // 2, board.width // 2 + 1)
    centre = mask[rows, columns]
    inside = bool(centre.all())
    if not inside and bool(centre.any()):
        return False, 0.0
    ys, xs = np.nonzero(~mask if inside else mask)
    if ys.size == 0:
        return True, 1.0
    d = float(np.hypot(xs - (board.width - 1) / 2, ys - (board.height - 1) / 2).min())
    return inside, cap(d / (0.25 * min(board.width, board.height)))


def border(board: Board, s: int) -> Result:
    """Whether a pixel lies in the first or last row or column."""
    shape = board.shapes[s]
    n = border_pixels(shape.mask)
    if n:
        return True, cap(n / (0.5 * math.sqrt(shape.area)))
    x0, y0, x1, y1 = shape.box
    d = min(x0, y0, board.width - x1, board.height - y1)
    return False, cap(d / (0.1 * min(board.width, board.height)))


def aspect(board: Board, s: int) -> Result:
    """Box width against box height."""
    w, h = board.shapes[s].width, board.shapes[s].height
    return ("wider" if w > h else "taller"), abs(w - h) / max(w, h)


def extent(board: Board, s: int) -> Result:
    """Class of the part of the picture that is covered."""
    f = board.shapes[s].area / (board.width * board.height)
    name = EXTENTS[sum(f >= bound for bound in EXTENT_BOUNDS)]
    return name, min(cap(abs(math.log(f / bound)) / math.log(2)) for bound in EXTENT_BOUNDS)


def share(board: Board, s: int) -> Result:
    """Percent of the picture that is covered, one decimal; exact rationals decide ties to even."""
    tenths = round(Fraction(1000 * board.shapes[s].area, board.width * board.height))
    return Decimal(tenths) / 10, 1.0


def clock(board: Board, s: int) -> Result:
    """Hour of a clock face laid over the picture, for a box that does not hold the picture's centre."""
    shape, middle = board.shapes[s], ((board.width - 1) / 2, (board.height - 1) / 2)
    x0, y0, x1, y1 = shape.box
    if x0 <= middle[0] <= x1 - 1 and y0 <= middle[1] <= y1 - 1:
        raise NoValue("the box holds the picture's centre")
    p, q = shape.x - middle[0], middle[1] - shape.y
    angle = math.degrees(math.atan2(p, q))  # clockwise from straight up
    hour = round(angle / HOUR)
    delta, r = abs(angle - HOUR * hour), 2 * math.hypot(p, q) / min(board.width, board.height)
    return str(hour % 12 or 12), min(1 - delta / (HOUR / 2), cap((r - 0.25) / 0.25))
