"""Running jobs in this process, or in a pool of spawned ones."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar

from mmrs_builder.executors.workers import Crashed

J = TypeVar("J")
R = TypeVar("R")


class Processes:
    """So many processes for jobs, started with the first of them and kept from one stage to the next.

    With one worker everything runs in this process, and a crash ends it. With more, even a single job gets a process
    of its own; functions must then be importable and jobs picklable. Workers are spawned, not forked: image libraries
    are not safe to fork.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._open = ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._open.__exit__(*raised)

    def run(self, fn: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R | Crashed[J]]:
        """``fn`` of every job. Exceptions of ``fn`` propagate; a dying process costs only its own job."""
        if self._number <= 1 or not jobs:
            yield from map(fn, jobs)
            return
        futures = self._submitted(fn, jobs)
        try:
            for job, future in zip(jobs, futures, strict=True):
                result = self._result(fn, job, future)  # named, or its type is inferred from what is yielded
                yield result
        finally:
            for future in futures:
                future.cancel()

    def _submitted(self, fn: Callable[[J], R], jobs: Sequence[J]) -> list[Future[R]]:
        try:
            return [self._started().submit(fn, job) for job in jobs]
        except BrokenProcessPool:  # by a process that died with nothing to do
            self._pool = None
            return [self._started().submit(fn, job) for job in jobs]

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = self._open.enter_context(_pool(self._number))
        return self._pool

    def _result(self, fn: Callable[[J], R], job: J, future: Future[R]) -> R | Crashed[J]:
        try:
            return future.result()
        except BrokenProcessPool:
            # The whole pool is gone with one process; every unfinished job gets a process of its own.
            self._pool = None
            with _pool(1) as pool:
                try:
                    return pool.submit(fn, job).result()
                except BrokenProcessPool:
                    return Crashed(job=job)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end at once when this process dies or leaves the block by an exception."""
    spawn = multiprocessing.get_context("spawn")
    lifeline, held = spawn.Pipe(duplex=False)
    with (
        lifeline,
        held,
        ProcessPoolExecutor(workers, mp_context=spawn, initializer=depend_on, initargs=(lifeline,)) as pool,
    ):
        try:
            yield pool
        except BaseException:
            held.close()
            raise


def depend_on(lifeline: Connection) -> None:
    """In a process that works for another one: leave Ctrl-C to that, and end when the pipe's other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        lifeline.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
