"""The server that sees nothing, asked over HTTP as any other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from baselines.endpoint.__main__ import main
from tests.build.command import ROOT, mmrs


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "baselines.endpoint.loopback"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def test_who_sees_nothing_owes_nothing_to_the_picture(
    address: str, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    words = [str(shards), "--model", "loopback", "--base-url", address, "--split", "train", "--limit", "30"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    mine = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert mine["blind_gap"]["mean"] == mine["circular_choice_accuracy"]["mean"] == 0
    assert mine["unanswered"] == {}
    options = ("--shards", shards, "--split", "train", "--only-asked", "--json")
    again = json.loads(mmrs("score", tmp_path / "out" / "predictions.jsonl", *options).out)
    assert again["rows"]["model"]["accuracy"] == mine["accuracy"]
    for name in ("blind_gap", "circular_choice_accuracy", "opposite_pairs", "refusals", "by_kind", "by_hops"):
        assert again[name] == mine[name], name
