"""Values and margins worked out on paper, inside the cases and on their boundaries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmrs_builder.types import Box
from tests.scenes import ask, board, rectangles

WIDE = (40, 30)  # diagonal 50
OFF_HOUR = 1 - (30 - math.degrees(math.atan(1 / 2))) / 15


def one(relation: str, *boxes: Box, size: tuple[int, int] = WIDE) -> tuple[str, float] | None:
    return ask(f'{relation}(the("clip"))', board(clip=[rectangles(size, *boxes)]))


def two(relation: str, a: Box, b: Box, size: tuple[int, int] = WIDE) -> tuple[str, float] | None:
    masks = {"liver": rectangles(size, a), "polyp": rectangles(size, b)}
    return ask(f'{relation}(the("liver"), the("polyp"))', board(**masks))


def three(relation: str, a: Box, b: Box, c: Box) -> tuple[str, float] | None:
    masks = {name: rectangles(WIDE, box) for name, box in zip(("liver", "polyp", "spleen"), (a, b, c), strict=True)}
    return ask(f'{relation}(the("liver"), the("polyp"), the("spleen"))', board(**masks))


def near(value: str, margin: float) -> tuple[str, object]:
    return value, pytest.approx(margin, abs=1e-12)


@pytest.mark.parametrize(
    ("relation", "box", "value", "margin"),
    [
        # u = 10/40, v = 6/30; all of the area on that side
        ("quadrant", (8, 4, 12, 8), "upper_left", 0.5),
        ("quadrant", (28, 4, 32, 8), "upper_right", 0.5),
        ("quadrant", (8, 22, 12, 26), "lower_left", 0.5),
        ("quadrant", (28, 22, 32, 26), "lower_right", 0.5),
        # one column over the midline: u = 20.5/40
        ("side", (20, 4, 21, 8), "right", 0.025),
        ("side", (8, 4, 12, 8), "left", 0.5),
        # u = 15/40 would allow 0.25, but only 15 of 20 columns lie on the left: 2 * 0.75 - 1 allows 0.5
        ("side", (5, 4, 25, 8), "left", 0.25),
        # v is 6/30 in one and 25.5/30 in the other
        ("level", (8, 4, 12, 8), "upper", 0.6),
        ("level", (8, 24, 12, 27), "lower", 0.7),
        # u = v = 1/10: 1 - 3/10
        ("zone", (3, 2, 5, 4), "upper_left", 0.7),
        # u = 1/2, v = 1/2: the middle of the middle
        ("zone", (19, 14, 21, 16), "centre", 1.0),
        # u = 16/40: 6 * 0.4 - 2; v = 1/2
        ("zone", (15, 14, 17, 16), "centre", 0.4),
        # u = 24/40: 4 - 6 * 0.6
        ("zone", (23, 14, 25, 16), "centre", 0.4),
        # u = 1/2; v = 9/10: 3 * 0.9 - 2
        ("zone", (19, 26, 21, 28), "lower_middle", 0.7),
        # u = 38/40, v = 1/2
        ("zone", (37, 14, 39, 16), "middle_right", 0.85),
        # r = 0.2, from u = 24/40
        ("near_centre", (23, 14, 25, 16), "true", 0.5),
        ("near_centre", (19, 14, 21, 16), "true", 1.0),
        # r = 0.8, from v = 3/30
        ("near_centre", (19, 2, 21, 4), "false", 0.4 / (math.sqrt(2) - 0.4)),
        # the nearest pixel outside is 5.5 px up and 0.5 px aside of the centre; 0.25 * 30
        ("covers_centre", (10, 10, 30, 20), "true", math.hypot(5.5, 0.5) / 7.5),
        # the nearest pixel inside is 4.5 px to the right and 0.5 px up or down
        ("covers_centre", (24, 10, 30, 20), "false", math.hypot(4.5, 0.5) / 7.5),
        ("covers_centre", (0, 0, 2, 2), "false", 1.0),
        # 4 of 16 px on the border: 4 / (0.5 * 4), capped
        ("border", (0, 5, 4, 9), "true", 1.0),
        # 1 of 16 px: 1 / (0.5 * 4)
        ("border", (5, 29, 6, 30), "true", 1.0),
        # 1 px away of 0.1 * 30
        ("border", (35, 10, 39, 14), "false", 1 / 3),
        ("border", (10, 3, 20, 10), "false", 1.0),
        ("aspect", (0, 0, 8, 4), "wider", 0.5),
        ("aspect", (0, 0, 3, 4), "taller", 0.25),
        ("aspect", (0, 0, 1, 10), "taller", 0.9),
        # 30 of 1200 px is one octave below 5 %
        ("extent", (0, 0, 6, 5), "under_5", 1.0),
        # 45 px: log2(0.05 / 0.0375)
        ("extent", (0, 0, 9, 5), "under_5", math.log2(4 / 3)),
        # 57 and 63 px, on both sides of 5 %
        ("extent", (0, 0, 19, 3), "under_5", math.log2(1 / 0.95)),
        ("extent", (0, 0, 21, 3), "5_to_15", math.log2(1.05)),
        # 75 px: log2(0.0625 / 0.05)
        ("extent", (0, 0, 15, 5), "5_to_15", math.log2(1.25)),
        # 300 px: log2(0.40 / 0.25) is less than log2(0.25 / 0.15)
        ("extent", (0, 0, 20, 15), "15_to_40", math.log2(1.6)),
        ("extent", (0, 0, 40, 30), "over_40", 1.0),
        # straight up, to the right, down and to the left of the middle at (19.5, 14.5)
        ("clock", (19, 2, 21, 4), "12", 1.0),
        ("clock", (31, 14, 33, 16), "3", 1.0),
        ("clock", (19, 25, 21, 27), "6", 1.0),
        ("clock", (6, 14, 8, 16), "9", 1.0),
        # 6 px aside and 12 px up or down: atan(1/2) against 30 degrees
        ("clock", (25, 2, 27, 4), "1", OFF_HOUR),
        ("clock", (13, 2, 15, 4), "11", OFF_HOUR),
        ("clock", (25, 26, 27, 28), "5", OFF_HOUR),
        ("clock", (13, 26, 15, 28), "7", OFF_HOUR),
        # 12 px aside and 6 px up or down
        ("clock", (31, 8, 33, 10), "2", OFF_HOUR),
        ("clock", (31, 20, 33, 22), "4", OFF_HOUR),
        ("clock", (7, 20, 9, 22), "8", OFF_HOUR),
        ("clock", (7, 8, 9, 10), "10", OFF_HOUR),
        # ends in the row above the middle: 4 px aside and 6.5 px up
        ("clock", (18, 2, 30, 15), "1", 1 - (math.degrees(math.atan2(4, 6.5)) - 30) / 15),
        # 6 px of 15 to the right: (0.4 - 0.25) / 0.25
        ("clock", (25, 14, 27, 16), "3", 0.6),
        # ends in the column left of the middle, or begins right of it: 5 px aside and 6 px down, against 30 degrees
        ("clock", (10, 14, 20, 28), "7", 1 - (60 - math.degrees(math.atan2(6, 5))) / 15),
        ("clock", (20, 14, 30, 28), "5", 1 - (60 - math.degrees(math.atan2(6, 5))) / 15),
        ("share", (0, 0, 12, 10), "10.0", 1.0),
        ("share", (0, 0, 1, 1), "0.1", 1.0),
    ],
)
def test_one_structure(relation: str, box: Box, value: str, margin: float):
    assert one(relation, box) == near(value, margin)


def test_a_quadrant_must_hold_most_of_the_area_and_not_only_the_centroid():
    # 6 columns of 20 left of the midline; the centroid lies at u = 24/40, which alone would give 0.2
    assert one("quadrant", (14, 2, 34, 4)) == near("upper_right", 0.2)
    # 11 of 20 columns lie on the right, the centroid of all at 21.1/40
    assert one("side", (10, 2, 19, 4), (21, 2, 32, 4)) == near(
        "right", min(2 * (14.5 * 9 + 26.5 * 11) / 20 / 40 - 1, 0.1)
    )


@pytest.mark.parametrize(
    ("relation", "box", "size"),
    [
        ("side", (18, 3, 22, 5), WIDE),  # centroid on the midline
        ("side", (2, 0, 3, 2), (5, 4)),  # the column in the middle of an odd width
        ("quadrant", (18, 3, 22, 5), WIDE),
        ("quadrant", (3, 13, 5, 17), WIDE),
        ("level", (3, 13, 5, 17), WIDE),
        ("zone", (9, 14, 11, 16), (30, 30)),  # u = 1/3
        ("zone", (14, 19, 16, 21), (30, 30)),  # v = 2/3
        ("zone", (0, 0, 30, 30), (60, 60)),  # 4/9 of the area in the zone of the centroid
        ("covers_centre", (20, 10, 30, 20), WIDE),  # two of the four pixels at the centre
        ("clock", (29, 4, 31, 6), WIDE),  # half past one: 45 degrees
        ("clock", (23, 15, 25, 17), (40, 32)),  # 4 px of 16 from the middle: a quarter
        ("clock", (19, 14, 40, 30), WIDE),  # the box holds the middle, (19.5, 14.5)
        ("clock", (0, 0, 21, 16), WIDE),
        ("clock", (20, 15, 41, 31), (41, 31)),  # the middle is a pixel, (20, 15)
        ("aspect", (3, 3, 9, 9), WIDE),
        ("extent", (0, 0, 12, 5), WIDE),  # exactly 5 %
        ("extent", (0, 0, 18, 10), WIDE),  # exactly 15 %
        ("extent", (0, 0, 40, 12), WIDE),  # exactly 40 %
    ],
)
def test_a_structure_on_a_boundary_has_no_value(relation: str, box: Box, size: tuple[int, int]):
    assert one(relation, box, size=size) is None


def test_a_mask_that_fills_the_picture_covers_its_centre_without_doubt():
    assert one("covers_centre", (0, 0, 40, 30)) == ("true", 1.0)


def test_the_pixel_in_the_middle_of_an_odd_picture_decides_alone():
    assert one("covers_centre", (3, 3, 4, 4), size=(7, 7)) == near("true", 1 / 1.75)


def test_a_corner_on_the_border_is_less_certain_than_an_edge():
    # a triangle whose one corner pixel lies in the first row; 25 px: 1 / (0.5 * 5)
    mask = rectangles(WIDE, *((10 - y, y, 11 + y, y + 1) for y in range(5)))
    assert ask('border(the("clip"))', board(clip=[mask])) == near("true", 0.4)


@pytest.mark.parametrize(
    ("a", "value"),
    [
        ((36, 14, 38, 16), "right"),
        ((34, 0, 36, 2), "upper_right"),
        ((20, 0, 22, 2), "above"),
        ((6, 0, 8, 2), "upper_left"),
        ((4, 14, 6, 16), "left"),
        ((6, 28, 8, 30), "lower_left"),
        ((20, 28, 22, 30), "below"),
        ((34, 28, 36, 30), "lower_right"),
    ],
)
def test_direction_says_where_the_first_lies_seen_from_the_second(a: Box, value: str):
    assert two("direction", a, (20, 14, 22, 16)) == near(value, 1.0)


def test_direction_is_less_certain_towards_the_edge_of_a_sector():
    # dx = 12, dy = -4
    assert two("direction", (32, 10, 34, 12), (20, 14, 22, 16)) == near(
        "right", 1 - math.degrees(math.atan2(4, 12)) / 22.5
    )


def test_direction_is_less_certain_where_boxes_overlap_on_both_axes():
    # dx = 3, mean width 4: 2 * 3 / 4 - 1
    assert two("direction", (13, 10, 17, 14), (10, 10, 14, 14)) == near("right", 0.5)


@pytest.mark.parametrize(
    ("a", "value", "margin"),
    [
        ((36, 14, 38, 16), "right", 1.0),
        ((20, 0, 22, 2), "above", 1.0),
        ((4, 14, 6, 16), "left", 1.0),
        ((20, 28, 22, 30), "below", 1.0),
        # 12 px aside and 4 px up; 4 px aside and 12 px down
        ((32, 10, 34, 12), "right", 1 - math.degrees(math.atan2(4, 12)) / 45),
        ((8, 10, 10, 12), "left", 1 - math.degrees(math.atan2(4, 12)) / 45),
        ((16, 26, 18, 28), "below", 1 - math.degrees(math.atan2(4, 12)) / 45),
        ((24, 2, 26, 4), "above", 1 - math.degrees(math.atan2(4, 12)) / 45),
    ],
)
def test_the_main_direction_is_the_axis_nearest_to_the_way_from_the_second(a: Box, value: str, margin: float):
    assert two("main_direction", a, (20, 14, 22, 16)) == near(value, margin)


@pytest.mark.parametrize(
    ("b", "c", "value", "margin"),
    [
        # the first lies at (19.5, 14.5); the others 10 px to the left and to the right
        ((9, 14, 11, 16), (29, 14, 31, 16), "true", 1.0),
        # 10 px to the right and 5 px up
        ((9, 14, 11, 16), (29, 9, 31, 11), "true", (45 - math.degrees(math.atan(1 / 2))) / 45),
        # 10 px to the left and up: 45 degrees
        ((9, 14, 11, 16), (9, 4, 11, 6), "false", 0.5),
        # both to the left, one behind the other
        ((12, 14, 14, 16), (2, 14, 4, 16), "false", 1.0),
        # 2 of 8 px of the third lie in the second
        ((4, 14, 12, 16), (11, 14, 15, 16), "false", 0.5),
    ],
)
def test_between(b: Box, c: Box, value: str, margin: float):
    assert three("between", (19, 14, 21, 16), b, c) == near(value, margin)


def test_what_overlaps_one_of_two_lies_less_certainly_between_them():
    # 2 of the 8 px of the first lie in the second
    assert three("between", (18, 14, 22, 16), (8, 14, 19, 16), (29, 14, 31, 16)) == near("true", 0.5)


def test_what_lies_in_the_middle_of_a_ring_lies_not_between_it_and_another():
    ring = rectangles(WIDE, (15, 10, 25, 20)) & ~rectangles(WIDE, (17, 12, 23, 18))
    dot, other = rectangles(WIDE, (19, 14, 21, 16)), rectangles(WIDE, (32, 14, 34, 16))
    assert ask('between(the("clip"), the("liver"), the("spleen"))', board(clip=[dot], liver=ring, spleen=other)) is None


@pytest.mark.parametrize(
    ("b", "c"),
    [
        ((9, 14, 11, 16), (19, 4, 21, 6)),  # a right angle
        ((9, 14, 11, 16), (29, 4, 31, 6)),  # 135 degrees
        ((9, 14, 11, 16), (23, 4, 25, 6)),  # 112 degrees
        ((17, 12, 23, 18), (29, 14, 31, 16)),  # around the first, with the same centroid
        ((9, 14, 20, 16), (29, 14, 31, 16)),  # half of the first lies in the second
        ((4, 14, 12, 16), (10, 14, 14, 16)),  # half of the third lies in the second
    ],
)
def test_on_the_boundaries_of_between_there_is_no_value(b: Box, c: Box):
    assert three("between", (19, 14, 21, 16), b, c) is None


@pytest.mark.parametrize(
    ("relation", "a", "b", "value", "margin"),
    [
        # dx = 6, mean width 8
        ("horizontal", (4, 2, 12, 4), (10, 20, 18, 22), "left", 0.5),
        ("horizontal", (10, 20, 18, 22), (4, 2, 12, 4), "right", 0.5),
        ("horizontal", (0, 0, 2, 2), (30, 0, 32, 2), "left", 1.0),
        # dy = 4, heights 4 and 6
        ("vertical", (2, 2, 4, 6), (20, 5, 22, 11), "above", 0.6),
        ("vertical", (20, 5, 22, 11), (2, 2, 4, 6), "below", 0.6),
        # 3 of 4 rows in common, and no column
        ("aligned", (0, 10, 4, 14), (10, 11, 14, 15), "row", 0.5),
        ("aligned", (10, 0, 14, 4), (11, 10, 15, 14), "column", 0.5),
        ("aligned", (0, 0, 4, 4), (10, 10, 14, 14), "neither", 1.0),
        # a small one beside a tall one: all of its 2 rows
        ("aligned", (0, 10, 4, 12), (10, 0, 14, 30), "row", 1.0),
        # 1 of 4 columns and 1 of 4 rows; the corner that they share is 1 of 16 px
        ("aligned", (0, 0, 4, 4), (3, 3, 7, 7), "neither", 0.5),
        # 1 of 4 columns, and 4 of 16 px
        ("aligned", (0, 10, 8, 14), (7, 10, 11, 14), "row", 0.5),
        ("larger", (0, 0, 5, 4), (10, 0, 15, 3), "true", 0.25),
        ("larger", (10, 0, 15, 3), (0, 0, 5, 4), "false", 0.25),
        # pixel centres 3 px apart: (3 - 2) / 2.5
        ("topology", (0, 0, 4, 4), (6, 0, 10, 4), "apart", 0.4),
        ("topology", (0, 0, 4, 4), (20, 0, 24, 4), "apart", 1.0),
        # between the pixels (3, 3) and (5, 4)
        ("topology", (0, 0, 4, 4), (5, 4, 8, 8), "apart", (math.sqrt(5) - 2) / 2.5),
        # 2 px of the smaller, of 8 px: 2 / (0.25 * sqrt(8)) is more than 1
        ("topology", (0, 0, 4, 10), (4, 2, 8, 4), "touches", 1.0),
        # corner to corner, 64 px
        ("topology", (0, 0, 8, 8), (8, 8, 20, 20), "touches", 0.5),
        ("topology", (2, 2, 4, 4), (0, 0, 10, 10), "inside", 1.0),
        ("topology", (0, 0, 10, 10), (2, 2, 4, 4), "contains", 1.0),
        # 39 of 40 px: (0.975 - 0.95) / 0.05
        ("topology", (0, 0, 40, 1), (1, 0, 40, 30), "inside", 0.5),
        # 5 of 50 px: 0.1 / 0.25
        ("topology", (0, 0, 5, 10), (0, 9, 20, 19), "overlaps", 0.4),
        # 18 of 20 px: (0.95 - 0.9) / 0.25
        ("topology", (0, 0, 20, 1), (2, 0, 30, 20), "overlaps", 0.2),
        # half in: neither bound is near
        ("topology", (0, 0, 10, 10), (0, 5, 20, 20), "overlaps", 1.0),
        # 3-4-5: pixels (3, 3) and (6, 7)
        ("gap", (0, 0, 4, 4), (6, 7, 9, 9), "10.0", 1.0),
        ("gap", (0, 0, 4, 4), (5, 0, 9, 9), "4.0", 1.0),
    ],
)
def test_two_structures(relation: str, a: Box, b: Box, value: str, margin: float):
    assert two(relation, a, b) == near(value, margin)


@pytest.mark.parametrize(
    ("relation", "a", "b", "size"),
    [
        ("direction", (4, 4, 8, 8), (4, 4, 8, 8), WIDE),  # equal centroids
        ("direction", (4, 4, 8, 8), (6, 6, 10, 10), WIDE),  # boxes overlap by half on both axes
        ("main_direction", (34, 0, 36, 2), (20, 14, 22, 16), WIDE),  # 45 degrees
        ("main_direction", (4, 4, 8, 8), (6, 6, 10, 10), WIDE),  # boxes overlap by half on both axes
        ("aligned", (0, 10, 4, 14), (10, 12, 14, 16), WIDE),  # half of the rows in common
        ("aligned", (10, 0, 14, 4), (12, 10, 16, 14), WIDE),  # half of the columns
        ("aligned", (0, 0, 4, 4), (1, 1, 5, 5), WIDE),  # more than half of both
        ("horizontal", (4, 4, 8, 8), (4, 20, 8, 24), WIDE),
        ("horizontal", (4, 4, 8, 8), (6, 4, 10, 8), WIDE),  # boxes overlap by half
        ("vertical", (4, 4, 8, 8), (20, 4, 24, 8), WIDE),
        ("larger", (0, 0, 6, 2), (10, 10, 13, 14), WIDE),
        ("topology", (4, 4, 8, 8), (4, 4, 8, 8), WIDE),  # the same pixels
        ("topology", (0, 0, 20, 1), (1, 0, 20, 1), WIDE),  # each at least 95 % in the other
        ("topology", (0, 0, 20, 1), (1, 0, 30, 20), WIDE),  # exactly 95 %
        ("topology", (0, 0, 4, 4), (5, 0, 9, 4), WIDE),  # gap exactly 2
        ("gap", (0, 0, 4, 4), (3, 3, 9, 9), WIDE),
        ("gap", (0, 0, 4, 4), (4, 0, 9, 9), WIDE),  # they touch
    ],
)
def test_two_structures_on_a_boundary_have_no_value(relation: str, a: Box, b: Box, size: tuple[int, int]):
    assert two(relation, a, b, size) is None


def test_masks_are_compared_by_shape_and_not_by_box():
    ring = np.ones((30, 40), dtype=np.bool_)
    ring[4:26, 4:36] = False
    on = board(liver=ring, polyp=rectangles(WIDE, (18, 13, 22, 17)))
    found = ask('topology(the("polyp"), the("liver"))', on)
    assert found == near("apart", 1.0)


def test_what_lies_mostly_in_another_forms_no_row_with_it():
    # with a tail to the left of its 8 px
    liver = rectangles(WIDE, (6, 10, 8, 14), (0, 10, 6, 11))
    beside, around = rectangles(WIDE, (8, 10, 26, 14)), rectangles(WIDE, (6, 10, 26, 14))
    assert ask('aligned(the("liver"), the("spleen"))', board(liver=liver, spleen=beside)) == near("row", 1.0)
    # the boxes have 2 of 8 columns in common, but 8 of 14 px lie in the other
    assert ask('aligned(the("liver"), the("spleen"))', board(liver=liver, spleen=around)) is None


def test_contact_of_equal_areas_does_not_depend_on_who_is_named_first() -> None:
    """A corner that pokes into the other's side: 1 pixel faces it on one side and more on the other."""
    liver, polyp = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    liver[0:8, 0:8] = liver[4, 8] = polyp[0:13, 9:14] = True
    scene = board(liver=liver, polyp=polyp)
    one, other = ask('topology(the("polyp"), the("liver"))', scene), ask('topology(the("liver"), the("polyp"))', scene)
    assert one == other
    assert one is not None
    assert one[0] == "touches"


@pytest.mark.parametrize(
    "program",
    [
        'horizontal(the("polyp"), the("liver"))',
        'direction(the("polyp"), the("liver"))',
        'vertical(the("polyp"), the("liver"))',
        'main_direction(the("polyp"), the("liver"))',
        'toward(among("polyp", "liver"), "left", to=the("liver"))',
        'leftmost(among("polyp", "liver"))',
    ],
)
def test_what_lies_inside_another_is_on_no_side_of_it(program: str) -> None:
    """A lesion at the left edge of the liver lies in the liver, not to its left."""
    liver, polyp = np.zeros((60, 80), bool), np.zeros((60, 80), bool)
    liver[5:55, 5:75] = True
    polyp[6:12, 6:12] = True
    assert ask(program, board(liver=liver, polyp=polyp)) is None
