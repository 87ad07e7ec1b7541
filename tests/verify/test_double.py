"""Relations of two structures, with values worked out on paper."""

from __future__ import annotations

import math

import pytest

from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

Box = tuple[int, int, int, int]
WIDE = (30, 40)  # diagonal 50


def derive(relation: str, a: Box, b: Box, size: tuple[int, int] = WIDE) -> tuple[str, float]:
    value, margin = evaluate(f'{relation}(the("a"), the("b"))', board(size, a=[[a]], b=[[b]]))
    return value_text(value), margin


@pytest.mark.parametrize(
    ("a", "value"),
    [
        ((26, 20, 28, 22), "right"),
        ((26, 8, 28, 10), "upper_right"),
        ((14, 8, 16, 10), "above"),
        ((2, 8, 4, 10), "upper_left"),
        ((2, 20, 4, 22), "left"),
        ((2, 32, 4, 34), "lower_left"),
        ((14, 32, 16, 34), "below"),
        ((26, 32, 28, 34), "lower_right"),
    ],
)
def test_direction_names_the_sector_of_a_seen_from_b(a: Box, value: str) -> None:
    assert derive("direction", a, (14, 20, 16, 22)) == (value, pytest.approx(1.0))


def test_direction_loses_margin_towards_the_edge_of_its_sector() -> None:
    # dx = 12, dy = -3: 14.036 degrees off the axis
    off = math.degrees(math.atan2(3, 12))
    assert derive("direction", (26, 17, 28, 19), (14, 20, 16, 22)) == ("right", pytest.approx(1 - off / 22.5))


@pytest.mark.parametrize(
    ("relation", "a", "b", "value", "margin"),
    [
        # dx = 3, mean width 4: 2 * 3 / 4 - 1
        ("horizontal", (5, 5, 9, 9), (8, 5, 12, 9), "left", 0.5),
        ("horizontal", (8, 5, 12, 9), (5, 5, 9, 9), "right", 0.5),
        # dy = 4, mean height 5: 2 * 4 / 5 - 1 = 0.6, but a quarter of the smaller one is shared: 1 - 2 / 4
        ("vertical", (5, 5, 9, 9), (5, 8, 9, 14), "above", 0.5),
        ("vertical", (5, 8, 9, 14), (5, 5, 9, 9), "below", 0.5),
        ("main_direction", (2, 20, 4, 22), (14, 20, 16, 22), "left", 1.0),
        ("main_direction", (26, 20, 28, 22), (14, 20, 16, 22), "right", 1.0),
        # 6 across and 12 up: 26.57 degrees off the axis
        ("main_direction", (8, 8, 10, 10), (14, 20, 16, 22), "above", 1 - math.degrees(math.atan(6 / 12)) / 45),
        ("main_direction", (20, 32, 22, 34), (14, 20, 16, 22), "below", 1 - math.degrees(math.atan(6 / 12)) / 45),
        # 3 px of a mean width of 4, level: 2 * 3 / 4 - 1
        ("main_direction", (5, 5, 9, 9), (8, 5, 12, 9), "left", 0.5),
        # three of four rows are common: 2 * 3 / 4 - 1
        ("aligned", (2, 4, 6, 8), (20, 5, 24, 9), "row", 0.5),
        ("aligned", (4, 2, 8, 6), (5, 20, 9, 24), "column", 0.5),
        # one of four rows is common, no column
        ("aligned", (2, 4, 6, 8), (20, 7, 24, 11), "neither", 0.5),
        # all rows of the smaller one; one of its four columns
        ("aligned", (2, 2, 10, 20), (9, 8, 13, 12), "row", 0.5),
        # all rows of the smaller one; its three columns begin where the other's end
        ("aligned", (2, 2, 10, 20), (10, 8, 13, 12), "row", 1.0),
        ("larger", (0, 0, 4, 4), (10, 10, 13, 14), "true", 0.25),
        ("larger", (10, 10, 13, 14), (0, 0, 4, 4), "false", 0.25),
        # 8 px apart, less 2, of 0.05 * 50
        ("topology", (0, 0, 3, 3), (10, 0, 13, 3), "apart", 1.0),
        # 4 px apart: (4 - 2) / 2.5
        ("topology", (0, 0, 3, 3), (6, 0, 9, 3), "apart", 0.8),
        # side by side along 4 px, smaller area 16: 4 / (0.25 * 4)
        ("topology", (0, 0, 4, 4), (4, 0, 9, 4), "touches", 1.0),
        # corner to corner: one pixel of the smaller structure (64 px): 1 / (0.25 * 8)
        ("topology", (0, 0, 8, 8), (8, 8, 18, 18), "touches", 0.5),
        ("topology", (4, 4, 6, 6), (0, 0, 10, 10), "inside", 1.0),
        ("topology", (0, 0, 10, 10), (4, 4, 6, 6), "contains", 1.0),
        # 10 of 100 px shared: 0.1 / 0.25
        ("topology", (0, 0, 10, 10), (9, 0, 19, 10), "overlaps", 0.4),
        # 80 of 100: (0.95 - 0.8) / 0.25
        ("topology", (0, 0, 10, 10), (2, 0, 12, 10), "overlaps", 0.6),
        # pixel centres 6 px apart of 50
        ("gap", (0, 0, 3, 3), (8, 0, 11, 3), "12.0", 1.0),
        # 3-4-5: columns 2 and 5, rows 2 and 6
        ("gap", (0, 0, 3, 3), (5, 6, 9, 9), "10.0", 1.0),
    ],
)
def test_value_and_margin(relation: str, a: Box, b: Box, value: str, margin: float) -> None:
    assert derive(relation, a, b) == (value, pytest.approx(margin, abs=1e-12))


@pytest.mark.parametrize(
    ("relation", "a", "b"),
    [
        ("direction", (5, 5, 9, 9), (5, 5, 9, 9)),
        ("direction", (5, 5, 9, 9), (6, 6, 10, 10)),  # boxes overlap by more than half on both axes
        ("horizontal", (5, 5, 9, 9), (7, 5, 11, 9)),  # overlap by exactly half
        ("vertical", (5, 5, 9, 9), (15, 5, 19, 9)),
        ("main_direction", (5, 5, 9, 9), (5, 5, 9, 9)),
        ("main_direction", (20, 10, 22, 12), (10, 20, 12, 22)),  # 45 degrees
        ("main_direction", (5, 5, 9, 9), (7, 5, 11, 9)),  # overlap by exactly half
        ("aligned", (2, 4, 6, 8), (20, 6, 24, 10)),  # exactly half of the rows
        ("aligned", (4, 2, 8, 6), (6, 20, 10, 24)),  # exactly half of the columns
        ("aligned", (4, 4, 8, 8), (5, 5, 9, 9)),  # most of both
        ("larger", (0, 0, 4, 4), (10, 10, 14, 14)),
        ("topology", (0, 0, 4, 4), (0, 0, 4, 4)),
        ("topology", (0, 0, 4, 4), (5, 0, 9, 4)),  # gap exactly 2
        ("gap", (0, 0, 4, 4), (3, 0, 9, 4)),
        ("gap", (0, 0, 4, 4), (4, 0, 9, 4)),  # they touch
    ],
)
def test_what_is_not_decided_has_no_value(relation: str, a: Box, b: Box) -> None:
    with pytest.raises(NoValue):
        derive(relation, a, b)


def test_boxes_side_by_side_say_nothing_of_structures_that_share_their_pixels() -> None:
    # boxes with all three rows and one of seven columns in common; of 13 px the smaller one shares 3
    a, b = [(0, 0, 6, 1), (6, 0, 7, 3)], [(6, 0, 7, 3), (7, 0, 12, 1), (7, 2, 12, 3)]
    value, margin = evaluate('aligned(the("a"), the("b"))', board(WIDE, a=[a], b=[b]))
    assert (value, margin) == ("row", pytest.approx(1 - 2 * 3 / 9))


def test_a_structure_has_no_relation_to_itself() -> None:
    with pytest.raises(NoValue):
        evaluate('larger(the("a"), the("a"))', board(WIDE, a=[[(0, 0, 4, 4)]]))


def test_a_gap_halfway_between_two_decimals_rounds_to_even() -> None:
    # the diagonal of 1200 x 1600 is 2000; 3 px and 5 px are 0.15 % and 0.25 %
    far = (1200, 1600)
    assert derive("gap", (0, 0, 2, 2), (4, 0, 6, 2), far)[0] == "0.2"
    assert derive("gap", (0, 0, 2, 2), (6, 0, 8, 2), far)[0] == "0.2"
