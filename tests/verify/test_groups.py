"""Sets and references, with values worked out on paper."""

from __future__ import annotations

import pytest

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

SIZE = (30, 40)  # diagonal 50
A, B, C = (2, 2, 6, 6), (14, 10, 20, 14), (24, 30, 26, 32)  # 16, 24 and 4 px


def derive(program: str, on: Board) -> tuple[str, float]:
    value, margin = evaluate(program, on)
    return value_text(value), margin


@pytest.fixture
def clips() -> Board:
    return board(SIZE, part="instance", absent=["kidney"], clip=[[A], [B], [C]])


@pytest.mark.parametrize(
    ("program", "value", "margin"),
    [
        ('all("clip")', "0,1,2", 1.0),
        ('all("kidney")', "", 1.0),
        ('count(all("clip"))', "3", 1.0),
        ('count(all("kidney"))', "0", 1.0),
        ('count(all("clip")) == 3', "true", 1.0),
        ('count(all("clip")) == 2', "false", 1.0),
        # centroid rows 3.5, 11.5, 30.5 of 40: v = 0.1, 0.3, 0.775
        ('within(all("clip"), "upper")', "0,1", 0.4),
        ('count(within(all("clip"), "lower"))', "1", 0.4),
        ('largest(all("clip"))', "1", 8 / 24),
        ('smallest(all("clip"))', "2", 12 / 16),
        # centroid columns 3.5, 16.5, 24.5; box widths 4, 6, 2
        ('leftmost(all("clip"))', "0", 1.0),
        ('rightmost(all("clip"))', "2", 1.0),
        ('topmost(all("clip"))', "0", 1.0),
        ('bottommost(all("clip"))', "2", 1.0),
        ('exists("clip")', "true", 1.0),
        ('exists("kidney")', "false", 1.0),
        ('level(topmost(all("clip")))', "upper", 0.8),
    ],
)
def test_value_and_margin(program: str, value: str, margin: float, clips: Board) -> None:
    assert derive(program, clips) == (value, pytest.approx(margin, abs=1e-12))


def test_nearest_and_farthest_need_both_distances_to_agree() -> None:
    # centroids 10 and 20 px away, gaps 9 and 19
    row = board(SIZE, part="instance", clip=[[(0, 0, 2, 2)], [(10, 0, 12, 2)], [(20, 0, 22, 2)]])
    assert derive('nearest(all("clip"), to=leftmost(all("clip")))', row) == ("1", pytest.approx(0.5))
    assert derive('farthest(all("clip"), to=leftmost(all("clip")))', row) == ("2", pytest.approx(0.5))


def test_nearest_has_no_value_when_centroid_and_gap_disagree() -> None:
    # the long clip comes closest with its end, the small one with its centre
    on = board(SIZE, part="instance", liver=[[(0, 0, 2, 2)]], clip=[[(4, 0, 28, 2)], [(0, 8, 2, 10)]])
    with pytest.raises(NoValue):
        derive('nearest(all("clip"), to=the("liver"))', on)


def test_among_takes_the_one_unit_of_each_label() -> None:
    on = board(SIZE, liver=[[A]], spleen=[[B]], polyp=[[C]])
    assert derive('among("liver", "polyp")', on) == ("0,2", 1.0)
    assert derive('largest(among("liver", "spleen", "polyp"))', on) == ("1", pytest.approx(1 / 3))


@pytest.mark.parametrize(
    "program",
    [
        'all("spleen")',  # neither annotated nor absent
        'exists("spleen")',
        'the("clip")',  # three of them
        'the("kidney")',
        'among("clip", "kidney")',
        'largest(all("kidney"))',
        'within(all("kidney"), "left")',
        'nearest(within(all("clip"), "upper"), to=topmost(all("clip")))',  # only one other
    ],
)
def test_a_missing_reference_has_no_value(program: str, clips: Board) -> None:
    with pytest.raises(NoValue):
        derive(program, clips)


def test_one_undecided_member_leaves_a_filter_without_value() -> None:
    on = board(SIZE, part="instance", clip=[[A], [(14, 20, 16, 22)]])
    with pytest.raises(NoValue):
        derive('count(within(all("clip"), "left"))', on)


def test_a_tie_for_the_extreme_has_no_value() -> None:
    on = board(SIZE, part="instance", clip=[[(2, 2, 4, 4)], [(2, 20, 4, 22)], [(20, 2, 22, 4)]])
    with pytest.raises(NoValue):
        derive('leftmost(all("clip"))', on)


def test_counting_components_needs_clear_gaps_and_no_specks() -> None:
    # 2.5 px would be certain: (0.02 * 50) = 1; the smaller has 2 of 36 px, 0.1 * 36 = 3.6
    far = board(SIZE, part="component", polyp=[[(2, 2, 8, 8)], [(20, 2, 22, 3)]])
    assert derive('count(all("polyp"))', far) == ("2", pytest.approx(2 / 3.6))
    # columns 7 and 9, rows 7 and 8: a gap of sqrt(5)
    near = board(SIZE, part="component", polyp=[[(2, 2, 8, 8)], [(9, 8, 15, 14)]])
    assert derive('count(all("polyp"))', near) == ("2", pytest.approx(5**0.5 - 2))


def test_a_count_of_several_labels_has_no_value() -> None:
    with pytest.raises(NoValue):
        derive('count(among("liver", "spleen"))', board(SIZE, liver=[[A]], spleen=[[B]]))


def test_a_structure_of_hardly_any_area_barely_exists() -> None:
    # 1 of 2000 px
    assert derive('exists("clip")', board((50, 40), clip=[[(3, 3, 4, 4)]])) == ("true", pytest.approx(0.5))


def test_units_are_instances_then_components_then_the_whole() -> None:
    masks = board(SIZE, polyp=[[A, C], [A], [C]])
    both = Board(
        width=30, height=40, shapes=masks.shapes, labels=masks.labels, parts=["whole", "component", "component"]
    )
    assert derive('all("polyp")', both) == ("1,2", 1.0)
    assert derive('the("polyp")', board(SIZE, polyp=[[A, C]])) == ("0", 1.0)
