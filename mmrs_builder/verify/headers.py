"""Lies about how a picture lies in the patient: axes turned round or exchanged, other steps, evidence gone.

Such a lie shows only where a question hangs on it. Each is told of a view in which the definitions of
``docs/language.md`` section 4a leave the stored answer no way to stay true, and of no other.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from mmrs_builder.verify import grammar
from mmrs_builder.verify.reask import in_other_words
from mmrs_builder.verify.retell import Changed, Told, with_claim, with_value
from mmrs_builder.vocab import VALUES

Row: TypeAlias = dict[str, Any]
Axes: TypeAlias = Sequence[Sequence[float]]  # [down, right], patient LPS
Order: TypeAlias = tuple[int, int, int]  # patient axis, structure, structure

ALONG: Final = {"lateral": 0, "anteroposterior": 1, "craniocaudal": 2}
L: Final = 0  # component of a patient vector
SIDEWAYS: Final = {"horizontal": "lateral", "lateral": "horizontal"}
LENGTHS: Final = ("distance_mm", "gap_mm")
OF_PATIENT: Final = ("Lateral", "Depth", "Height", "Laterality")  # types of two tokens, one the opposite of the other
CLEARLY: Final = 1e-3  # part of an offset by which its opposite must exceed 0, more than any rounding
FACTOR: Final = 2
TELLING: Final = 0.2  # mm: rounding to one decimal hides no change of more than this, nor a factor of 2 from it on


def turn_patient_side(told: Told, _rng: np.random.Generator) -> Changed:
    """The opposite token of the patient's frame, in value, answer and options, or in the claim."""
    kind, claim = told.reading.kind, told.reading.claim
    if kind not in OF_PATIENT:
        return None
    one, other = VALUES[kind]
    token = told.question.value if claim is None else claim
    opposite = other if token == one else one
    return with_value(told, opposite) if claim is None else with_claim(told, opposite)


def frame_change(told: Told, _rng: np.random.Generator) -> Changed:
    """The other frame for the one the question is asked in."""
    return {**told.item, "frame": "viewer" if told.question.frame == "patient" else "patient"}


def exchange_frames(told: Told, _rng: np.random.Generator) -> Changed:
    """Left of the picture for left of the patient or the reverse, the answer kept, where the two are opposite."""
    name, single = _relation(told)
    direction, other = told.view.direction, SIDEWAYS.get(name)
    if direction is None or other is None or not single:
        return None
    down, right = direction
    a, b = (told.view.structures[index].centroid for index in _bound(told))
    steps = told.view.spacing or (1.0, 1.0)
    dx, dy = a[0] - b[0], a[1] - b[1]
    to_left = dx * steps[1] * right[L] + dy * steps[0] * down[L]
    # right in the picture and left in the patient share no token
    return in_other_words(told, told.question.program.replace(name, other, 1)) if dx * to_left > 0 else None


def _relation(told: Told) -> tuple[str, bool]:
    """Name of a program's outermost call, and whether all it is asked of are single references."""
    tree = grammar.parse(told.reading.family.program, slots=True)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return "", False
    return tree.func.id, all(ast.unparse(item) in ("the(A)", "the(B)") for item in tree.args)


def _bound(told: Told) -> list[int]:
    """The structures that the slots of a question refer to."""
    return [structure for binding in told.question.bindings for structure in binding.structures]


def _orders(told: Sequence[Told]) -> Iterator[Order]:
    """Pairs of structures whose order along a patient axis must stay for a question to keep its value."""
    for one in told:
        name, single = _relation(one)
        if name in ALONG and single:
            a, b = _bound(one)
            yield ALONG[name], a, b
        if name in ("body_side", "laterality"):
            yield from ((0, left, right) for left, right in _halves(one))


def _halves(told: Told) -> Iterator[tuple[int, int]]:
    """Structures of paired labels that are one whole each: turned round, they leave no midline."""
    wholes = {item.label: index for index, item in enumerate(told.view.structures) if item.part == "whole"}
    labels = {label: term for label, term in told.language.labels.items() if label in wholes}
    for label, term in labels.items():
        partner = labels.get(term.partner or "")
        if partner is not None and (term.side, partner.side, partner.partner) == ("left", "right", label):
            yield wholes[label], wholes[str(term.partner)]


def _offset(row: Row, a: int, b: int) -> tuple[float, float]:
    """Rows and columns from the centroid of ``b`` to that of ``a``."""
    (ax, ay), (bx, by) = row["structures"][a]["centroid"], row["structures"][b]["centroid"]
    return ay - by, ax - bx


def _turned(row: Row, order: Order, direction: Axes) -> bool:
    """Whether another direction puts the structures into the opposite order."""
    axis, a, b = order
    steps, offset = row["spacing_mm"] or (1.0, 1.0), _offset(row, a, b)
    before, after = (
        sum(vector[axis] * step * pixels for vector, step, pixels in zip(axes, steps, offset, strict=True))
        for axes in (row["direction"], direction)
    )
    return bool(before * after < -CLEARLY * before**2)


def _with_direction(row: Row, told: Sequence[Told], rng: np.random.Generator, directions: Sequence[Axes]) -> Changed:
    """The row with one of the directions that a question contradicts."""
    orders = set(_orders(told))
    telling = [axes for axes in directions if any(_turned(row, order, axes) for order in orders)]
    if not telling:
        return None
    return {**row, "direction": [list(vector) for vector in telling[int(rng.integers(len(telling)))]]}


def negate_axis(row: Row, told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """One axis of the picture points the other way: left for right, front for back, head for feet."""
    if row["direction"] is None:
        return None
    down, right = row["direction"]
    return _with_direction(row, told, rng, [([-part for part in down], right), (down, [-part for part in right])])


def exchange_axes(row: Row, told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """The axis of the rows stands in the place of the axis of the columns."""
    return None if row["direction"] is None else _with_direction(row, told, rng, [row["direction"][::-1]])


def change_spacing(row: Row, told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """Pixels twice as large, or their height taken for their width."""
    asked = [(one, *_relation(one)) for one in told if one.reading.kind == "Number"]
    lengths = [(one, name, single) for one, name, single in asked if name in LENGTHS]
    steps = row["spacing_mm"]
    candidates = []
    if any(float(one.question.value) >= TELLING for one, _, _ in lengths):
        candidates.append([FACTOR * step for step in steps])
    centres = [_bound(one) for one, name, single in lengths if name == "distance_mm" and single]
    if any(_differs(row, *pair) for pair in centres):
        candidates.append(steps[::-1])
    return {**row, "spacing_mm": candidates[int(rng.integers(len(candidates)))]} if candidates else None


def _differs(row: Row, a: int, b: int) -> bool:
    """Whether a distance changes by more than rounding hides when the steps are exchanged."""
    (rows, columns), (down, right) = _offset(row, a, b), row["spacing_mm"]
    return abs(math.hypot(rows * down, columns * right) - math.hypot(rows * right, columns * down)) > TELLING


def drop_evidence(row: Row, told: Sequence[Told], _rng: np.random.Generator) -> Changed:
    """Direction and evidence are gone, and a question of the patient's frame is still asked."""
    asked = any(one.question.frame == "patient" for one in told)
    return {**row, "direction": None, "laterality_evidence": None} if asked else None
