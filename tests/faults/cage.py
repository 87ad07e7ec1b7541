"""Trials in a process that may crash, hang or run out of memory, so that such a trial costs itself and is told.

The process may take ``MEMORY`` bytes of address space and ``SECONDS`` of processor for a trial, so that a busy machine
finds no hangs, or ``PATIENCE`` times as long where it only waits; the alarm kills it where no Python code runs any
more. Nothing of Python's may hold an address space in reserve, so Arrow takes memory of the system.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.faults.fault import Verdict

MEMORY: Final = 2 << 30
SECONDS: Final = int(os.environ.get("MMRS_FAULT_SECONDS", "30"))
PATIENCE: Final = 40
ROOT: Final = Path(__file__).parents[2]

LOST: Final = "LOST "
"""Begins the verdict of a trial that did not end as it should."""


class Cage:
    """Answers keys with verdicts of the trial ``MODULE:FUNCTION``, in a process that is started anew when it dies."""

    def __init__(self, trial: str) -> None:
        self._trial = trial
        self._process: subprocess.Popen[str] | None = None
        self._served = 0
        self.slowest = 0.0  # s of processor

    def __call__(self, key: str) -> str:
        """The verdict. A trial that finds too little memory is tried again in a fresh process, all its own."""
        said = self._asked(key)
        if said.startswith(f"{LOST}memory") and self._served > 1:
            self._end()
            said = self._asked(key)
        return said

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process, self._served = None, 0

    def _asked(self, key: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(key) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        self._served += 1
        if not line:
            said = _death(process)
            self._end()
            return said
        verdict, seconds = json.loads(line)
        self.slowest = max(self.slowest, seconds)
        return str(verdict)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.cage", self._trial],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            atexit.register(self._process.kill)
        return self._process


@cache
def caged(trial: str) -> Cage:
    """The one cage of a trial in this process."""
    return Cage(trial)


def verdict(trial: str, key: str) -> Verdict:
    """As the fault suite tells it: what was lost begins with the key, so that it can be tried again alone."""
    said = caged(trial)(key)
    lost = said.startswith(LOST)
    return Verdict(lost=f"{key}: {said[len(LOST) :]}" if lost else None, where="" if lost else said)


def _death(process: subprocess.Popen[str]) -> str:
    code = process.wait()
    if code == -signal.SIGPROF:
        return f"{LOST}hang: {SECONDS} s of processor"
    if code == -signal.SIGALRM:
        return f"{LOST}hang: no answer in {PATIENCE * SECONDS} s"
    return f"{LOST}crash: {f'signal {-code}' if code < 0 else f'exit status {code}'}"


def judged(trial: Callable[[str], str], key: str) -> str:
    """The verdict of a trial, its exception being one."""
    try:
        return trial(key)
    except MemoryError:
        return f"{LOST}memory: more than {MEMORY >> 30} GiB"
    except Exception as error:  # noqa: BLE001  # what comes out of the code under test is the finding
        last = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in last if "mmrs_builder" in frame.filename] or list(last)
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        return f"{LOST}{type(error).__name__} at {where}: {error}"[:400]


def _serve(trial: Callable[[str], str]) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        started = time.process_time()
        signal.alarm(PATIENCE * SECONDS)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        verdict = judged(trial, json.loads(line))
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(json.dumps([verdict, time.process_time() - started]) + "\n")
        answers.flush()


def found(name: str) -> Callable[[str], str]:
    """The function that ``MODULE:FUNCTION`` names."""
    module, _, function = name.partition(":")
    loaded: Any = getattr(importlib.import_module(module), function)
    return loaded  # type: ignore[no-any-return]


if __name__ == "__main__":
    _trial = found(sys.argv[1])
    getattr(sys.modules[_trial.__module__], "prepare", lambda: None)()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _serve(_trial)
