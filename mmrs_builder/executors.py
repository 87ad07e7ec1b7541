"""Running jobs: in this process, or in a pool of spawned processes. Results come in the order of the jobs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed(Generic[J]):
    """A job whose process died: a native library crashed, or the system killed it."""

    job: J


def run(fn: Callable[[J], R], jobs: Sequence[J], workers: int) -> Iterator[R | Crashed[J]]:
    """``fn`` of every job. Exceptions of ``fn`` propagate; a dying process costs only its own job.

    With one worker everything runs in this process, and a crash ends it. With more, even a single job gets a process
    of its own; ``fn`` must then be importable and jobs picklable. Workers are spawned, not forked: image libraries are
    not safe to fork.
    """
    if workers <= 1 or not jobs:
        yield from map(fn, jobs)
        return
    todo = list(jobs)
    with _pool(min(workers, len(todo))) as pool:
        futures: list[Future[R]] = [pool.submit(fn, job) for job in todo]
        for job, future in zip(todo, futures, strict=True):
            result = _result(fn, job, future)
            yield result


def _result(fn: Callable[[J], R], job: J, future: Future[R]) -> R | Crashed[J]:
    try:
        return future.result()
    except BrokenProcessPool:
        # The whole pool is gone with one process; every unfinished job gets a process of its own.
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
