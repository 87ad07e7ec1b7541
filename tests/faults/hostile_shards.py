"""Output folders that somebody has tampered with, as ``verify``, ``view`` and ``stats`` are given them.

A key is ``bytes/NUMBER``: damage to the bytes of a published file or the manifest, or ``rows/NUMBER``: shards that can
be read and hold what no build writes, sealed again by somebody who knows how.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmrs_builder.digests import keyed
from mmrs_builder.verify import verify
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.report import CODES
from mmrs_builder.verify.reseal import write_manifest, write_shard
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import open_shards, rows_of
from tests.build.command import mmrs
from tests.faults.cage import LOST, verdict
from tests.faults.fault import Fault, Verdict
from tests.faults.mutations import mutated

TEXTS: Final = (
    "", "\0", "../../etc/passwd", "x" * 100_000, "\U0001f600", "\u202e", "the(" * 3000 + "A" + ")" * 3000, "1" * 5000,
    "__import__('os')", "NaN", "-0.0", "1e999", "</script>", "{" * 3000, "\n", "left\0right", "train",
    'the("' + "a" * 5000 + '")', "not " * 3000 + "true", "**" * 2000, "lambda: 0", "'" * 3,
)  # fmt: skip
NUMBERS: Final = (0, -1, 1, 2, 255, 2**15, 2**31 - 1, -(2**31))
REALS: Final = (float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e-300, 1e300)
COMMANDS: Final = (("view", "--out", "page.html"), ("stats",), ("view", "--contact", "sheet.png"))
BUG: Final = 1
SOUND: Final = "MMRS_FAULT_SOUND"
"""Environment variable: where another process has built sound shards."""

Spot = tuple[Any, Any]  # a holder and the key of what it holds


@lru_cache(maxsize=1)
def _home() -> tempfile.TemporaryDirectory[str]:
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="mmrs-shards-", dir=shared if shared.is_dir() else None)


@lru_cache(maxsize=1)
def sound() -> Path:
    """Shards of four phantoms and a volume, built once for this process and those that it starts."""
    if SOUND in os.environ:
        return Path(os.environ[SOUND])
    out = Path(_home().name) / "sound"
    sizes = ("--set", "phantom.count=4", "--set", "phantom.volumes=1")
    done = mmrs("build", "--source", "phantom", *sizes, "--out", out, "--workers", 1, "--questions-per-view", 4)
    if done.code != 0 or not verify(out).ok:
        raise AssertionError(done.err)
    os.environ[SOUND] = str(out)
    return out


def prepare() -> None:
    """Build what trials start from, before the first one is timed."""
    sound()


def trial(key: str) -> str:
    """``noticed: CODE`` of the first fault, ``unnoticed`` where verification is content; or what is wrong."""
    kind, _, number = key.partition("/")
    rng = np.random.default_rng([keyed("shards", kind), int(number)])
    out = Path(_home().name) / "tampered"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(sound(), out)
    (damaged if kind == "bytes" else tampered)(out, rng)
    return judge(out, COMMANDS[int(rng.integers(len(COMMANDS)))])


def damaged(out: Path, rng: np.random.Generator) -> None:
    """Mutate one published file, or the manifest."""
    files = [*sorted(out.glob("*/*.parquet")), out / MANIFEST, out / "README.md"]
    victim = files[int(rng.integers(len(files)))]
    victim.write_bytes(mutated(victim.read_bytes(), rng))


def tampered(out: Path, rng: np.random.Generator) -> None:
    """Put one to three hostile values into the rows or the language of the shards, and seal them again."""
    shards, _ = open_shards(out)
    manifest, language = json.loads((out / MANIFEST).read_text(encoding="utf-8")), json.loads(shards[0].language)
    views = {shard.path: list(rows_of(shard, [])) for shard in shards if shard.config == "default"}
    rows = [row for held in views.values() for row in held]
    for _ in range(int(rng.integers(1, 4))):
        _spoil(language if rng.random() < 0.3 else rows[int(rng.integers(len(rows)))], rng)
    for path, held in views.items():
        write_shard(path, "default", language, held)
        write_shard(out / "qa" / path.name, "qa", language, [line for row in held for line in project(row)])
    for shard in shards:
        if shard.config == "preview":
            write_shard(shard.path, "preview", language, list(rows_of(shard, [])))
    write_manifest(out, manifest)


def _spoil(tree: Any, rng: np.random.Generator) -> None:
    spots = [spot for spot in _spots(tree) if spot[1] != "split"]  # another split is another file
    holder, key = spots[int(rng.integers(len(spots)))]
    holder[key] = _hostile(holder[key], rng)


def _hostile(value: Any, rng: np.random.Generator) -> Any:
    """Another value of the same type, or null, or less or more of a list."""
    if rng.random() < 0.15:
        return None
    kinds = ((bool, (True, False)), (int, NUMBERS), (float, REALS), (str, TEXTS))
    for kind, others in kinds:
        if isinstance(value, kind):
            return others[int(rng.integers(len(others)))]
    if isinstance(value, bytes):
        return mutated(value, rng)
    if isinstance(value, list):
        return [value[:-1], value * 2, [], value * 200][int(rng.integers(4))]
    return None


def _spots(tree: Any) -> Iterator[Spot]:
    """Every place in nested lists and tables."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from _spots(value)


def judge(out: Path, command: tuple[str, ...]) -> str:
    """Verification never raises, and a command ends with a page, or with a message and no traceback."""
    report = verify(out)
    strange = sorted({fault.code for fault in report.faults} - CODES.keys())
    if strange or any(not fault.where for fault in report.faults):
        return f"{LOST}a fault without a known code or a place: {strange}"
    report.to_json()
    name, *options = command
    done = mmrs(name, out, *(Path(_home().name) / word if "." in word else word for word in options))
    if done.code == BUG or "Traceback" in done.err:
        return f"{LOST}{name} ended with {done.code}: {done.err[-200:]}"
    if done.code and not done.err.strip():
        return f"{LOST}{name} ended with {done.code} without a word"
    return f"noticed: {report.faults[0].code}" if report.faults else "unnoticed"


HERE: Final = "tests.faults.hostile_shards:trial"


def bytes_of_a_file(seed: int, _place: Path) -> Verdict:
    """A shard, card or manifest with damaged bytes."""
    sound()
    return verdict(HERE, f"bytes/{seed}")


def values_in_rows(seed: int, _place: Path) -> Verdict:
    """Shards that hold what no build writes, sealed again."""
    sound()
    return verdict(HERE, f"rows/{seed}")


FAULTS: Final = (
    Fault(
        id="I1b", what="published file with damaged bytes", survives="verify names it; no traceback of view and stats",
        trial=bytes_of_a_file, trials=300, few=3,
    ),
    Fault(
        id="I1c", what="sealed shards with hostile values", survives="no traceback of verify, view and stats",
        trial=values_in_rows, trials=700, few=6,
    ),
)  # fmt: skip
