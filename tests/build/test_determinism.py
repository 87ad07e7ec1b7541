"""The same corpus and settings give the same bytes, wherever and however they are built."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.build.command import Result, mmrs, published, spawned

OPTIONS = ("build", "--source", "kvasir", "--rows-per-shard", 7)


def manifest(out: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((out / ".mmrs" / "manifest.json").read_text())
    return found


def shuffled(corpus: Path, into: Path) -> Path:
    """A copy whose files were made in another order, at another time."""
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    for number in np.random.default_rng(3).permutation(len(files)):
        copy = into / files[number].relative_to(corpus)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[number], copy)
        os.utime(copy, (1_000_000_000 + number, 1_000_000_000 + number))
    return into


def test_another_copy_of_the_corpus_gives_the_same_bytes_and_manifest(corpus: Path, built: Path, tmp_path: Path):
    copy = shuffled(corpus, tmp_path / "elsewhere" / "corpus (copy)")
    done = mmrs(*OPTIONS, "--data", copy, "--out", tmp_path / "other name", "--workers", 1)
    assert done.code == 0, done.err
    assert published(tmp_path / "other name") == published(built)
    assert manifest(tmp_path / "other name") == manifest(built)


@pytest.mark.parametrize(
    ("workers", "environment"),
    [
        (2, {"PYTHONHASHSEED": "0"}),
        (1, {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}),
        (1, {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANG": "ar_EG.UTF-8"}),
    ],
    ids=["workers", "C locale", "Turkish locale"],
)
def test_processes_hash_seeds_time_zones_and_locales_change_nothing(
    corpus: Path, built: Path, tmp_path: Path, workers: int, environment: dict[str, str]
):
    done = spawned(*OPTIONS, "--data", corpus, "--out", tmp_path / "out", "--workers", workers, **environment)
    assert done.code == 0, done.err
    assert published(tmp_path / "out") == published(built)


@pytest.mark.parametrize("mask", [0o077, 0o022], ids=oct)
def test_umask_and_relative_paths_change_nothing(corpus: Path, built: Path, tmp_path: Path, mask: int):
    before = os.umask(mask)
    try:
        done = relative_build(corpus, tmp_path)
    finally:
        os.umask(before)
    assert done.code == 0, done.err
    assert published(tmp_path / "shards") == published(built)


def relative_build(corpus: Path, folder: Path) -> Result:
    return spawned(*OPTIONS, "--data", os.path.relpath(corpus, folder), "--out", "shards", "--workers", 1, cwd=folder)


@pytest.mark.parametrize("rows", [3, 1000])
def test_other_shard_sizes_change_files_but_no_row(corpus: Path, built: Path, tmp_path: Path, rows: int):
    done = mmrs(*OPTIONS[:3], "--data", corpus, "--out", tmp_path / "out", "--rows-per-shard", rows, "--workers", 1)
    assert done.code == 0, done.err
    assert published(tmp_path / "out").keys() != published(built).keys()
    assert manifest(tmp_path / "out")["logical_rows_sha256"] == manifest(built)["logical_rows_sha256"]


def test_another_seed_asks_other_questions(corpus: Path, built: Path, tmp_path: Path):
    done = mmrs(*OPTIONS, "--data", corpus, "--out", tmp_path / "out", "--seed", 1, "--workers", 1)
    assert done.code == 0, done.err
    assert manifest(tmp_path / "out")["logical_rows_sha256"] != manifest(built)["logical_rows_sha256"]


@pytest.mark.long
def test_the_interpreter_of_these_tests_builds_like_a_fresh_one(phantoms: Path, tmp_path: Path):
    done = spawned("build", "--source", "phantom", "--set", "phantom.count=24", "--out", tmp_path / "out",
                   "--workers", 1)  # fmt: skip
    assert done.code == 0, f"{sys.version}: {done.err}"
    assert published(tmp_path / "out") == published(phantoms)
