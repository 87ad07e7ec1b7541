"""Training in processes of its own: two that share a step, and one that is interrupted and killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from baselines.prs_med import checkpoint
from baselines.prs_med.config import Preset
from tests.baselines.prs_med import minute
from tests.build.command import ROOT

PRESET = minute.ran()
LIMIT = 240  # s


def started(line: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "baselines.prs_med.train", *line],
        cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def two(shards: Path, out: Path, *more: str) -> None:
    """Train in two processes, started by Accelerate with the configuration that is shipped, on the CPU."""
    config = ROOT / "baselines" / "prs_med" / "accelerate" / "ddp.yaml"
    launch = ["--config_file", str(config), "--mixed_precision", "no", "--main_process_port", port()]
    process = subprocess.Popen(
        [sys.executable, "-m", "accelerate.commands.launch", *launch, "-m", "baselines.prs_med.train",
         *minute.words(shards, out, PRESET), *more],
        cwd=ROOT, env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said = process.communicate(timeout=LIMIT)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said
    assert json.loads((checkpoint.newest(out) / "run.json").read_text("utf-8"))["processes"] == 2


@pytest.fixture(scope="module")
def pair(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of ``ran``, by two processes."""
    out = tmp_path_factory.mktemp("pair") / "run"
    two(shards, out)
    return out


def until(step: int, run: Path, out: Path) -> Path:
    """A copy of a run that ended with the checkpoint of a step."""
    shutil.copytree(run, out)
    for folder in checkpoint.steps(out):
        if folder.name > f"step-{step:07d}":
            shutil.rmtree(folder)
    return out


@pytest.mark.long
def test_two_processes_have_the_losses_of_one(pair: Path, ran: Path):
    assert minute.apart(minute.losses(pair), minute.losses(ran)) < 1e-5
    views = [(one["views"], both["views"]) for one, both in zip(minute.losses(ran), minute.losses(pair), strict=True)]
    assert all(both == one[::2] for one, both in views)  # the first process writes what it was given


@pytest.mark.long
def test_two_processes_have_the_gradients_of_one(pair: Path, ran: Path):
    torch.testing.assert_close(minute.momentum(pair), minute.momentum(ran), rtol=1e-3, atol=1e-3)


@pytest.mark.long
def test_two_processes_validate_as_one(pair: Path, ran: Path):
    entries = [minute.record(run / "checkpoints/step-0000020")["validation"] for run in (pair, ran)]
    for one, other in zip(*entries, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


@pytest.mark.long
def test_two_processes_go_on_as_if_never_interrupted(shards: Path, tmp_path: Path, pair: Path):
    out = until(15, pair, tmp_path / "run")
    two(shards, out, "--resume")
    assert [line["views"] for line in minute.losses(out)] == [line["views"] for line in minute.losses(pair)]
    assert minute.apart(minute.losses(out), minute.losses(pair)) < 1e-6


@pytest.mark.long
def test_one_process_goes_on_where_two_were_interrupted(shards: Path, tmp_path: Path, pair: Path, ran: Path):
    out = until(15, pair, tmp_path / "run")
    assert minute.train(shards, out, PRESET, "--resume") == 0
    assert minute.apart(minute.losses(out), minute.losses(ran)) < 1e-5


def stopped(number: signal.Signals, step: int, shards: Path, out: Path, preset: Preset, *more: str) -> tuple[int, str]:
    """Exit code and output of a run that gets a signal when a step has been written."""
    process = started([*minute.words(shards, out, preset), *more])
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit and process.poll() is None:
        if (out / "losses.jsonl").exists() and (out / "losses.jsonl").read_text("utf-8").count("\n") >= step:
            process.send_signal(number)
            break
        time.sleep(0.005)
    return process.wait(LIMIT), process.communicate()[0]


@pytest.mark.long
def test_a_run_survives_an_interruption_and_a_kill(shards: Path, tmp_path: Path):
    preset = minute.preset(steps=30, save_every=4, views=2, questions=2)
    whole, out = tmp_path / "whole", tmp_path / "run"
    code, said = stopped(signal.SIGINT, 6, shards, out, preset)
    assert code == 130, said
    interrupted = minute.losses(out)[-1]["step"]
    assert 6 <= interrupted < 20
    assert checkpoint.steps(out)[-1].name == f"step-{interrupted:07d}"
    assert stopped(signal.SIGKILL, interrupted + 6, shards, out, preset, "--resume")[0] == -signal.SIGKILL
    assert minute.losses(out)[-1]["step"] < 30
    assert minute.train(shards, out, preset, "--resume") == 0
    assert minute.train(shards, whole, preset) == 0
    assert [line["views"] for line in minute.losses(out)] == [line["views"] for line in minute.losses(whole)]
    assert minute.apart(minute.losses(out), minute.losses(whole)) < 1e-6
