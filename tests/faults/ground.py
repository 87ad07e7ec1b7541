"""What trials share: a process that starts commands at once, small corpora, and the builds that nothing disturbed."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

from mmrs_builder.digests import keyed
from tests.build import corpus as frames
from tests.build.command import ROOT, offline, published
from tests.build.reading import views
from tests.faults.fault import Verdict
from tests.faults.zygote import Ended, Run

STAGES = ("start", "measure", "ask", "phrase", "write", "publish", "manifest")
FEW, MANY = 5, 7  # frames of an older version, and of all
BESIDE = 2  # frames of the second source


@lru_cache(maxsize=1)
def kept() -> Path:
    """A folder that lasts as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="mmrs-faults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=1)
def _zygote() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.zygote"],
        cwd=ROOT, env=offline(kept(), PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1", COLUMNS="200"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    atexit.register(process.kill)
    return process


def together(*runs: Run) -> list[Ended]:
    """Run commands at the same time, to their ends."""
    process = _zygote()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([asdict(run) for run in runs]) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    return [Ended(**{**raw, "events": tuple(raw["events"])}) for raw in json.loads(answer)]


def ran(run: Run) -> Ended:
    """Run one command to its end."""
    (ended,) = together(run)
    return ended


@lru_cache(maxsize=1)
def corpora() -> tuple[Path, Path]:
    """Polyps for ``kvasir``, and a few for ``folder``: two parts of the measure stage."""
    beside = kept() / "beside"
    for number in range(BESIDE):
        frames.add(beside, f"other{number}", 40 + number)
    return frames.write(kept() / "corpus", MANY), beside


def building(out: Path, *options: object, name: str = "log", workers: int = 1) -> Run:
    """A build of both corpora into ``out``, with small shards; what it prints goes to files beside ``out``."""
    corpus, beside = corpora()
    words = ("build", "--source", "kvasir", "--data", f"kvasir={corpus}", "--source", "folder", "--data",
             f"folder={beside}", "--set", "folder.label=polyp", "--out", out, "--rows-per-shard", 3, "--workers",
             workers)  # fmt: skip
    return Run(words=tuple(map(str, (*words, *options))), out=str(out), log=str(out.parent / f"{out.name}.{name}"))


def older(out: Path) -> Run:
    """The same of fewer frames."""
    return building(out, "--limit", FEW, name="older")


@lru_cache(maxsize=8)
def whole(*options: object) -> Path:
    """The build that nothing disturbed."""
    out = kept() / f"whole{keyed('whole', *options)}"
    done = ran(building(out, *options))
    assert done.code == 0, done.err
    return out


@lru_cache(maxsize=2)
def steps(*, replacing: bool) -> tuple[str, ...]:
    """The stage of every event of a build, into a new folder or over an older version."""
    out = kept() / f"steps{replacing}"
    if replacing:
        shutil.copytree(whole("--limit", FEW), out)
    return ran(building(out, "--overwrite")).events


def moment(seed: int, *, replacing: bool) -> int:
    """An event to be hurt at: stages take turns, and within one any event may be it."""
    events = steps(replacing=replacing)
    stages = [stage for stage in STAGES if stage in events]
    among = [number for number, stage in enumerate(events, 1) if stage == stages[seed % len(stages)]]
    return among[keyed("moment", seed) % len(among)]


_SEEN: dict[frozenset[tuple[str, str]], str | None] = {}


def shown(out: Path) -> str | None:
    """What is wrong with what ``load_dataset`` shows of ``out``: a complete version, or none, is right.

    Folders of the same files are loaded once.
    """
    state = frozenset(published(out).items())
    if state not in _SEEN:
        _SEEN[state] = _shown(out)
    return _SEEN[state]


def _shown(out: Path) -> str | None:
    cache = Path(tempfile.mkdtemp(dir=kept()))
    copy = cache / "left"
    copy.mkdir()
    if out.exists():
        shutil.copytree(out, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".mmrs"))
    (found,) = views(cache, copy)
    if isinstance(found, str) or found in versions():
        return None
    return f"load_dataset shows {len(found)} views, which are no complete version"


@lru_cache(maxsize=1)
def versions() -> tuple[list[str], ...]:
    """The views of the older version and of the new one."""
    there = [f"kvasir:frame{n:03d}" for n in range(MANY)], [f"folder:images/other{n}" for n in range(BESIDE)]
    return tuple(sorted([*there[0][:most], *there[1][:most]]) for most in (FEW, MANY))


def finishes(run: Run, expected: Path) -> str | None:
    """What is wrong with the folder of a build that was hurt, after it was run again."""
    done = ran(run)
    if done.code != 0:
        return f"running it again ended with {done.code}: {done.err.strip()[-300:]}"
    if published(Path(run.out)) != published(expected):
        return "what came of running it again differs from an undisturbed build"
    return strays(Path(run.out))


def strays(place: Path) -> str | None:
    """What is wrong if there are temporary files that nobody will remove."""
    left = [str(path.relative_to(place)) for path in place.rglob("*") if path.name.endswith(".tmp")]
    return f"left behind: {', '.join(left)}" if left else None


def outside(place: Path) -> str | None:
    """What is wrong if a build left anything beside its folder ``out``, or anything unfinished in it but in ``.mmrs``.

    Notes of ours lie beside it under names that begin like it.
    """
    beside = [entry.name for entry in place.iterdir() if not entry.name.startswith("out")]
    left = [path for path in (place / "out").rglob("*.tmp") if ".mmrs" not in path.parts]
    return f"left behind: {', '.join(map(str, (*beside, *left)))}" if beside or left else None


def judged(checks: Sequence[str | None], where: str) -> Verdict:
    """The first thing that is wrong."""
    return Verdict(lost=next((wrong for wrong in checks if wrong), None), where=where)


def killed(run: Run, seed: int, *, replacing: bool) -> Ended:
    """A build that is killed at one of its events."""
    return ran(replace(run, at=moment(seed, replacing=replacing), signals=(9,)))
