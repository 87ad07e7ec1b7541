"""A reader that crashes, hangs or takes too much memory costs its case and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mmrs_builder.build import guard
from mmrs_builder.build.guard import Limits, Reader, end_kept, kept
from mmrs_builder.build.measure import source_of
from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import Rejected
from tests.build import corpus as frames
from tests.build.command import ROOT, Result, mmrs, published

ADAPTER = '''
"""Kvasir-SEG whose cases are read well, or as their names say."""
import ctypes, mmap, os, signal, sys, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from mmrs_builder.sources import find
from mmrs_builder.vocab import Rejected

KVASIR = find("kvasir")
C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p
STEP = 2**26

class Strange(Exception):
    pass

class Bomb:
    """Takes down the process that receives it."""
    def __reduce__(self):
        return os.abort, ()

def index(root):
    for item in KVASIR.index(root):
        yield replace(item, source="ward")

def memory():
    held = []
    for _ in range(20 * 2**30 // STEP):
        held.append(np.ones(STEP, np.uint8))

def shared():
    held = mmap.mmap(-1, 20 * 2**30)
    for start in range(0, len(held), STEP):
        held[start : start + STEP] = b"1" * STEP

def unchecked():
    for _ in range(20 * 2**30 // STEP):
        ctypes.memset(C.malloc(ctypes.c_size_t(STEP)), 1, STEP)
        time.sleep(0.1)  # a look at its memory comes every 50 ms; what dies between two looks is called a crash

def opencv():
    import cv2
    cv2.resize(np.zeros((9, 9), np.uint8), (150_000, 150_000))

def whereabouts():
    raise Rejected("bad_metadata", "process", str(os.getpid()))

HOARD, READ = [], []

def hoard():
    HOARD.append(np.ones(3 * 2**27, np.uint8))

def second():
    if len(READ) > 1:
        os.abort()

def bug():
    raise ValueError("a bug in the adapter")

def strange():
    raise Strange("of its own kind")

def slow():
    time.sleep(12)  # much longer than two seconds on a busy machine

ACTS = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(600),
    "hang_locked": lambda: ctypes.PyDLL(None).sleep(600),
    "memory": memory,
    "memory_small": lambda: [str(number) for number in range(10**9)],
    "memory_shared": shared,
    "memory_unchecked": unchecked,
    "memory_opencv": opencv,
    "whereabouts": whereabouts,
    "hoard": hoard,
    "second": second,
    "bug": bug,
    "strange": strange,
    "slow": slow,
}

def load(ref):
    with Path(__file__).with_name("loaded.txt").open("a") as log:
        log.write(f"{ref.case_id} {os.getpid()}\\n")
    READ.append(ref)
    ACTS.get(ref.case_id, lambda: None)()
    case = KVASIR.load(ref)
    return replace(case, ref=Bomb()) if ref.case_id == "bomb" else case

SOURCE = replace(KVASIR, name="ward", index=index, load=load)
'''

FAILURES = {
    "segfault": ("crashed", "signal 11"),
    "abort": ("crashed", "signal 6"),
    "exit": ("crashed", "exit status 3"),
    "killed": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
    "hang": ("timed_out", "no answer within 3 s; --read-seconds allows more"),
    "hang_locked": ("timed_out", "no answer within 3 s; --read-seconds allows more"),
    "memory": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
    "memory_small": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
    "memory_shared": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
    "memory_unchecked": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
    "memory_opencv": ("out_of_memory", "more than 0.5 GiB; --read-memory allows more"),
}

LIMITS = Limits(seconds=60, memory=2**29)
HURRIED = Limits(seconds=3, memory=2**29)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    path = tmp_path / "ward.py"
    path.write_text(ADAPTER)
    return path


@pytest.fixture
def choice(tmp_path: Path, adapter: Path) -> SourceChoice:
    """Two good frames, and one for each thing that may happen."""
    root = frames.write(tmp_path / "corpus", 2)
    for number, name in enumerate([*FAILURES, "whereabouts", "hoard", "second", "slow", "bug", "strange"]):
        frames.add(root, name, number)
    return SourceChoice(name="ward", root=root, adapter=adapter)


@pytest.fixture
def refs(choice: SourceChoice) -> dict[str, CaseRef]:
    assert choice.root is not None
    found = source_of(choice).index(choice.root)
    return {item.case_id: item for item in found if isinstance(item, CaseRef)}


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader(LIMITS) as opened:
        yield opened


def refusal(load: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Rejected) as refused:
        load()
    return refused.value.reason, refused.value.detail


def loads(adapter: Path) -> list[list[str]]:
    """Case and process of every reading, in order."""
    return [line.split() for line in adapter.with_name("loaded.txt").read_text().splitlines()]


def is_gone(process: int, seconds: float = 10) -> bool:
    """Whether a process has ended, and nobody still has to ask how."""
    for _ in range(round(seconds / 0.05)):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_case_comes_as_its_source_loads_it(choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader):
    ref = refs["frame001"]
    here, there = source_of(choice).load(ref), reader.load(choice, ref)
    (expected,), (view,) = here.views, there.views
    assert there.ref == ref
    assert view.picture.data == expected.picture.data
    assert np.array_equal(view.picture.pixels, expected.picture.pixels)
    assert [item.label for item in view.annotations] == ["polyp"]
    assert np.array_equal(view.annotations[0].mask, expected.annotations[0].mask)
    assert view.grid == expected.grid


def test_a_refusal_of_the_source_comes_with_its_reason_and_keeps_the_process(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader
):
    (reason, first), (_, second) = [refusal(lambda: reader.load(choice, refs["whereabouts"])) for _ in range(2)]
    assert reason == "bad_metadata"
    assert first == second != str(os.getpid())


@pytest.mark.parametrize(("name", "expected"), FAILURES.items(), ids=FAILURES)
def test_a_reader_that_fails_costs_its_case_and_the_next_one_is_read_in_a_new_process(
    choice: SourceChoice, refs: dict[str, CaseRef], adapter: Path, name: str, expected: tuple[str, str]
):
    with Reader(HURRIED if name.startswith("hang") else LIMITS) as reader:
        assert refusal(lambda: reader.load(choice, refs[name])) == expected
        assert reader.load(choice, refs["frame000"]).ref == refs["frame000"]
    (_, failed), (_, fresh) = loads(adapter)
    assert failed != fresh
    assert is_gone(int(failed), seconds=0.05)


def test_a_bug_reaches_the_caller_with_the_traceback_of_the_reading_process(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader
):
    with pytest.raises(ValueError, match=r"^a bug in the adapter") as raised:
        reader.load(choice, refs["bug"])
    assert "ward.py" in raised.value.__notes__[0]
    assert "in bug" in raised.value.__notes__[0]


def test_an_exception_of_the_adapters_own_kind_is_named(choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader):
    with pytest.raises(RuntimeError, match=r"^Strange: of its own kind"):
        reader.load(choice, refs["strange"])


def test_a_process_that_died_between_two_cases_costs_neither(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader, adapter: Path
):
    reader.load(choice, refs["frame000"])
    ((_, first),) = loads(adapter)
    os.kill(int(first), 9)
    os.waitid(os.P_PID, int(first), os.WEXITED | os.WNOWAIT)
    assert reader.load(choice, refs["frame001"]).ref == refs["frame001"]


def test_the_process_ends_with_the_block(choice: SourceChoice, refs: dict[str, CaseRef], adapter: Path):
    with Reader(LIMITS) as reader:
        reader.load(choice, refs["frame000"])
    ((_, process),) = loads(adapter)
    assert is_gone(int(process), seconds=0.05)


def test_a_kept_process_reads_for_the_next_part_too_unless_it_holds_much(
    choice: SourceChoice, refs: dict[str, CaseRef], adapter: Path
):
    limits = Limits(memory=2**31)
    for name in ("frame000", "frame001", "hoard", "frame000"):
        kept(limits).load(choice, refs[name])
        kept(limits).slim()
    end_kept()
    _, processes = zip(*loads(adapter), strict=True)
    assert len({*processes[:3]}) == 1
    assert processes[3] not in processes[:3]
    assert all(is_gone(int(process), seconds=0.05) for process in processes)


@pytest.mark.parametrize("name", ["segfault", "memory"])
def test_a_case_is_refused_for_what_it_does_itself_and_not_for_what_others_left_behind(
    choice: SourceChoice, refs: dict[str, CaseRef], adapter: Path, reader: Reader, name: str
):
    reader.load(choice, refs["frame000"])
    assert refusal(lambda: reader.load(choice, refs[name])) == FAILURES[name]
    _, first, again = (process for _, process in loads(adapter))
    assert first != again


def test_a_case_that_fails_only_after_others_is_read_in_a_process_of_its_own(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader
):
    reader.load(choice, refs["frame000"])
    assert reader.load(choice, refs["second"]).ref == refs["second"]


@pytest.mark.parametrize("then", ["frame001", "second"])
def test_the_process_goes_on_with_the_next_case_while_its_caller_works(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader, adapter: Path, then: str
):
    assert reader.load(choice, refs["frame000"], refs["frame001"]).ref == refs["frame000"]
    for _ in range(200):
        if len(loads(adapter)) == 2:
            break
        time.sleep(0.05)
    assert [name for name, _ in loads(adapter)] == ["frame000", "frame001"]
    assert reader.load(choice, refs[then]).ref == refs[then]  # another one than was said is read all the same
    assert len(loads(adapter)) == 2 + (then == "second")


@pytest.mark.parametrize("name", ["segfault", "exit", "memory", "whereabouts", "bug"])
def test_what_becomes_of_a_case_that_was_begun_before_it_was_asked_for_is_told_when_it_is(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader, adapter: Path, name: str
):
    assert reader.load(choice, refs["frame000"], refs[name]).ref == refs["frame000"]
    time.sleep(1)  # it may be over before it is asked for
    if name == "bug":
        with pytest.raises(ValueError, match="a bug in the adapter"):
            reader.load(choice, refs[name], refs["frame001"])
    else:
        expected = FAILURES.get(name, ("bad_metadata", loads(adapter)[0][1]))
        assert refusal(lambda: reader.load(choice, refs[name], refs["frame001"])) == expected
    assert reader.load(choice, refs["frame001"]).ref == refs["frame001"]


def test_threads_do_not_share_a_reader():
    here = kept(LIMITS)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(kept, LIMITS).result() is not here
        other.submit(end_kept).result()
    assert kept(LIMITS) is here
    end_kept()


def test_a_reader_that_was_interrupted_does_not_give_an_old_answer(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    reader.load(choice, refs["frame000"])
    with monkeypatch.context() as during:
        during.setattr(guard, "_held", interrupted)
        with pytest.raises(KeyboardInterrupt):
            reader.load(choice, refs["slow"])
    assert reader.load(choice, refs["frame001"]).ref == refs["frame001"]


def test_a_process_that_does_not_start_is_no_fault_of_a_case(
    choice: SourceChoice, refs: dict[str, CaseRef], reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="did not start"):
        reader.load(choice, refs["frame000"])


@pytest.mark.parametrize("name", ["hang", "hang_locked"])
def test_the_process_ends_with_a_parent_that_is_killed(
    choice: SourceChoice, refs: dict[str, CaseRef], adapter: Path, name: str
):
    code = f"""
from pathlib import Path, PosixPath
from mmrs_builder.build.guard import Limits, Reader
from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.types import CaseRef, MaskRef
Reader(Limits(seconds=600)).load({choice!r}, {refs[name]!r})
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    log = adapter.with_name("loaded.txt")
    while not (log.exists() and log.read_text().endswith("\n")):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    ((_, process),) = loads(adapter)
    assert is_gone(int(process))


def build(root: Path, adapter: Path, out: Path, workers: int, *options: object) -> Result:
    words = ("--adapter", adapter, "--data", root, "--out", out, "--workers", workers, "--quarantine-max", 1)
    return mmrs("build", *words, "--json", *options)


def rejects(out: Path) -> dict[str, str]:
    drops = [json.loads(line) for line in (out / ".mmrs" / "rejects.jsonl").read_text().splitlines()]
    return {Path(drop["what"]).stem: drop["reason"] for drop in drops}


@pytest.mark.long
def test_with_any_number_of_workers_only_the_failing_cases_are_missing_and_the_bytes_are_the_same(
    tmp_path: Path, adapter: Path
):
    root = frames.write(tmp_path / "corpus", 70)  # two parts
    failing = ("segfault", "hang", "memory", "memory_shared")
    for number, name in enumerate(failing):
        frames.add(root, name, number)
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        done = build(root, adapter, out, workers, "--read-seconds", 4, "--read-memory", 0.5)
        assert done.code == 0, done.err
        assert rejects(out) == {name: FAILURES[name][0] for name in failing}
        assert json.loads(done.out)["cases"]["ward"] == {"found": 74, "used": 70, "rejected": 4}
        assert json.loads(done.out)["rejected"]["ward"] == {"crashed": 1, "out_of_memory": 2, "timed_out": 1}
    assert published(tmp_path / "out1") == published(tmp_path / "out2")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_of_a_reader_ends_the_build(tmp_path: Path, adapter: Path, workers: int):
    root = frames.write(tmp_path / "corpus", 2)
    frames.add(root, "bug", 1)
    with pytest.raises(ValueError, match="a bug in the adapter"):
        build(root, adapter, tmp_path / "out", workers)


def test_measuring_that_takes_its_process_down_ends_the_build_with_8(tmp_path: Path, adapter: Path):
    root = frames.write(tmp_path / "corpus", 2)
    frames.add(root, "bomb", 1)
    done = build(root, adapter, tmp_path / "out", 2)
    assert done.code == 8
    assert "measuring part-00000 of ward took its process down" in done.err


def test_a_case_that_broke_a_limit_is_read_again_under_another_limit_only(tmp_path: Path, adapter: Path):
    root, out = frames.write(tmp_path / "corpus", 70), tmp_path / "out"
    frames.add(root, "slow", 1)  # in the second part
    counts = []
    for seconds in (2, 2, 60, 30):
        done = build(root, adapter, out, 1, "--read-seconds", seconds)
        assert done.code == 0, done.err
        counts.append((json.loads(done.out)["cases"]["ward"]["used"], len(loads(adapter))))
    assert counts == [(70, 71), (70, 71), (71, 71 + 7), (71, 71 + 7)]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_process_starts_one_reader_for_all_its_parts(tmp_path: Path, adapter: Path, workers: int):
    root = frames.write(tmp_path / "corpus", 64 * workers + 70)
    assert build(root, adapter, tmp_path / "out", workers).code == 0
    processes = {process for _, process in loads(adapter)}
    assert len(processes) <= workers
    assert all(is_gone(int(process)) for process in processes)


def test_cases_that_are_generated_need_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    words = ("--source", "phantom", "--set", "phantom.count=4", "--out", tmp_path / "out", "--workers", 1)
    assert mmrs("build", *words).code == 0
