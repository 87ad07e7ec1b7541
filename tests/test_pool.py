"""Candidates in columns are the candidates, in little memory, whatever the order and the pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmrs_builder import units
from mmrs_builder.board import Marks
from mmrs_builder.build import decided
from mmrs_builder.pool import Codebook, Viewed, narrow, pooled
from mmrs_builder.selected import Selected, identity
from tests.test_select import LIMITS, Limits, chosen, pools


def whole(found: list[Selected]) -> list[Selected]:
    """Candidates with margins and targets of their own, in an order of their own."""
    return [
        it._replace(candidate=it.candidate._replace(margin=float(n), target=None if n % 2 else tuple(range(n % 3))))
        for n, it in enumerate(sorted(found, key=identity))
    ]


def parts(found: list[Selected], folder: Path, size: int) -> tuple[list[Path], list[int]]:
    """Files of so many candidates each, and how many they hold."""
    pieces = [found[start : start + size] for start in range(0, len(found), size)] or [[]]
    files = [folder / f"{number}.parquet" for number in range(len(pieces))]
    for path, piece in zip(files, pieces, strict=True):
        decided.write(path, [it.candidate for it in piece])
    return files, [len(piece) for piece in pieces]


def viewed(found: list[Selected]) -> dict[str, Viewed]:
    return {
        it.candidate.view_id: Viewed(view_id=it.candidate.view_id, source=it.source, split=it.split) for it in found
    }


@given(pools())
def test_a_column_holds_all_that_choosing_reads(found: list[Selected]):
    items = whole(found)
    pool = pooled(items, {})
    for number, it in enumerate(items):
        said = pool.item(number)
        told = said.candidate._replace(margin=it.candidate.margin, target_program=it.candidate.target_program)
        assert said._replace(candidate=told) == it


@given(pools())
def test_a_candidate_costs_ten_bytes_at_most(found: list[Selected]):
    pool = pooled(found, {})
    assert sum(column.nbytes for column in (pool.view, pool.form, pool.value, pool.target)) <= 10 * len(found)


@given(st.lists(st.sampled_from([0, 254, 255, 256, 65_535, 65_536, 2**31 - 1]), min_size=1))
def test_narrow_codes_are_the_same_codes(codes: list[int]):
    held = narrow(np.array(codes, np.int64), max(codes) + 1)
    assert held.tolist() == codes
    assert held.dtype in (np.uint8, np.uint16, np.int32)


@given(pools())
def test_a_unit_without_a_pair_costs_fourteen_bytes_at_most(found: list[Selected]):
    draft = units.Draft(bound=False, every=Codebook())
    for number, item in enumerate(found):
        draft.add((item,), [number], number)
    done = draft.done()
    columns = [done.items, done.ends, done.keys, done.marked]
    assert sum(column.nbytes for column in columns) <= 14 * len(found)
    assert done.names.strides == (0,)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pools())
def test_what_is_asked_comes_back_from_disk_whole(tmp_path: Path, found: list[Selected]):
    items = whole(found)
    files, sizes = parts(items, tmp_path, 40)
    asked = list(decided.asked(files, sizes, {number: Marks() for number in range(len(items))}, viewed(items)))
    assert sorted(asked, key=identity) == items
    some = range(0, len(items), 7)
    assert len(list(decided.asked(files, sizes, {number: Marks() for number in some}, viewed(items)))) == len(some)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pools())
def test_codes_do_not_depend_on_how_candidates_lie_in_files(tmp_path: Path, found: list[Selected]):
    items = whole(found)
    views = viewed(items)
    one = decided.pool(*parts(items, tmp_path / "a", 25), views)
    turned = dict(reversed(views.items()))
    other = decided.pool(*parts(items[::-1], tmp_path / "b", 60), turned)
    assert (one.views, one.forms) == (other.views, other.forms)
    assert [one.item(n).candidate.program for n in range(len(items))] == [it.candidate.program for it in items]
    assert (one.view == other.view[::-1]).all()
    assert (one.form == other.form[::-1]).all()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pools(), LIMITS)
def test_few_units_at_a_time_are_taken_in_the_same_order_as_all(
    monkeypatch: pytest.MonkeyPatch, found: list[Selected], limits: Limits
):
    whole_order = chosen(found, *limits)
    with monkeypatch.context() as patch:
        patch.setattr(units, "WINDOW", 3)
        assert chosen(found, *limits) == whole_order
