"""What limits and verdicts promise, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from mmrs_builder.blind.statistics import MARGIN, Codes, Estimate, Floats, estimate, holm, needed, power, verdicts
from mmrs_builder.metrics import bootstrap

TIMES = 400


def drawn(advantage: float, groups: int, each: int, times: int, seed: int, chance: float = 0.5) -> list[Estimate]:
    """Estimates of ``times`` units with that true advantage; groups differ by 10 points to either side."""
    rng = np.random.default_rng(seed)
    shift = rng.choice([-0.1, 0.1], size=(times, groups, 1))
    right = (rng.random((times, groups, each)) < chance + advantage + shift).astype(np.float64)
    return [single(one.ravel(), chance, np.repeat(np.arange(groups), each)) for one in right]


def single(right: Floats, chance: float, groups: Codes | None = None, pairs: Codes | None = None) -> Estimate:
    """An estimate; every question is of a group of its own, and of no pair, unless said."""
    n = len(right)
    groups = np.arange(n) if groups is None else groups
    return estimate(right, np.full(n, chance), groups, np.full(n, -1) if pairs is None else pairs)


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
    found = single(np.zeros(12), 1 / 9)
    assert found.advantage < 0
    assert verdicts([[found]]) == ["UNDECIDED"]


def test_one_patient_proves_nothing():
    found = single(np.ones(500), 0.5, np.zeros(500, dtype=np.intp))
    assert verdicts([[found]]) == ["UNDECIDED"]
    assert needed([found]) is None


def test_questions_of_one_patient_count_less_than_those_of_many():
    right = np.tile([1.0, 0.0], 200)
    together = single(np.repeat(right[:20], 20), 0.5, np.repeat(np.arange(20), 20))
    assert together.error > 3 * single(right, 0.5).error


def test_the_error_is_that_of_resampling_patients():
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 120, 900)
    right = (rng.random(900) < 0.5 + 0.3 * (groups % 2)).astype(np.float64)
    drawn = bootstrap(list(right), [str(group) for group in groups], draws=4000, level=0.9)
    found = single(right, 0.5, groups)
    assert drawn.low is not None
    assert drawn.high is not None
    assert found.low == pytest.approx(drawn.low - 0.5, abs=0.004)
    assert found.high == pytest.approx(drawn.high - 0.5, abs=0.004)


def paired(broken: float, advantage: float, pairs: int, rng: np.random.Generator) -> tuple[Floats, Codes, Codes]:
    """Scores, groups and pairs: that part of the pairs is both right or both wrong, the others are one of each."""
    odd = rng.random(pairs) < broken
    both = np.where(odd, rng.random(pairs) < 0.5 + advantage / max(broken, 1e-9), rng.random(pairs) < 0.5)
    right = np.stack([both, np.where(odd, both, ~both)], axis=1).astype(np.float64)
    return right.ravel(), rng.integers(0, pairs, 2 * pairs), np.repeat(np.arange(pairs), 2)


def test_who_answers_the_same_words_alike_is_known_to_have_no_advantage_after_few_pairs():
    """95 % exactly: of 49 pairs none is broken although 6 of 100 are, 3 points in favour, in 1 of 20 builds."""
    rng = np.random.default_rng(0)
    (scores, groups, pairs), (fewer, others, twins) = paired(0, 0, 60, rng), paired(0, 0, 48, rng)
    assert single(scores, 0.5, groups, pairs).high <= MARGIN
    assert single(fewer, 0.5, others, twins).high > MARGIN
    assert single(scores, 0.5, groups).high > 2 * MARGIN


@pytest.mark.parametrize(("broken", "advantage"), [(0.06, 0.03), (0.2, 0.03), (0.5, 0.0), (0.5, 0.1), (1.0, 0.06)])
@pytest.mark.parametrize("pairs", [50, 300])
def test_each_limit_holds_for_pairs_too(broken: float, advantage: float, pairs: int):
    rng = np.random.default_rng(pairs)
    drawn = [paired(broken, advantage, pairs, rng) for _ in range(2 * TIMES)]
    found = [single(scores, 0.5, groups, codes) for scores, groups, codes in drawn]
    slack = 3 * (0.95 * 0.05 / len(found)) ** 0.5
    assert np.mean([e.high >= advantage for e in found]) > 0.95 - slack
    assert np.mean([e.low <= advantage for e in found]) > 0.95 - slack


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
    few = single(np.tile([1.0, 0.0], 50), 0.5)
    assert verdicts([[few]]) == ["UNDECIDED"]
    n = needed([few])
    assert n is not None
    assert verdicts([[single(np.tile([1.0, 0.0], n // 4), 0.5)]]) == ["UNDECIDED"]
    assert verdicts([[single(np.tile([1.0, 0.0], n // 2 + 25), 0.5)]]) == ["PASS"]


def test_more_questions_are_needed_to_fail_among_many_families():
    leaning, good = single(np.tile([1.0, 1.0, 0.0], 20), 0.5), single(np.tile([1.0, 0.0], 50), 0.5)
    alone, among = needed([leaning, good]), needed([leaning, good], 500)
    assert alone is not None
    assert among is not None
    assert alone < among
    assert alone == needed([leaning])


@pytest.mark.parametrize("chance", [1 / 2, 1 / 4, 1 / 9])
def test_four_of_five_fair_units_pass_with_the_stated_number_of_questions(chance: float):
    n, rng = power(chance), np.random.default_rng(11)
    right = (rng.random((300, n)) < chance).astype(np.float64)
    assert 0.7 < np.mean([single(one, chance).high <= MARGIN for one in right]) < 0.9
