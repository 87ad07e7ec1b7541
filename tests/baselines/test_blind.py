"""Rows that never look, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from baselines import blind
from baselines.prs_med.trivial import Frequent, same_question
from tests.build.command import SMALL, mmrs, phantom_shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phantom_shards(tmp_path_factory.mktemp("blind") / "shards", 12, *SMALL)


@pytest.mark.parametrize("row", blind.ROWS)
def test_a_row_answers_every_question_and_words_alone_no_pair_of_opposites(row: str, shards: Path, tmp_path: Path):
    assert blind.main([str(shards), "--row", row, "--split", "train", "--out", str(tmp_path)]) == 0
    done = mmrs("score", tmp_path / "predictions.jsonl", "--shards", shards, "--split", "train", "--json")
    found = json.loads(done.out)
    assert found["missing"] == found["unread_masks"] == 0
    if row != "metadata-only":  # two pictures of a pair may differ in size or in what they show
        assert found["opposite_pairs"]["mean"] == 0
    assert 0.2 < found["rows"]["model"]["accuracy"]["mean"] < 0.9
    assert 0 < found["rows"]["model"]["dice"]["mean"] < 0.9


def test_of_numbers_the_constant_is_said_that_is_near_most():
    learnt = Frequent(same_question)
    key = ("number", "p")
    learnt.answers[key].update({"10": 2, "30": 1, "31": 1, "32": 1})
    learnt.tolerances[key] = dict.fromkeys(("10", "30", "31", "32"), 1.0)
    said = learnt.value({"kind": "number", "program": "p"}, None)
    assert said is not None
    assert all(abs(float(said) - value) <= 1 for value in (30, 31, 32))
    learnt.answers[key].update({"absent": 4})
    assert learnt.value({"kind": "number", "program": "p"}, None) == "absent"


def test_a_split_that_is_not_there_is_refused(shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert blind.main([str(shards), "--row", "majority", "--split", "tset", "--out", str(tmp_path / "out")]) == 2
    assert "no split 'tset'" in capsys.readouterr().err
