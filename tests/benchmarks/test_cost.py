"""What very many views would cost: which parts grow with their number, and which with its square."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.cost import COMPARED, CORES, Choosing, View, breaks, choosing, costs, tables, view

CHECKING = "workers: core hours of checking pairs of pictures"
COMPARING = "workers: core hours of comparing pictures"
ONE = View(total=0.1, leading=0.01, candidates=100, shards=50_000, state=20_000, held=80_000)
CHOICE = Choosing(seconds=1e-6, held=50)
WAY = {
    "views": 1000, "seconds": 100.0, "leading": 10.0, "candidates": 100_000, "data": 4e7, "qa": 1e7, "state": 2e7,
    "held": 8e7,
}  # fmt: skip
BENCH = {"found": {"polyps": {"build, as in a large corpus": WAY, "build, two workers": WAY}}}


def test_a_view_is_a_share_of_what_was_measured():
    assert view(BENCH["found"]["polyps"], CHOICE) == replace(ONE, leading=pytest.approx(0.01 - 100e-6))


def test_a_candidate_is_the_difference_of_two_runs():
    few = {"candidates": 10**6, "processor_seconds": 2.0, "peak_mb": {"choosing": 300}}
    many = {"candidates": 3 * 10**6, "processor_seconds": 4.0, "peak_mb": {"choosing": 400}}
    assert choosing(few, many) == CHOICE


def test_most_grows_with_the_number_and_the_search_for_copies_with_its_square():
    small, large = (costs(ONE, CHOICE, views) for views in (10**6, 10**7))
    for name in set(small) - {CHECKING, COMPARING, *(f"days in all with {cores} cores" for cores in CORES)}:
        assert large[name] == pytest.approx(10 * small[name]), name
    assert large[CHECKING] == pytest.approx(100 * small[CHECKING])
    assert small["workers: core hours of measuring, asking, writing"] == pytest.approx((0.09 - 100e-6) * 10**6 / 3600)
    assert large[COMPARING] > COMPARED * 10**4 / 3600
    assert large["days in all with 64 cores"] > large["days in all with 1000 cores"] > large[COMPARING] / 1000 / 24


def test_the_limits_are_where_a_part_takes_over():
    lines = " ".join(breaks(ONE, CHOICE))
    assert "more work than all else from 0.70 million views on" in lines
    assert "64 GB of the leading process are full at 4.0 million views" in lines


def test_the_tables_have_a_column_for_every_kind_and_size():
    lines = tables(BENCH, CHOICE)
    assert "| processor seconds | 0.100 |" in lines
    assert "| views | polyps, 10 M | polyps, 100 M |" in lines
    assert "| TB of shards | 0.5 | 5.0 |" in lines
