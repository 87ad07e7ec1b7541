"""S1, S2 and S5: disks that are full, fail or may not be written, and places nothing should be built in."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from mmrs_builder.digests import keyed
from tests.build.command import tree
from tests.faults.crash import ended_with
from tests.faults.fault import Fault, Untestable, Verdict
from tests.faults.ground import building, corpora, finishes, judged, kept, outside, ran, shown, whole

ROOMY: Final = 64 * 2**20
PAGE: Final = 4096
LACKS: Final = re.compile(r"the disk is full: ([\d,]+) bytes are needed, ([\d,]+) are free")


@contextmanager
def disk(place: Path, size: int) -> Iterator[Path]:
    """A small disk of its own. Raises ``Untestable`` where this account may not mount one."""
    place.mkdir()
    if os.geteuid() != 0 or _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", place) != 0:
        raise Untestable("needs the right to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def _mount(*words: object) -> int:
    return subprocess.run(["mount", *map(str, words)], capture_output=True, check=False).returncode


@lru_cache(maxsize=1)
def space() -> int:
    """The most bytes that a build takes on a disk at any time, to a page."""
    with disk(kept() / "roomy", ROOMY) as place:
        before = shutil.disk_usage(place).used
        done = ran(building(place / "out"))
        assert done.code == 0, done.err
        used = shutil.disk_usage(place).used - before
    return used // PAGE * PAGE


def fill(seed: int, place: Path) -> Verdict:
    """S1: a disk that is full after some pages; then it is given room, and the build goes on."""
    size = PAGE * (3 + keyed("size", seed) % (space() // PAGE - 8))
    with disk(place / "disk", size) as small:
        run = replace(building(small / "out"), log=str(place / "log"))  # what it says needs no room there
        ended = ran(run)
        said = LACKS.search(ended.err)
        checks = [
            ended_with(ended, 8),
            None if said or "bytes are free" in ended.err else f"no bytes named: {ended.err[-300:]}",
            None if "Traceback" not in ended.err else "a traceback was printed",
            shown(small / "out"),
        ]
        assert _mount("-o", f"remount,size={ROOMY}", small) == 0
        return judged([*checks, finishes(run, whole())], "at 0 to 33 %" if size < space() / 3 else "later")


def fill_file(seed: int, place: Path) -> Verdict:
    """S1: no file may be longer than so many bytes (the limit of a process, not of a disk)."""
    out = place / "out"
    largest = max(path.stat().st_size for path in whole().rglob("*") if path.is_file())
    size = PAGE + keyed("size", seed) % (largest - PAGE)  # what is printed goes to files too
    ended = ran(replace(building(out), size=size))
    checks = [ended_with(ended, 8), None if "Traceback" not in ended.err else "a traceback was printed", shown(out)]
    return judged([*checks, outside(place), finishes(building(out), whole())], "")


CALLS: Final = ("write", "fsync", "rename")
ERRORS: Final = (errno.EIO, errno.ENOSPC)


def fail(seed: int, place: Path) -> Verdict:
    """S5: one call of write, fsync or rename fails; a write has then written half."""
    call, number = CALLS[seed % len(CALLS)], ERRORS[seed // len(CALLS) % len(ERRORS)]
    out = place / "out"
    at = 1 + keyed("call", seed) % calls(call)
    ended = ran(replace(building(out), fails=call, error=number, at=at))
    checks = [
        ended_with(ended, 8),
        None if "Traceback" not in ended.err else f"a traceback was printed: {ended.err[-300:]}",
        None if (call, number) != ("write", errno.ENOSPC) or LACKS.search(ended.err) else f"said: {ended.err[-300:]}",
        shown(out),
        outside(place),
        finishes(building(out), whole()),
    ]
    return judged(checks, f"{errno.errorcode[number]} on {call}")


@lru_cache(maxsize=4)
def calls(call: str) -> int:
    """How often a build makes a call."""
    return len(ran(replace(building(kept() / f"calls-{call}"), fails=call)).events)


def storm(seed: int, place: Path) -> Verdict:
    """S5: a signal every millisecond, so that system calls end with EINTR."""
    out = place / "out"
    ended = ran(replace(building(out, workers=1 + seed % 2), storm=True))
    return judged([ended_with(ended, 0), finishes(building(out), whole())], "")


def _file(place: Path) -> Path:
    (place / "file").write_text("mine")
    return place / "file"


def _foreign(place: Path) -> Path:
    (place / "mine" / "data").mkdir(parents=True)
    (place / "mine" / "data" / "notes.txt").write_text("mine")
    return place / "mine"


def _loop(place: Path) -> Path:
    (place / "loop").symlink_to(place / "loop")
    return place / "loop"


def _dangling(place: Path) -> Path:
    (place / "dangling").symlink_to(place / "nowhere" / "else")
    return place / "dangling"


def _pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe")
    return place / "pipe"


PLACES: Final[dict[str, Callable[[Path], Path]]] = {
    "a file": _file,
    "below a file": lambda place: _file(place) / "out",
    "a folder of somebody's own": _foreign,
    "the source": lambda place: place / "corpus",
    "inside the source": lambda place: place / "corpus" / "images" / "out",
    "around the source": lambda place: place,
    "a loop of links": _loop,
    "below a loop of links": lambda place: _loop(place) / "out",
    "a link to nowhere": _dangling,
    "a pipe": _pipe,
    "a device": lambda _: Path(os.devnull),
    "below a device": lambda _: Path(os.devnull) / "out",
    "a name of 300 letters": lambda place: place / ("x" * 300),
    "a path of 5000 letters": lambda place: place.joinpath(*["x" * 100] * 50),
    "a pattern": lambda place: place / "o[u]t",
    "/proc": lambda _: Path("/proc/out"),
}
MAY_WORK: Final = ("a link to nowhere",)


def misplace(seed: int, place: Path) -> Verdict:
    """S2: an OUT that nothing can or should be built in: refused, and nothing is touched."""
    name = list(PLACES)[seed % len(PLACES)]
    corpus = shutil.copytree(corpora()[0], place / "corpus")
    out = PLACES[name](place)
    before = tree(place)
    words = ("build", "--source", "kvasir", "--data", corpus, "--out", out, "--workers", 1)
    log = place.with_name(f"{place.name}.log")
    ended = ran(replace(building(place / "unused"), words=tuple(map(str, words)), out=str(out), log=str(log)))
    for note in place.parent.glob(f"{log.name}.*"):
        note.unlink()
    if name in MAY_WORK and ended.code == 0:
        return Verdict(where="built")
    changed = sorted({path for path, digest in tree(place).items() ^ before.items()})
    return judged(
        [
            None if ended.code in (2, 8) else f"{name}: ended with {ended.code}: {ended.err.strip()[-400:]}",
            None if "Traceback" not in ended.err else f"{name}: a traceback was printed",
            None if str(out)[:60] in ended.err.replace("\n", "") else f"{name}: not named: {ended.err[-300:]}",
            f"{name}: changed {changed}" if changed else None,
        ],
        "refused",
    )


def forbid(seed: int, place: Path) -> Verdict:
    """S2: a place that may only be read, before anything was built there or with an older version in it."""
    published = bool(seed % 2)
    with disk(place / "disk", ROOMY) as small:
        out = small / "out"
        if published:
            shutil.copytree(whole(), out)
        before = tree(small)
        assert _mount("-o", "remount,ro", small) == 0
        ended = ran(replace(building(out, "--seed", 9, "--overwrite"), log=str(place / "log")))
        checks = [
            ended_with(ended, 8),
            None if str(out) in ended.err and "Traceback" not in ended.err else f"said: {ended.err[-300:]}",
            None if tree(small) == before else "something was changed",
            shown(out),
        ]
    return judged(checks, "with a version in it" if published else "empty")


DISK = (
    Fault(id="S1", what="a disk (tmpfs) that is full after so many pages", survives="exit 8 with the bytes needed "
          "and free, a complete version or none, and the build goes on when there is room", trial=fill, trials=50),
    Fault(id="S1f", what="no file may grow beyond so many bytes (RLIMIT_FSIZE)", survives="as S1, with the "
          "system's own words", trial=fill_file, trials=50, few=0),
    Fault(id="S2", what="OUT is a file, a device, a loop, the source, somebody's folder, …", survives="exit 2 or 8 "
          "with a sentence that names it; nothing is touched", trial=misplace, trials=len(PLACES), few=2),
    Fault(id="S2r", what="OUT lies on a disk that may only be read", survives="exit 8; nothing is touched",
          trial=forbid, trials=4, few=0),
    Fault(id="S5", what="EIO or ENOSPC once on write (half of it written), fsync or rename (calls of the "
          "interpreter fail)", survives="exit 8, a complete version or none, and running it again gives the "
          "undisturbed bytes", trial=fail, trials=60),
    Fault(id="S5i", what="a signal every millisecond (EINTR)", survives="the same bytes", trial=storm, trials=6, few=0),
)  # fmt: skip
