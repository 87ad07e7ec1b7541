"""Thousands of resealed lies of every kind, told about finished shards: how many does verification notice?

``python benchmarks/mutants.py OUT [OUT ...] [--per-kind 3000] [--views N] [--workers N] [--kinds KIND ...]
[--json FILE]``. A lie is one change of a sound view, measured and sealed again (``mmrs_builder/verify/mutants.py``);
no lie is counted twice. A folder is asked for the kinds that those before it did not offer often enough; kinds that
none does are told as often as its rounds find some.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmrs_builder.digests import digest, keyed
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.mutants import KINDS, LENDERS, Beside, codes, is_equivalent, mutate_row, sample

ROUNDS: Final = 12  # lies of one kind tried about one view
FEW: Final = 0.01  # of the lies that a folder's first round found: after a round of no more than that it is left
BATCH: Final = 24  # views a process takes at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One mutant: what it is (by digest), and what became of it."""

    kind: str
    view_id: str
    digest: str
    caught: bool
    equivalent: bool


_JUDGE: list[tuple[Beside, Language]] = []
"""What every process judges by, too large to be sent with each batch."""


def _begin(beside: Beside, language: Language) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks for lies ends when it has been answered
    _JUDGE[:] = [(beside, language)]


def lies(
    rows: Sequence[dict[str, Any]], known: frozenset[tuple[str, str]], wanted: Sequence[str], number: int
) -> tuple[list[str], list[Lie]]:
    """Faults of the untouched views, and one lie of each wanted kind about each sound one, keyed by ``number``.

    ``known`` are kinds and digests of lies that have been told.
    """
    beside, language = _JUDGE[0]
    false_alarms = [str(row["view_id"]) for row in rows if codes(row, beside, language)]
    sound = [row for row in rows if row["view_id"] not in false_alarms]
    found = [
        _about(row, kind, number, [*sound[index + 1 :], *sound[:index]][:LENDERS], known)
        for index, row in enumerate(sound)
        for kind in wanted
    ]
    return false_alarms, [lie for lie in found if lie is not None]


def _about(
    row: dict[str, Any], kind: str, number: int, others: list[dict[str, Any]], known: frozenset[tuple[str, str]]
) -> Lie | None:
    beside, language = _JUDGE[0]
    rng = np.random.default_rng(keyed("lie", number, kind, row["view_id"]))
    changed = mutate_row(row, language, kind, rng, others)
    if changed is None or (kind, name := digest(changed)) in known:
        return None
    caught = bool(codes(changed, beside, language))
    return Lie(
        kind=kind,
        view_id=str(row["view_id"]),
        digest=name,
        caught=caught,
        equivalent=not caught and is_equivalent(row, changed),
    )


def told(out: Path, per_kind: int, views: int, workers: int, kept: dict[str, dict[str, Lie]]) -> tuple[set[str], int]:
    """False alarms and the number of views judged; different lies by kind and digest go to those that are ``kept``.

    Stops when all kinds have enough, when a round finds hardly any more, or at Ctrl-C, which leaves this folder only.
    """
    rows, beside, language = sample(out, views, 0)
    alarms: set[str] = set()
    first = judged = 0
    about: dict[str, set[tuple[str, str]]] = {}  # what was told of each view
    with (
        suppress(KeyboardInterrupt),
        ProcessPoolExecutor(workers, initializer=_begin, initargs=(beside, language)) as pool,
    ):
        for number in range(ROUNDS):
            before = count(kept)
            for start in range(0, len(rows), BATCH * workers):
                wanted = [kind for kind in kept if len(kept[kind]) < per_kind]
                if not wanted:
                    return alarms, judged
                batches = [rows[at : at + BATCH] for at in range(start, min(start + BATCH * workers, len(rows)), BATCH)]
                known = [frozenset().union(*(about.get(row["view_id"], ()) for row in batch)) for batch in batches]
                for false, found in pool.map(partial(lies, wanted=wanted, number=number), batches, known):
                    alarms.update(false)
                    for lie in found:
                        kept[lie.kind].setdefault(lie.digest, lie)
                        about.setdefault(lie.view_id, set()).add((lie.kind, lie.digest))
                judged = max(judged, start + sum(map(len, batches)))
                print(f"round {number}, view {start}: {count(kept)} lies, {len(wanted)} kinds wanted", file=sys.stderr)
            first = count(kept) - before if number == 0 else first
            if count(kept) - before <= FEW * first:
                break
    return alarms, judged


def count(kept: dict[str, dict[str, Lie]]) -> int:
    """Lies of all kinds."""
    return sum(map(len, kept.values()))


def table(found: dict[str, dict[str, Lie]]) -> str:
    """One line per kind, in Markdown."""
    lines = ["| kind of lie | told | noticed | the same in every mask and text | missed |", "|---|---:|---:|---:|---:|"]
    for kind, told_of in sorted(found.items()):
        counts = Counter(
            "noticed" if lie.caught else "same" if lie.equivalent else "missed" for lie in told_of.values()
        )
        lines.append(f"| {kind} | {len(told_of)} | {counts['noticed']} | {counts['same']} | {counts['missed']} |")
    return "\n".join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("outs", nargs="+", type=Path, metavar="OUT", help="a built folder")
    parser.add_argument("--per-kind", type=int, default=3000)
    parser.add_argument("--views", type=int, default=100_000, help="no more views than these, by key")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help="only these")
    parser.add_argument("--json", type=Path, help="where the counts and the missed lies go")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell takes from what runs behind its back
    found: dict[str, dict[str, Lie]] = {kind: {} for kind in args.kinds}
    alarms: list[str] = []
    used = 0
    for out in args.outs:
        false, views = told(out, args.per_kind, args.views, args.workers, found)
        alarms, used = [*alarms, *(f"{out}: {view}" for view in sorted(false))], used + views
    missed = [
        [lie.kind, lie.view_id]
        for lies_of in found.values()
        for lie in lies_of.values()
        if not (lie.caught or lie.equivalent)
    ]
    print(table(found))
    print(f"\n{used} views, {len(alarms)} false alarms, {len(missed)} missed")
    if args.json:
        args.json.write_text(json.dumps({"views": used, "alarms": alarms, "missed": missed}), encoding="utf-8")
    return 1 if alarms or missed else 0


if __name__ == "__main__":
    sys.exit(main())
