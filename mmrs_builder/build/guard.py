"""Reading cases in another process: a reader that crashes, hangs or takes too much memory costs only its case."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from typing import Final, Self, TypeAlias

from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.types import Case, CaseRef
from mmrs_builder.vocab import Rejected

TIME_LIMIT: Final = 120.0
"""Seconds for one case."""

MEMORY_LIMIT: Final = 8 * 2**30
"""Bytes for the process that reads."""

GUARDED: Final = frozenset({"crashed", "timed_out", "out_of_memory"})
"""What ``Reader`` itself refuses a case for."""

REREAD: Final = frozenset({"crashed", "out_of_memory"})
"""Of these, what may come of cases that the process read before."""

TICK: Final = 0.05
"""Seconds between two looks at the memory of the process that reads."""

PATIENCE: Final = 60.0
"""Seconds for a process to start or, once killed, to end: one that waits for a broken disk does not."""

SWOLLEN: Final = 2**28
"""Bytes from which a process is not kept after a part of a corpus."""

NEARLY: Final = 0.75
"""A process that dies with this part of its memory limit in use was most likely refused more."""

_SERVE: Final = """
import sys
_, descriptor, memory, *sys.path = sys.argv
from mmrs_builder.reading import serve
serve(int(descriptor), int(memory))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading a case may take: ``seconds``, and ``memory`` of the process that reads, in bytes."""

    seconds: float = TIME_LIMIT
    memory: int = MEMORY_LIMIT


Question: TypeAlias = tuple[SourceChoice, CaseRef]


class Reader:
    """Loads cases in a process that is started for the first one and replaced when it dies or breaks a limit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: _Child | None = None
        self._ahead: Question | None = None  # what the process was asked and nobody has waited for yet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def load(self, choice: SourceChoice, ref: CaseRef, ahead: CaseRef | None = None) -> Case:
        """The case as its source loads it. The process goes on with ``ahead``, which is to be loaded next.

        Raises ``Rejected`` as the source does, or for one of ``GUARDED``. Any other exception of the source is raised
        with the traceback of the other process as a note.
        """
        fresh, answer = self._asked((choice, ref))
        if isinstance(answer, Rejected) and answer.reason in REREAD and not fresh:
            _, answer = self._asked((choice, ref))  # what others left behind in the process is no fault of this case
        if ahead is not None and self._child is not None:
            self._ahead = choice, ahead
            self._child.ask(*self._ahead)
        if isinstance(answer, Case):
            return answer
        raise answer

    def _asked(self, question: Question) -> tuple[bool, Case | BaseException]:
        """Whether the process had read nothing before, and what came of it; one that failed is ended."""
        if self._child is not None and (self._child.process.poll() is not None or self._ahead not in (None, question)):
            self.end()
        fresh = self._child is None
        child = self._child = self._child or _Child(self.limits.memory)
        try:
            if self._ahead is None:
                child.ask(*question)
            self._ahead = None
            answer = child.answer(question[1], self.limits)
        except BaseException:  # its answer must not be taken for that to the next question
            self.end()
            raise
        if not isinstance(answer, Case) and (not isinstance(answer, Rejected) or answer.reason in GUARDED):
            self.end()
        return fresh, answer

    def slim(self) -> None:
        """End a process that holds much memory from the cases that it has read."""
        if self._child is not None and _held(self._child.process.pid) > SWOLLEN:
            self.end()

    def end(self) -> None:
        """End the process; the next case gets another one."""
        if self._child is not None:
            self._child.end()
        self._child = self._ahead = None


class _Kept(threading.local):
    reader: Reader | None = None


_KEPT: Final = _Kept()


def kept(limits: Limits) -> Reader:
    """The reader that this thread keeps until ``end_kept``: starting one takes as long as reading fifty pictures."""
    if _KEPT.reader is None or _KEPT.reader.limits != limits:
        end_kept()
        _KEPT.reader = Reader(limits)
    return _KEPT.reader


def end_kept() -> None:
    """End the reader that this thread keeps."""
    if _KEPT.reader is not None:
        _KEPT.reader.end()
        _KEPT.reader = None


class _Child:
    """The other process. It does not run the user's main module, as one of ``multiprocessing`` would."""

    def __init__(self, memory: int) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(theirs.fileno()), str(memory), *sys.path],
                stdin=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        try:
            started = self._connection.poll(PATIENCE) and self._connection.recv() is None
        except (EOFError, OSError):
            started = False
        if not started:
            self.end()
            raise RuntimeError("the process that reads cases did not start")

    def ask(self, choice: SourceChoice, ref: CaseRef) -> None:
        """Ask for a case, without waiting for it."""
        with suppress(BrokenPipeError):  # it has just died: the answer tells how
            self._connection.send(((choice.name, choice.options, choice.adapter, choice.root), ref))

    def answer(self, ref: CaseRef, limits: Limits) -> Case | BaseException:
        """What came of loading the case that was asked for: it, the exception raised, or how the process failed."""
        what, held = ref.image or ref.case_id, 0
        # Ticks are counted, not the clock: a build that was suspended is not late when it goes on.
        for _ in range(round(limits.seconds / TICK)):
            if self._connection.poll(TICK):
                return self._answer(what, held, limits)
            held = max(held, _held(self.process.pid))
            if held > limits.memory:
                return _out_of_memory(what, limits)
        return Rejected("timed_out", what, f"no answer within {limits.seconds:g} s; --read-seconds allows more")

    def _answer(self, what: str, held: int, limits: Limits) -> Case | BaseException:
        try:
            answer: Case | BaseException = self._connection.recv()
        except (EOFError, OSError):
            return self._death(what, held, limits)
        return _out_of_memory(what, limits) if isinstance(answer, MemoryError) else answer

    def _death(self, what: str, held: int, limits: Limits) -> Rejected:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        code = self.process.returncode
        # Nobody else kills but the system that runs out of memory.
        if code == -signal.SIGKILL or held > NEARLY * limits.memory:
            return _out_of_memory(what, limits)
        return Rejected("crashed", what, f"signal {-code}" if code and code < 0 else f"exit status {code}")

    def end(self) -> None:
        """Kill the process and wait for it, but not for one that hangs in the kernel."""
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        self._connection.close()
        if self.process.stdin:
            self.process.stdin.close()


def _out_of_memory(what: str, limits: Limits) -> Rejected:
    return Rejected("out_of_memory", what, f"more than {limits.memory / 2**30:g} GiB; --read-memory allows more")


def _held(pid: int) -> int:
    """Bytes in use, without pages of files, which the system can take back; 0 where there is no ``/proc``."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
