"""P1 and P2: several builds of one folder, and readers of it meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.build.command import ROOT, offline, published
from tests.faults.crash import prepared
from tests.faults.fault import Fault, Verdict
from tests.faults.ground import building, finishes, judged, kept, moment, ran, together, versions, whole

BUILDS = 8


def race(seed: int, place: Path) -> Verdict:
    """P1: eight builds of one folder begin at once."""
    out = place / "out"
    prepared(out, seed * 7)
    ended = together(*(building(out, "--overwrite", name=f"log{number}") for number in range(BUILDS)))
    codes = Counter(one.code for one in ended)
    said = all("is being built by another process" in one.err for one in ended if one.code == 7)
    return judged(
        [
            None if codes == {0: 1, 7: BUILDS - 1} else f"ended with {dict(codes)}",
            None if said else "a build that was locked out does not say why",
            None if published(out) == published(whole()) else "what came of it differs from an undisturbed build",
        ],
        "over an older version" if seed % 2 else "in a new folder",
    )


def inherit(seed: int, place: Path) -> Verdict:
    """P1: the lock of a build that was killed is no lock, and its file may hold anything."""
    out = place / "out"
    ran(replace(building(out), at=moment(seed, replacing=False), signals=(signal.SIGKILL,)))
    lock = out / ".mmrs" / "lock"
    if lock.parent.exists():
        lock.write_text(f"{os.getpid()}\n" * (seed % 3))
    return judged([finishes(building(out), whole())], "")


READER = """
import json, os, sys
from datasets import load_dataset
out, cache, done = sys.argv[1:]
seen, number = [], 0
def there():
    try:
        shards = os.stat(f"{out}/data")
    except OSError:
        return None
    return shards.st_ino, shards.st_ctime_ns
print("ready", flush=True)
while not os.path.exists(done):
    number += 1
    before = there()
    try:
        found = load_dataset(out, columns=["view_id"], cache_dir=f"{cache}/{number}")
        rows = sorted(row["view_id"] for split in found for row in found[split])
    except Exception as error:
        rows = type(error).__name__
    seen.append([rows, there() != before])
print(json.dumps(seen))
"""


def read_meanwhile(seed: int, place: Path) -> Verdict:
    """P2: somebody loads the folder again and again while new versions replace old ones."""
    out, done = place / "out", place / "done"
    prepared(out, 7)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, out, place / "cache", done],
        cwd=ROOT, env=offline(kept()), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert reader.stdout is not None
    reader.stdout.readline()
    turns = ((), ("--limit", 5), ("--seed", seed), ("--limit", 5), ())
    try:
        codes = [ran(building(out, "--overwrite", *options)).code for options in turns]
    finally:
        done.touch()
        text, err = reader.communicate()
    seen = json.loads(text.splitlines()[-1]) if text else []
    none = sum(isinstance(found, str) for found, _ in seen)
    return judged(
        [
            None if set(codes) == {0} else f"builds ended with {codes}",
            None if seen else f"the reader died: {err[-300:]}",
            *(half(found, moved=moved) for found, moved in seen),
        ],
        f"{len(seen) - none} complete and {none} none",
    )


def half(found: list[str] | str, *, moved: bool) -> str | None:
    """What is wrong with what a reader got: a complete version is right, and so is an error.

    ``moved`` says whether the shards were taken away or put there while it read.
    """
    if isinstance(found, str) or found in versions():
        return None
    when = "while a version was replaced (P2m)" if moved else "though nothing was replaced meanwhile"
    return f"read {when} what is no complete version: {', '.join(found)}"


SHARING = (
    Fault(id="P1", what="eight builds of one folder at once", survives="one ends with 0, seven with 7 and a reason; "
          "the bytes are the undisturbed ones", trial=race, trials=20, few=0),
    Fault(id="P1s", what="the lock file of a killed build, empty or not", survives="the next build takes it over",
          trial=inherit, trials=14, few=0),
    Fault(id="P2", what="`load_dataset` in a loop while five versions replace each other", survives="each time a "
          "complete version or none", trial=read_meanwhile, trials=5, few=0),
)  # fmt: skip
