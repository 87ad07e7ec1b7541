"""What a row of the fault suite is: something that goes wrong, tried under many seeds, and whether it was survived.

Trials are pure: the seed decides where and how it hurts, so that a lost trial can be run again alone
(``MMRS_FAULT_SEED=17 pytest tests/faults -k C1``).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a trial ended. ``lost`` says what was broken, None if nothing was; ``where`` is what was hit."""

    lost: str | None = None
    where: str = ""


Trial: TypeAlias = Callable[[int, Path], Verdict]
"""Of a seed and an empty folder of its own. Raises ``Untestable`` where this machine cannot do it."""


class Untestable(Exception):
    """The fault cannot be caused here; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row of the table: ``trials`` of it are a proof, ``few`` of them a test; slow rows have none and take turns."""

    id: str
    what: str
    survives: str
    trial: Trial
    trials: int
    few: int = 1


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of the trials of one fault; ``lost`` names each lost seed with what was broken."""

    fault: Fault
    tried: int = 0
    lost: dict[int, str] = field(default_factory=dict)
    where: Counter[str] = field(default_factory=Counter)
    untestable: str | None = None


def tried(fault: Fault, seeds: Iterable[int], place: Path) -> Tally:
    """Run trials, each in a folder below ``place`` that is removed if the trial survived."""
    tally = Tally(fault=fault)
    for seed in seeds:
        with _folder(place / f"{fault.id}-{seed}") as folder:
            try:
                verdict = fault.trial(seed, folder)
            except Untestable as missing:
                tally.untestable = str(missing)
                break
        tally.tried += 1
        tally.where.update([verdict.where] if verdict.where else [])
        if verdict.lost is not None:
            tally.lost[seed] = verdict.lost
    return tally


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def table(tallies: Iterable[Tally]) -> str:
    """Fault, tried, survived, lost, and what was hit, in Markdown."""
    lines = ["| | fault | survives if | tried | survived | lost | hit |", "|---|---|---|---:|---:|---:|---|"]
    for tally in tallies:
        fault, lost = tally.fault, len(tally.lost)
        hit = ", ".join(f"{name} {count}" for name, count in sorted(tally.where.items()))
        counts = f"{tally.tried} | {tally.tried - lost} | {lost}"
        if tally.untestable:
            counts, hit = "untested | | ", tally.untestable
        lines.append(f"| {fault.id} | {fault.what} | {fault.survives} | {counts} | {hit} |")
    return "\n".join(lines)
