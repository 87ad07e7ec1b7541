"""Members on one side of a structure, and what is said of all of them or of one alone; values worked out on paper."""

from __future__ import annotations

import pytest

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

SIZE = (40, 40)
# the centroids lie at (4.5, 4.5), (12.5, 6.5), (25.5, 30.5); u = 0.125, 0.325, 0.65; v = 0.125, 0.175, 0.775
CLIPS = [[(3, 3, 7, 7)], [(10, 5, 16, 9)], [(25, 30, 27, 32)]]
LIVER = [[(14, 20, 22, 24)]]  # (17.5, 21.5): u = 0.45, v = 0.55


def derive(program: str, on: Board) -> tuple[str, float]:
    value, margin = evaluate(program, on)
    return value_text(value), margin


@pytest.fixture
def clips() -> Board:
    return board(SIZE, part="instance", absent=["kidney"], clip=CLIPS, liver=LIVER)


@pytest.mark.parametrize(
    ("program", "value", "margin"),
    [
        # the least clear is the second: 5 px of a mean width of (6 + 8) / 2
        ('toward(all("clip"), "left", to=the("liver"))', "0,1", 2 * 5 / 7 - 1),
        ('toward(all("clip"), "right", to=the("liver"))', "2", 2 * 5 / 7 - 1),
        # 15 and 9 px, heights of 4 and 2
        ('toward(all("clip"), "above", to=the("liver"))', "0,1", 1.0),
        ('toward(all("clip"), "below", to=the("liver"))', "2", 1.0),
        # of the clips themselves: 8 px, mean width 5
        ('toward(all("clip"), "right", to=leftmost(all("clip")))', "1,2", 1.0),
        ('toward(all("clip"), "left", to=leftmost(all("clip")))', "", 1.0),
        ('count(toward(all("clip"), "left", to=the("liver")))', "2", 2 * 5 / 7 - 1),
        ('largest(toward(all("clip"), "left", to=the("liver")))', "1", 1 / 3),
        # |2u - 1| = 0.75, 0.35, 0.3; |2v - 1| = 0.75, 0.65, 0.55
        ('every(all("clip"), "left")', "false", 0.3),
        ('every(all("clip"), "lower")', "false", 0.55),
        ('every(within(all("clip"), "left"), "upper")', "true", 0.3),
        ('only(rightmost(all("clip")), all("clip"), "right")', "true", 0.3),
        ('only(rightmost(all("clip")), all("clip"), "left")', "false", 0.3),
        ('only(leftmost(all("clip")), all("clip"), "left")', "false", 0.3),
        ('only(bottommost(all("clip")), all("clip"), "lower")', "true", 0.55),
    ],
)
def test_value_and_margin(program: str, value: str, margin: float, clips: Board) -> None:
    assert derive(program, clips) == (value, pytest.approx(margin, abs=1e-12))


@pytest.mark.parametrize(
    "program",
    [
        'toward(all("kidney"), "left", to=the("liver"))',  # none at all
        'toward(all("liver"), "left", to=the("liver"))',  # none but itself
        'every(all("kidney"), "left")',
        'every(all("liver"), "left")',  # one is not "every"
        'only(the("liver"), all("liver"), "left")',
        'only(the("liver"), all("clip"), "left")',  # none of them
    ],
)
def test_a_set_too_small_or_without_the_structure_has_no_value(program: str, clips: Board) -> None:
    with pytest.raises(NoValue):
        derive(program, clips)


def test_one_undecided_member_leaves_the_whole_set_undecided() -> None:
    # the second clip lies half above the liver: 4 px of a mean width of 8
    on = board(SIZE, part="instance", clip=[[(3, 3, 7, 7)], [(10, 5, 18, 9)]], liver=LIVER)
    with pytest.raises(NoValue):
        derive('toward(all("clip"), "left", to=the("liver"))', on)
    # the third lies across the middle
    cut = board(SIZE, part="instance", clip=[[(3, 3, 7, 7)], [(10, 5, 14, 9)], [(19, 30, 21, 32)]])
    for program in ('every(all("clip"), "left")', 'only(leftmost(all("clip")), all("clip"), "left")'):
        with pytest.raises(NoValue):
            derive(program, cut)


def test_what_is_counted_on_one_side_is_of_one_label() -> None:
    on = board(SIZE, liver=LIVER, clip=[CLIPS[0]], spleen=[CLIPS[2]])
    with pytest.raises(NoValue):
        derive('count(toward(among("clip", "spleen"), "left", to=the("liver")))', on)


def test_counting_components_on_one_side_stays_as_unsure_as_counting_them() -> None:
    # a gap of sqrt(5) of the diagonal of 50
    near = board((30, 40), part="component", polyp=[[(2, 2, 8, 8)], [(9, 8, 15, 14)]], liver=[[(25, 30, 27, 32)]])
    assert derive('count(toward(all("polyp"), "left", to=the("liver")))', near) == ("2", pytest.approx(5**0.5 - 2))


def test_one_structure_among_several_labels_may_be_the_only_one() -> None:
    on = board(SIZE, liver=[[(3, 3, 7, 7)]], spleen=[[(25, 30, 27, 32)]], kidney=[[(30, 3, 34, 7)]])
    # at 0.125, 0.65 and 0.8 of the width
    assert derive('only(the("liver"), among("liver", "spleen", "kidney"), "left")', on) == ("true", pytest.approx(0.3))
    assert derive('only(the("kidney"), among("liver", "spleen", "kidney"), "right")', on)[0] == "false"
