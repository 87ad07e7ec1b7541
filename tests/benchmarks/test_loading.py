"""The loading benchmark: repeated files, its tables, and what follows for the number of workers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from benchmarks.loading import needed, repeat, table

LEVELS = {"paper/0": {"ms": 50.0}, "paper/1": {"ms": 100.0}, "paper/2": {"ms": -1.0}}
GROUP = {"bytes": 40_000, "streamed_ms": 0.5, "peak_mb": 300, "reached_ms": 9, "reached_bytes": 4e6, "requests": 3}
FOUND = {
    "views": 10,
    "bytes": {"shards": 40_000.0},
    "ways": {"map": {"opened_s": 1.0, "levels": LEVELS}},
    "row_groups": {"100": GROUP},
}


def test_files_are_repeated_under_names_that_a_loader_takes_for_shards(tmp_path: Path):
    (tmp_path / "train-00000-of-00001.parquet").write_bytes(b"rows")
    repeat([tmp_path / "train-00000-of-00001.parquet"], tmp_path / "data", 3)
    found = sorted((tmp_path / "data").iterdir())
    assert [path.name for path in found] == [f"train-0000{i}-of-00003.parquet" for i in range(3)]
    assert {path.read_bytes() for path in found} == {b"rows"}


def test_the_table_has_views_per_second_of_a_core():
    lines = table(FOUND)
    assert "| map | 20 / 10 / – |" in lines  # noise is no speed
    assert "| 100 | 40.0 | 0.50 | 300 | 9.0 | 4000 | 3.0 |" in lines


def test_cores_for_a_gpu_follow_from_its_step_and_what_a_view_costs_with_a_worker():
    assert needed(FOUND) == ["map: 10.8 views a second for one GPU take 1.08 cores"]
