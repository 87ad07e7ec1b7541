"""What lies between two others, with angles worked out on paper."""

from __future__ import annotations

import math

import pytest

from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

Box = tuple[int, int, int, int]
SIZE = (60, 60)
LEFT, RIGHT = (10, 30, 12, 32), (40, 30, 42, 32)  # centroids (10.5, 30.5) and (40.5, 30.5)


def derive(a: Box, b: Box, c: Box) -> tuple[str, float]:
    value, margin = evaluate('between(the("a"), the("b"), the("c"))', board(SIZE, a=[[a]], b=[[b]], c=[[c]]))
    return value_text(value), margin


def at(x: int, y: int) -> Box:
    """A box with its centroid half a pixel to the lower right."""
    return x, y, x + 2, y + 2


@pytest.mark.parametrize(
    ("a", "value", "margin"),
    [
        (at(20, 30), "true", 1.0),  # on the line: 180 degrees
        # 10 across and 5 up to one, 20 and 5 to the other: 180 - 26.57 - 14.04 degrees
        (at(20, 25), "true", (45 - math.degrees(math.atan(5 / 10)) - math.degrees(math.atan(5 / 20))) / 45),
        (at(4, 30), "false", 1.0),  # beyond one of them: 0 degrees
        # 15 across and 20 up to both: twice 36.87 degrees
        (at(25, 10), "false", (90 - 2 * math.degrees(math.atan(15 / 20))) / 90),
    ],
)
def test_the_angle_at_the_middle_decides(a: Box, value: str, margin: float) -> None:
    assert derive(a, LEFT, RIGHT) == (value, pytest.approx(margin, abs=1e-12))
    assert derive(a, RIGHT, LEFT) == (value, pytest.approx(margin, abs=1e-12))


@pytest.mark.parametrize(
    "a",
    [
        at(25, 15),  # 15 across and 15 up to both: a right angle
        at(25, 20),  # 15 across, 10 up: 112.6 degrees
        (39, 29, 43, 33),  # its centroid is that of the right one
        at(10, 30),  # the left one itself
    ],
)
def test_an_angle_neither_wide_nor_narrow_has_no_value(a: Box) -> None:
    with pytest.raises(NoValue):
        derive(a, LEFT, RIGHT)


def test_an_angle_of_135_degrees_is_the_boundary() -> None:
    # one straight to the left, one as far up as it is to the right
    with pytest.raises(NoValue):
        derive(at(20, 30), LEFT, at(40, 10))
    value, margin = derive(at(20, 30), LEFT, at(40, 12))
    assert (value, margin) == ("true", pytest.approx((45 - math.degrees(math.atan(18 / 20))) / 45))


def test_structures_that_lie_in_one_another_are_not_clearly_between() -> None:
    # 4 of the 20 px of b lie in a
    assert derive((16, 30, 24, 34), (8, 31, 18, 33), at(40, 31)) == ("true", pytest.approx(0.6))
    # 4 of 8
    with pytest.raises(NoValue):
        derive((16, 30, 24, 34), (14, 31, 18, 33), at(40, 31))


def test_each_of_the_three_is_another_structure() -> None:
    on = board(SIZE, a=[[at(20, 30)]], b=[[LEFT]])
    for program in ('between(the("a"), the("b"), the("b"))', 'between(the("a"), the("a"), the("b"))'):
        with pytest.raises(NoValue):
            evaluate(program, on)
