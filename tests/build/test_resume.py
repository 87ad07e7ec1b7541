"""Killed, interrupted, repeated, continued: what was finished is kept, and what comes out is the same."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from tests.build import corpus as frames
from tests.build.command import mmrs, published, started, tree
from tests.build.reading import views

PARTS = 150  # frames: three parts of the measure stage
NAMES = [f"kvasir:frame{number:03d}" for number in range(PARTS)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of several parts."""
    return frames.write(tmp_path_factory.mktemp("many") / "corpus", PARTS)


def command(root: Path, out: Path, *options: object, workers: int = 1) -> tuple[object, ...]:
    fixed = ("build", "--source", "kvasir", "--data", root, "--out", out, "--rows-per-shard", 9)
    return (*fixed, "--workers", workers, *options)


@pytest.fixture(scope="module")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus built without interruption."""
    out = tmp_path_factory.mktemp("whole") / "shards"
    assert mmrs(*command(many, out)).code == 0
    return out


def killed(moment: float, *arguments: object) -> bool:
    """Kill a build and all its processes after some seconds; whether it was still running."""
    process = started(*arguments)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=moment)
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return True


def duration(*arguments: object) -> float:
    begin = time.monotonic()
    process = started(*arguments)
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - begin


def moments(number: int, length: float, seed: int) -> list[float]:
    """Seeded random moments, one in each of as many equal parts of the second four fifths of ``length``."""
    draws = np.random.default_rng(seed).random(number)
    return [length * (0.2 + 0.8 * (i + draw) / number) for i, draw in enumerate(draws)]


@pytest.mark.long
def test_killed_at_random_moments_a_build_shows_all_or_nothing_and_finishes_alike(
    many: Path, whole: Path, tmp_path: Path
):
    length = duration(*command(many, tmp_path / "timed"))
    left = []
    for number, moment in enumerate(moments(12, length, seed=1)):
        out = tmp_path / f"out{number}"
        workers = 2 if number % 4 == 3 else 1
        killed(moment, *command(many, out, workers=workers))
        left.append(copied(out, tmp_path / f"left{number}"))
        assert mmrs(*command(many, out)).code == 0
        assert published(out) == published(whole)
    shown = views(tmp_path, *left)
    assert [item for item in shown if isinstance(item, list) and item != NAMES] == []


@pytest.mark.long
def test_killed_again_and_again_while_replacing_a_version_a_build_still_finishes_alike(
    many: Path, whole: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert mmrs(*command(many, out, "--limit", 60)).code == 0
    old = copied(out, tmp_path / "old")
    length = duration(*command(many, shutil.copytree(out, tmp_path / "timed"), "--overwrite"))
    left = []
    for number, moment in enumerate(moments(8, length, seed=2)):
        killed(moment, *command(many, out, "--overwrite", workers=1 + number % 2))
        left.append(copied(out, tmp_path / f"left{number}"))
    assert mmrs(*command(many, out, "--overwrite")).code == 0
    assert published(out) == published(whole)
    shown = views(tmp_path, old, *left)
    assert shown[0] == NAMES[:60]
    assert [item for item in shown if isinstance(item, list) and item not in (NAMES[:60], NAMES)] == []


def copied(out: Path, into: Path) -> Path:
    """What a reader would find now, with all that an interrupted build left around it."""
    into.mkdir()
    if out.exists():
        shutil.copytree(out, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".mmrs"))
    return into


@pytest.fixture
def running(many: Path, tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Starts a long build and returns once it measures."""
    processes = []

    def start(workers: int) -> subprocess.Popen[str]:
        arguments = ("build", "--source", "phantom", "--set", "phantom.count=3000", "--out", tmp_path / "out")
        process = started(*arguments, "--workers", workers)
        processes.append(process)
        until(lambda: any((tmp_path / "out" / ".mmrs" / "measure").glob("*/*.json")))
        return process

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(condition: Callable[[], bool], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_an_interrupted_build_ends_soon_says_so_and_keeps_its_parts(
    running: Callable[[int], subprocess.Popen[str]], tmp_path: Path, workers: int, number: int, code: int
):
    process = running(workers)
    process.send_signal(number)
    _, err = process.communicate(timeout=5)
    assert process.returncode == code
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert list((tmp_path / "out" / ".mmrs" / "measure").glob("*/*.parquet"))
    assert not (tmp_path / "out" / "data").exists()


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_prints_no_traceback(
    running: Callable[[int], subprocess.Popen[str]],
):
    process = running(2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_workers_do_not_outlive_a_killed_build(running: Callable[[int], subprocess.Popen[str]]):
    process = running(2)
    workers = descendants(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), patience=10)


@pytest.mark.long
def test_a_worker_killed_by_the_system_costs_no_case(many: Path, whole: Path, tmp_path: Path):
    out = tmp_path / "out"
    process = started(*command(many, out, workers=2))
    until(lambda: len(workers_of(process.pid)) == 2)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert published(out) == published(whole)


def descendants(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def workers_of(pid: int) -> list[int]:
    """Children that run jobs: not the one that tracks shared resources."""
    with suppress(FileNotFoundError):
        return [p for p in descendants(pid) if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]
    return []


@pytest.fixture
def mine(corpus: Path, tmp_path: Path) -> Path:
    """A corpus of one's own, to be changed."""
    return shutil.copytree(corpus, tmp_path / "mine")


def test_a_locked_folder_ends_with_7_and_is_not_touched(corpus: Path, built: Path, tmp_path: Path):
    out = shutil.copytree(built, tmp_path / "out")
    before = tree(out)
    with FileLock(out / ".mmrs" / "lock"):
        done = mmrs(*command(corpus, out, "--overwrite"))
    assert (done.code, tree(out)) == (7, before)
    assert "another process" in done.err


def test_an_unchanged_build_is_recognised_and_rewrites_nothing(corpus: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert "Published" in mmrs(*command(corpus, out)).out
    before = times(out)
    assert "Unchanged" in mmrs(*command(corpus, out)).out
    assert times(out) == before


def times(out: Path) -> dict[Path, int]:
    """When the files were written that a build may keep."""
    notes = ("lock", "rejects.jsonl", "settings.json")
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name not in notes}


def test_a_touched_original_is_measured_again_and_changes_nothing(mine: Path, tmp_path: Path):
    out = tmp_path / "out"
    mmrs(*command(mine, out))
    before = published(out), times(out)
    os.utime(mine / "images" / "frame003.jpg")
    assert "Unchanged" in mmrs(*command(mine, out)).out
    assert published(out) == before[0]
    rewritten = {path for path, at in times(out).items() if before[1].get(path) != at}
    assert rewritten == {*(out / ".mmrs").glob("measure/*/*")}


def test_other_settings_are_shown_and_need_overwrite(corpus: Path, tmp_path: Path):
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    mmrs(*command(corpus, out))
    before = tree(out)
    refused = mmrs(*command(corpus, out, "--seed", 3, "--limit", 20))
    assert (refused.code, tree(out)) == (2, before)
    assert "seed: 0 -> 3" in refused.err
    assert "limit: None -> 20" in refused.err
    assert "--overwrite" in refused.err
    assert mmrs(*command(corpus, out, "--seed", 3, "--limit", 20, "--overwrite")).code == 0
    assert mmrs(*command(corpus, fresh, "--seed", 3, "--limit", 20)).code == 0
    assert tree(out) == tree(fresh)


def test_adding_a_source_measures_nothing_of_the_other_again(corpus: Path, tmp_path: Path):
    out = tmp_path / "out"
    mmrs(*command(corpus, out))
    before = times(out)
    words = (
        "--source",
        "folder",
        "--set",
        "folder.label=wart",
        "--set",
        "folder.noun=wart",
        "--set",
        "folder.plural=warts",
    )
    data = ("--data", f"kvasir={corpus}", "--data", f"folder={corpus}")
    done = mmrs("build", "--source", "kvasir", *words, *data, "--out", out, "--overwrite", "--workers", 1)
    assert done.code == 0, done.err
    after = times(out)
    parts = list((out / ".mmrs" / "measure").glob("kvasir-*/*"))
    assert parts
    assert {path: after[path] for path in parts} == {path: before[path] for path in parts}


def test_a_mended_corpus_gives_what_a_fresh_build_gives(mine: Path, tmp_path: Path):
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    stray = mine / "images" / "stray.jpg"
    stray.write_bytes(b"")
    assert mmrs(*command(mine, out)).code == 0
    stray.unlink()
    assert mmrs(*command(mine, out)).code == 0
    assert mmrs(*command(mine, fresh)).code == 0
    assert published(out) == published(fresh)


def test_a_deleted_shard_is_made_again(corpus: Path, tmp_path: Path):
    out = tmp_path / "out"
    mmrs(*command(corpus, out))
    before = published(out)
    next((out / "data").iterdir()).unlink()
    assert mmrs(*command(corpus, out)).code == 0
    assert published(out) == before


def test_candidates_that_a_killed_build_left_behind_are_removed(corpus: Path, tmp_path: Path):
    """They lie beside the decision for as long as it takes; a process that ends just then cannot remove them."""
    out = tmp_path / "out"
    mmrs(*command(corpus, out))
    before = tree(out)
    (table,) = (out / ".mmrs" / "ask").glob("*/asked.parquet")
    (table.parent / "decided").mkdir()
    (table.parent / "decided" / "000000.parquet").write_bytes(b"half")
    done = mmrs(*command(corpus, out))
    assert done.code == 0, done.err
    assert tree(out) == before


def test_two_interrupted_publications_are_not_mixed(corpus: Path, tmp_path: Path):
    """Two versions of equal shape are published by turns, each cut short after its views were put in place."""
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    wanted = command(corpus, out, "--seed", 1, "--overwrite")
    mmrs(*command(corpus, fresh, "--seed", 1))
    mmrs(*command(corpus, out))
    for seed in (1, 2):
        cut_after_views(*command(corpus, out, "--seed", seed, "--overwrite"))
    assert mmrs(*wanted).code == 0
    assert published(out) == published(fresh)


def cut_after_views(*arguments: object) -> None:
    real = os.replace

    def replace(source: Path, target: Path, **options: int) -> None:
        if Path(target).name == "qa" and "write" in Path(source).parts:
            raise KeyboardInterrupt
        real(source, target, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert mmrs(*arguments).code == 130


def test_an_original_that_changes_while_a_build_runs_is_refused_and_measured_again(mine: Path, tmp_path: Path):
    out, image = tmp_path / "out", mine / "images" / "frame003.jpg"
    changed_before_write(image, *command(mine, out))
    assert not (out / "data").exists()
    assert mmrs(*command(mine, out)).code == 0
    mmrs(*command(mine, tmp_path / "fresh"))
    assert published(out) == published(tmp_path / "fresh")


def changed_before_write(image: Path, *arguments: object) -> None:
    """Build, replacing an original after it was measured by another of the same size and time."""
    real, state = os.replace, image.stat()

    def replace(source: Path, target: Path, **options: int) -> None:
        real(source, target, **options)
        if Path(target).name == "asked.json":
            data = bytearray(image.read_bytes())
            data[-30] ^= 1
            image.write_bytes(data)
            os.utime(image, ns=(state.st_atime_ns, state.st_mtime_ns))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        done = mmrs(*arguments)
    assert done.code == 8
    assert "frame003" in done.err
    assert "changed" in done.err


def test_where_nothing_more_can_be_written_the_build_ends_with_8_and_can_be_continued(
    corpus: Path, built: Path, tmp_path: Path
):
    arguments = ("build", "--source", "kvasir", "--data", corpus, "--out", tmp_path / "out", "--rows-per-shard", 7)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        done = mmrs(*arguments, "--workers", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.code == 8
    assert "File too large" in done.err
    assert not (tmp_path / "out" / "data").exists()
    assert mmrs(*arguments, "--workers", 1).code == 0
    assert published(tmp_path / "out") == published(built)
