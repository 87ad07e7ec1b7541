"""Running jobs as tasks of a Ray cluster, or of a Ray of our own on this machine."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Self, TypeVar

import ray
from ray import exceptions as failures

from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.executors.workers import Crashed

J = TypeVar("J")
R = TypeVar("R")

RETRIES: Final = 3
"""How often a job is tried again whose worker or node was lost."""

WINDOW: Final = 1000
"""Jobs handed to Ray ahead of the result that is waited for: enough to keep a cluster busy, few enough to hold."""

PATIENCE: Final = 10.0
"""Seconds for the head of a cluster to answer."""

LOST: Final = (
    failures.WorkerCrashedError,
    failures.OutOfMemoryError,
    failures.NodeDiedError,
    failures.LocalRayletDiedError,
    failures.ObjectLostError,
)
"""What Ray says of a task after the last retry, when it was not the task that raised."""


class Tasks:
    """Ray tasks of one CPU each: on the cluster at ``address`` (``auto``: the one that this machine belongs to), or
    without one in a Ray of our own with so many ``cpus``. It is sought with the first jobs, and left with the block.

    ``check`` is called before each job in the process that runs it; what it raises ends the build.
    """

    def __init__(self, address: str | None, cpus: int, check: Callable[[], None]) -> None:
        self._address, self._cpus, self._check = address, cpus, check
        self._connected = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connected:
            ray.shutdown()

    def run(self, fn: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R | Crashed[J]]:
        """``fn`` of every job. Exceptions of ``fn`` propagate; a process that dies each time costs only its own job.

        Raises ``MmrsError`` where no cluster answers.
        """
        if not jobs:
            return
        self._connect()
        start = ray.remote(max_retries=RETRIES, num_cpus=1)(_checked)
        tasks = ((job, start.remote(self._check, fn, job)) for job in jobs)
        waiting = deque(islice(tasks, WINDOW))
        try:
            while waiting:
                job, task = waiting.popleft()
                try:
                    result = _result(job, task)
                finally:
                    del task  # Ray keeps a result as long as it is referred to
                yield result
                waiting.extend(islice(tasks, 1))
        finally:
            for _, task in waiting:
                ray.cancel(task)

    def _connect(self) -> None:
        if self._connected:
            return
        on_sigterm = signal.getsignal(signal.SIGTERM)
        try:
            if self._address is None:
                _start(self._cpus)
            else:
                _knock(self._address)
                ray.init(self._address, **_QUIET)
        except (OSError, RuntimeError, ValueError, failures.RayError) as error:
            raise MmrsError(
                f"no Ray answers at {self._address or 'this machine'}: {str(error).strip()}",
                code=ENVIRONMENT,
                hint="Name --address HOST:PORT of a running cluster with the same Python and Ray as here, and give "
                "this process the cluster's token (RAY_AUTH_MODE=token, RAY_AUTH_TOKEN).",
            ) from error
        self._connected = True
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray has put its own, which ends with another exit code


_QUIET: Final[dict[str, Any]] = {"log_to_driver": False, "logging_level": "ERROR"}


def _start(cpus: int) -> None:
    """A Ray that only this build can reach, and that tells nobody it was used."""
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray leaves one in the user's home
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # By default a job that is too large for the memory is tried for ever.
    limits = {"task_oom_retries": RETRIES}
    ray.init("local", num_cpus=cpus, include_dashboard=False, _system_config=limits, **_QUIET)


def _knock(address: str) -> None:
    """Raises ``OSError`` where nothing listens, which Ray finds out only after minutes."""
    host, colon, port = address.rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), PATIENCE).close()


def _checked(check: Callable[[], None], fn: Callable[[J], R], job: J) -> R:
    check()
    return fn(job)


def _result(job: J, task: Any) -> R | Crashed[J]:
    try:
        result: R = task.future().result()  # get() would turn the exit code of our SIGTERM into its own
    except failures.RayTaskError as error:
        raise error.cause from error
    except LOST:
        return Crashed(job=job)
    return result
