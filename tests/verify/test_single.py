"""Relations of one structure, with values worked out on paper."""

from __future__ import annotations

import math

import pytest

from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

Box = tuple[int, int, int, int]


def derive(program: str, size: tuple[int, int], *boxes: Box) -> tuple[str, float]:
    value, margin = evaluate(program, board(size, s=[boxes]))
    return value_text(value), margin


@pytest.mark.parametrize(
    ("relation", "size", "box", "value", "margin"),
    [
        # u = 6/40, v = 5/20
        ("quadrant", (40, 20), (2, 2, 10, 8), "upper_left", 0.5),
        ("side", (40, 20), (2, 2, 10, 8), "left", 0.7),
        ("level", (40, 20), (2, 2, 10, 8), "upper", 0.5),
        # 7 wide: the midline cuts column 3, so q = 3.5/4; u = 5.5/7 gives 4/7, which is less than 2q - 1 = 3/4
        ("side", (7, 7), (3, 0, 7, 2), "right", 3 / 7),
        # u = 6/40: 1 - 0.45; v = 5/20: 1 - 0.75; of its rows 2 to 7 those above 6.67 hold 4.67 of 6
        ("zone", (40, 20), (2, 2, 10, 8), "upper_left", 0.25),
        ("zone", (9, 9), (4, 4, 5, 5), "centre", 1.0),
        # the centroid at (0, 0) to the centre's half lengths: r = hypot(0.9, 0.9)
        ("near_centre", (10, 10), (0, 0, 1, 1), "false", (math.hypot(0.9, 0.9) - 0.4) / (math.sqrt(2) - 0.4)),
        ("near_centre", (11, 11), (5, 5, 6, 6), "true", 1.0),
        # odd picture: the centre pixel; nearest outside is 2 px off, 0.25 * 11 = 2.75
        ("covers_centre", (11, 11), (4, 4, 7, 7), "true", 2 / 2.75),
        # even picture: centre at 4.5; nearest mask pixel (1, 1) is hypot(3.5, 3.5) off, beyond 0.25 * 10
        ("covers_centre", (10, 10), (0, 0, 2, 2), "false", 1.0),
        ("covers_centre", (10, 10), (2, 4, 4, 6), "false", math.hypot(1.5, 0.5) / 2.5),
        # 4 pixels in the first row, area 16: 4 / (0.5 * 4)
        ("border", (20, 20), (5, 0, 9, 4), "true", 1.0),
        # 1 pixel in the first row, area 9 by 1
        ("border", (20, 20), (5, 0, 6, 9), "true", 1 / 1.5),
        # 1 px from the left, 0.1 * 20
        ("border", (20, 20), (1, 5, 4, 9), "false", 0.5),
        ("aspect", (20, 20), (0, 0, 8, 6), "wider", 0.25),
        ("aspect", (20, 20), (0, 0, 3, 4), "taller", 0.25),
        # f = 20/400 = 0.05 would be a bound; 40/400 = 0.1 lies between 0.05 and 0.15
        ("extent", (20, 20), (0, 0, 10, 4), "5_to_15", math.log(1.5) / math.log(2)),
        ("extent", (20, 20), (0, 0, 10, 1), "under_5", 1.0),
        ("extent", (20, 20), (0, 0, 20, 10), "over_40", math.log(1.25) / math.log(2)),
        ("share", (40, 20), (2, 2, 10, 8), "6.0", 1.0),
        # 41 px wide, the centre at (20, 20): r = 2 * 15 / 41
        ("clock", (41, 41), (19, 4, 22, 7), "12", 1.0),
        ("clock", (41, 41), (34, 19, 37, 22), "3", 1.0),
        ("clock", (41, 41), (19, 34, 22, 37), "6", 1.0),
        ("clock", (41, 41), (4, 19, 7, 22), "9", 1.0),
        # 10 across and 10 up: 45 degrees are the boundary of 1 and 2; 10 and 12 lie 5.19 degrees below it
        ("clock", (41, 41), (29, 7, 32, 10), "1", 1 - (math.degrees(math.atan(10 / 12)) - 30) / 15),
        ("clock", (41, 41), (31, 9, 34, 12), "2", 1 - (60 - math.degrees(math.atan(12 / 10))) / 15),
        # 12 to the left and 10 up
        ("clock", (41, 41), (7, 9, 10, 12), "10", 1 - (60 - math.degrees(math.atan(12 / 10))) / 15),
        # just left of straight down, just left of straight up
        ("clock", (41, 41), (17, 33, 20, 36), "6", 1 - math.degrees(math.atan(2 / 14)) / 15),
        ("clock", (41, 41), (17, 4, 20, 7), "12", 1 - math.degrees(math.atan(2 / 15)) / 15),
        # 7 px to the right: r = 14/41, (r - 0.25) / 0.25
        ("clock", (41, 41), (26, 19, 29, 22), "3", (14 / 41 - 0.25) / 0.25),
        # the shorter side counts: 9.5 of 20 rows, r = 0.95
        ("clock", (40, 20), (28, 9, 30, 11), "3", 1.0),
        # the column beside the centre (9.5, 9.5) of an even picture: the box ends before it, r = 2 * 5.5 / 20
        ("clock", (20, 20), (0, 4, 9, 16), "9", 1.0),
        # 9/2000 = 0.45 %: a tie, to the even 0.4 (in floating point it would be 0.5)
        ("share", (50, 40), (0, 0, 9, 1), "0.4", 1.0),
        # 7/2000 = 0.35 %: a tie, to the even 0.4
        ("share", (50, 40), (0, 0, 7, 1), "0.4", 1.0),
    ],
)  # fmt: skip
def test_value_and_margin(relation: str, size: tuple[int, int], box: Box, value: str, margin: float) -> None:
    assert derive(f'{relation}(the("s"))', size, box) == (value, pytest.approx(margin, abs=1e-12))


@pytest.mark.parametrize(
    ("relation", "size", "box"),
    [
        ("quadrant", (10, 10), (4, 1, 6, 3)),  # centroid on the midline
        ("side", (5, 5), (1, 1, 4, 3)),  # the midline cuts column 2
        ("zone", (9, 9), (2, 4, 4, 5)),  # half the area in the next ninth
        ("covers_centre", (10, 10), (5, 5, 8, 8)),  # one of the four centre pixels
        ("aspect", (10, 10), (1, 1, 4, 4)),
        ("extent", (20, 20), (0, 0, 10, 2)),  # exactly 5 %
        ("clock", (40, 40), (0, 0, 21, 21)),  # the box ends half a pixel beyond the centre
        ("clock", (41, 41), (0, 0, 21, 21)),  # the box ends on it
        ("clock", (41, 41), (20, 20, 41, 41)),  # the box begins on it
        ("clock", (80, 80), (49, 39, 50, 41)),  # 10 px away: r = 2 * 10 / 80 = 0.25 at most
    ],
)
def test_a_boundary_has_no_value(relation: str, size: tuple[int, int], box: Box) -> None:
    with pytest.raises(NoValue):
        derive(f'{relation}(the("s"))', size, box)


def test_most_of_the_area_must_lie_where_the_centroid_lies() -> None:
    # 12 px left of the midline and 14 far to the right: centroid right, 2 * 14/26 - 1 decides
    value, margin = derive('side(the("s"))', (100, 10), (44, 0, 50, 2), (90, 0, 97, 2))
    assert (value, margin) == ("right", pytest.approx(1 / 13))


def test_a_mask_that_fills_the_picture_covers_the_centre_beyond_doubt() -> None:
    assert derive('covers_centre(the("s"))', (6, 6), (0, 0, 6, 6)) == ("true", 1.0)
