"""Contenders of known skill beside each other, run and scored in processes of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("matplotlib")

from baselines.leaderboard.__main__ import main
from tests.build.command import ROOT, SMALL, phantom_shards

CONFIG = """
shards = "{shards}"
split = "train"
against = "never right"

[[row]]
name = "always right"
seeds = [3, 4]
steps = [["tests.baselines.leaderboard.writer", "{{shards}}", "{{split}}", "{{out}}", "right"]]

[[row]]
name = "never right"
steps = [["tests.baselines.leaderboard.writer", "{{shards}}", "{{split}}", "{{out}}", "wrong"]]

[[row]]
name = "not there"
steps = [["tests.baselines.leaderboard.nobody", "{{out}}"]]

[[row]]
name = "stalls"
server = "tests.baselines.leaderboard.staller"
steps = [[
  "baselines.endpoint", "{{shards}}", "--split", "{{split}}", "--model", "m", "--base-url", "{{server}}",
  "--timeout", "0.3", "--deadline", "1", "--no-blank", "--no-circular", "--out", "{{out}}",
]]
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A leaderboard that was run twice: its folder, its shards, and the exit code."""
    home = tmp_path_factory.mktemp("leaderboard")
    shards = phantom_shards(home / "shards", 6, *SMALL, "--keep-unbalanced", "--questions-per-view", 3)
    (home / "config.toml").write_text(CONFIG.format(shards=shards), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("MMRS_STATE", str(home / "state"))
        codes = {main([str(home / "config.toml"), "--out", str(home / "out")]) for _ in range(2)}
    return home / "out", shards, codes.pop() if len(codes) == 1 else -1


def read(out: Path) -> dict[str, Any]:
    return json.loads((out / "leaderboard.json").read_text("utf-8"))


@pytest.mark.long
def test_contenders_stand_beside_each_other_and_one_that_fails_costs_its_row(board: tuple[Path, Path, int]):
    out, _, code = board
    rows = read(out)["rows"]
    assert rows["always right"]["rows"]["model"]["accuracy"]["mean"] == 1
    assert rows["never right"]["rows"]["model"]["accuracy"]["mean"] == 0
    assert rows["always right"]["gain"]["mean"] == 1
    assert rows["always right"]["runs"]["dice"] == {"means": [1.0, 1.0], "sd": 0.0}
    assert rows["not there"] is None
    assert code == 1
    text = (out / "leaderboard.md").read_text("utf-8")
    assert "| always right | 1.000" in text
    assert "not there: tests.baselines.leaderboard.nobody ended with exit code 1" in text
    assert Image.open(out / "leaderboard.png").size[0] > 600


@pytest.mark.long
def test_an_endpoint_that_stalls_costs_its_row(board: tuple[Path, Path, int]):
    found = read(board[0])
    row = found["rows"]["stalls"]
    assert found["failed"]["stalls"] == ["baselines.endpoint ended with exit code 6"]
    assert row["rows"]["model"]["accuracy"]["mean"] == 0
    assert sum(row["unanswered"].values()) == row["rows"]["model"]["accuracy"]["n"]
    assert found["failed"]["always right"] == found["failed"]["never right"] == []


@pytest.mark.long
def test_what_is_finished_is_not_run_again(board: tuple[Path, Path, int]):
    for name in ("always-right/3", "always-right/4", "never-right"):
        assert (board[0] / name / "ran").read_text("utf-8") == "once\n"


@pytest.mark.long
def test_every_number_is_printed_again_by_the_command_beside_it(board: tuple[Path, Path, int]):
    out, _, _ = board
    row = read(out)["rows"]["always right"]
    command = row.pop("command")
    assert command[:2] == ["mmrs", "score"]
    done = subprocess.run(
        [sys.executable, "-m", "mmrs_builder", *command[1:]], cwd=out, env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == row


@pytest.mark.long
def test_what_other_steps_wrote_before_is_not_taken_for_that_of_steps_that_fail(
    board: tuple[Path, Path, int], tmp_path: Path
):
    out, shards, _ = board
    shutil.copytree(out / "never-right", tmp_path / "out" / "never-right")
    text = f'shards = "{shards}"\nsplit = "train"\n[[row]]\nname = "never right"\nsteps = [["tests.nobody"]]\n'
    (tmp_path / "c.toml").write_text(text, "utf-8")
    assert main([str(tmp_path / "c.toml"), "--out", str(tmp_path / "out")]) == 1
    assert read(tmp_path / "out")["rows"] == {"never right": None}


@pytest.mark.long
def test_every_modality_number_of_hops_and_family_is_told_with_chance(board: tuple[Path, Path, int]):
    out, _, _ = board
    row = read(out)["rows"]["always right"]
    text = (out / "leaderboard.md").read_text("utf-8")
    for part in ("modality", "hops", "family"):
        assert f"| by {part} | always right | never right | stalls | chance |" in text
        for key, numbers in row[f"by_{part}"].items():
            assert numbers.get("accuracy", numbers.get("dice"))["mean"] == 1
            assert f"| {key}, {'all answers' if 'accuracy' in numbers else 'Dice'} | 1.000" in text
    modality, numbers = next(part for part in row["by_modality"].items() if "yes_no_accuracy" in part[1])
    assert set(numbers) >= {"iou", "hd95_px", "nsd_2px", "yes_no_accuracy", "say_show_agreement", "twins", "blind_gap"}
    assert f"| {modality}, HD95, px | 0.000" in text
    (yes_no,) = (line for line in text.splitlines() if line.startswith(f"| {modality}, yes / no |"))
    assert yes_no.endswith("| 0.500 |")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "row"),
        ("shards = 3\n[[row]]\nname = 'a'\n", "steps"),
        ("shards = 's'\nsplit = 'test'\nagainst = 'b'\n[[row]]\nname = 'a'\nsteps = []\n", "against names 'b'"),
        ("shards = 's'\nsplit = 't'\n[[row]]\nname = 'A b'\nsteps = []\n[[row]]\nname = 'a-B'\nsteps = []\n", "a-b"),
        ("shards = '{root}/s'\nsplit = 'test'\n[[row]]\nname = 'a'\nsteps = []\n", "holds no shards"),
    ],
)
def test_a_configuration_that_cannot_be_run_is_refused(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "c.toml").write_text(text, "utf-8")
    assert main([str(tmp_path / "c.toml"), "--out", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err


def test_the_configuration_that_make_runs_can_be_read():
    from baselines.leaderboard.contenders import read as config

    found = config(ROOT / "baselines" / "leaderboard" / "demo.toml")
    assert {row.folder for row in found.rows} >= {"majority", "question-only", "prs-med-tiny", "random-sam-true-box"}
    trained = [row for row in found.rows if "train" in row.steps[0][0]]
    assert trained
    for row in trained:
        assert row.seeds == (0, 1, 2)
        # a bare --resume is refused in a new folder
        assert ("--resume", "auto") in pairwise(row.steps[0])
