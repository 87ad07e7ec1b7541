"""Corpora drawn for benchmarks: a build reads them, and they are the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.builds import build, choice, weight
from benchmarks.corpora import draw
from mmrs_builder.build import plan_only
from mmrs_builder.build.settings import Settings

SMALL = {"polyps": (300, 260), "slices": (256, 240), "volumes": (96, 80, 24)}


@pytest.mark.parametrize("kind", SMALL)
def test_every_drawn_case_is_found_and_none_refused(kind: str, tmp_path: Path):
    pytest.importorskip("nibabel")
    draw(kind, tmp_path / "corpus", 2, SMALL[kind])
    (found,) = plan_only(Settings(sources=(choice(tmp_path / "corpus"),)))
    assert (len(found.refs), found.drops) == (2, ())


def test_a_corpus_is_the_same_each_time(tmp_path: Path):
    for name in ("one", "other"):
        draw("slices", tmp_path / name, 1, SMALL["slices"])
    one, other = (sorted((tmp_path / name).rglob("*.png")) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_drawn_volume_becomes_views_that_show_organs(tmp_path: Path):
    pytest.importorskip("nibabel")
    draw("volumes", tmp_path / "corpus", 1, SMALL["volumes"])
    done = build(tmp_path / "corpus", tmp_path / "shards", way="build, as in a large corpus")
    assert done.counts["cases"]["nifti"]["used"] == 1
    assert done.counts["views"]["published"] > 1
    assert done.counts["views"]["without_questions"] == 0
    assert list(done.stages) == ["measure", "ask", "write", "publish"]
    assert done.held > weight(tmp_path / "shards" / "data") > 0
