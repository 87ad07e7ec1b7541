"""``mmrs`` in processes that start at once: this one has imported everything and forks for each command.

Started as ``python -m tests.faults.zygote``; each line on stdin is a list of ``Run`` as JSON, which are run at the same
time, each line on stdout what came of them. A run is the real command in a process, and process group, of its own. What
makes it fail is done in there: a signal at the n-th event, a call that fails, a folder that is listed in another order.

Events are what the interpreter reports of the file system (``sys.addaudithook``) below OUT, flushes to disk, and
questions put into words: enough to stop a build between any two of its steps, again and again at the same one.
"""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mmrs_builder import build, checks, cli, phrase, recipe, report, request
from mmrs_builder.digests import keyed
from mmrs_builder.sources import folder, kvasir
from mmrs_builder.templates import shipped

PRELOADED: Final = (build, checks, recipe, report, request, folder, kvasir)
CHANGES: Final = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command, and what is done to it.

    ``signals`` are sent at event ``at``, one after the other; ``seconds`` is when SIGKILL comes anyway. ``fails`` is a
    call (write, fsync, rename) that fails with ``error`` the ``at``-th time; ``size`` the largest file in bytes.
    """

    words: tuple[str, ...]
    out: str
    log: str  # stdout, stderr and events go to files that begin so
    signals: tuple[int, ...] = ()
    at: int | None = None
    seconds: float | None = None
    fails: str | None = None
    error: int = errno.EIO
    size: int | None = None
    victim: bool = False  # not the command is killed after ``seconds``, but one of its workers
    shuffled: int | None = None
    storm: bool = False  # a signal every millisecond, so that system calls are interrupted
    cwd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: exit code (negative: the signal), seconds from its last signal of ours, what it printed."""

    code: int
    seconds: float
    out: str
    err: str
    events: tuple[str, ...]
    hit: str  # the stage of the event at which it was hurt
    victim: bool  # whether a worker was killed


def main() -> None:
    """Serve until stdin ends."""
    shipped("en")  # read once, before processes part
    for line in sys.stdin:
        asked = [Run(**raw) for raw in json.loads(line)]
        print(json.dumps([asdict(ended) for ended in _together(asked)]), flush=True)  # noqa: T201


def _together(runs: list[Run]) -> list[Ended]:
    started = [(run, _forked(run), time.monotonic()) for run in runs]
    return [_ended(run, pid, since) for run, pid, since in started]


def _forked(run: Run) -> int:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _become(run)
    return pid


def _become(run: Run) -> None:
    """Be the command; never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, suffix in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(run.log + suffix, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts us in the background may ignore it
        os.chdir(run.cwd or "/")
        _hurt(run)
        sys.argv = ["mmrs", *run.words]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001 - as an interpreter does that ends
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(run: Run, pid: int, since: float) -> Ended:
    end, victims = None if run.seconds is None else since + run.seconds, 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if end is not None and time.monotonic() > end:
            if not run.victim:
                os.killpg(pid, signal.SIGKILL)
            elif not victims and (workers := _workers(pid)):
                os.kill(workers[-1], signal.SIGKILL)
                victims += 1
        time.sleep(0.001)
    now = time.monotonic()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    events = _lines(run.log + ".events")
    signalled = [float(line.split()[1]) for line in events if line.startswith("signal ")]
    steps = tuple(line for line in events if not line.startswith("signal "))
    return Ended(
        code=code,
        seconds=now - signalled[-1] if signalled else now - since,
        out=_text(run.log + ".out"),
        err=_text(run.log + ".err"),
        events=steps,
        hit=steps[-1] if steps else "start",
        victim=victims > 0,
    )


def _workers(pid: int) -> list[int]:
    """Processes that run jobs of a command."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [int(child) for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _text(name: str) -> str:
    path = Path(name)
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _lines(name: str) -> list[str]:
    return _text(name).splitlines()


def _hurt(run: Run) -> None:
    """Arrange what is to happen to this process."""
    note = os.open(run.log + ".events", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    if run.size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.size, resource.RLIM_INFINITY))
    if run.shuffled is not None:
        _shuffle(run.shuffled)
    if run.storm:
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, True)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    if run.fails is not None:
        _fail(run, note)
    elif run.size is None:
        _count(run, note)


def _count(run: Run, note: int) -> None:
    """Note the stage of every event; at the one that was asked for, send the signals."""
    seen, last = [0], ["start"]

    def event(stage: str | None = None) -> None:
        last[0] = stage or last[0]  # a flush belongs to what was done last
        os.write(note, f"{last[0]}\n".encode())
        seen[0] += 1
        if seen[0] == run.at:
            for number in run.signals:
                os.write(note, f"signal {time.monotonic()}\n".encode())
                if number == signal.SIGKILL:
                    os.killpg(0, number)
                os.kill(os.getpid(), number)

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if name in CHANGES or (name == "open" and isinstance(arguments[0], str)):
            stage = _stage(run.out, name, arguments)
            if stage is not None:
                event(stage)

    _wrap(os, "fsync", lambda _: event())
    _wrap(phrase, "_finished", lambda *_: event("phrase"))
    sys.addaudithook(hook)


def _stage(out: str, name: str, arguments: tuple[Any, ...]) -> str | None:
    """The stage an event below OUT belongs to; None for any other."""
    path = str(arguments[1] if name == "os.rename" else arguments[0])
    if not path.startswith(out):
        return "publish" if name in ("os.remove", "os.rmdir") and "/" not in path else None
    below = Path(path).relative_to(out).parts
    if below[:1] != (".mmrs",):
        return "start" if name == "os.mkdir" and not below else "publish"
    if below[1:2] == ("manifest.json",) or path.endswith("manifest.json"):
        return "manifest"
    known = {"measure": "measure", "ask": "ask", "write": "write", "retired": "publish"}
    return known.get(below[1] if len(below) > 1 else "", "start")


def _wrap(owner: Any, name: str, before: Callable[..., None]) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        before(*arguments)
        return real(*arguments, **options)

    setattr(owner, name, wrapped)


def _fail(run: Run, note: int) -> None:
    """Let the ``at``-th call of one kind fail. A write has then put half of its bytes on the disk."""
    seen = [0]

    def due() -> bool:
        seen[0] += 1
        os.write(note, f"{run.fails}\n".encode())
        return seen[0] == run.at

    def refuse(*_: object) -> None:
        if due():
            raise OSError(run.error, os.strerror(run.error))

    class Failing(io.FileIO):
        def write(self, data: Any, /) -> int:
            if due():
                super().write(memoryview(data)[: len(data) // 2])
                raise OSError(run.error, os.strerror(run.error))
            return super().write(data)

    def opened(file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None, *rest: Any) -> Any:
        if "b" not in mode or not set(mode) & set("wxa") or not str(file).startswith(run.out):
            return real(file, mode, buffering, encoding, *rest)
        return io.BufferedWriter(Failing(file, mode.replace("b", "")))

    real = io.open
    if run.fails == "write":
        io.open = opened  # type: ignore[assignment]
    elif run.fails == "fsync":
        _wrap(os, "fsync", refuse)
    else:
        for name in ("rename", "replace"):
            _wrap(os, name, refuse)


def _shuffle(seed: int) -> None:
    """List folders in another order, as another disk would."""
    listdir, scandir = os.listdir, os.scandir

    def order(name: str) -> int:
        return keyed("order", seed, name)

    class Scan(Iterator[Any]):
        def __init__(self, *where: Any) -> None:
            with scandir(*where) as entries:
                self._left = sorted(entries, key=lambda entry: order(entry.name), reverse=True)

        def __enter__(self) -> Scan:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def __next__(self) -> Any:
            if not self._left:
                raise StopIteration
            return self._left.pop()

        def close(self) -> None:
            self._left.clear()

    os.listdir = lambda *where: sorted(listdir(*where), key=lambda name: order(str(name)))  # type: ignore[assignment]
    os.scandir = Scan  # type: ignore[assignment]


if __name__ == "__main__":
    main()
