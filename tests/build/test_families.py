"""``mmrs build --families`` asks of some families only."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmrs_builder.build import fair
from tests.build.command import SMALL, mmrs, phantom_shards


def families(out: Path) -> set[str]:
    return {name for path in (out / "qa").glob("*.parquet") for name in pq.read_table(path)["family"].to_pylist()}


def test_only_families_that_fit_a_pattern_are_asked(tmp_path: Path):
    out = phantom_shards(tmp_path / "out", 12, *SMALL, "--families", "locate.s*", "--families", "count.*")
    found = families(out)
    assert {name.split(".")[0] for name in found} == {"locate", "count"}
    assert all(name.startswith(("locate.s", "count.")) for name in found)
    assert mmrs("verify", out).code == 0


def test_other_families_are_another_build(tmp_path: Path):
    out = phantom_shards(tmp_path / "out", 6, *SMALL, "--families", "locate.*")
    done = mmrs("build", "--source", "phantom", "--set", "phantom.count=6", *SMALL, "--out", out, "--workers", 1)
    assert done.code == 2
    assert "families: ['locate.*'] -> None" in done.err


def test_a_pattern_that_fits_no_family_is_refused(tmp_path: Path):
    done = mmrs("build", "--source", "phantom", "--families", "lokate.*", "--out", tmp_path / "out")
    assert done.code == 2
    assert "--families lokate.*: no family fits" in done.err
    assert not (tmp_path / "out").exists()


def test_families_of_the_patients_frame_are_sound_without_their_counterparts(tmp_path: Path):
    both = ("relate.horizontal", "relate.vertical")
    for others, links in (((), False), (both[:1], False), (both, True)):
        words = [word for pattern in ("patient.*", *others) for word in ("--families", pattern)]
        out = phantom_shards(
            tmp_path / f"out{len(others)}", 15, "--set", "phantom.volumes=1", "--keep-unbalanced", *words
        )
        assert mmrs("verify", out).code == 0
        kinds = {kind for path in (out / "qa").iterdir() for kind in pq.read_table(path)["pair_kind"].to_pylist()}
        assert ("other_frame" in kinds) == links


def test_an_audit_may_leave_out_how_a_fact_is_put_in_the_viewers_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("sklearn", reason="needs the optional extra audit")
    said = iter([("relate.vertical",)])
    monkeypatch.setattr(
        fair,
        "sentence",
        lambda *_: fair.Judged(guessed=next(said, ()), unmended=(), beyond=(), pools={}),
    )
    words = [word for name in ("patient.*", "relate.horizontal", "relate.vertical") for word in ("--families", name)]
    out = phantom_shards(tmp_path / "out", 15, "--set", "phantom.volumes=1", "--keep-unbalanced", "--audit", *words)
    assert "relate.horizontal" in families(out)
    assert "relate.vertical" not in families(out)
    assert mmrs("verify", out).code == 0
