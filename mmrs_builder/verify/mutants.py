"""Mutation of sound rows: how many small lies, sealed again, does verification notice?"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmrs_builder import digests
from mmrs_builder.verify.borrowing import OF_OTHERS
from mmrs_builder.verify.folder import verify
from mmrs_builder.verify.language import Language, read_language, read_rows
from mmrs_builder.verify.mutations import OF_QUESTION, OF_REFUSALS, OF_VIEW
from mmrs_builder.verify.pairs import Pairs
from mmrs_builder.verify.pictures import read_mask, read_pixels
from mmrs_builder.verify.render import NoTerm
from mmrs_builder.verify.reseal import replace_view
from mmrs_builder.verify.retell import told
from mmrs_builder.verify.shards import open_shards, rows_of
from mmrs_builder.verify.twins import compared
from mmrs_builder.verify.views import check_view

KINDS: Final = (*OF_QUESTION, *OF_VIEW, *OF_OTHERS)
VIEWS_PER_MUTANT: Final = 2  # views sampled for each mutant wanted of a kind
MIN_VIEWS: Final = 24
LENDERS: Final = 3  # views next in the sample that something is taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantResult:
    """What became of one mutant. ``codes`` are the fault codes verification found, sorted."""

    kind: str
    view_id: str
    codes: tuple[str, ...]
    equivalent: bool

    @property
    def caught(self) -> bool:
        """Whether verification noticed."""
        return bool(self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantTally:
    """Mutants of one kind: made, caught, the same in every mask and text; ``missed`` names the views of the rest."""

    kind: str
    made: int
    caught: int
    equivalent: int
    missed: tuple[str, ...]


def mutate_row(
    row: dict[str, Any], language: Language, kind: str, rng: np.random.Generator, others: Sequence[dict[str, Any]] = ()
) -> dict[str, Any] | None:
    """A sound row with one mutation of a kind of ``KINDS``, or ``None`` where the view offers none.

    ``others`` are sound rows of other views, for mutations that take something from there.
    """
    sound = told(row, language)
    if kind in OF_OTHERS:
        return OF_OTHERS[kind](row, sound, [one for other in others for one in told(other, language)], rng)
    answered = [one for one in sound if not one.is_refused]
    if kind in OF_VIEW:
        return OF_VIEW[kind](row, answered, rng)
    asked = sound if kind in OF_REFUSALS else answered
    for place in rng.permutation(len(asked)):
        one = asked[int(place)]
        try:
            changed = OF_QUESTION[kind](one, rng)
        except NoTerm:  # the language has no words for this lie
            continue
        if changed is not None:
            return {**row, "qa": [changed if n == one.index else item for n, item in enumerate(row["qa"])]}
    return None


def is_equivalent(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """By brute force: every mask, the decoded picture and every text of two rows are the same."""
    return _content(before) == _content(after)


def _content(row: dict[str, Any]) -> str:
    masks = [digests.pixels_sha256(read_mask(m["bytes"], row["width"], row["height"])) for m in row["masks"]]
    pixels = digests.pixels_sha256(read_pixels(row["image"]["bytes"]))
    return digests.digest({**row, "masks": masks, "image": pixels, "image_sha256": None})


def _generator(seed: int, kind: str, view_id: str) -> np.random.Generator:
    return np.random.default_rng(digests.keyed("mutant", seed, kind, view_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a view is judged beside: the pairs of the folder, and the originals of twins by id."""

    pairs: Pairs
    originals: dict[str, dict[str, Any]]


def sample(out: Path, number: int, seed: int) -> tuple[list[dict[str, Any]], Beside, Language]:
    """Views chosen by key, in key order, what they are judged beside, and their language.

    Raises ``ValueError`` without a readable shard.
    """
    shards = [shard for shard in open_shards(out)[0] if shard.config == "default"]
    if not shards:
        raise ValueError(f"{out}: no readable shard in data/")
    pairs = Pairs()
    rows = _taken(pairs, (row for shard in shards for row in rows_of(shard, [])))
    chosen = heapq.nsmallest(number, rows, key=lambda row: digests.keyed("mutant-view", seed, row["view_id"]))
    own = {name: pair for shard in shards for name, pair in read_rows(shard.own_words).items()}
    wanted = {row["twin_of"] for row in chosen} - {None}
    needed = (row for shard in shards if wanted for row in rows_of(shard, []) if row["view_id"] in wanted)
    beside = Beside(pairs=pairs, originals={row["view_id"]: row for row in needed})
    return chosen, beside, replace(read_language(shards[0].language), rows=own)


def _taken(pairs: Pairs, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        pairs.add(row)
        yield row


def run_mutants(out: Path, per_kind: int, seed: int) -> list[MutantTally]:
    """Up to ``per_kind`` mutants of every kind from views of a built folder that verify without a fault."""
    rows, beside, language = sample(out, max(MIN_VIEWS, VIEWS_PER_MUTANT * per_kind), seed)
    sound = [row for row in rows if not codes(row, beside, language)]
    return [_tally(kind, [*_mutants(sound, beside, language, kind, per_kind, seed)]) for kind in KINDS]


def codes(row: dict[str, Any], beside: Beside, language: Language) -> tuple[str, ...]:
    """The fault codes of a view, of the pairs it has a part in, and of it beside its original, sorted."""
    faults = [*check_view(row, language).faults, *beside.pairs.faults_with(row)]
    if row["twin_of"] in beside.originals:
        faults += compared(row, beside.originals[row["twin_of"]])
    return tuple(sorted({fault.code for fault in faults}))


def _mutants(
    rows: list[dict[str, Any]], beside: Beside, language: Language, kind: str, number: int, seed: int
) -> Iterator[MutantResult]:
    made = 0
    for index, row in enumerate(rows):
        if made == number:
            return
        changed = mutate_row(row, language, kind, _generator(seed, kind, row["view_id"]), _lenders(rows, index))
        if changed is None:
            continue
        made += 1
        found = codes(changed, beside, language)
        equivalent = not found and is_equivalent(row, changed)
        yield MutantResult(kind=kind, view_id=row["view_id"], codes=found, equivalent=equivalent)


def _lenders(rows: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    return [*rows[index + 1 :], *rows[:index]][:LENDERS]


def _tally(kind: str, results: list[MutantResult]) -> MutantTally:
    return MutantTally(
        kind=kind,
        made=len(results),
        caught=sum(result.caught for result in results),
        equivalent=sum(result.equivalent for result in results),
        missed=tuple(result.view_id for result in results if not result.caught and not result.equivalent),
    )


def mutate(out: Path, work: Path, kind: str, seed: int) -> MutantResult | None:
    """Copy a built folder to ``work``, put one mutant in, seal everything again, and verify the copy.

    ``None`` when no view sampled offers such a mutation. Raises ``FileExistsError`` when ``work`` exists.
    """
    rows, _, language = sample(out, MIN_VIEWS, seed)
    for index, row in enumerate(rows):
        changed = mutate_row(row, language, kind, _generator(seed, kind, row["view_id"]), _lenders(rows, index))
        if changed is not None:
            shutil.copytree(out, work)
            replace_view(work, changed)
            codes = tuple(sorted({fault.code for fault in verify(work).faults}))
            equivalent = not codes and is_equivalent(row, changed)
            return MutantResult(kind=kind, view_id=row["view_id"], codes=codes, equivalent=equivalent)
    return None
