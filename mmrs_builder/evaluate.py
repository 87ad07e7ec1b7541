"""The value of a closed program on a scene (``docs/language.md`` sections 2 to 6)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from mmrs_builder import programs
from mmrs_builder.relations import between, extent, groups, patient, position
from mmrs_builder.relations.judged import Judged, cap
from mmrs_builder.structures import units
from mmrs_builder.types import Grid, Label, Pair, Scene, Structure

Members: TypeAlias = tuple[int, ...]


class NoValue(Exception):
    """The program has no value here; ``reason`` is one of ``REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS: Final[dict[str, str]] = {
    "not_present": "a structure the question names is not in the picture",
    "not_unique": "the question names one structure and there are several",
    "incomplete": "all of a kind are meant, and the corpus does not promise a mask for each",
    "too_few": "a choice among fewer than two structures",
    "same_structure": "a structure compared with itself",
    "degenerate": "leaving a word out would not change the answer",
    "told": "the names of the structures tell the answer",
    "not_sided": "the side of a structure that is not one of a left and a right one",
    "no_frame": "nothing says how the picture lies in the patient",
    "not_visible": "the picture lies across the axis of the body that is asked about",
    "no_midline": "no pair of a left and a right structure shows where the midline is",
    "no_spacing": "the size of a pixel in mm is not known",
    "undecided": "a tie, or a relation that the masks do not decide",
    "not_looked_at": "the picture holds more combinations of structures than are looked at",
    "close_call": "decided, but inside the family's margin",
}
"""Why a candidate question was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A program's value: a token, truth, number, structure index, or indices; and the smallest margin on the way."""

    value: str | bool | int | float | Members
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A scene with its pair table indexed, and the patient's midline where paired structures show it."""

    scene: Scene
    pairs: Mapping[tuple[int, int], Pair]
    midline: patient.Midline | None

    def pair(self, a: int, b: int) -> Pair:
        """What was measured of two structures, in whatever order they are named."""
        return self.pairs[min(a, b), max(a, b)]


def measured(scene: Scene, labels: Mapping[str, Label]) -> Measured:
    """Index a scene's pair table. ``labels`` hold those of the scene, and say which are each other's partners."""
    sided = patient.couples(labels, {s.label for s in scene.structures})
    return Measured(
        scene=scene,
        pairs={(pair.a, pair.b): pair for pair in scene.pairs},
        midline=patient.midline(scene.structures, scene.grid, sided),
    )


def evaluate(program: str, on: Measured) -> Outcome:
    """Value and margin of a closed program. Raises ``NoValue``; ``ProgramError`` for one that does not parse."""
    value, margin = _value(programs.parse(program), on)
    return Outcome(value=value, margin=margin)


Found: TypeAlias = tuple[str | bool | int | float | Members, float]

_PLACES: Final[dict[str, Callable[[Structure, Grid], Judged | None]]] = {
    "quadrant": position.quadrant,
    "zone": position.zone,
    "side": position.side,
    "level": position.level,
    "near_centre": position.near_centre,
    "covers_centre": position.covers_centre,
    "border": position.border,
    "aspect": extent.aspect,
    "extent": extent.extent,
    "share": extent.share,
}
_SIDES: Final[dict[str, Callable[[Structure, Structure, Pair], Judged]]] = {
    "direction": between.direction,
    "horizontal": between.horizontal,
    "vertical": between.vertical,
}
_IN_BODY: Final[dict[str, Callable[[Structure, Structure, Pair, Grid], Judged | None]]] = {
    "lateral": patient.lateral,
    "anteroposterior": patient.anteroposterior,
    "craniocaudal": patient.craniocaudal,
}
_PICKS: Final[dict[str, Callable[..., Judged | None]]] = {
    "largest": partial(groups.by_area, largest=True),
    "smallest": partial(groups.by_area, largest=False),
    "leftmost": partial(groups.by_place, axis=0, last=False),
    "rightmost": partial(groups.by_place, axis=0, last=True),
    "topmost": partial(groups.by_place, axis=1, last=False),
    "bottommost": partial(groups.by_place, axis=1, last=True),
}


def _value(node: ast.expr, on: Measured) -> Found:
    if isinstance(node, ast.Compare):
        value, margin = _value(node.left, on)
        right = node.comparators[0]
        assert isinstance(right, ast.Constant)  # the grammar allows nothing else
        return value == right.value, margin
    assert isinstance(node, ast.Call)
    name = programs.call_name(node)
    if name in ("all", "the", "among", "exists"):
        return _reference(name, [programs.constant(arg) for arg in node.args], on)
    return _relation(name, node, on)


def _reference(name: str, labels: list[str], on: Measured) -> Found:
    if name == "exists":
        return _exists(labels[0], on)
    if name == "all":
        return _all(labels[0], on), 1.0
    return (_only(labels[0], on) if name == "the" else tuple(_only(label, on) for label in labels)), 1.0


def _units(label: str, on: Measured) -> Members:
    found = units(on.scene.structures, label)
    if not found and label not in on.scene.absent:
        raise NoValue("not_present")
    return found


def _all(label: str, on: Measured) -> Members:
    if label in on.scene.incomplete:
        raise NoValue("incomplete")
    return _units(label, on)


def _only(label: str, on: Measured) -> int:
    found = units(on.scene.structures, label)
    if len(found) != 1:
        raise NoValue("not_unique" if found else "not_present")
    return found[0]


def _exists(label: str, on: Measured) -> Found:
    found = _units(label, on)
    area = sum(on.scene.structures[i].area_px for i in found) / (on.scene.grid.width * on.scene.grid.height)
    return bool(found), cap(area / 0.001) if found else 1.0


def _relation(name: str, node: ast.Call, on: Measured) -> Found:
    structures, grid = on.scene.structures, on.scene.grid
    if name == "within":
        return _within(node, on)
    if name == "count":
        return _count(node, on)
    if name in _PICKS:
        members, margin = _set(node.args[0], on)
        judged = _PICKS[name](structures, members, on.pairs)
        return _least(judged, margin, "too_few" if len(members) < 2 else "undecided")
    if name in ("nearest", "farthest"):
        return _by_distance(name, node, on)
    a, margin = _one(node.args[0], on)
    if name in programs.PATIENT:
        _check_frame(name, on)
    if name == "body_side":
        return _least(patient.body_side(structures[a], grid, on.midline), margin)
    if name in _PLACES:
        return _least(_PLACES[name](structures[a], grid), margin)
    b, margin_b = _one(node.args[1], on)
    if a == b:
        raise NoValue("same_structure")
    return _least(_between(name, a, b, on), min(margin, margin_b))


def _between(name: str, i: int, j: int, on: Measured) -> Judged | None:
    a, b, pair, grid = on.scene.structures[i], on.scene.structures[j], on.pair(i, j), on.scene.grid
    if name in _SIDES:
        return _SIDES[name](a, b, pair)
    if name in _IN_BODY:
        return _IN_BODY[name](a, b, pair, grid)
    if name in programs.MILLIMETRES and grid.spacing is None:
        raise NoValue("no_spacing")
    match name:
        case "laterality":
            return patient.laterality(a, b, grid, on.midline)
        case "distance_mm":
            return patient.distance_mm(a, b, grid)
        case "gap_mm":
            return patient.gap_mm(pair)
        case "gap":
            return between.gap(pair, grid)
        case "larger":
            return extent.larger(a, b)
    return between.topology(a, b, pair, grid)


def _check_frame(name: str, on: Measured) -> None:
    """Whether the picture shows the body axis that a relation of the patient's frame is about."""
    grid = on.scene.grid
    if grid.direction is None:
        raise NoValue("no_frame")
    if patient.axis(grid, patient.AXES[name]) is None:
        raise NoValue("not_visible")
    if name in ("body_side", "laterality") and on.midline is None:
        raise NoValue("no_midline")


def _least(judged: Judged | None, margin: float, reason: str = "undecided") -> Found:
    if judged is None or judged.margin <= 0:
        raise NoValue(reason)
    return judged.value, min(margin, judged.margin)


def _one(node: ast.expr, on: Measured) -> tuple[int, float]:
    value, margin = _value(node, on)
    assert isinstance(value, int)
    return value, margin


def _set(node: ast.expr, on: Measured) -> tuple[Members, float]:
    value, margin = _value(node, on)
    assert isinstance(value, tuple)
    return value, margin


def _by_distance(name: str, node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    to, margin_to = _one(node.keywords[0].value, on)
    if sum(i != to for i in members) < 2:
        raise NoValue("too_few")
    judged = groups.by_distance(on.scene.structures, members, to, on.pairs, farthest=name == "farthest")
    return _least(judged, min(margin, margin_to))


def _within(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    if not members:
        raise NoValue("not_present")
    half = programs.constant(node.args[1])
    relation = position.side if half in ("left", "right") else position.level
    kept = []
    for i in members:
        value, margin = _least(relation(on.scene.structures[i], on.scene.grid), margin)
        if value == half:
            kept.append(i)
    return tuple(kept), margin


def _count(node: ast.Call, on: Measured) -> Found:
    members, margin = _set(node.args[0], on)
    (label,) = programs.labels(ast.unparse(node))
    everyone = units(on.scene.structures, label)
    return _least(
        Judged(value=len(members), margin=groups.count_margin(on.scene.structures, everyone, on.pairs, on.scene.grid)),
        margin,
    )
