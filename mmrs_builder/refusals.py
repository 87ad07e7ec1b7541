"""Questions that a view cannot answer, and why (``docs/language.md`` section 7a).

They are candidates like those of ``questions``, but none is asked unless another view can answer the same words.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeAlias, cast

from mmrs_builder import programs
from mmrs_builder.bindings import (
    Names,
    Picture,
    Way,
    bindings,
    in_order,
    known_from_names,
    looked_at,
    picture,
    unknown,
    way_of,
)
from mmrs_builder.digests import keyed
from mmrs_builder.evaluate import Measured, NoValue, evaluate
from mmrs_builder.questions import Candidate, check_steady, closed, indices
from mmrs_builder.relations.patient import AXES, BACK, HEAD, LEFT
from mmrs_builder.templates import Family
from mmrs_builder.types import Grid, Kind, Label

KINDS: Final = ("open", "number", "segment")
"""Kinds of question that are refused: what is stated or chosen elsewhere has its answer in the words."""

MOST_BINDINGS: Final = 4
"""Bindings of one family that are looked at for each way in which a view cannot answer: it is asked one of them all."""

THROUGH: Final = 0.2
"""A body axis runs through a picture when rows and columns follow it no closer than this (cosine; 78 degrees)."""

UNSEEN: Final = {LEFT: "no_left_right", BACK: "no_front_back", HEAD: "no_head_foot"}
"""The reason for each body axis that a picture does not show."""


FRAMED: Final = programs.PATIENT | programs.MILLIMETRES
"""Calls whose answer a grid can hide."""

Pools: TypeAlias = tuple[tuple[tuple[Names, ...], ...], tuple[int, ...]]
"""For each slot that could be bound to what is absent, the labels of all slots; and how many combinations they make."""


def refusals(on: Measured, families: Sequence[Family], labels: Mapping[str, Label]) -> Iterator[Candidate]:
    """What could be asked of a view that it cannot answer, in the order of families and bindings."""
    here = picture({s.label for s in on.scene.structures}, on.scene.absent, labels)
    some = families if here.missing else [one for one in families if not FRAMED.isdisjoint(programs.words(one.program))]
    pools: dict[Way, Pools] = {}
    for family in some:
        kinds = _refused_kinds(family.kinds)
        if not kinds:
            continue
        slots = programs.slots(family.program)
        for names, hidden in _bound(family, on, here, pools):
            if known_from_names(family, dict(zip(slots, names, strict=True)), labels):
                continue
            try:
                yield from _refused(family, kinds, names, on, hidden=hidden)
            except NoValue:
                continue


@lru_cache(maxsize=64)
def _refused_kinds(kinds: tuple[str, ...]) -> tuple[Kind, ...]:
    return tuple(cast(Kind, kind) for kind in kinds if kind in KINDS)


def _bound(family: Family, on: Measured, here: Picture, pools: dict[Way, Pools]) -> Iterator[tuple[Names, bool]]:
    """Bindings worth a look, and whether it is the grid that hides the answer, else that a label is absent."""
    view, grid = on.scene.view_id, on.scene.grid
    if _unseen(family.program, grid) is not None:
        some, _ = looked_at(bindings(family, replace(here, missing=(), found={})), view, family.id, MOST_BINDINGS)
        yield from ((names, True) for names in some)
    elif unknown(grid).isdisjoint(programs.words(family.program)):
        way = way_of(family)
        if way not in pools:
            pools[way] = _pools(way, here)
        yield from ((names, False) for names in _one_absent(family, view, way, *pools[way]))


def _pools(way: Way, here: Picture) -> Pools:
    there, missing = ([here.fitting(names, role) for _, role in way.slots] for names in (here.there, here.missing))
    pools = tuple((*there[:at], lacking, *there[at + 1 :]) for at, lacking in enumerate(missing))
    return pools, tuple(math.prod(map(len, each)) for each in pools)


def _one_absent(
    family: Family, view: str, way: Way, pools: Sequence[Sequence[Names]], sizes: Sequence[int]
) -> Iterator[Names]:
    """Bindings of one absent label and otherwise present ones, drawn by keyed hash where there are many.

    They are counted and not listed: a hundred absent labels beside thirty others make thousands.
    """
    total = sum(sizes)
    if total <= MOST_BINDINGS:
        drawn: Sequence[int] = range(total)
    else:
        drawn = sorted({keyed("absent", view, family.id, n) % total for n in range(MOST_BINDINGS)})
    for number in drawn:
        names = _numbered(number, pools, sizes)
        free = names if way.symmetric else [names[at] for at in way.unordered]
        if len({*names}) == len(names) and in_order(free):
            yield names


def _numbered(number: int, pools: Sequence[Sequence[Names]], sizes: Sequence[int]) -> Names:
    """The combination of that number, where those of each way are counted one after the other."""
    way = 0
    while number >= sizes[way]:
        number -= sizes[way]
        way += 1
    names = []
    for pool in pools[way]:
        number, place = divmod(number, len(pool))
        names.append(pool[place])
    return tuple(names)


def _refused(
    family: Family,
    kinds: Sequence[Kind],
    names: Names,
    on: Measured,
    *,
    hidden: bool,
) -> Iterator[Candidate]:
    """The refused questions of a binding. Raises ``NoValue`` where there is nothing to refuse."""
    about = closed(family.program, family.target, names)
    reason, margin = _hidden(about.program, on) if hidden else _absent(about.program, on)
    if margin < family.min_margin:
        raise NoValue("close_call")
    target = _target(about.target, on) if about.target else None
    for kind in kinds:
        yield Candidate(
            view_id=on.scene.view_id,
            family=family.id,
            kind=kind,
            labels=names,
            program=about.text,
            token=reason,
            answer=reason,
            margin=margin,
            target_program=about.target_text,
            target=target,
            reason=reason,
        )


def _absent(program: ast.expr, on: Measured) -> tuple[str, float]:
    """That the one absent label leaves the question without an answer; absence has no degrees.

    Of what is absent there are none, in whatever half: a count of them has an answer.
    """
    if programs.counted(program) in on.scene.absent:
        raise NoValue("undecided")
    try:
        value = evaluate(program, on).value
    except NoValue:
        value = ()
    if value != ():
        raise NoValue("undecided")
    return "absent", 1.0


def _hidden(program: ast.expr, on: Measured) -> tuple[str, float]:
    """That the picture does not show what is asked of structures which are all there, also by other hands."""
    unseen = _unseen(program, on.scene.grid)
    assert unseen is not None
    reason, margin, call = unseen
    for argument in call.args:
        found = evaluate(argument, on)
        check_steady(argument, found, on)
        margin = min(margin, found.margin)
    if programs.call_name(call) == "gap_mm":
        touching = ", ".join(map(programs.text_of, call.args))
        evaluate(f"gap({touching})", on)  # structures that touch have no gap in mm either
    return reason, margin


def _unseen(program: str | ast.expr, grid: Grid) -> tuple[str, float, ast.Call] | None:
    """Reason, margin of the grid, and the call, where a grid hides what the program's only such call asks for."""
    calls = programs.calls_of(program, FRAMED)
    if len(calls) != 1:
        return None
    (call,) = calls
    name = programs.call_name(call)
    if name in programs.MILLIMETRES:
        return ("no_scale", 1.0, call) if grid.spacing is None else None
    if grid.direction is None:
        return None
    closest = max(abs(vector[AXES[name]]) for vector in grid.direction)
    return (UNSEEN[AXES[name]], 1 - closest / THROUGH, call) if closest < THROUGH else None


def _target(program: ast.expr, on: Measured) -> tuple[int, ...]:
    """What the mask answer shows: the value of the target program, nothing where it has none."""
    try:
        found = evaluate(program, on)
    except NoValue:
        return ()
    check_steady(program, found, on)
    return indices(found)
