"""Sets and references worked out on paper: extremes, neighbours, counts, and the margin of a whole program."""

from __future__ import annotations

import math
from itertools import starmap

import pytest

from mmrs_builder.types import Box
from tests.scenes import ask, board, rectangles

WIDE = (40, 30)  # diagonal 50


def near(value: str, margin: float) -> tuple[str, object]:
    return value, pytest.approx(margin, abs=1e-12)


TRIO = ((2, 2, 6, 6), (16, 10, 22, 14), (30, 24, 32, 26))  # 16, 24 and 4 px: stored as 1, 0, 2


@pytest.mark.parametrize(
    ("program", "value", "margin"),
    [
        ('all("clip")', "0,1,2", 1.0),
        ('all("kidney")', "", 1.0),
        ('count(all("clip"))', "3", 1.0),
        ('count(all("clip")) == 3', "true", 1.0),
        ('count(all("clip")) == 4', "false", 1.0),
        ('count(all("kidney"))', "0", 1.0),
        # 44 of 1200 px
        ('exists("clip")', "true", 1.0),
        ('exists("kidney")', "false", 1.0),
        ('largest(all("clip"))', "0", 8 / 24),
        ('smallest(all("clip"))', "2", 12 / 16),
        # rows 4, 12 and 25 of 30; the least certain decides: 12/30
        ('within(all("clip"), "upper")', "0,1", 0.2),
        ('within(all("clip"), "lower")', "2", 0.2),
        ('count(within(all("clip"), "lower"))', "1", 0.2),
        ('leftmost(all("clip"))', "1", 1.0),
        ('rightmost(all("clip"))', "2", 1.0),
        ('topmost(all("clip"))', "1", 1.0),
        ('bottommost(all("clip"))', "2", 1.0),
        ('largest(within(all("clip"), "upper"))', "0", 0.2),
        # centroid at 19/40 of the width
        ('side(largest(all("clip"))) == "left"', "true", 0.05),
        ('side(largest(all("clip"))) == "right"', "false", 0.05),
    ],
)
def test_sets(program: str, value: str, margin: float):
    on = board(clip=list(starmap(rectangles, ((WIDE, box) for box in TRIO))), absent=["kidney"])
    assert ask(program, on) == near(value, margin)


def test_the_extreme_one_must_stand_apart_from_every_other():
    masks = [rectangles(WIDE, box) for box in ((2, 2, 6, 6), (5, 12, 9, 16), (30, 2, 34, 6))]
    # columns 4 and 7, both 4 px wide: 2 * 3 / 4 - 1
    assert ask('leftmost(all("clip"))', board(clip=masks)) == near("0", 0.5)
    # The next one stands apart, but the wide one after it does so by 2 * 6 / 8 - 1 only.
    masks = [rectangles(WIDE, box) for box in ((2, 2, 6, 6), (8, 12, 9, 13), (4, 20, 16, 22))]
    found = ask('leftmost(all("clip"))', board(clip=masks))
    assert found == near("1", 0.5)


@pytest.mark.parametrize(
    ("program", "boxes"),
    [
        ("largest", ((0, 0, 4, 4), (10, 10, 14, 14), (20, 20, 22, 22))),
        ("smallest", ((0, 0, 4, 4), (10, 10, 12, 12), (20, 20, 22, 22))),
        ("leftmost", ((0, 0, 4, 4), (0, 10, 4, 14), (20, 20, 22, 22))),
        ("rightmost", ((0, 0, 4, 4), (20, 10, 22, 12), (20, 20, 22, 22))),
        ("topmost", ((0, 0, 4, 4), (10, 0, 14, 4), (20, 20, 22, 22))),
        ("bottommost", ((0, 0, 4, 4), (10, 20, 12, 22), (20, 20, 22, 22))),
    ],
)
def test_a_tie_for_the_extreme_has_no_value(program: str, boxes: tuple[Box, ...]):
    assert ask(f'{program}(all("clip"))', board(clip=[rectangles(WIDE, box) for box in boxes])) is None


@pytest.mark.parametrize("program", ["largest", "smallest", "leftmost", "rightmost", "topmost", "bottommost"])
def test_one_member_is_not_a_choice(program: str):
    assert ask(f'{program}(all("clip"))', board(clip=[rectangles(WIDE, (0, 0, 4, 4))])) is None


def test_nearest_and_farthest_compare_centroid_distances_and_gaps():
    clips = [rectangles(WIDE, box) for box in ((10, 10, 12, 12), (20, 10, 22, 12), (36, 10, 38, 12))]
    on = board(clip=clips, liver=rectangles(WIDE, (2, 10, 4, 12)))
    # centroid distances 8, 18 and 34; gaps 7, 17 and 33
    assert ask('nearest(all("clip"), to=the("liver"))', on) == near("0", min(10 / 18, 10 / 17))
    assert ask('farthest(all("clip"), to=the("liver"))', on) == near("2", min(16 / 34, 16 / 33))


def test_nearest_has_no_value_where_centroid_and_gap_name_different_structures():
    clips = [rectangles(WIDE, box) for box in ((6, 10, 30, 12), (12, 20, 14, 22))]
    on = board(clip=clips, liver=rectangles(WIDE, (2, 10, 4, 12)))
    assert ask('nearest(all("clip"), to=the("liver"))', on) is None


def test_nearest_has_no_value_where_two_overlap_the_reference():
    clips = [rectangles(WIDE, box) for box in ((2, 10, 8, 12), (2, 10, 30, 12))]
    on = board(clip=clips, liver=rectangles(WIDE, (2, 10, 4, 12)))
    assert ask('nearest(all("clip"), to=the("liver"))', on) is None


def test_the_reference_itself_is_never_the_nearest():
    clips = [rectangles(WIDE, box) for box in ((2, 2, 8, 8), (12, 2, 14, 4), (30, 2, 32, 4))]
    on = board(clip=clips)
    found = ask('nearest(all("clip"), to=largest(all("clip")))', on)
    assert found is not None
    assert found[0] == "1"
    assert ask('nearest(all("clip"), to=largest(all("clip")))', board(clip=clips[:2])) is None


def test_counting_components_is_less_certain_where_they_nearly_touch():
    # pixel centres 2.5 px apart cannot be; (1, 2): sqrt(5) - 2 of 0.02 * 50
    close = rectangles(WIDE, (0, 0, 4, 4), (4, 5, 8, 9))
    assert ask('count(all("polyp"))', board(polyp=close)) == near("2", math.sqrt(5) - 2)
    assert ask('count(all("polyp"))', board(polyp=rectangles(WIDE, (0, 0, 4, 4), (5, 0, 9, 4)))) is None


def test_counting_components_is_less_certain_where_one_is_tiny():
    # 1 of 0.1 * 16 px
    tiny = rectangles(WIDE, (0, 0, 4, 4), (20, 0, 21, 1))
    assert ask('count(all("polyp"))', board(polyp=tiny)) == near("2", 1 / 1.6)


def test_a_count_of_some_components_is_as_certain_as_that_of_all():
    near_each_other = rectangles(WIDE, (2, 2, 6, 6), (6, 7, 10, 11), (36, 2, 39, 5))
    on = board(polyp=near_each_other)
    assert ask('count(within(all("polyp"), "right"))', on) == near("1", math.sqrt(5) - 2)


def test_existence_of_a_tiny_structure_is_uncertain():
    # 1 of 10 000 px, full certainty at 0.1 %
    assert ask('exists("polyp")', board(polyp=rectangles((100, 100), (5, 5, 6, 6)))) == near("true", 0.1)


def test_a_program_is_as_certain_as_its_least_certain_relation():
    polyps = rectangles(WIDE, (2, 2, 6, 6), (30, 2, 35, 6))
    on = board(polyp=polyps)
    # 16 and 20 px: 4/20; the place alone would give more
    assert ask('quadrant(largest(all("polyp")))', on) == near("upper_right", 0.2)
