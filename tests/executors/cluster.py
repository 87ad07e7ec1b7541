"""A Ray cluster of two nodes on this machine, one CPU each; nodes are killed as a whole."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NODE: Final = "MMRS_TEST_NODE"
"""In the environment of every process of a node, its name."""

RAY: Final = (sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block")
ONE: Final = ("--num-cpus=1", "--include-log-monitor=false")
ALONE: Final = ("--include-dashboard=false", "--no-monitor")
"""A head without what nobody here asks for: each is a process more to start."""

SOON: Final = {
    "RAY_health_check_initial_delay_ms": "500",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}
"""The head misses a lost node after seconds."""


TOKEN: Final = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What this process shares with all clusters that it makes: Ray reads it once."""

TRIES: Final = 4
"""How often a node is started that does not come up."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where it answers, what a driver needs in its environment, and what stops its second node at once."""

    address: str
    environment: dict[str, str]
    kill_second: Callable[[], None]


@contextmanager
def cluster(root: Path, *beside: Path) -> Iterator[Cluster]:
    """Two nodes that share a token, and end with the block. They import from ``root`` and ``beside``."""
    environment = {**os.environ, **TOKEN, **SOON, "PYTHONPATH": os.pathsep.join(map(str, (root, *beside)))}
    with ExitStack() as ending:
        home = Path(tempfile.mkdtemp(prefix="mmrs", dir="/tmp"))  # names of sockets may not be long
        ending.callback(shutil.rmtree, home, ignore_errors=True)
        port = free_port()
        head = ("--head", f"--port={port}", *ONE, *ALONE, f"--temp-dir={home}")
        up(ending, home / "first.log", {**environment, NODE: "first"}, *head)  # or the second gives up to wait for it
        words = (f"--address=127.0.0.1:{port}", *ONE)
        second = up(ending, home / "second.log", {**environment, NODE: "second"}, *words)
        yield Cluster(address=f"127.0.0.1:{port}", environment=TOKEN, kill_second=second.kill)


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node: its group of processes, and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        """Whether it has given up."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End all of it without notice."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def up(ending: ExitStack, log: Path, environment: dict[str, str], *words: str) -> Node:
    """A node that runs. Ray gives one half a minute to start, which on a busy machine is not always enough."""
    for _ in range(TRIES):
        node = started(ending, log, environment, *words)
        until(lambda node=node: "runtime started" in node.log.read_text() or node.ended)
        if not node.ended:
            return node
        node.kill()  # what it has left
    raise AssertionError(log.read_text())


def started(ending: ExitStack, log: Path, environment: dict[str, str], *words: str) -> Node:
    with log.open("wb") as text:
        process = subprocess.Popen(
            [*RAY, *words], env=environment, stdout=text, stderr=subprocess.STDOUT, start_new_session=True
        )
    node = Node(process=process, log=log)
    ending.callback(node.kill)
    return node


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])


def until(condition: Callable[[], bool], patience: float = 90) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
