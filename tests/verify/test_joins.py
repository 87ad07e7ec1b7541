"""Programs joined by truth, with values worked out on paper."""

from __future__ import annotations

import pytest

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.grammar import BadProgram
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import board

# the centroids lie at (5.5, 4.5) and (31.5, 6.5) of 40 x 20: u = 0.15 and 0.8, v = 0.25 and 0.35; areas 48 and 24
TRUE = 'side(the("liver")) == "left"'  # margin 0.7
FALSE = 'larger(the("spleen"), the("liver"))'  # margin 0.5
NONE = 'larger(the("liver"), the("liver"))'


@pytest.fixture
def organs() -> Board:
    return board((40, 20), absent=["kidney"], liver=[[(2, 2, 10, 8)]], spleen=[[(30, 4, 34, 10)]])


def test_joins_follow_their_truth_tables(organs: Board) -> None:
    table = {
        (p, q): [value_text(evaluate(f"{join}({p}, {q})", organs)[0]) for join in ("both", "either", "neither")]
        for p in (TRUE, FALSE)
        for q in (TRUE, FALSE)
    }
    assert table == {
        (TRUE, TRUE): ["true", "true", "false"],
        (TRUE, FALSE): ["false", "true", "false"],
        (FALSE, TRUE): ["false", "true", "false"],
        (FALSE, FALSE): ["false", "false", "true"],
    }
    assert [value_text(evaluate(f"no({p})", organs)[0]) for p in (TRUE, FALSE)] == ["false", "true"]


@pytest.mark.parametrize("join", ["both", "either", "neither"])
def test_the_least_clear_of_the_joined_decides_how_clear_they_are(join: str, organs: Board) -> None:
    assert evaluate(f"{join}({TRUE}, {FALSE})", organs)[1] == pytest.approx(0.5)
    assert evaluate(f"{join}({TRUE}, {TRUE})", organs)[1] == pytest.approx(0.7)


def test_a_denial_is_as_clear_as_what_it_denies(organs: Board) -> None:
    assert evaluate(f"no({TRUE})", organs) == (False, pytest.approx(0.7))
    assert evaluate('no(exists("kidney"))', organs) == (True, 1.0)
    assert evaluate(f"no(no({FALSE}))", organs) == (False, pytest.approx(0.5))


@pytest.mark.parametrize(
    "program",
    [f"both({FALSE}, {NONE})", f"either({TRUE}, {NONE})", f"neither({NONE}, {TRUE})", f"no({NONE})"],
)
def test_nothing_follows_from_what_has_no_value(program: str, organs: Board) -> None:
    with pytest.raises(NoValue):
        evaluate(program, organs)


@pytest.mark.parametrize(
    "program",
    [
        f"both({TRUE})",
        f"no({TRUE}, {FALSE})",
        f"either({TRUE}, {FALSE}, {TRUE})",
        'no(side(the("liver")))',
        'no("true")',
        'both(exists("liver"), the("liver"))',
        'no("true" == "true")',
    ],
)
def test_only_programs_that_are_true_or_false_are_joined(program: str, organs: Board) -> None:
    with pytest.raises(BadProgram):
        evaluate(program, organs)
