"""Thousands of resealed lies of every kind, told about finished shards: how many does verification notice?

``python benchmarks/mutants.py OUT [--per-kind 3000] [--views N] [--workers N] [--json FILE]``. A lie is one change of a
sound view, measured and sealed again (``mmrs_builder/verify/mutants.py``); no lie is counted twice. Kinds that the
views do not offer often enough are told as often as possible, and say so.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmrs_builder.digests import digest, keyed
from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.mutants import KINDS, LENDERS, is_equivalent, mutate_row
from mmrs_builder.verify.shards import open_shards, rows_of
from mmrs_builder.verify.views import check_view

ROUNDS: Final = 12  # lies of one kind tried about one view
BATCH: Final = 24  # views a process takes at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One mutant: what it is (by digest), and what became of it."""

    kind: str
    view_id: str
    digest: str
    caught: bool
    equivalent: bool


def lies(rows: Sequence[dict[str, Any]], language: Language, wanted: Sequence[str]) -> tuple[list[str], list[Lie]]:
    """Faults of the untouched views, and different lies of the wanted kinds about them."""
    false_alarms = [str(row["view_id"]) for row in rows if check_view(row, language).faults]
    sound = [row for row in rows if row["view_id"] not in false_alarms]
    found = [
        lie
        for index, row in enumerate(sound)
        for kind in wanted
        for lie in _about(row, language, kind, [*sound[index + 1 :], *sound[:index]][:LENDERS])
    ]
    return false_alarms, found


def _about(row: dict[str, Any], language: Language, kind: str, others: list[dict[str, Any]]) -> Iterator[Lie]:
    seen: set[str] = set()
    for number in range(ROUNDS):
        rng = np.random.default_rng(keyed("lie", number, kind, row["view_id"]))
        changed = mutate_row(row, language, kind, rng, others)
        if changed is None:
            return
        name = digest([changed["qa"], changed["structures"], [keyed(m["bytes"].hex()) for m in changed["masks"]],
                       keyed(changed["image"]["bytes"].hex()), changed["absent"], changed["direction"]])  # fmt: skip
        if name not in seen:
            seen.add(name)
            caught = bool(check_view(changed, language).faults)
            same = not caught and is_equivalent(row, changed)
            yield Lie(kind=kind, view_id=str(row["view_id"]), digest=name, caught=caught, equivalent=same)


def sampled(out: Path, number: int) -> tuple[list[dict[str, Any]], Language]:
    """Views of a folder in the order of their key, and their language."""
    shards = [shard for shard in open_shards(out)[0] if shard.config == "default"]
    rows = chain.from_iterable(rows_of(shard, []) for shard in shards)
    return heapq.nsmallest(number, rows, key=lambda row: keyed("lies", row["view_id"])), read_language(
        shards[0].language
    )


def told(out: Path, per_kind: int, views: int, workers: int) -> tuple[list[str], dict[str, list[Lie]], int]:
    """False alarms, lies by kind and the number of views they are about; stops when all kinds have enough."""
    rows, language = sampled(out, views)
    alarms: list[str] = []
    kept: dict[str, list[Lie]] = defaultdict(list)
    used, batches = 0, iter(range(0, len(rows), BATCH))
    with ProcessPoolExecutor(workers) as pool:
        while wanted := [kind for kind in KINDS if len(kept[kind]) < per_kind]:
            turn = [rows[start : start + BATCH] for start in islice(batches, 4 * workers)]
            if not turn:
                break
            jobs = [pool.submit(lies, batch, language, wanted) for batch in turn]
            for batch, job in zip(turn, jobs, strict=True):
                false, found = job.result()
                alarms += false
                used += len(batch)
                for lie in found:
                    kept[lie.kind].append(lie)
            print(f"{used} views, {sum(map(len, kept.values()))} lies, {len(wanted)} kinds", file=sys.stderr)
    return alarms, {kind: kept[kind] for kind in KINDS}, used


def table(found: dict[str, list[Lie]]) -> str:
    """One line per kind, in Markdown."""
    lines = ["| kind of lie | told | noticed | the same in every mask and text | missed |", "|---|---:|---:|---:|---:|"]
    for kind, told_of in sorted(found.items()):
        counts = Counter("noticed" if lie.caught else "same" if lie.equivalent else "missed" for lie in told_of)
        lines.append(f"| {kind} | {len(told_of)} | {counts['noticed']} | {counts['same']} | {counts['missed']} |")
    return "\n".join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="a built folder")
    parser.add_argument("--per-kind", type=int, default=3000)
    parser.add_argument("--views", type=int, default=100_000, help="no more views than these, by key")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where the counts and the missed lies go")
    args = parser.parse_args()
    alarms, found, used = told(args.out, args.per_kind, args.views, args.workers)
    missed = [
        [lie.kind, lie.view_id] for lies_of in found.values() for lie in lies_of if not (lie.caught or lie.equivalent)
    ]
    print(table(found))
    print(f"\n{used} views, {len(alarms)} false alarms, {len(missed)} missed")
    if args.json:
        args.json.write_text(json.dumps({"views": used, "alarms": alarms, "missed": missed}), encoding="utf-8")
    return 1 if alarms or missed else 0


if __name__ == "__main__":
    sys.exit(main())
