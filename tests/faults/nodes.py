"""R1: a build on a Ray cluster one node of which is lost."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path

from mmrs_builder.digests import keyed
from tests.build.command import ROOT, published, started
from tests.executors.cluster import NODE, cluster, until
from tests.faults.fault import Fault, Untestable, Verdict
from tests.faults.ground import building, judged, outside, strays, whole

JOBS = ("measure", "ask", "write")  # stages that run on a cluster
PATIENCE = 240.0  # seconds for a build to come to its stage, or to its end

STOP = '''
"""On the second node a process stops for good before its {at}-th file of the stage {stage} is opened for writing."""
import os, sys, time

def watched(event, arguments, files=[]):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        if os.fspath(arguments[0]).startswith({below!r}):
            files.append(arguments[0])
            if len(files) == {at}:
                os.symlink(str(os.getpid()), {stopped!r})
                time.sleep(600)

if os.environ.get({node!r}) == "second":
    sys.addaudithook(watched)
'''


def lose_node(seed: int, place: Path) -> Verdict:
    """The second node is killed while a process of it is about to write what it measured, asked, or shards."""
    if find_spec("ray") is None:
        raise Untestable("Ray is not installed")
    out, trap, stopped = place / "out", place / "out.trap", place / "out.stopped"
    stage, at = JOBS[seed % len(JOBS)], 1 + keyed("node", seed) % 2
    trap.mkdir()
    below = str(out / ".mmrs" / stage)
    code = STOP.format(at=at, stage=stage, below=below, stopped=str(stopped), node=NODE)
    (trap / "sitecustomize.py").write_text(code)  # the interpreter runs it when it starts
    with cluster(ROOT, trap) as found:
        words = (*building(out).words, "--executor", "ray", "--address", found.address)
        build = started(*words, **found.environment)
        try:
            until(lambda: stopped.is_symlink() or build.poll() is not None, PATIENCE)
            if stopped.is_symlink():  # its workers are in process groups of their own, and would end a little later
                os.kill(int(stopped.readlink().name), signal.SIGKILL)
            found.kill_second()
            _, err = build.communicate(timeout=PATIENCE)
        finally:
            build.kill()
    checks = [
        None if build.returncode == 0 else f"ended with {build.returncode}: {err.strip()[-300:]}",
        None if published(out) == published(whole()) else "what came of it differs from an undisturbed build",
        strays(out),
        outside(place),
    ]
    return judged(checks, f"{stage}, file {at}" if stopped.is_symlink() else "finished before")


NODES = (
    Fault(id="R1", what="a node of a Ray cluster is killed (SIGKILL to all its processes) while it measures, asks or "
          "writes", survives="the same bytes", trial=lose_node, trials=24, few=0),
)  # fmt: skip
