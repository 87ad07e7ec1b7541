"""Answers on other hands' masks: what counts as the same answer, and how far another hand strays."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.flips import Answered, agrees, moved, rates, wavy
from mmrs_builder.jitter import DISAGREEMENT
from mmrs_builder.types import Question

ROWS, COLUMNS = np.ogrid[:200, :200]
DISC = (ROWS - 100) ** 2 + (COLUMNS - 90) ** 2 <= 60**2


def question(value: str, tolerance: float | None = None) -> Question:
    return cast(Question, SimpleNamespace(value=value, tolerance=tolerance))


def test_a_number_agrees_within_its_tolerance_and_a_word_only_with_itself():
    assert agrees(Decimal("10.4"), question("10.0", 0.4))
    assert not agrees(Decimal("10.5"), question("10.0", 0.4))
    assert agrees("upper_left", question("upper_left"))
    assert not agrees(True, question("false"))


def test_a_redrawn_outline_strays_as_far_as_annotators_do_and_each_time_alike():
    shares = [np.sum(wavy(DISC, ("hand", number)) != DISC) / DISC.sum() for number in range(20)]
    assert np.mean(shares) == pytest.approx(DISAGREEMENT, rel=0.35)
    assert np.array_equal(wavy(DISC, ("hand", 3)), wavy(DISC, ("hand", 3)))


@pytest.mark.parametrize(("down", "right"), [(1, 0), (-1, 1), (0, -1)])
def test_a_moved_mask_is_moved_and_not_rolled(down: int, right: int):
    corners = np.zeros((4, 5), np.bool_)
    corners[0, 0] = corners[2, 2] = True
    there = moved(down, right)(corners, ())
    expected: Any = {(r + down, c + right) for r, c in ((0, 0), (2, 2))}
    assert {(int(r), int(c)) for r, c in np.argwhere(there)} == {(r, c) for r, c in expected if r >= 0 and c >= 0}


def test_rates_are_flips_among_tries_with_the_worst_first():
    def one(family: str, flipped: bool) -> Answered:
        return Answered(family=family, way="up", number=False, flipped=flipped, undecided=False)

    found = [one("a", False), one("a", False), one("b", True), one("b", False)]
    assert [(row["name"], row["flipped"]) for row in rates(found, lambda item: item.family)] == [("b", 0.5), ("a", 0.0)]
