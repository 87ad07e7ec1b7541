"""What is asked of twins, and which of it stands beside a question of their originals (``docs/twins.md`` section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mmrs_builder import programs
from mmrs_builder.board import Asked, PairKind, Selected, Unit, identity
from mmrs_builder.digests import keyed
from mmrs_builder.evaluate import Measured
from mmrs_builder.questions import Candidate, Unasked, candidates
from mmrs_builder.templates import Family
from mmrs_builder.types import Label
from mmrs_builder.vocab import GEOMETRIC, VALUES

OPPOSITE_KINDS: Final = ("open", "choice", "yes_no")
"""Kinds whose answer on a geometric twin can be the opposite of the original's in words."""

SAME_KINDS: Final = ("open", "choice")
"""Kinds that are asked of the signs alone as of the picture with signs; yes and no have their pairs already."""

POINTS: Final = frozenset(
    {
        "quadrant", "zone", "side", "level", "clock", "near_centre", "direction", "main_direction", "horizontal",
        "vertical", "leftmost", "rightmost", "topmost", "bottommost", "between", "nearest", "farthest",
        "second_leftmost", "second_rightmost", "second_topmost", "second_bottommost",
    }
)  # fmt: skip
"""Relations of places: a sign alone has a place, and no size or outline to be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Candidates by what stands beside them: ``plain`` ones; of those, by identity, the question in the same words
    with another answer (``opposites``), or with the same answer (``echoes``); and twins' that stand ``alone``.
    """

    plain: tuple[Selected, ...]
    opposites: Mapping[Asked, Selected]
    echoes: Mapping[Asked, Selected]
    alone: tuple[Selected, ...]


def twin_candidates(
    on: Measured, families: Sequence[Family], labels: Mapping[str, Label]
) -> Iterator[Candidate | Unasked]:
    """All decided questions about a twin that may be asked of it, in the order of families and bindings."""
    assert on.scene.twin is not None
    op = on.scene.twin.op
    for item in candidates(on, tuple(family for family in families if _fits(family, op)), labels):
        if isinstance(item, Unasked) or _may_ask(item, op, labels):
            yield item


def _fits(family: Family, op: str) -> bool:
    """Whether a family speaks of single structures only, where they go by their signs; of places, where signs are all
    there is; and has answers in words."""
    if op in GEOMETRIC:
        return programs.value_type(family.program) in (*VALUES, "One")
    used = programs.words(family.program) - programs.REFERENCES - programs.JOINS
    return programs.single(family.program) == {*programs.slots(family.program)} and (op == "mark" or used <= POINTS)


def _may_ask(candidate: Candidate, op: str, labels: Mapping[str, Label]) -> bool:
    """A mirrored picture shows the left kidney as a right one is seen: sides that names tell are not asked there."""
    if op == "mirror" and any(labels[label].side for label in candidate.labels):
        return False
    return op == "mark" or candidate.kind in (SAME_KINDS if op == "canvas" else OPPOSITE_KINDS)


def sort(found: Iterable[Selected]) -> Sorted:
    """Put every twin's question beside the one it can be asked with."""
    every = list(found)
    plain = tuple(item for item in every if item.op not in (*GEOMETRIC, "canvas"))
    known = {identity(item): item for item in plain if item.op is None}
    signs = {_place(item): item for item in plain if item.op == "mark"}
    opposites: dict[Asked, Selected] = {}
    echoes: dict[Asked, Selected] = {}
    alone: list[Selected] = []
    for item in every:
        c = item.candidate
        if item.op in GEOMETRIC:
            key = (str(item.twin_of), c.family, c.kind, c.program)
            if key in known and known[key].candidate.answer != c.answer:
                opposites[key] = item
            else:
                alone.append(item)
        elif item.op == "canvas":
            shown = signs.get(_place(item))
            if shown is not None and shown.candidate.answer == c.answer:
                echoes[identity(shown)] = item
            else:
                alone.append(item)
    return Sorted(plain=plain, opposites=opposites, echoes=echoes, alone=tuple(alone))


def _place(item: Selected) -> tuple[str | None, str, str, tuple[str, ...]]:
    c = item.candidate
    return item.twin_of, c.family, c.kind, c.labels


def linked(one: Selected, other: Selected, kind: PairKind, seed: int, claim: str | None = None) -> Unit:
    """Two questions that share their words."""
    name = f"p{keyed(seed, kind, identity(one), identity(other)):016x}"
    return tuple(replace(item, claim=claim, pair_id=name, pair_kind=kind) for item in (one, other))


def echoed(unit: Unit, echoes: Mapping[Asked, Selected], seed: int) -> Unit:
    """A round with every one of its questions asked of the signs alone as well, if all can be: so it stays even."""
    if not all(item.pair_id is None and identity(item) in echoes for item in unit):
        return unit
    beside = [replace(echoes[identity(item)], prior_bound=item.prior_bound) for item in unit]
    return tuple(half for pair in zip(unit, beside, strict=True) for half in linked(*pair, "same", seed))
