"""A build stage by stage and in ranges, as an array of jobs does it: the same folder as that of one command."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from filelock import FileLock

from mmrs_builder.build import lock, measure
from mmrs_builder.errors import MmrsError
from tests.build import corpus
from tests.build.command import ROOT, SMALL, Result, mmrs, tree

PARTS = 3  # two of phantoms and one of frames
IN_SMALL_PARTS = "from mmrs_builder.build import measure; measure.CASES_PER_PART = 2"
MAIN = "from mmrs_builder.cli import main; main()"


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames with a polyp, and a file that is refused."""
    root = corpus.write(tmp_path_factory.mktemp("frames") / "corpus", 2)
    (root / "images" / "stray.jpg").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def options(frames: Path) -> tuple[object, ...]:
    """What every command is told."""
    phantoms = ("--source", "phantom", *SMALL, "--set", "phantom.count=3")
    return (*phantoms, "--source", "kvasir", "--data", f"kvasir={frames}", "--rows-per-shard", 2)


Build: TypeAlias = Callable[..., Result]


@pytest.fixture(scope="module")
def build(options: tuple[object, ...]) -> Iterator[Build]:
    """``mmrs build`` into a folder in this process, where a part has two cases and nobody is waited for."""

    def run(out: Path, *more: object) -> Result:
        return mmrs("build", *options, "--workers", 1, "--out", out, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "CASES_PER_PART", 2)
        patch.setattr(lock, "PATIENCE", 0)
        yield run


@pytest.fixture(scope="module")
def whole(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by one command."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = build(out)
    assert done.code == 0, done.err
    return out


@pytest.fixture(scope="module")
def staged(build: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Copies of a folder, each after the stage of its name, done in ranges in any order, again, and overlapping."""
    home = tmp_path_factory.mktemp("staged")
    ranges = {"measure": ("2:99", "0:1", "1:3", "0:2"), "ask": (None, None), "write": ("3:99", "0:2", "1:3", "0:1")}
    found = {}
    for stage, spans in ranges.items():
        for span in spans:
            done = build(home / "out", "--stage", stage, *(("--shards", span) if span else ()))
            assert done.code == 0, done.err
        found[stage] = shutil.copytree(home / "out", home / stage)
    return found


def settings_of(out: Path) -> dict[str, object]:
    known: dict[str, object] = json.loads((out / ".mmrs" / "settings.json").read_text())
    return known


def test_ranges_in_any_order_done_again_and_overlapping_leave_what_one_build_leaves(
    build: Build, whole: Path, tmp_path: Path, staged: dict[str, Path]
):
    out = shutil.copytree(staged["write"], tmp_path / "out")
    assert len(list(out.glob(".mmrs/write/*/*/*.parquet"))) > 3
    done = build(out, "--stage", "finish", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == json.loads((out / ".mmrs" / "manifest.json").read_text())["report"]
    assert tree(out) == tree(whole)


def test_stages_of_what_is_published_change_nothing(build: Build, whole: Path, tmp_path: Path):
    out = shutil.copytree(whole, tmp_path / "out")
    for stage in ("measure", "ask", "write", "finish"):
        done = build(out, "--stage", stage)
        assert done.code == 0, done.err
        assert tree(out) == tree(whole)
    assert "Unchanged" in done.out


def test_how_many_parts_and_shards_there_are_is_said(build: Build, tmp_path: Path, staged: dict[str, Path]):
    plan = build(tmp_path / "out", "--dry-run", "--json")
    assert sum(row["parts"] for row in json.loads(plan.out)) == PARTS
    assert f"{PARTS} parts" in build(tmp_path / "out", "--dry-run").out
    counted = build(tmp_path / "out", "--stage", "measure", "--shards", "0:0", "--json")
    assert json.loads(counted.out) == {"stage": "measure", "parts": PARTS, "done": "0:0"}
    assert not (tmp_path / "out" / ".mmrs" / "measure").exists()
    out = shutil.copytree(staged["write"], tmp_path / "written")
    total = len(list(out.glob(".mmrs/write/*/*/*.parquet")))
    assert f"{total} shards" in build(out, "--stage", "ask").out
    assert f"Shards 1:{total} of {total}" in build(out, "--stage", "write", "--shards", "1:99").out


def test_to_ask_before_all_is_measured_is_refused_with_the_parts_that_are_missing(build: Build, tmp_path: Path):
    out = tmp_path / "out"
    build(out, "--stage", "measure", "--shards", "1:2")
    for stage in ("ask", "write", "finish"):
        done = build(out, "--stage", stage)
        assert done.code == 2
        assert "2 of 3 parts are not measured: 0:1, 2:3" in done.err
        assert "--stage measure --shards 0:1" in done.err
    assert not (out / ".mmrs" / "ask").exists()


def test_to_write_before_it_is_asked_is_refused(build: Build, tmp_path: Path, staged: dict[str, Path]):
    out = shutil.copytree(staged["measure"], tmp_path / "out")
    for stage in ("write", "finish"):
        done = build(out, "--stage", stage)
        assert done.code == 2
        assert "--stage ask" in done.err
    assert tree(out) == tree(staged["measure"])


def test_to_finish_before_all_is_written_is_refused_with_the_shards_that_are_missing(
    build: Build, tmp_path: Path, staged: dict[str, Path]
):
    out = shutil.copytree(staged["ask"], tmp_path / "out")
    build(out, "--stage", "write", "--shards", "2:3")
    done = build(out, "--stage", "finish")
    assert done.code == 2
    assert "shards are not written: 0:2, 3:" in done.err
    assert "--stage write --shards 0:2" in done.err
    assert not (out / "data").exists()


@pytest.mark.parametrize(
    ("stage", "lost"), [("measure", "measure/phantom-*/part-00001.json"), ("write", "write/*/qa/*")]
)
def test_a_build_that_stages_began_is_ended_by_one_command(
    build: Build, whole: Path, tmp_path: Path, staged: dict[str, Path], stage: str, lost: str
):
    out = shutil.copytree(staged[stage], tmp_path / "out")
    next((out / ".mmrs").glob(lost)).unlink()
    assert build(out).code == 0
    assert tree(out) == tree(whole)


def test_a_build_that_one_command_began_is_ended_by_stages(
    build: Build, whole: Path, tmp_path: Path, staged: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    out, real = shutil.copytree(staged["ask"], tmp_path / "out"), os.replace

    def replace(source: Path, target: Path, **options: int) -> None:
        if Path(target).parent.name == "qa":
            raise KeyboardInterrupt
        real(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert build(out).code == 130
    assert build(out, "--stage", "write").code == 0
    assert build(out, "--stage", "finish").code == 0
    assert tree(out) == tree(whole)


def test_an_interrupted_publication_is_ended_by_finish(
    build: Build, whole: Path, tmp_path: Path, staged: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    out, real = shutil.copytree(staged["write"], tmp_path / "out"), os.replace

    def replace(source: Path, target: Path, **options: int) -> None:
        if Path(target) == out / "qa":
            raise KeyboardInterrupt
        real(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert build(out, "--stage", "finish").code == 130
    assert (out / "data").exists()
    assert build(out, "--stage", "write").code == 0  # a task that is run again has nothing to write
    assert build(out, "--stage", "finish").code == 0
    assert tree(out) == tree(whole)


@pytest.mark.parametrize("stage", ["measure", "ask", "write", "finish"])
def test_other_settings_are_refused_by_every_stage(build: Build, tmp_path: Path, staged: dict[str, Path], stage: str):
    out = shutil.copytree(staged["write"], tmp_path / "out")
    before = tree(out)
    with lock.shared(out, settings_of(out), overwrite=False):
        done = build(out, "--stage", stage, "--seed", 3)
        assert (done.code, tree(out)) == (2 if stage in ("measure", "write") else 7, before)
    done = build(out, "--stage", stage, "--seed", 3)
    assert (done.code, tree(out)) == (2, before)
    assert "seed: 0 -> 3" in done.err


def test_settings_are_replaced_only_when_no_task_is_at_work_with_the_old_ones(
    build: Build, tmp_path: Path, staged: dict[str, Path]
):
    out = shutil.copytree(staged["write"], tmp_path / "out")
    words = ("--seed", 3, "--stage", "measure", "--overwrite")
    with lock.shared(out, settings_of(out), overwrite=False):
        assert build(out, *words).code == 7
    assert build(out, *words).code == 0
    assert settings_of(out)["seed"] == 3


@pytest.mark.parametrize("stage", ["measure", "ask", "write", "finish"])
def test_a_folder_that_is_built_as_a_whole_is_locked_for_every_stage(
    build: Build, tmp_path: Path, staged: dict[str, Path], stage: str
):
    out = shutil.copytree(staged["write"], tmp_path / "out")
    before = tree(out)
    with FileLock(out / ".mmrs" / "lock"):
        done = build(out, "--stage", stage)
    assert (done.code, tree(out)) == (7, before)
    assert "another process" in done.err


def test_while_tasks_work_others_may_join_but_nobody_may_have_the_folder_alone(
    build: Build, tmp_path: Path, staged: dict[str, Path]
):
    out = shutil.copytree(staged["write"], tmp_path / "out")
    with lock.shared(out, settings_of(out), overwrite=False):
        codes = {stage: build(out, "--stage", stage).code for stage in ("measure", "ask", "write", "finish")}
        assert build(out).code == 7
    assert codes == {"measure": 0, "ask": 7, "write": 0, "finish": 7}


@pytest.mark.parametrize("seeds", [(0,) * 8, (0, 1) * 4], ids=["alike", "two kinds"])
def test_of_those_that_come_first_to_a_new_folder_all_with_the_same_settings_may_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, ...]
):
    monkeypatch.setattr(lock, "PATIENCE", 20)
    begin, came, entered, refused = threading.Barrier(len(seeds)), threading.Barrier(len(seeds)), [], []

    def come(seed: int) -> None:
        begin.wait()
        try:
            with lock.shared(tmp_path / "out", {"seed": seed}, overwrite=False):
                came.wait()  # all that entered are in there at once
                entered.append(seed)
        except MmrsError as error:
            came.wait()
            refused.append(error.code)

    threads = [threading.Thread(target=come, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(entered)) == 1
    assert len(entered) == seeds.count(entered[0])
    assert refused == [2] * (len(seeds) - len(entered))


def test_where_a_lock_cannot_be_shared_that_is_said_and_no_lock_is_left(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    done = build(tmp_path / "out", "--stage", "measure")
    assert done.code == 8
    assert "Lustre: -o flock" in done.err
    assert list((tmp_path / "out" / ".mmrs").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stage", "measure", "--audit"), "--audit asks again"),
        (("--stage", "ask", "--paraphrase", "rows", "--llm", "model=m"), "--paraphrase rows"),
        (("--stage", "measure", "--executor", "ray"), "without a Ray cluster"),
        (("--stage", "ask", "--shards", "0:1"), "--stage measure and --stage write"),
        (("--shards", "0:1"), "--stage measure and --stage write"),
        (("--stage", "measure", "--shards", "3:1"), "no range A:B"),
        (("--stage", "measure", "--shards", "3"), "no range A:B"),
        (("--stage", "publish"), "'measure', 'ask', 'write', 'finish'"),
    ],
)
def test_what_no_single_stage_can_do_is_refused(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    done = build(tmp_path / "out", *words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


DYING = """
import os, signal, time
put = measure.write_json
def write_json(path, value):
    if path.name == "part-00001.json" and "SLURM_RESTART_COUNT" not in os.environ:
        while not path.with_name("part-00000.json").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    put(path, value)
measure.write_json = write_json
"""
"""Dies the first time when a part is written and its sidecar is not, after another task has measured the first part."""


@pytest.mark.long
def test_the_script_for_slurm_builds_by_a_stand_in_for_sbatch_what_one_command_builds(
    options: tuple[object, ...], whole: Path, tmp_path: Path
):
    """Without Slurm: what is tested are the commands of the script, with tasks that measure at the same time, of which
    one is killed and run again.
    """
    desk, jobs = tmp_path / "desk", tmp_path / "jobs"
    for folder in (desk, jobs, tmp_path / "bin"):
        folder.mkdir()
    code = shlex.quote("\n".join((IN_SMALL_PARTS, DYING, MAIN)))
    for name, how in (("mmrs", f"-c {code}"), ("sbatch", "-m tests.build.sbatch")):
        executable(tmp_path / "bin" / name, f'#!/bin/sh\nexec {sys.executable} {how} "$@"\n')
    shipped = (ROOT / "docs" / "slurm" / "build.sh").read_text(encoding="utf-8")
    executable(desk / "build.sh", shipped.replace("--cpus-per-task=8", "--cpus-per-task=1"))
    told = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TASKS": "2"}
    done = subprocess.run(
        ["./build.sh", *map(str, options), "--out", str(tmp_path / "out")],
        env={**os.environ, **told, "MMRS_TEST_SLURM": str(jobs)},
        cwd=desk, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{PARTS} parts; jobs: measure 1, ask 2, write 3, finish 4\n"
    ended = {path.name: path.read_text() for path in jobs.glob("*.ended")}
    assert ended == {"1.ended": "0, 137 0", "2.ended": "0", "3.ended": "0, 0", "4.ended": "0"}
    assert tree(tmp_path / "out") == tree(whole)
    assert not list(desk.glob("*.json"))


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
