"""Which questions are reviewed: a sample in proportion to every stratum, and errors planted among them.

The questions of a build are put in an order by source, modality, kind and family, in a family by key, and every k-th of
them is taken from a keyed start (systematic sampling with implicit stratification; Cochran 1977, Sampling Techniques,
chapter 8). So each source, and in it each modality, kind and family, has its share to within one question, and what
readers find in the sample estimates what they would find in the build.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow.parquet as pq

from mmrs_builder.digests import digest, keyed
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.gallery.sample import language_of, rows, sound
from mmrs_builder.readable import readable
from mmrs_builder.review.plant import Planted, lies
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.shards import Shard

PART: Final = 0.05
"""Planted errors among all that is read."""

AT_ONCE: Final = 40
"""Questions that are tried for a lie at a time: their views lie in memory."""

STRATA: Final = ("source", "modality", "kind", "family")
COLUMNS: Final = ("view_id", "question_id", *STRATA)

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to be judged. ``id`` tells nothing of it; ``lie`` is what is shown in place of the stored question."""

    id: str
    view_id: str
    question_id: str
    stratum: tuple[str, ...]
    lie: Planted | None = None


def sampled(out: Path, number: int, seed: int) -> tuple[Item, ...]:
    """``number`` items of a published folder, one in twenty of them planted, in an order that tells nothing.

    Raises ``MmrsError`` for a folder with too few questions, with too few that can be falsified, or that is damaged.
    """
    shards = sound(out)
    every = [row for shard in shards if shard.config == "qa" for row in _listed(shard)]
    planted = max(1, round(PART * number))
    if len(every) < number:
        hint = f"Use --n {len(every)} or less, or build more."
        raise MmrsError(f"{out} has {len(every)} questions, too few for --n {number}", code=USAGE, hint=hint)
    true = [_item(row, seed) for row in spread(every, number - planted, seed)]
    taken = {(item.view_id, item.question_id) for item in true}
    rest = [_item(row, seed) for row in every if (row["view_id"], row["question_id"]) not in taken]
    rest.sort(key=lambda item: keyed("review plant", seed, item.view_id, item.question_id))
    false = _planted(shards, rest, planted, seed)
    if len(false) < planted:
        detail = f"only {len(false)} of {planted} errors could be planted: too few other questions are clear enough"
        raise MmrsError(detail, code=USAGE, hint="Use a smaller --n, or build more.")
    return tuple(sorted((*true, *false), key=lambda item: item.id))


def spread(every: Sequence[Row], number: int, seed: int) -> list[Row]:
    """``number`` of the questions, every k-th in the order of strata."""
    if not number:
        return []
    ordered = sorted(every, key=lambda row: (*stratum(row), keyed("review", seed, row["view_id"], row["question_id"])))
    step = 2**64  # of the start's 2**64 places
    start = keyed("review start", seed)
    return [ordered[(n * step + start) * len(ordered) // (number * step)] for n in range(number)]


def stratum(row: Row) -> tuple[str, ...]:
    """Source, modality, kind and family."""
    return tuple(str(row[name]) for name in STRATA)


def in_order(items: Iterable[Item], seed: int, reader: str) -> list[Item]:
    """The order in which a reader meets them."""
    return sorted(items, key=lambda item: keyed("review order", seed, reader, item.id))


def views_of(shards: Iterable[Shard], wanted: Iterable[str]) -> Iterator[tuple[Shard, Language, Row]]:
    """The rows of the named views, with the language of their shard."""
    names = dict.fromkeys(wanted)
    for shard in shards:
        if shard.config == "default":
            language = language_of(shard)
            yield from ((shard, language, row) for row in rows(shard, names))


def _listed(shard: Shard) -> list[Row]:
    with readable(shard.path):
        found: list[Row] = pq.read_table(shard.path, columns=list(COLUMNS)).to_pylist()
        return found


def _item(row: Row, seed: int) -> Item:
    view, question = str(row["view_id"]), str(row["question_id"])
    return Item(
        id=digest(["review item", seed, view, question])[:12], view_id=view, question_id=question, stratum=stratum(row)
    )


def _planted(shards: Sequence[Shard], rest: Sequence[Item], number: int, seed: int) -> list[Item]:
    """The first items, in their order, that a lie can be told of, each with a kind of lie told least so far."""
    told: Counter[str] = Counter()
    found: list[Item] = []
    for start in range(0, len(rest), AT_ONCE):
        tried = rest[start : start + AT_ONCE]
        views = {row["view_id"]: (language, row) for _, language, row in views_of(shards, (it.view_id for it in tried))}
        for item in tried:
            if len(found) == number:
                return found
            if item.view_id in views:
                language, row = views[item.view_id]
                offered = lies(row, item.question_id, language, keyed("review lie", seed, item.id))
                if best := heapq.nsmallest(1, offered, key=lambda lie: told[lie.kind]):
                    told[best[0].kind] += 1
                    found.append(replace(item, lie=best[0]))
    return found
