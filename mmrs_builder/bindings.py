"""Which structures of a picture a family's slots stand for.

Two labels give two ordered pairs, eleven 110, a whole body 10,000 and a million triples: where there are many, some of
them are looked at in each picture, drawn by keyed hash.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, product
from typing import Final, NamedTuple, TypeAlias

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.templates import Family
from mmrs_builder.types import Grid, Label
from mmrs_builder.vocab import VALUES

MOST_BINDINGS: Final = 128
"""Bindings of one family that are looked at in one picture."""

TRIES: Final = 32_768
"""Bindings of one family that a large corpus need not go beyond: with more pictures fewer are looked at in each."""

LEAST_BINDINGS: Final = 4
"""Bindings of one family that are looked at in every picture, however large the corpus is."""

Names: TypeAlias = tuple[str, ...]  # labels of a family's slots, in order


class Way(NamedTuple):
    """What decides which labels a family's slots are bound to: many families bind alike.

    Of each slot, whether it means one certain structure, and the role its label must have; whether all slots may change
    places, and which of them may.
    """

    slots: tuple[tuple[bool, str | None], ...]
    symmetric: bool
    unordered: tuple[int, ...]


def most_bindings(views: int) -> int:
    """How many bindings of a family are looked at in each picture of a corpus of so many.

    Only a few questions are asked of a picture; of a large corpus there are plenty to choose from all the same.
    """
    return min(max(TRIES // max(views, 1), LEAST_BINDINGS), MOST_BINDINGS)


def unknown(grid: Grid) -> frozenset[str]:
    """The words of programs for which a view's grid does not tell what they need to know."""
    nothing: frozenset[str] = frozenset()
    across = programs.PATIENT if grid.direction is None else nothing
    return across | (programs.MILLIMETRES if grid.spacing is None else nothing)


def known_from_names(family: Family, bound: Mapping[str, str], labels: Mapping[str, Label]) -> str | None:
    """Why a binding is no question about the picture, as a code of ``evaluate.REASONS``; None if it is one.

    The left kidney lies to the left of the right one whatever the picture shows. And a side is compared only with that
    of a structure which has one: nothing is ipsilateral to the spine.
    """
    for call, slots in programs.compared(family.program):
        named = [labels[bound[slot]] for slot in slots]
        told = [_told(call, label) for label in named]
        if None not in told and (call in ("body_side", "laterality") or len(set(told)) > 1):
            return "told"
        if call == "laterality" and named[1].partner is None:
            return "not_sided"
    return None


def _told(call: str, label: Label) -> str | None:
    """The place along the axis of ``call`` that a structure's name gives away."""
    if call in ("lateral", "body_side", "laterality"):
        return label.side
    tokens = VALUES[programs.FUNCTIONS[call].result]
    return next((word for word in label.id.split("_") if word in tokens), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a picture shows and what may be missing from it, sorted; and the bindings found of each way to bind."""

    there: Names
    missing: Names
    labels: Mapping[str, Label]
    found: dict[Way, tuple[Names, ...]] = field(default_factory=dict)

    def fitting(self, names: Names, role: str | None) -> Names:
        """Those of a role, all if there is none."""
        return names if role is None else tuple(name for name in names if self.labels[name].role == role)


def picture(present: Collection[str], absent: Collection[str], labels: Mapping[str, Label]) -> Picture:
    """Nothing is found yet."""
    return Picture(there=tuple(sorted({*present})), missing=tuple(sorted({*absent})), labels=labels)


def bindings(family: Family, on: Picture) -> tuple[Names, ...]:
    """Assignments of different labels to a family's slots that fit the roles it asks for.

    A slot that means one certain structure is bound to what the picture shows; only where all of a kind are meant, or
    whether there is one, may it be missing.
    """
    way = way_of(family)
    found = on.found.get(way)
    if found is None:
        any_ = tuple(sorted({*on.there, *on.missing}))
        pools = tuple(on.fitting(on.there if shown else any_, role) for shown, role in way.slots)
        found = on.found[way] = _combined(pools, way.symmetric, way.unordered)
    return found


def way_of(family: Family) -> Way:
    """How a family binds."""
    return _way(family.program, family.where, family.symmetric, family.unordered)


@lru_cache(maxsize=4096)
def _way(program: str, where: tuple[tuple[str, str], ...], symmetric: bool, unordered: tuple[str, ...]) -> Way:
    slots, roles, shown = programs.slots(program), dict(where), programs.single(program)
    return Way(
        slots=tuple((slot in shown, roles.get(slot)) for slot in slots),
        symmetric=symmetric,
        unordered=tuple(slots.index(slot) for slot in unordered),
    )


@lru_cache(maxsize=32)  # many pictures show the same
def _combined(pools: tuple[Names, ...], symmetric: bool, unordered: tuple[int, ...]) -> tuple[Names, ...]:
    """One of each pool, all different, and in order where their order means nothing."""
    if symmetric and all(pool == pools[0] for pool in pools):
        chosen: Iterable[Names] = combinations(pools[0], len(pools))
    else:
        chosen = (names for names in product(*pools) if not symmetric or in_order(names))
    different = (names for names in chosen if len({*names}) == len(names))
    return tuple(names for names in different if in_order([names[at] for at in unordered]))


def in_order(names: Sequence[str]) -> bool:
    """Whether names of interchangeable slots stand in the one order in which they are asked about."""
    return list(names) == sorted(names)


def looked_at(found: Sequence[Names], view_id: str, family: str, most: int) -> tuple[Sequence[Names], int]:
    """At most so many of a family's bindings, in order, and how many are left out.

    From a start and in steps that are drawn by keyed hash, the steps having no factor in common with the number of
    bindings: each of them is looked at in as many pictures as any other.
    """
    if len(found) <= most:
        return found, 0
    step, start = divmod(keyed("bindings", view_id, family), len(found))
    step = step % len(found) or 1
    while math.gcd(step, len(found)) > 1:
        step += 1
    drawn = sorted((start + number * step) % len(found) for number in range(most))
    return [found[at] for at in drawn], len(found) - most
