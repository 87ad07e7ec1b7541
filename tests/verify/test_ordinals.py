"""The second and the third of a set, with values worked out on paper."""

from __future__ import annotations

import pytest

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import Box, board

SIZE = (60, 60)
# the centroids lie at (41.5, 5.5), (8.5, 31.5), (26.5, 22.5), (56.5, 52.5)
FOUR: list[Box] = [(40, 4, 44, 8), (4, 28, 14, 36), (24, 20, 30, 26), (56, 51, 58, 55)]  # 16, 80, 36 and 8 px


def clips(*boxes: Box) -> Board:
    return board(SIZE, part="instance", clip=[[box] for box in boxes])


def derive(name: str, on: Board) -> tuple[str, float]:
    value, margin = evaluate(f'{name}(all("clip"))', on)
    return value_text(value), margin


@pytest.mark.parametrize(
    ("name", "value", "margin"),
    [
        # the smaller lead of 44 of 80 and 20 of 36
        ("second_largest", "2", 44 / 80),
        # 20 of 36 and 8 of 16
        ("third_largest", "0", 0.5),
        ("second_smallest", "0", 0.5),
        ("second_leftmost", "2", 1.0),
        ("second_rightmost", "0", 1.0),
        ("second_topmost", "2", 1.0),
        ("second_bottommost", "1", 1.0),
    ],
)
def test_value_and_margin(name: str, value: str, margin: float) -> None:
    assert derive(name, clips(*FOUR)) == (value, pytest.approx(margin, abs=1e-12))


@pytest.mark.parametrize(
    "name",
    [
        "second_largest", "second_smallest", "second_leftmost", "second_rightmost", "second_topmost",
        "second_bottommost",
    ],
)  # fmt: skip
def test_a_second_needs_three(name: str) -> None:
    derive(name, clips(*FOUR[:3]))
    with pytest.raises(NoValue):
        derive(name, clips(*FOUR[:2]))


def test_a_third_needs_four() -> None:
    with pytest.raises(NoValue):
        derive("third_largest", clips(*FOUR[:3]))


def test_an_equal_neighbour_leaves_a_place_by_area_open_and_others_do_not() -> None:
    # 80, 36, 36 and 8 px
    equal = clips(FOUR[1], FOUR[2], (40, 4, 46, 10), FOUR[3])
    for name in ("second_largest", "third_largest"):
        with pytest.raises(NoValue):
            derive(name, equal)
    # 80, 36, 8 and 8 px: the second largest is sure of itself
    assert derive("second_largest", clips(FOUR[1], FOUR[2], (40, 4, 44, 6), FOUR[3])) == ("1", pytest.approx(44 / 80))


def test_a_place_in_a_row_is_as_clear_as_the_nearest_of_all_others() -> None:
    # columns 5.5, 8.5, 30.5; widths of 4: 3 px of 4
    assert derive("second_leftmost", clips((4, 4, 8, 8), (7, 20, 11, 24), (29, 4, 33, 8))) == ("1", pytest.approx(0.5))
    # rows likewise
    assert derive("second_topmost", clips((4, 4, 8, 8), (20, 7, 24, 11), (4, 29, 8, 33))) == ("1", pytest.approx(0.5))


def test_a_tie_with_the_second_has_no_value_and_one_among_the_others_does_no_harm() -> None:
    tied = clips((4, 4, 8, 8), (20, 4, 24, 8), (20, 30, 24, 34))
    for name in ("second_leftmost", "second_rightmost", "second_topmost"):
        with pytest.raises(NoValue):
            derive(name, tied)
    # the third and the fourth share a column
    assert derive("second_leftmost", clips((4, 4, 8, 8), (20, 4, 24, 8), (40, 4, 44, 8), (40, 30, 44, 34)))[0] == "1"
