"""Running jobs in this process, or in a pool of spawned ones."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, Final, Generic, Self, TypeVar

from mmrs_builder.executors.workers import Crashed

J = TypeVar("J")
R = TypeVar("R")


AHEAD: Final = 16
"""Jobs for each process that are given to the pool before their turn. None is ever taken back: a pool that breaks while
it holds cancelled jobs prints a traceback (in Python 3.11)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Processes, and the end of the pipe on whose other end their lives depend."""

    executor: ProcessPoolExecutor
    held: Connection

    def end(self) -> None:
        """End what is left of a broken pool: a process that was being started when another one died is overlooked by
        the executor, which then waits for it for ever (in Python 3.11)."""
        self.held.close()


@dataclass(frozen=True, slots=True)
class Started(Generic[J, R]):
    """A job, the pool that it was given to, and what will be its result."""

    job: J
    pool: Pool
    future: Future[R]


class Processes:
    """So many processes for jobs, started with the first of them and kept from one stage to the next.

    With one worker everything runs in this process, and a crash ends it. With more, even a single job gets a process
    of its own; functions must then be importable and jobs picklable. Workers are spawned, not forked: image libraries
    are not safe to fork.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._open = ExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._open.__exit__(*raised)

    def run(self, fn: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R | Crashed[J]]:
        """``fn`` of every job. Exceptions of ``fn`` propagate; a dying process costs only its own job."""
        if self._number <= 1 or not jobs:
            yield from map(fn, jobs)
            return
        rest, waiting = iter(jobs), deque[Started[J, R]]()
        while True:
            for job in islice(rest, AHEAD * self._number - len(waiting)):
                waiting.append(self._started(fn, job))
            if not waiting:
                return
            result = self._result(fn, waiting.popleft())  # named, or its type is inferred from what is yielded
            yield result

    def _started(self, fn: Callable[[J], R], job: J) -> Started[J, R]:
        pool = self._pool or self._opened()
        try:
            return Started(job, pool, pool.executor.submit(fn, job))
        except (BrokenProcessPool, OSError):  # by a process that died, perhaps while another was being started
            pool.end()
            pool = self._opened()
            return Started(job, pool, pool.executor.submit(fn, job))

    def _opened(self) -> Pool:
        self._pool = self._open.enter_context(_pool(self._number))
        return self._pool

    def _result(self, fn: Callable[[J], R], started: Started[J, R]) -> R | Crashed[J]:
        try:
            return started.future.result()
        except BrokenProcessPool:
            # The whole pool is gone with one process; every job that it was given gets a process of its own.
            started.pool.end()
            if self._pool is started.pool:
                self._pool = None
            with _pool(1) as pool:
                try:
                    return pool.executor.submit(fn, started.job).result()
                except BrokenProcessPool:
                    return Crashed(job=started.job)


@contextmanager
def _pool(workers: int) -> Iterator[Pool]:
    """Worker processes that end at once when this process dies or leaves the block by an exception."""
    spawn = multiprocessing.get_context("spawn")
    lifeline, held = spawn.Pipe(duplex=False)
    with (
        lifeline,
        held,
        ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin, initargs=(lifeline,)) as executor,
    ):
        try:
            yield Pool(executor, held)
        except BaseException:
            held.close()
            raise


def _begin(lifeline: Connection) -> None:
    """In a worker: one thread for numbers and pictures, for there are other workers on the other cores."""
    depend_on(lifeline)
    import cv2  # with NumPy, whose threads can be limited once it is there
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)


def depend_on(lifeline: Connection) -> None:
    """In a process that works for another one: leave Ctrl-C to that, and end when the pipe's other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        lifeline.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
