"""Agreement of two readers: published numbers, another implementation, and what they do not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.metrics.raters import ac1, agreed, kappa, percent

VERDICTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
NOVEL = [(True, True)] * 118 + [(True, False)] * 5 + [(False, True)] * 2
"""The table of 125 items by which Gwet (2008) shows what becomes of kappa where nearly all verdicts are alike."""


def of(pairs: list[tuple[bool, bool]], groups: list[str] | None = None, **options: int):
    one, other = zip(*pairs, strict=True)
    return agreed(one, other, groups or [str(n) for n in range(len(pairs))], **options)


def test_the_published_example_gives_the_published_numbers():
    found = of(NOVEL)
    assert found.percent.value == pytest.approx(0.944)
    assert found.kappa.value == pytest.approx(-0.0234, abs=5e-5)
    assert found.ac1.value == pytest.approx(0.9408, abs=5e-5)


def test_the_interval_is_close_to_that_of_the_published_variance():
    """Gwet's formula gives a standard error of 0.02306 for the example."""
    found = of(NOVEL, draws=4000).ac1
    assert (found.low, found.high) == pytest.approx((0.9408 - 1.96 * 0.02306, 0.9408 + 1.96 * 0.02306), abs=0.006)


@given(VERDICTS)
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[bool, bool]]):
    metrics = pytest.importorskip("sklearn.metrics", reason="needs the extra audit: scikit-learn")
    one, other = zip(*pairs, strict=True)
    found = of(pairs, draws=2).kappa.value
    if len({*one, *other}) == 1:
        assert found is None
    else:
        assert found == pytest.approx(metrics.cohen_kappa_score(one, other), abs=1e-12)


@given(VERDICTS)
def test_it_is_the_same_from_either_side_and_for_either_verdict(pairs: list[tuple[bool, bool]]):
    turned, denied = [(b, a) for a, b in pairs], [(not a, not b) for a, b in pairs]
    for other in (turned, denied):
        for name in ("percent", "kappa", "ac1"):
            values = [getattr(of(some, draws=2), name).value for some in (pairs, other)]
            assert values[0] == values[1] or values[0] == pytest.approx(values[1], abs=1e-12)


def test_readers_who_accept_everything_agree_and_kappa_says_nothing():
    found = of([(True, True)] * 30)
    assert (found.percent.value, found.kappa.value, found.ac1.value) == (1, None, 1)
    assert (found.kappa.low, found.kappa.high) == (None, None)


def test_verdicts_at_random_agree_by_chance_alone():
    drawn = np.random.default_rng(3).random((40_000, 2)) < 0.7
    table = np.array([[(drawn[:, 0] == a) & (drawn[:, 1] == b) for b in (True, False)] for a in (True, False)]).sum(-1)
    assert abs(float(kappa(table))) < 0.02
    assert float(percent(table)) == pytest.approx(0.58, abs=0.01)
    assert float(ac1(table)) == pytest.approx((0.58 - 0.42) / 0.58, abs=0.02)


def test_more_questions_about_the_same_views_do_not_make_it_surer():
    pairs = [(True, True)] * 9 + [(False, True), (True, False), (False, False)]
    views = [f"v{n}" for n in range(len(pairs))]
    once, thrice = of(pairs, views), of(pairs * 3, views * 3)
    for name in ("percent", "kappa", "ac1"):
        one, other = getattr(once, name), getattr(thrice, name)
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    assert of(pairs * 3).percent.low > once.percent.low


def test_the_interval_holds_what_it_should_as_often_as_it_should():
    """Readers who agree at random in 80 of 100 questions: about 19 intervals of 20 hold that number."""
    rng, held = np.random.default_rng(11), 0
    for _ in range(200):
        other = [(True, bool(x)) for x in rng.random(150) < 0.8]
        found = of(other, draws=300).percent
        held += found.low <= 0.8 <= found.high
    assert abs(held / 200 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 200)


def test_one_view_alone_gives_no_interval_and_unequal_lists_are_refused():
    found = of([(True, True), (True, False)], ["v", "v"])
    assert (found.percent.value, found.percent.low) == (0.5, None)
    with pytest.raises(ValueError, match="2 and 1 verdicts"):
        agreed([True, True], [True], ["v", "v"])
