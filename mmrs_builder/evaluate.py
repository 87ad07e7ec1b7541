"""The value of a closed program on a scene (``docs/language.md`` sections 2 to 6)."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations, compress
from typing import Final, NamedTuple, TypeAlias

from mmrs_builder import programs
from mmrs_builder.relations import between, extent, groups, patient, position
from mmrs_builder.relations.judged import Judged, cap
from mmrs_builder.structures import units
from mmrs_builder.types import Grid, Label, Pair, Scene, Structure

Members: TypeAlias = tuple[int, ...]
Found: TypeAlias = tuple[str | bool | int | float | Members, float]


class NoValue(Exception):
    """The program has no value here; ``reason`` is one of ``REASONS``."""

    @property
    def reason(self) -> str:
        """What it was made with."""
        return str(self.args[0])


REASONS: Final[dict[str, str]] = {
    "not_present": "a structure the question names is not in the picture",
    "not_unique": "the question names one structure and there are several",
    "incomplete": "all of a kind are meant, and the corpus does not promise a mask for each",
    "too_few": "a choice among too few structures",
    "same_structure": "a structure compared with itself",
    "not_member": "a structure set against others it is not one of",
    "degenerate": "leaving a word out would not change the answer",
    "told": "the names of the structures tell the answer",
    "not_sided": "the side of a structure that is not one of a left and a right one",
    "no_frame": "nothing says how the picture lies in the patient",
    "not_visible": "the picture lies across the axis of the body that is asked about",
    "no_midline": "no pair of a left and a right structure shows where the midline is",
    "no_spacing": "the size of a pixel in mm is not known",
    "undecided": "a tie, or a relation that the masks do not decide",
    "not_looked_at": "the picture holds more combinations of structures than are looked at",
    "unsteady_small": "another hand's masks would change the answer; a structure is under 1 % of the picture",
    "unsteady_medium": "another hand's masks would change the answer; the smallest structure is 1 to 5 %",
    "unsteady_large": "another hand's masks would change the answer; all structures are over 5 %",
    "close_call": "decided, but inside the family's margin",
}
"""Why a candidate question was not asked."""

UNSTEADY: Final = ((0.01, "unsteady_small"), (0.05, "unsteady_medium"), (math.inf, "unsteady_large"))
"""Upper bounds of the size of a structure, as a part of the picture, and the reasons that name them."""


class Outcome(NamedTuple):
    """A program's value: a token, truth, number, structure index, or indices; and the smallest margin on the way."""

    value: str | bool | int | float | Members
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A scene with its pair table and units indexed, and the patient's midline where paired structures show it."""

    scene: Scene
    pairs: Mapping[tuple[int, int], Pair]
    units: Mapping[str, Members]  # by label, of those that have a structure
    # Values of the parts of programs met so far, or the reason why they have none.
    known: dict[str, Found | str] = field(default_factory=dict)
    steady: dict[tuple[str, bool], bool] = field(default_factory=dict)  # kept by ``questions``
    midline: patient.Midline | None
    hands: Mapping[str, Measured] = field(default_factory=dict)  # as other hands might have annotated it, by the way

    def pair(self, a: int, b: int) -> Pair:
        """What was measured of two structures, in whatever order they are named."""
        return self.pairs[min(a, b), max(a, b)]


def measured(scene: Scene, labels: Mapping[str, Label]) -> Measured:
    """Index a scene's pair table. ``labels`` hold those of the scene, and say which are each other's partners."""
    sided = patient.couples(labels, {s.label for s in scene.structures})
    plain = replace(scene, jitter=())
    hands = {it.way: replace(plain, structures=it.structures, pairs=it.pairs) for it in scene.jitter}
    return Measured(
        scene=scene,
        pairs={(pair.a, pair.b): pair for pair in scene.pairs},
        units={label: units(scene.structures, label) for label in {s.label for s in scene.structures}},
        midline=patient.midline(scene.structures, scene.grid, sided),
        hands={way: measured(hand, labels) for way, hand in hands.items()},
    )


def evaluate(program: str | ast.expr, on: Measured) -> Outcome:
    """Value and margin of a closed program, given as text or as its tree.

    Raises ``NoValue``; ``ProgramError`` for a text that does not parse.
    """
    return Outcome(*_value(programs.tree_of(program), on))


def value_of(program: str | ast.expr, on: Measured) -> str | bool | int | float | Members | None:
    """The value of a closed program, None where it has none."""
    found = _found(programs.tree_of(program), on)
    return None if isinstance(found, str) else found[0]


def _value(node: ast.expr, on: Measured) -> Found:
    found = _found(node, on)
    if isinstance(found, str):
        raise NoValue(found)
    return found


def _found(node: ast.expr, on: Measured) -> Found | str:
    """The value of a part of a program, or why it has none. Many programs share it: it is worked out once."""
    text = programs.text_of(node)
    found = on.known.get(text)
    if found is None:
        try:
            found = _worked_out(node, on)
        except NoValue as missing:
            found = missing.reason
        on.known[text] = found
    return found


def _worked_out(node: ast.expr, on: Measured) -> Found:
    if isinstance(node, ast.Compare):
        value, margin = _value(node.left, on)
        right = node.comparators[0]
        assert isinstance(right, ast.Constant)  # the grammar allows nothing else
        return value == right.value, margin
    assert isinstance(node, ast.Call)
    return _WORDS[programs.call_name(node)](node, on)


def _one(node: ast.expr, on: Measured) -> tuple[int, float]:
    value, margin = _value(node, on)
    assert isinstance(value, int)
    return value, margin


def _set(node: ast.expr, on: Measured) -> tuple[Members, float]:
    value, margin = _value(node, on)
    assert isinstance(value, tuple)
    return value, margin


def _least(judged: Judged | None, margin: float, reason: str = "undecided") -> Found:
    if judged is None or judged.margin <= 0:
        raise NoValue(reason)
    return judged.value, min(margin, judged.margin)


def _each(judged: Iterable[Judged], margin: float) -> tuple[list[bool], float]:
    """What is true of each member of a set, and the smallest margin over all of them."""
    found = []
    for one in judged:
        value, margin = _least(one, margin)
        found.append(value is True)
    return found, margin


def _units(label: str, on: Measured) -> Members:
    found = on.units.get(label, ())
    if not found and label not in on.scene.absent:
        raise NoValue("not_present")
    return found


def _all(node: ast.Call, on: Measured) -> Found:
    label = programs.constant(node.args[0])
    if label in on.scene.incomplete:
        raise NoValue("incomplete")
    return _units(label, on), 1.0


def _exists(node: ast.Call, on: Measured) -> Found:
    found = _units(programs.constant(node.args[0]), on)
    area = sum(on.scene.structures[i].area_px for i in found) / (on.scene.grid.width * on.scene.grid.height)
    return bool(found), cap(area / 0.001) if found else 1.0


def _the(node: ast.Call, on: Measured) -> Found:
    return _single(node.args[0], on), 1.0


def _among(node: ast.Call, on: Measured) -> Found:
    return tuple([_single(arg, on) for arg in node.args]), 1.0


def _single(label: ast.expr, on: Measured) -> int:
    found = on.units.get(programs.constant(label), ())
    if len(found) != 1:
        raise NoValue("not_unique" if found else "not_present")
    return found[0]


def _of_one(judge: Callable[[Structure, Grid], Judged | None], node: ast.Call, on: Measured) -> Found:
    s, margin = _one(node.args[0], on)
    return _least(judge(on.scene.structures[s], on.scene.grid), margin)


def _of_two(judge: Callable[[Structure, Structure, Pair, Grid], Judged | None], node: ast.Call, on: Measured) -> Found:
    a, b, margin = _couple(node, on)
    if on.scene.grid.spacing is None and programs.call_name(node) in programs.MILLIMETRES:
        raise NoValue("no_spacing")
    return _least(judge(on.scene.structures[a], on.scene.structures[b], on.pair(a, b), on.scene.grid), margin)


def _couple(node: ast.Call, on: Measured) -> tuple[int, int, float]:
    """Two different structures, and the smaller margin of theirs."""
    a, margin = _one(node.args[0], on)
    _check_frame(programs.call_name(node), on)
    b, margin_b = _one(node.args[1], on)
    if a == b:
        raise NoValue("same_structure")
    return a, b, min(margin, margin_b)


def _body_side(node: ast.Call, on: Measured) -> Found:
    s, margin = _one(node.args[0], on)
    _check_frame("body_side", on)
    return _least(patient.body_side(on.scene.structures[s], on.scene.grid, on.midline), margin)


def _laterality(node: ast.Call, on: Measured) -> Found:
    a, b, margin = _couple(node, on)
    structures = on.scene.structures
    return _least(patient.laterality(structures[a], structures[b], on.scene.grid, on.midline), margin)


def _check_frame(name: str, on: Measured) -> None:
    """Whether the picture shows the body axis that a relation of the patient's frame is about."""
    if name not in programs.PATIENT:
        return
    grid = on.scene.grid
    if grid.direction is None:
        raise NoValue("no_frame")
    if patient.axis(grid, patient.AXES[name]) is None:
        raise NoValue("not_visible")
    if name in ("body_side", "laterality") and on.midline is None:
        raise NoValue("no_midline")


def _between(node: ast.Call, on: Measured) -> Found:
    places, margins = zip(*(_one(arg, on) for arg in node.args), strict=True)
    if len({*places}) < len(places):
        raise NoValue("same_structure")
    a, b, c = (on.scene.structures[i] for i in places)
    ab, ac, bc = (on.pair(i, j) for i, j in combinations(places, 2))
    return _least(between.between(a, b, c, (ab, ac, bc)), min(margins))


def _pick(judge: Callable[..., Judged | None], node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    judged = judge(on.scene.structures, members, on.pairs)
    return _least(judged, margin, "too_few" if judged is None else "undecided")


def _by_distance(node: ast.Call, on: Measured, *, farthest: bool) -> Found:
    members, margin = _set(node.args[0], on)
    to, margin_to = _one(node.keywords[0].value, on)
    if sum(i != to for i in members) < 2:
        raise NoValue("too_few")
    judged = groups.by_distance(on.scene.structures, members, to, on.pairs, farthest=farthest)
    return _least(judged, min(margin, margin_to))


def _in_half(members: Members, half: ast.expr, on: Measured, margin: float) -> tuple[list[bool], float]:
    structures, grid, name = on.scene.structures, on.scene.grid, programs.constant(half)
    return _each([position.in_half(structures[i], grid, name) for i in members], margin)


def _within(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    if not members:
        raise NoValue("not_present")
    kept, margin = _in_half(members, node.args[1], on, margin)
    return tuple(compress(members, kept)), margin


def _toward(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    to, margin_to = _one(node.keywords[0].value, on)
    others = [i for i in members if i != to]
    if not others:
        raise NoValue("not_present")
    structures, grid, way = on.scene.structures, on.scene.grid, programs.constant(node.args[1])
    judged = (between.toward(structures[i], structures[to], on.pair(i, to), grid, way) for i in others)
    kept, margin = _each(judged, min(margin, margin_to))
    return tuple(compress(others, kept)), margin


def _every(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    if len(members) < 2:
        raise NoValue("too_few")
    there, margin = _in_half(members, node.args[1], on, margin)
    return all(there), margin


def _only(node: ast.Call, on: Measured) -> Found:
    s, margin = _one(node.args[0], on)
    members, margin_set = _set(node.args[1], on)
    if len(members) < 2:
        raise NoValue("too_few")
    if s not in members:
        raise NoValue("not_member")
    there, margin = _in_half(members, node.args[2], on, min(margin, margin_set))
    return [*compress(members, there)] == [s], margin


def _count(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    everyone = on.units.get(programs.constant(programs.source(node.args[0]).args[0]), ())
    sure = groups.count_margin(on.scene.structures, everyone, on.pairs, on.scene.grid)
    return _least(Judged(value=len(members), margin=sure), margin)


def _join(joined: Callable[[Sequence[bool]], bool], node: ast.Call, on: Measured) -> Found:
    """What truths say together; each is evaluated, whatever the others are."""
    said, margins = zip(*[_value(arg, on) for arg in node.args], strict=True)
    return joined(said), min(margins)


def _none(said: Sequence[bool]) -> bool:
    return not any(said)


_PLACES: Final[dict[str, Callable[[Structure, Grid], Judged | None]]] = {
    "quadrant": position.quadrant,
    "zone": position.zone,
    "side": position.side,
    "level": position.level,
    "clock": position.clock,
    "near_centre": position.near_centre,
    "covers_centre": position.covers_centre,
    "border": position.border,
    "aspect": extent.aspect,
    "extent": extent.extent,
    "share": extent.share,
}
_PAIRS: Final[dict[str, Callable[[Structure, Structure, Pair, Grid], Judged | None]]] = {
    "direction": between.direction,
    "main_direction": between.main_direction,
    "horizontal": between.horizontal,
    "vertical": between.vertical,
    "aligned": between.aligned,
    "topology": between.topology,
    "gap": between.gap,
    "larger": extent.larger,
    "lateral": patient.lateral,
    "anteroposterior": patient.anteroposterior,
    "craniocaudal": patient.craniocaudal,
    "distance_mm": patient.distance_mm,
    "gap_mm": patient.gap_mm,
}
_PICKS: Final[dict[str, Callable[..., Judged | None]]] = {
    "largest": partial(groups.by_area, largest=True),
    "second_largest": partial(groups.by_area, largest=True, place=2),
    "third_largest": partial(groups.by_area, largest=True, place=3),
    "smallest": partial(groups.by_area, largest=False),
    "second_smallest": partial(groups.by_area, largest=False, place=2),
    "leftmost": partial(groups.by_place, axis=0, last=False),
    "second_leftmost": partial(groups.by_place, axis=0, last=False, place=2),
    "rightmost": partial(groups.by_place, axis=0, last=True),
    "second_rightmost": partial(groups.by_place, axis=0, last=True, place=2),
    "topmost": partial(groups.by_place, axis=1, last=False),
    "second_topmost": partial(groups.by_place, axis=1, last=False, place=2),
    "bottommost": partial(groups.by_place, axis=1, last=True),
    "second_bottommost": partial(groups.by_place, axis=1, last=True, place=2),
}
_JOINS: Final[dict[str, Callable[[Sequence[bool]], bool]]] = {"both": all, "either": any, "neither": _none, "no": _none}
_WORDS: Final[dict[str, Callable[[ast.Call, Measured], Found]]] = {
    "all": _all,
    "the": _the,
    "among": _among,
    "exists": _exists,
    "body_side": _body_side,
    "laterality": _laterality,
    "between": _between,
    "nearest": partial(_by_distance, farthest=False),
    "farthest": partial(_by_distance, farthest=True),
    "within": _within,
    "toward": _toward,
    "every": _every,
    "only": _only,
    "count": _count,
    **{name: partial(_of_one, judge) for name, judge in _PLACES.items()},
    **{name: partial(_of_two, judge) for name, judge in _PAIRS.items()},
    **{name: partial(_pick, judge) for name, judge in _PICKS.items()},
    **{name: partial(_join, joined) for name, joined in _JOINS.items()},
}
