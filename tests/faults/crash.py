"""C1 to C5: a build that is killed, interrupted, or loses a worker."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path

from mmrs_builder.digests import keyed
from tests.build import corpus as frames
from tests.build.command import published
from tests.faults.fault import Fault, Verdict
from tests.faults.ground import (
    FEW,
    building,
    finishes,
    judged,
    kept,
    killed,
    moment,
    outside,
    ran,
    shown,
    whole,
)
from tests.faults.zygote import Ended

SOON, AT_ONCE = 5.0, 1.0  # seconds from a signal to the end


def prepared(out: Path, seed: int) -> bool:
    """Every other trial replaces an older version; whether this one does."""
    if replacing := bool(seed // 7 % 2):
        shutil.copytree(whole("--limit", FEW), out)
    return replacing


def kill(seed: int, place: Path) -> Verdict:
    """C1, C4: killed once at an event of the file system, read as it lies there, and run again."""
    out = place / "out"
    run = building(out, "--overwrite")
    ended = killed(run, seed, replacing=prepared(out, seed))
    checks = [was_killed(ended), shown(out), outside(place), finishes(run, whole())]
    return judged(checks, ended.hit)


def kill_any_time(seed: int, place: Path) -> Verdict:
    """C1, C4: killed with all its workers after a share of the time a build takes, at whatever it then does."""
    out, workers = place / "out", 1 + seed % 2
    replacing = prepared(out, seed)
    run = building(out, "--overwrite", workers=workers)
    length = took(replacing, workers)
    ended = ran(replace(run, seconds=length * (keyed("share", seed) % 1000) / 1000))
    hit = ended.hit if ended.code == -signal.SIGKILL else "finished before"
    return judged([shown(out), outside(place), finishes(building(out, "--overwrite"), whole())], hit)


_TOOK: dict[tuple[bool, int], float] = {}


def took(replacing: bool, workers: int) -> float:
    """Seconds that such a build takes here."""
    if (replacing, workers) not in _TOOK:
        out = kept() / f"timed{replacing}{workers}"
        prepared(out, 7 * replacing)
        _TOOK[replacing, workers] = ran(building(out, "--overwrite", workers=workers)).seconds
    return _TOOK[replacing, workers]


def kill_again(seed: int, place: Path) -> Verdict:
    """C3: killed two to four times, each time while it goes on from the last, and run again."""
    out = place / "out"
    run, replacing = building(out, "--overwrite"), prepared(out, seed)
    seen = []
    for number in range(2 + seed % 3):
        killed(run, keyed("again", seed, number), replacing=replacing)
        seen.append(shown(out))
    return judged([*seen, finishes(run, whole())], f"{2 + seed % 3} kills")


def kill_then_other(seed: int, place: Path) -> Verdict:
    """C3: killed, then run with another seed: refused with what changed, and with --overwrite the other build."""
    out = place / "out"
    killed(building(out), seed, replacing=False)
    claimed = (out / ".mmrs" / "settings.json").exists()
    before = published(out)
    refused = ran(building(out, "--seed", 5))
    if not claimed:  # nothing was begun, so nothing is in the way
        return judged([finishes(building(out, "--seed", 5), whole("--seed", 5))], "not begun")
    checks = [
        None if refused.code == 2 and "seed: 0 -> 5" in refused.err else f"not refused: {refused.code} {refused.err}",
        None if published(out) == before else "what was there was changed",
        finishes(building(out, "--seed", 5, "--overwrite"), whole("--seed", 5)),
    ]
    return judged(checks, "refused")


def interrupt(seed: int, place: Path) -> Verdict:
    """C2: SIGINT or SIGTERM at an event; ends with 130 or 143, soon, says so, and can be continued."""
    out, number = place / "out", (signal.SIGINT, signal.SIGTERM)[seed // 7 % 2]
    run = building(out)
    ended = ran(replace(run, at=moment(seed, replacing=False), signals=(number,)))
    checks = [
        ended_with(ended, 128 + number),
        None if ended.seconds <= SOON else f"ended only after {ended.seconds:.1f} s",
        None if "Traceback" not in ended.err else "a traceback was printed",
        None if "goes on from there" in ended.err else "it did not say that it can be continued",
        shown(out),
        finishes(run, whole()),
    ]
    return judged(checks, f"{number.name} in {ended.hit}")


def interrupt_twice(seed: int, place: Path) -> Verdict:
    """C2: Ctrl-C twice in a row; ends at once, and can be continued."""
    out = place / "out"
    run = building(out)
    ended = ran(replace(run, at=moment(seed, replacing=False), signals=(signal.SIGINT, signal.SIGINT)))
    code = None if ended.code in (130, -signal.SIGINT) else f"ended with {ended.code}: {ended.err[-200:]}"
    late = None if ended.seconds <= AT_ONCE else f"ended only after {ended.seconds:.1f} s"
    return judged([code, late, shown(out), finishes(run, whole())], ended.hit)


DEATHS = ("os.abort()", "ctypes.string_at(0)", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)")

ADAPTER = '''
"""Kvasir-SEG, one frame of which takes its reader down."""
import ctypes, os, signal
from dataclasses import replace
from mmrs_builder.sources import find

KVASIR = find("kvasir")

def load(ref):
    if ref.case_id == "victim":
        {death}
    return KVASIR.load(ref)

def index(root):
    for item in KVASIR.index(root):
        yield replace(item, source="ward")

SOURCE = replace(KVASIR, name="ward", index=index, load=load)
'''


def lose_reader(seed: int, place: Path) -> Verdict:
    """C5: the process that reads a case dies in one of four ways: the case is listed, the build finishes."""
    death = DEATHS[seed % len(DEATHS)]
    (place / "ward.py").write_text(ADAPTER.format(death=death))
    out, without = place / "out", place / "without"
    for number in range(FEW):
        frames.add(place / "corpus", f"frame{number:03d}", number)
    words = ("build", "--adapter", place / "ward.py", "--data", place / "corpus", "--rows-per-shard", 3)
    run = building(out)
    plain = ran(replace(run, words=(*map(str, (*words, "--out", without, "--workers", 1)),), out=str(without)))
    frames.add(place / "corpus", "victim", seed)
    workers = 1 + seed // len(DEATHS) % 2
    ended = ran(replace(run, words=(*map(str, (*words, "--out", out, "--workers", workers)),)))
    listed = (out / ".mmrs" / "rejects.jsonl").read_text() if ended.code == 0 else ""
    checks = [
        ended_with(plain, 0),
        ended_with(ended, 0),
        None if "victim" in listed and len(listed.splitlines()) == 1 else f"listed as rejected: {listed!r}",
        None if shards(out) == shards(without) else "the other cases came out differently",
    ]
    return judged(checks, f"{death} with {workers} workers")


def shards(out: Path) -> dict[str, str]:
    """The published rows; the card counts the lost case too."""
    return {name: digest for name, digest in published(out).items() if "/" in name}


def lose_worker(seed: int, place: Path) -> Verdict:
    """C5: one of two worker processes of the measure stage is killed: nothing is lost at all."""
    out = place / "out"
    moment = took(False, 2) * (keyed("worker", seed) % 1000) / 1000
    ended = ran(replace(building(out, workers=2), seconds=moment, victim=True))
    same = None if published(out) == published(whole()) else "it came out differently"
    return judged([ended_with(ended, 0), same], "one of two workers" if ended.victim else "finished before")


def was_killed(ended: Ended) -> str | None:
    return ended_with(ended, -signal.SIGKILL)


def ended_with(ended: Ended, code: int) -> str | None:
    """What is wrong if a command did not end so."""
    return None if ended.code == code else f"ended with {ended.code}, not {code}: {ended.err.strip()[-300:]}"


CRASHES = (
    Fault(id="C1", what="SIGKILL at an event of the file system, a seventh of them in each stage, half of them while "
          "an older version is replaced", survives="what comes of running it again is byte for byte an undisturbed "
          "build; before that `load_dataset` shows a complete version or none", trial=kill, trials=200, few=2),
    Fault(id="C1t", what="SIGKILL of the build and its one or two workers after a share of its time",
          survives="as C1", trial=kill_any_time, trials=40, few=0),
    Fault(id="C3", what="killed two to four times over", survives="as C1", trial=kill_again, trials=28, few=0),
    Fault(id="C3s", what="killed, then run with another seed", survives="refused with what changed; `--overwrite` "
          "makes the other build", trial=kill_then_other, trials=14, few=0),
    Fault(id="C2", what="SIGINT or SIGTERM at an event", survives="exit 130 or 143 within 5 s, no traceback, can "
          "be continued", trial=interrupt, trials=56, few=1),
    Fault(id="C2t", what="Ctrl-C twice", survives="ends within 1 s, can be continued", trial=interrupt_twice,
          trials=28, few=0),
    Fault(id="C5", what="the process that reads a case aborts, segfaults, exits or is killed", survives="that case is "
          "listed, all others are published as without it", trial=lose_reader, trials=16, few=0),
    Fault(id="C5w", what="a worker process is killed", survives="the same bytes", trial=lose_worker, trials=8, few=0),
)  # fmt: skip
