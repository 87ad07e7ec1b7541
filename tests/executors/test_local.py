"""Jobs in this process and in spawned ones: order, errors, and what a dying process costs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from mmrs_builder.errors import MmrsError
from mmrs_builder.executors import Crashed, Processes


def run(fn: Callable[[int], int], jobs: Sequence[int], workers: int) -> Iterator[int | Crashed[int]]:
    with Processes(workers) as processes:
        yield from processes.run(fn, jobs)


def square(number: int) -> int:
    return number * number


def fragile(number: int) -> int:
    """Takes its process down for negative numbers, as a crashing library would."""
    if number == -1:
        os._exit(3)
    if number == -2:
        os.abort()
    return square(number)


def refuse(number: int) -> int:
    if number == 2:
        raise LookupError(f"no {number}")
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers: int):
    assert list(run(square, range(9), workers)) == [n * n for n in range(9)]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_job_gives_no_result(workers: int):
    assert list(run(square, [], workers)) == []


def test_a_dying_process_costs_only_its_own_job():
    jobs = [1, -1, 2, 3, -2, 4]
    assert list(run(fragile, jobs, 2)) == [1, Crashed(job=-1), 4, 9, Crashed(job=-2), 16]


class Late(dict[int, Any]):
    """The processes of an executor. The first one dies before the second is noted, and the executor notices."""

    def __setitem__(self, pid: int, process: Any) -> None:
        kill_all(self.values())
        super().__setitem__(pid, process)


def kill_all(processes: Iterable[Any]) -> None:
    for process in processes:
        process.kill()
        time.sleep(1)  # for the executor to notice


@pytest.mark.parametrize("begun", [False, True])
def test_a_process_that_dies_while_another_is_being_started_costs_nothing(monkeypatch: pytest.MonkeyPatch, begun: bool):
    """The executor may overlook the later one when it ends the others, and wait for it: in a thread, not to hang us."""
    start = ProcessPoolExecutor._spawn_process

    def started(pool: Any) -> None:
        if begun:
            pool._processes = pool._processes or Late()
        else:
            kill_all(pool._processes.values())
        start(pool)

    monkeypatch.setattr(ProcessPoolExecutor, "_spawn_process", started)
    results: list[list[int | Crashed[int]]] = []
    running = threading.Thread(target=lambda: results.append(list(run(square, range(6), 2))), daemon=True)
    running.start()
    time.sleep(2)
    monkeypatch.undo()  # pools that are opened later are sound
    running.join(60)
    assert results == [[n * n for n in range(6)]]


def test_a_single_job_that_crashes_does_not_take_the_build_with_it():
    assert list(run(fragile, [-1], 2)) == [Crashed(job=-1)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_user_can_mend_is_said_alike_whoever_finds_it(workers: int):
    with pytest.raises(MmrsError, match="the disk is full") as raised:
        list(run(give_up, [0], workers))
    assert (raised.value.code, raised.value.hint) == (8, "Make room.")


def give_up(number: int) -> int:
    raise MmrsError("the disk is full", code=8, hint="Make room.")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_reaches_the_caller_at_its_place(workers: int):
    results = run(refuse, [0, 1, 2, 3], workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="no 2"):
        next(results)


def test_one_worker_runs_in_this_process():
    assert list(run(whereabouts, [0, 1], 1)) == [os.getpid()] * 2
    assert os.getpid() not in set(run(whereabouts, [0, 1], 2))


def whereabouts(number: int) -> int:
    return os.getpid()


def test_processes_are_kept_from_one_stage_to_the_next():
    with Processes(2) as workers:
        first, second = (set(workers.run(whereabouts, range(8))) for _ in range(2))
    assert second <= first


def test_a_stage_after_a_crash_has_processes_again():
    with Processes(2) as workers:
        assert list(workers.run(fragile, [1, -1])) == [1, Crashed(job=-1)]
        assert list(workers.run(fragile, [2, 3])) == [4, 9]


def test_a_process_that_dies_with_nothing_to_do_is_replaced():
    with Processes(2) as workers:
        for process in set(workers.run(whereabouts, range(8))):
            assert isinstance(process, int)
            os.kill(process, signal.SIGKILL)
        time.sleep(0.5)
        assert list(workers.run(square, [2, 3])) == [4, 9]


def test_processes_end_with_the_build():
    with Processes(2) as workers:
        (process,) = set(workers.run(whereabouts, [0]))
    assert isinstance(process, int)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
