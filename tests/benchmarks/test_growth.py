"""The growth benchmark: small corpora are parts of large ones; further views are compared with the floor's."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora import draw
from benchmarks.growth import part, table, work


def test_a_smaller_corpus_is_the_beginning_of_the_larger_one(tmp_path: Path):
    draw("polyps", tmp_path / "corpus", 3, (240, 200))
    held = part(tmp_path / "corpus", 2, tmp_path / "two")
    assert [path.name for path in sorted(held.rglob("*.jpg"))] == ["000000.jpg", "000001.jpg"] * 2


def test_a_corpus_is_built_by_workers_and_its_memory_told(tmp_path: Path):
    draw("polyps", tmp_path / "corpus", 2, (240, 200))
    found = work("build", tmp_path / "corpus", tmp_path, 2)
    assert len(list((tmp_path / "shards" / "data").iterdir())) > 0
    assert min(found.values()) > 0


def test_what_further_views_cost_is_told_against_the_floor():
    def ways(floor: float, built: float) -> dict[str, dict[str, float]]:
        return {"floor": {"seconds": floor}, "build": {"seconds": built, "leading_mb": 300.0, "worker_mb": 250.0}}

    lines = table({1000: ways(2.0, 20.0), 10_000: ways(11.0, 110.0)})
    assert lines[2:] == ["| 1000 | 20.0 | 10.0 | – | 300 | 250 |", "| 10000 | 11.0 | 10.0 | 10.0 | 300 | 250 |"]
