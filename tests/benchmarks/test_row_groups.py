"""Shards with other sizes of row groups: the same rows, and more to read for one of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.row_groups import Counted, rewrite, taken_row
from mmrs_builder import shards


@pytest.fixture
def train(dozen: Path) -> list[Path]:
    return sorted((dozen / "data").glob("train-*.parquet"))


def test_rows_repeat_in_groups_of_the_size_that_is_asked_for(train: list[Path], tmp_path: Path):
    rewrite(train, 4, tmp_path / "four.parquet", rows=30)
    told, plain = pq.read_metadata(tmp_path / "four.parquet"), pq.read_table(train[0])["view_id"].to_pylist()
    assert [told.row_group(i).num_rows for i in range(told.num_row_groups)] == [4] * 7 + [2]
    found = pq.read_table(tmp_path / "four.parquet")["view_id"].to_pylist()
    assert found == (plain * 30)[:30]
    assert shards.ROW_GROUP == 100  # as it was


def test_one_view_costs_its_whole_group(train: list[Path], tmp_path: Path):
    taken = {}
    for size in (1, 30):
        rewrite(train, size, tmp_path / "rows.parquet", rows=30)
        with Counted(tmp_path / "rows.parquet") as counted:
            file = pq.ParquetFile(counted)
            before = counted.taken  # the footer
            row = taken_row(file, 17)
            taken[size] = counted.taken - before
        assert row["view_id"] == pq.read_table(tmp_path / "rows.parquet")["view_id"][17].as_py()
    assert taken[30] > 10 * taken[1]
