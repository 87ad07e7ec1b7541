"""What limits and verdicts promise, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from mmrs_builder.blind.statistics import MARGIN, Estimate, estimates, holm, needed, power, verdicts

TIMES = 400


def drawn(advantage: float, groups: int, each: int, times: int, seed: int, chance: float = 0.5) -> list[Estimate]:
    """Estimates of ``times`` units with that true advantage; groups differ by 10 points to either side."""
    rng = np.random.default_rng(seed)
    shift = rng.choice([-0.1, 0.1], size=(times, groups, 1))
    right = (rng.random((times, groups, each)) < chance + advantage + shift).astype(np.float64)
    n, codes = groups * each, np.repeat(np.arange(groups), each)
    return estimates([one.ravel() for one in right], [np.full(n, chance)] * times, [codes] * times, draws=300)


@pytest.mark.parametrize("advantage", [0.0, 0.02, 0.03, 0.06, 0.10])
@pytest.mark.parametrize(("groups", "each"), [(25, 12), (300, 3)])
def test_each_limit_holds_the_true_advantage_in_95_of_100_builds(advantage: float, groups: int, each: int):
    found = drawn(advantage, groups, each, 4 * TIMES, seed=groups + round(100 * advantage))
    slack = 3 * (0.95 * 0.05 / (4 * TIMES)) ** 0.5
    assert np.mean([e.high >= advantage for e in found]) > 0.95 - slack
    assert np.mean([e.low <= advantage for e in found]) > 0.95 - slack


def test_an_advantage_at_the_margin_seldom_passes_and_seldom_fails():
    found = drawn(MARGIN, 200, 4, TIMES, seed=7)
    said = [verdicts([[estimate]])[0] for estimate in found]
    assert 0.01 < said.count("PASS") / TIMES < 0.08
    assert 0.01 < said.count("FAIL") / TIMES < 0.08


def test_no_advantage_passes_and_a_large_one_fails_when_there_are_enough_questions():
    assert verdicts([[one] for one in drawn(0.0, 3000, 2, 5, seed=1)]) == ["PASS"] * 5
    assert verdicts([[one] for one in drawn(0.10, 1000, 2, 5, seed=2)]) == ["FAIL"] * 5


def test_a_dozen_wrong_answers_prove_nothing():
    (found,) = estimates([np.zeros(12)], [np.full(12, 1 / 9)], [np.arange(12)])
    assert found.advantage < 0
    assert verdicts([[found]]) == ["UNDECIDED"]


def test_one_patient_proves_nothing():
    (found,) = estimates([np.ones(500)], [np.full(500, 0.5)], [np.zeros(500, dtype=np.intp)])
    assert verdicts([[found]]) == ["UNDECIDED"]
    assert needed(found) is None


def test_questions_of_one_patient_count_less_than_those_of_many():
    right = np.tile([1.0, 0.0], 200)
    alike, apart = np.repeat(np.arange(20), 20), np.arange(400)
    together, single = estimates([np.repeat(right[:20], 20), right], [np.full(400, 0.5)] * 2, [alike, apart])
    assert together.error > 3 * single.error


def test_a_unit_passes_only_in_every_way_it_was_tested():
    good, bad = drawn(0.0, 3000, 2, 1, seed=1)[0], drawn(0.10, 1000, 2, 1, seed=2)[0]
    assert verdicts([[good, good], [good, bad], []]) == ["PASS", "FAIL", "UNDECIDED"]


def test_of_many_fair_families_none_fails():
    """Without Holm's correction one in twenty would."""
    assert "FAIL" not in verdicts([[one] for one in drawn(0.0, 40, 3, 280, seed=3)])
    assert sum(one.p < 0.05 for one in drawn(MARGIN, 40, 3, 280, seed=3)) > 3


def test_holm_goes_on_with_less_after_each_rejection_and_stops_at_the_first_that_stands():
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert holm([0.02, 0.03, 0.04]) == [False] * 3
    assert holm([]) == []


def test_as_many_questions_as_are_needed_decide():
    (few,) = estimates([np.tile([1.0, 0.0], 50)], [np.full(100, 0.5)], [np.arange(100)])
    assert verdicts([[few]]) == ["UNDECIDED"]
    n = needed(few)
    assert n is not None
    half = n // 2
    (fewer, enough) = estimates(
        [np.tile([1.0, 0.0], half // 2), np.tile([1.0, 0.0], half + 50)],
        [np.full(half // 2 * 2, 0.5), np.full(2 * half + 100, 0.5)],
        [np.arange(half // 2 * 2), np.arange(2 * half + 100)],
    )
    assert verdicts([[fewer], [enough]]) == ["UNDECIDED", "PASS"]


@pytest.mark.parametrize("chance", [1 / 2, 1 / 4, 1 / 9])
def test_four_of_five_fair_units_pass_with_the_stated_number_of_questions(chance: float):
    n, rng = power(chance), np.random.default_rng(11)
    right = (rng.random((300, n)) < chance).astype(np.float64)
    found = estimates(list(right), [np.full(n, chance)] * 300, [np.arange(n)] * 300, draws=100)
    assert 0.7 < np.mean([e.high <= MARGIN for e in found]) < 0.9
