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
        # between 24 and 4 px
        ('second_largest(all("clip"))', "1", 8 / 24),
        ('second_smallest(all("clip"))', "1", 8 / 24),
        # rows 4, 12 and 25 of 30; the least certain decides: 12/30
        ('within(all("clip"), "upper")', "0,1", 0.2),
        ('within(all("clip"), "lower")', "2", 0.2),
        ('count(within(all("clip"), "lower"))', "1", 0.2),
        ('leftmost(all("clip"))', "1", 1.0),
        ('rightmost(all("clip"))', "2", 1.0),
        ('topmost(all("clip"))', "1", 1.0),
        ('bottommost(all("clip"))', "2", 1.0),
        ('second_leftmost(all("clip"))', "0", 1.0),
        ('second_rightmost(all("clip"))', "0", 1.0),
        ('second_topmost(all("clip"))', "0", 1.0),
        ('second_bottommost(all("clip"))', "0", 1.0),
        # that there is a largest is less certain than where the others lie
        ('toward(all("clip"), "left", to=largest(all("clip")))', "1", 8 / 24),
        ('toward(all("clip"), "right", to=largest(all("clip")))', "2", 8 / 24),
        ('toward(all("clip"), "above", to=smallest(all("clip")))', "0,1", 12 / 16),
        ('toward(all("clip"), "below", to=smallest(all("clip")))', "", 12 / 16),
        ('count(toward(all("clip"), "below", to=largest(all("clip"))))', "1", 8 / 24),
        ('count(toward(all("clip"), "below", to=smallest(all("clip"))))', "0", 12 / 16),
        # columns 4, 19 and 31 of 40, rows 4, 12 and 25 of 30
        ('every(all("clip"), "upper")', "false", 0.2),
        ('every(within(all("clip"), "upper"), "left")', "true", 0.05),
        ('only(smallest(all("clip")), all("clip"), "lower")', "true", 0.2),
        ('only(largest(all("clip")), all("clip"), "upper")', "false", 0.2),
        ('only(smallest(all("clip")), all("clip"), "upper")', "false", 0.2),
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


FOUR = ((0, 24, 6, 29), (10, 0, 16, 4), (20, 16, 24, 20), (30, 8, 32, 10))  # 30, 24, 16 and 4 px, from left to right


@pytest.mark.parametrize(
    ("program", "value", "margin"),
    [
        ("second_largest", "1", 6 / 30),
        ("third_largest", "2", 8 / 24),
        ("second_smallest", "2", 8 / 24),
        ("second_leftmost", "1", 1.0),
        ("second_rightmost", "2", 1.0),
        ("second_topmost", "3", 1.0),
        ("second_bottommost", "2", 1.0),
    ],
)
def test_a_place_in_an_order_is_as_certain_as_the_steps_to_the_next_ones(program: str, value: str, margin: float):
    assert ask(f'{program}(all("clip"))', board(clip=[rectangles(WIDE, box) for box in FOUR])) == near(value, margin)


def test_only_the_next_ones_in_size_decide_a_place():
    masks = [rectangles(WIDE, box) for box in ((0, 0, 4, 4), (10, 0, 14, 4), (20, 0, 23, 3), (30, 0, 32, 2))]
    # 16, 16, 9 and 4 px: no one is the largest, or the second largest
    assert ask('third_largest(all("clip"))', board(clip=masks)) == near("2", 7 / 16)
    assert ask('second_largest(all("clip"))', board(clip=masks)) is None


def test_the_second_in_a_row_must_stand_apart_from_every_other():
    masks = [rectangles(WIDE, box) for box in ((0, 2, 2, 4), (5, 12, 7, 14), (4, 20, 18, 22))]
    # columns 5.5 and 10.5, 2 and 14 px wide: 2 * 5 / 8 - 1
    assert ask('second_leftmost(all("clip"))', board(clip=masks)) == near("2", 0.25)
    masks[0] = rectangles(WIDE, (4, 2, 6, 4))
    # columns 4.5 and 5.5, both 2 px wide: 2 * 1 / 2 - 1
    assert ask('second_leftmost(all("clip"))', board(clip=masks)) is None


@pytest.mark.parametrize(
    ("program", "members"),
    [
        ("second_largest", 3), ("second_smallest", 3), ("third_largest", 4), ("second_leftmost", 3),
        ("second_rightmost", 3), ("second_topmost", 3), ("second_bottommost", 3),
    ],
)  # fmt: skip
def test_of_the_last_in_an_order_it_is_not_asked_which_place_it_has(program: str, members: int):
    boxes = [(6 * i, 6 * i, 6 * i + 5 - i, 6 * i + 5 - i) for i in range(members)]
    masks = [rectangles(WIDE, box) for box in boxes]
    assert ask(f'{program}(all("clip"))', board(clip=masks)) is not None
    assert ask(f'{program}(all("clip"))', board(clip=masks[1:])) is None


def test_what_cannot_be_placed_against_a_structure_leaves_no_set_toward_it():
    masks = [rectangles(WIDE, box) for box in ((2, 2, 6, 6), (30, 2, 34, 6))]
    on = board(clip=masks, liver=rectangles(WIDE, (10, 8, 14, 12)), spleen=rectangles(WIDE, (2, 20, 6, 24)))
    assert ask('toward(all("clip"), "left", to=the("liver"))', on) == near("0", 1.0)
    # the first clip lies straight above the spleen
    assert ask('toward(all("clip"), "right", to=the("spleen"))', on) is None
    assert ask('toward(all("clip"), "above", to=the("spleen"))', on) == near("0,1", 1.0)


def test_a_set_toward_a_structure_is_as_certain_as_the_least_certain_of_all_others():
    masks = [rectangles(WIDE, box) for box in ((2, 2, 6, 6), (13, 2, 17, 6))]
    # columns 14.5 and 11.5, both 4 px wide: 2 * 3 / 4 - 1
    on = board(clip=masks, liver=rectangles(WIDE, (10, 8, 14, 12)))
    assert ask('toward(all("clip"), "left", to=the("liver"))', on) == near("0", 0.5)


ORGANS = {
    # columns 4, 32 and 30 of 40; rows 4, 4 and 22 of 30
    "liver": rectangles(WIDE, (2, 2, 6, 6)),
    "spleen": rectangles(WIDE, (30, 2, 34, 6)),
    "colon": rectangles(WIDE, (28, 20, 32, 24)),
}


@pytest.mark.parametrize(
    ("program", "value", "margin"),
    [
        ('only(the("liver"), {}, "left")', "true", 0.5),
        ('only(the("spleen"), {}, "right")', "false", 0.5),
        ('only(the("liver"), {}, "right")', "false", 0.5),
        ('only(the("colon"), {}, "lower")', "true", 14 / 30),
        # the colon's level is less certain than the sides of those above
        ('only(the("liver"), within({}, "upper"), "left")', "true", 14 / 30),
        ('every({}, "right")', "false", 0.5),
        ('every(among("spleen", "colon"), "right")', "true", 0.5),
        ('every(among("liver", "spleen"), "upper")', "true", 22 / 30),
    ],
)
def test_halves_that_hold_one_or_all_of_several(program: str, value: str, margin: float):
    assert ask(program.format('among("colon", "liver", "spleen")'), board(**ORGANS)) == near(value, margin)


@pytest.mark.parametrize("program", ['every({}, "upper")', 'only(the("liver"), {}, "left")'])
def test_one_member_on_the_midline_leaves_open_what_is_said_of_all(program: str):
    masks = {**ORGANS, "colon": rectangles(WIDE, (18, 13, 22, 17))}
    assert ask(program.format('among("colon", "liver", "spleen")'), board(**masks)) is None


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
