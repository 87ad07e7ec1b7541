"""Bootstrap intervals over groups: what they depend on, and what they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.metrics import Interval, bootstrap

SCORED = st.lists(
    st.tuples(st.floats(-10, 10), st.sampled_from(["p1", "p2", "p3", "p4"])), min_size=1, max_size=12
)  # fmt: skip
VALUES, PATIENTS = [0.1, 0.9, 0.4, 0.7, 0.2, 0.6], ["a", "b", "c", "d", "e", "f"]


@given(SCORED.flatmap(lambda scored: st.tuples(st.just(scored), st.permutations(scored))))
def test_the_order_of_values_does_not_matter(orders: tuple[list[tuple[float, str]], list[tuple[float, str]]]):
    one, other = (bootstrap(*zip(*scored, strict=True), draws=20) for scored in orders)
    assert one == other


@given(SCORED)
def test_bounds_are_ordered_and_lie_between_the_means_of_groups(scored: list[tuple[float, str]]):
    found = bootstrap(*zip(*scored, strict=True), draws=50)
    means = [np.mean([v for v, g in scored if g == group]) for _, group in scored]
    if found.low is not None and found.high is not None:
        assert min(means) - 1e-9 <= found.low <= found.high <= max(means) + 1e-9


def test_the_same_seed_gives_the_same_bounds_and_another_seed_others():
    assert bootstrap(VALUES, PATIENTS) == bootstrap(VALUES, PATIENTS, seed=0)
    assert bootstrap(VALUES, PATIENTS) != bootstrap(VALUES, PATIENTS, seed=1)


def test_more_values_of_the_same_patients_do_not_make_it_surer():
    once, thrice = bootstrap(VALUES, PATIENTS), bootstrap(VALUES * 3, PATIENTS * 3)
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))
    assert (thrice.groups, thrice.n) == (6, 18)


def test_the_mean_is_over_values_and_not_over_patients():
    assert bootstrap([1, 1, 1, 0], ["a", "a", "a", "b"]).mean == 0.75


def test_patients_are_drawn_whole():
    found = bootstrap([1, 0, 1, 0], ["a", "a", "b", "b"])
    assert (found.low, found.high) == (0.5, 0.5)


def test_the_interval_of_many_patients_is_that_of_the_normal_distribution():
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap(values.tolist(), [f"p{i}" for i in range(400)], draws=4000)
    half = 1.96 * values.std() / math.sqrt(400)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_a_higher_level_is_wider():
    narrow, wide = bootstrap(VALUES, PATIENTS, level=0.5), bootstrap(VALUES, PATIENTS, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_patient_has_a_mean_and_no_interval():
    assert bootstrap([1, 0], ["a", "a"]) == Interval(mean=0.5, low=None, high=None, groups=1, n=2)


def test_no_values_have_no_mean():
    assert bootstrap([], []) == Interval(mean=None, low=None, high=None, groups=0, n=0)


@pytest.mark.parametrize(
    ("values", "groups", "options", "says"),
    [
        ([1.0], [], {}, "1 values and 0 groups"),
        ([math.nan], ["a"], {}, "finite"),
        ([math.inf], ["a"], {}, "finite"),
        ([1.0], ["a"], {"draws": 0}, "draws"),
        ([1.0], ["a"], {"level": 1.0}, "level"),
    ],
)
def test_what_cannot_be_averaged_is_refused(values: list[float], groups: list[str], options: dict, says: str):
    with pytest.raises(ValueError, match=says):
        bootstrap(values, groups, **options)
