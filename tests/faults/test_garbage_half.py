"""A slice of every row of the garbage half of the fault suite; ``python -m benchmarks.faults`` runs the whole.

``MMRS_FAULT_SEED`` moves the slice, ``MMRS_FAULT_TRIALS`` makes it longer.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmrs_builder.build import guard, measure
from tests.faults import archives, cage, garbage, hostile_shards, hosts, kept
from tests.faults.fault import Fault, tried
from tests.faults.rows import GARBAGE

SEED = int(os.environ.get("MMRS_FAULT_SEED", "0"))
TRIALS = int(os.environ.get("MMRS_FAULT_TRIALS", "0"))


@pytest.mark.parametrize("fault", GARBAGE, ids=lambda fault: fault.id)
def test_a_slice_of_every_fault_is_survived(fault: Fault, free: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(hostile_shards.SOUND, str(free))  # the same shards for every process
    count = min(TRIALS or fault.few, fault.trials)
    seeds = [(SEED + number * fault.trials // count) % fault.trials for number in range(count)]
    tally = tried(fault, seeds, tmp_path)
    assert tally.untestable or tally.tried == count
    assert tally.lost == {}


@pytest.mark.parametrize("key", kept.GARBAGE)
def test_a_file_that_once_did_harm_does_none(key: str):
    said = cage.caged(garbage.HERE)(key)
    assert said.startswith(("rejected: ", "refused")), said


def test_trials_leave_other_builds_of_their_process_a_reader_of_its_own():
    assert garbage.ready(next(iter(hosts.HOSTS))).sound.used
    assert measure.kept is guard.kept


@pytest.mark.parametrize("key", kept.SHARDS)
def test_shards_that_once_did_harm_are_shown_or_named(key: str):
    hostile_shards.prepare()
    said = cage.verdict(hostile_shards.HERE, key)
    assert said.lost is None, f"{key}: {said.lost}"


@pytest.mark.parametrize("trick", kept.ARCHIVES)
def test_an_archive_that_once_did_harm_does_none(trick: str, tmp_path: Path):
    verdict = archives.hostile(list(archives.CATALOGUE).index(trick), tmp_path)
    assert (verdict.lost, verdict.where) == (None, "refused")


def ends(key: str) -> str:
    """A trial that ends in the way it is told to."""
    if key == "crash":
        os.abort()
    if key == "memory":
        bytearray(cage.MEMORY)
    if key == "hang":
        while True:
            pass
    if key == "error":
        raise KeyError(key)
    return "accepted"


def test_a_trial_that_crashes_hangs_fills_the_memory_or_raises_is_lost_and_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("MMRS_FAULT_SECONDS", "2")
    trial = cage.Cage(f"{__name__}:ends")
    said = {key: trial(key) for key in ("crash", "memory", "hang", "error", "sound")}
    assert said.pop("sound") == "accepted"
    for key, word in (("crash", "signal 6"), ("memory", "memory"), ("hang", "hang"), ("error", "KeyError")):
        assert said[key].startswith(cage.LOST), key
        assert word in said[key]
