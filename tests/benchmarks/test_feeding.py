"""The feeding benchmark at minute shapes: real shards, the baseline's own loader, with and without workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from benchmarks import builds, feeding  # noqa: E402
from benchmarks.corpora import draw  # noqa: E402


@pytest.mark.long
def test_steps_are_fed_from_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw("polyps", tmp_path / "corpus", 12, (240, 200))
    builds.build(tmp_path / "corpus", tmp_path / "shards")
    words = [str(tmp_path / "shards"), "--shapes", "small", "--workers", "0", "1", "--steps", "2"]
    assert feeding.main([*words, "--out", str(tmp_path / "fed.json")]) == 0
    found = json.loads((tmp_path / "fed.json").read_text("utf-8"))["found"]
    assert list(found) == ["held", "0 workers", "1 workers"]
    assert all(0 < it["waited"] < it["step"] for it in found.values())
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(found)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine could run them")
def test_the_papers_shapes_are_refused_without_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert feeding.main([str(tmp_path)]) == 2
    assert "needs a GPU" in capsys.readouterr().err


def test_the_table_says_how_much_of_a_step_is_waiting() -> None:
    found = {"held": {"step": 0.5, "waited": 0.0}, "2 workers": {"step": 0.6, "waited": 0.06}}
    lines = feeding.table({"device": "a card", "cores": 16, "shapes": "small", "found": found}).splitlines()
    assert lines[-1] == "| 2 workers | 0.600 | 10% | 1.20 |"
