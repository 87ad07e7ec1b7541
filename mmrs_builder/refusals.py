"""Questions that a view cannot answer, and why (``docs/language.md`` section 7a).

They are candidates like those of ``questions``, but none is asked unless another view can answer the same words.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, cast

from mmrs_builder import programs
from mmrs_builder.bindings import applies, bindings, in_order, known_from_names, looked_at
from mmrs_builder.digests import keyed
from mmrs_builder.evaluate import Measured, NoValue, evaluate
from mmrs_builder.questions import Candidate, check_steady, indices
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


def refusals(on: Measured, families: Sequence[Family], labels: Mapping[str, Label]) -> Iterator[Candidate]:
    """What could be asked of a view that it cannot answer, in the order of families and bindings."""
    present = {s.label for s in on.scene.structures}
    for family in families:
        kinds = tuple(kind for kind in family.kinds if kind in KINDS)
        if not kinds:
            continue
        for bound, hidden in _bound(family, on, present, labels):
            if known_from_names(family, bound, labels):
                continue
            try:
                yield from _refused(family, kinds, bound, on, hidden=hidden)
            except NoValue:
                continue


def _bound(
    family: Family, on: Measured, present: Collection[str], labels: Mapping[str, Label]
) -> Iterator[tuple[dict[str, str], bool]]:
    """Bindings worth a look, and whether it is the grid that hides the answer, else that a label is absent."""
    view, grid = on.scene.view_id, on.scene.grid
    if _unseen(family.program, grid) is None:
        if applies(family, grid):
            yield from ((bound, False) for bound in _one_absent(family, view, present, on.scene.absent, labels))
    else:
        some, _ = looked_at(bindings(family, present, (), labels), view, family.id, MOST_BINDINGS)
        yield from ((dict(zip(programs.slots(family.program), names, strict=True)), True) for names in some)


def _one_absent(
    family: Family, view: str, present: Collection[str], absent: Collection[str], labels: Mapping[str, Label]
) -> Iterator[dict[str, str]]:
    """Bindings of one absent label and otherwise present ones, drawn by keyed hash where there are many.

    They are counted and not listed: a hundred absent labels beside thirty others make thousands.
    """
    slots, where = programs.slots(family.program), dict(family.where)

    def fitting(names: Collection[str], slot: str) -> list[str]:
        return [name for name in sorted(names) if labels[name].role == where.get(slot, labels[name].role)]

    ways = [[fitting(absent if slot == missing else present, slot) for slot in slots] for missing in slots]
    sizes = [math.prod(map(len, way)) for way in ways]
    total = sum(sizes)
    drawn = {keyed("absent", view, family.id, n) % total for n in range(MOST_BINDINGS)} if total else set()
    for number in range(total) if total <= MOST_BINDINGS else sorted(drawn):
        bound = dict(zip(slots, _numbered(number, ways, sizes), strict=True))
        free = slots if family.symmetric else family.unordered
        if len({*bound.values()}) == len(bound) and in_order([bound[slot] for slot in free]):
            yield bound


def _numbered(number: int, ways: Sequence[Sequence[list[str]]], sizes: Sequence[int]) -> list[str]:
    """The combination of that number, where those of each way are counted one after the other."""
    way = 0
    while number >= sizes[way]:
        number -= sizes[way]
        way += 1
    names = []
    for pool in ways[way]:
        number, place = divmod(number, len(pool))
        names.append(pool[place])
    return names


def _refused(
    family: Family,
    kinds: Sequence[str],
    bound: Mapping[str, str],
    on: Measured,
    *,
    hidden: bool,
) -> Iterator[Candidate]:
    """The refused questions of a binding. Raises ``NoValue`` where there is nothing to refuse."""
    program = programs.closed(family.program, bound)
    target_program = programs.closed(family.target, bound) if family.target else None
    reason, margin = _hidden(program, on) if hidden else _absent(program, on)
    if margin < family.min_margin:
        raise NoValue("close_call")
    target = _target(target_program, on) if target_program else None
    for kind in kinds:
        yield Candidate(
            view_id=on.scene.view_id,
            family=family.id,
            kind=cast(Kind, kind),
            labels=tuple(bound[slot] for slot in sorted(bound)),
            program=programs.text_of(program),
            token=reason,
            answer=reason,
            margin=margin,
            target_program=programs.text_of(target_program) if target_program else None,
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
    calls = programs.calls_of(program, programs.PATIENT | programs.MILLIMETRES)
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
