"""A local model of minute size and random weights, asked from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from baselines.hf_vlm import tiny  # noqa: E402
from baselines.hf_vlm.__main__ import main  # noqa: E402
from tests.build.command import SMALL, mmrs, phantom_shards  # noqa: E402


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = (*SMALL, "--keep-unbalanced", "--questions-per-view", 4)
    return phantom_shards(tmp_path_factory.mktemp("vlm") / "shards", 6, *options)


@pytest.fixture(scope="module")
def checkpoint(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    tiny.write(shards, folder, "train")
    return folder


def asked(shards: Path, checkpoint: Path, out: Path, *more: str) -> list[dict[str, object]]:
    words = ["--model", str(checkpoint), "--split", "train", "--limit", "6", "--tokens", "6", "--device", "cpu"]
    assert main([str(shards), *words, "--out", str(out), *more]) == 0
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text("utf-8").splitlines()]


def test_every_question_is_put_with_and_without_its_picture_and_scored_by_mmrs(
    shards: Path, checkpoint: Path, tmp_path: Path
):
    lines = asked(shards, checkpoint, tmp_path)
    seen, blank = ({line["question_id"] for line in lines if line["blank"] == flag} for flag in (False, True))
    assert seen == blank
    assert any(line["said"] for line in lines)
    scored = mmrs(
        "score", tmp_path / "predictions.jsonl", "--shards", shards, "--split", "train", "--only-asked", "--json"
    )
    assert scored.code == 0, scored.err
    mine = json.loads((tmp_path / "results.json").read_text("utf-8"))
    again = json.loads(scored.out)
    for name in ("accuracy", "choice_accuracy", "yes_no_accuracy"):
        assert again["rows"]["model"].get(name) == mine["rows"]["model"].get(name)
    assert again["blind_gap"] == mine["blind_gap"]


def test_the_size_of_a_batch_does_not_change_what_is_said(shards: Path, checkpoint: Path, tmp_path: Path):
    one, four = (asked(shards, checkpoint, tmp_path / size, "--no-blank", "--batch", size) for size in ("1", "4"))
    assert [line["said"] for line in one] == [line["said"] for line in four]


def test_what_is_no_model_is_refused(shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    line = [str(shards), "--model", str(tmp_path), "--split", "train", "--out", str(tmp_path / "out")]
    assert main(line) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
