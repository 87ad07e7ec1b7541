"""D1: the same corpora and settings, built elsewhere and otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mmrs_builder.digests import keyed
from tests.build.command import MMRS, ROOT, offline, published
from tests.faults.crash import ended_with
from tests.faults.fault import Fault, Untestable, Verdict
from tests.faults.ground import building, judged, kept, ran, whole

WORKERS: Final = (1, 2, 4)
SEEDS: Final = ("0", "1", "random")
ZONES: Final = ("UTC", "Pacific/Kiritimati", "America/St_Johns")
LOCALES: Final = ("C", "tr_TR.UTF-8", "ar_EG.UTF-8", "zh_CN.UTF-8")
MASKS: Final = (0o022, 0o077, 0o000)


@lru_cache(maxsize=1)
def locales() -> Path:
    """A folder with the locales, made for the occasion; what cannot be made is missing there."""
    folder = kept() / "locales"
    folder.mkdir()
    if shutil.which("localedef"):
        for name in LOCALES[1:]:
            words = ["localedef", "-i", name.partition(".")[0], "-f", "UTF-8", folder / name]
            subprocess.run(words, capture_output=True, check=False)
    return folder


def otherwise(seed: int, place: Path) -> Verdict:
    """D1: other workers, hash seed, time zone, locale, umask and working folder, in an interpreter of its own."""

    def pick(name: str, among: tuple[object, ...]) -> object:
        return among[keyed(name, seed) % len(among)]

    workers, locale, mask = WORKERS[seed % 3], LOCALES[seed % 4], int(str(pick("umask", MASKS)))
    out = place / "out"
    words = building(out, workers=workers).words
    relative = ["out" if word == str(out) else word for word in words]
    there = {"PYTHONHASHSEED": pick("hash", SEEDS), "TZ": pick("zone", ZONES), "LC_ALL": locale, "LANG": locale}
    environment = offline(kept(), PYTHONPATH=str(ROOT), LOCPATH=str(locales()), **{k: str(v) for k, v in there.items()})
    done = subprocess.run([*MMRS, *relative], cwd=place, env=environment, umask=mask, capture_output=True, text=True,
                          check=False)  # fmt: skip
    same = None if published(out) == published(whole()) else "other bytes"
    real = locale == "C" or (locales() / locale).is_dir()
    named = f"{locale if real else f'{locale} (not on this machine)'}, {workers} workers"
    return judged(
        [None if done.returncode == 0 else f"ended with {done.returncode}: {done.stderr[-300:]}", same], named
    )


def shuffled(seed: int, place: Path) -> Verdict:
    """D1: every folder is listed in another order."""
    out = place / "out"
    ended = ran(replace(building(out), shuffled=seed))
    same = None if published(out) == published(whole()) else "other bytes"
    return judged([ended_with(ended, 0), same], "")


SIZES: Final = (1, 2, 4, 9, 1000)


def in_other_shards(seed: int, place: Path) -> Verdict:
    """D1: other sizes of shards."""
    out, size = place / "out", SIZES[seed % len(SIZES)]
    run = building(out)
    words = list(run.words)
    words[words.index("--rows-per-shard") + 1] = str(size)
    ended = ran(replace(run, words=tuple(words)))
    same = None if logical(out) == logical(whole()) else "other rows"
    return judged([ended_with(ended, 0), same], f"{size} rows")


SETS: Final = {"oldest": "lowest-direct", "newest": "highest"}
"""What uv takes of the versions that ``pyproject.toml`` allows."""

PHANTOMS: Final = ("--source", "phantom", "--set", "phantom.count=60", "--set", "phantom.volumes=2")


@lru_cache(maxsize=len(SETS))
def installed(name: str) -> Path:
    """The programs of an environment with the project and such a set of libraries, from a package index."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        raise Untestable("tests use no package index")
    place = kept() / name
    programs = place / "bin"
    commands = (
        [sys.executable, "-m", "venv", place],
        [programs / "pip", "install", "--quiet", "uv"],
        [programs / "uv", "pip", "install", "--quiet", "--resolution", SETS[name], f"{ROOT}[volumes]"],
    )
    for words in commands:
        done = subprocess.run(words, env={**os.environ, "VIRTUAL_ENV": str(place)}, capture_output=True, text=True,
                              check=False)  # fmt: skip
        if "No solution found" in done.stderr:
            raise AssertionError(done.stderr)
        if done.returncode:
            raise Untestable(f"cannot install: {done.stderr.strip()[-200:]}")
    return programs


LOAD: Final = (
    "import sys, datasets; print(sum(len(rows) for rows in datasets.load_dataset(sys.argv[1], 'qa').values()))"
)


def of_other_versions(seed: int, place: Path) -> Verdict:
    """D2: built, verified and loaded with the oldest or newest allowed libraries, in an environment of its own."""
    name = list(SETS)[seed % len(SETS)]
    programs, out = installed(name), place / "out"

    def done(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(list(map(str, words)), cwd=place, env=offline(place), capture_output=True, text=True,
                              check=False)  # fmt: skip

    built = done(programs / "mmrs", *building(out, *PHANTOMS).words)
    if built.returncode:
        return Verdict(lost=f"build ended with {built.returncode}: {built.stderr[-300:]}", where=name)
    verified, loaded = done(programs / "mmrs", "verify", out), done(programs / "python", "-c", LOAD, out)
    return judged(
        [
            None if logical(out) == logical(whole(*PHANTOMS)) else "other rows",
            None if verified.returncode == 0 else f"verify ended with {verified.returncode}: {verified.stdout[-300:]}",
            None if loaded.stdout.strip() == str(asked(out)) else f"loads {loaded.stdout.strip()} questions",
        ],
        f"{name} libraries",
    )


def asked(out: Path) -> int:
    """How many questions a build has."""
    return int(manifest(out)["report"]["candidates"]["asked"])


def logical(out: Path) -> object:
    return manifest(out).get("logical_rows_sha256", os.fspath(out))


def manifest(out: Path) -> dict[str, Any]:
    """What a build says of itself; nothing if there is none."""
    path = out / ".mmrs" / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


SAMENESS = (
    Fault(id="D1", what="1, 2 or 4 workers; hash seed, time zone, locale, umask and working folder",
          survives="the same bytes", trial=otherwise, trials=24, few=0),
    Fault(id="D1o", what="every folder listed in a shuffled order", survives="the same bytes", trial=shuffled,
          trials=20, few=0),
    Fault(id="D1s", what="shards of 1 to 1000 rows", survives="the same logical hash of the rows",
          trial=in_other_shards, trials=5, few=0),
    Fault(id="D2", what="the oldest and the newest libraries that pyproject.toml allows, on phantoms too",
          survives="the same logical hash of the rows; verifies and loads", trial=of_other_versions, trials=len(SETS),
          few=0),
)  # fmt: skip
