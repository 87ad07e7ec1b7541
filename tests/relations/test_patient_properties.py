"""What must hold however the picture lies in the patient: mirrors, turns, shifts, scales, and ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder import programs
from mmrs_builder.types import Mask, Vector
from mmrs_builder.vocab import VALUES
from tests.relations.test_patient import PLANES, PROGRAMS, SIDED, SIDES, Answer, Direction
from tests.relations.test_properties import EPSILON, drawn, swapped
from tests.scenes import ask, board

Masks: TypeAlias = Mapping[str, Mask]


@st.composite
def bodies(draw: st.DrawFn, longest: int = 20) -> Masks:
    """Organs, a lesion, and two kidneys that may lie anywhere, overlap and be in pieces."""
    sides = st.integers(3, longest)
    shapes = drawn((draw(sides), draw(sides)))
    return {label: draw(shapes) for label in ("kidney_left", "kidney_right", "liver", "polyp", "spleen")}


def _turned(angles: tuple[float, float, float], vector: Vector) -> Vector:
    """A vector after small turns about the three axes of the body."""
    x, y, z = vector
    for number, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        x, y, z = [
            (x, c * y - s * z, s * y + c * z),
            (c * x + s * z, y, c * z - s * x),
            (c * x - s * y, s * x + c * y, z),
        ][number]
    return x, y, z


TILTS = st.tuples(*[st.sampled_from([-0.3, -0.1, 0.0, 0.1, 0.3])] * 3)
TILTED: st.SearchStrategy[Direction] = st.builds(
    lambda plane, angles: (_turned(angles, plane[0]), _turned(angles, plane[1])),
    st.sampled_from(sorted(PLANES.values())),
    TILTS,
)
"""Oblique slices too."""
KNOWN = st.tuples(*[st.sampled_from([0.4, 0.7, 1.0, 2.5])] * 2)
SPACINGS = st.none() | KNOWN


def answers(masks: Masks, direction: Direction, spacing: tuple[float, float] | None) -> dict[str, Answer]:
    on = board(direction=direction, spacing=spacing, **masks)
    return {program: ask(program, on) for program in PROGRAMS}


def same(one: Answer, other: Answer) -> bool:
    """Equal values with equal margins, or no value in both."""
    if one is None or other is None or min(one[1], other[1]) < EPSILON:
        return all(answer is None or answer[1] < EPSILON for answer in (one, other))
    return one[0] == other[0] and abs(one[1] - other[1]) < EPSILON


def differing(one: Mapping[str, Answer], other: Mapping[str, Answer]) -> dict[str, tuple[Answer, Answer]]:
    return {name: (one[name], other[name]) for name in one if not same(one[name], other[name])}


def changed(masks: Masks, change: Callable[[Mask], Mask]) -> Masks:
    return {label: change(mask) for label, mask in masks.items()}


def opposite(vector: Vector) -> Vector:
    return -vector[0], -vector[1], -vector[2]


@given(
    masks=bodies(),
    direction=TILTED,
    spacing=SPACINGS,
    flips=st.tuples(st.booleans(), st.booleans()),
    turn=st.booleans(),
)
def test_a_picture_mirrored_or_transposed_with_its_directions_says_the_same(
    masks: Masks,
    direction: Direction,
    spacing: tuple[float, float] | None,
    flips: tuple[bool, bool],
    turn: bool,
):
    down, right = (opposite(vector) if flip else vector for vector, flip in zip(direction, flips, strict=True))
    moved = changed(masks, lambda mask: mask[tuple(slice(None, None, -1 if flip else 1) for flip in flips)])
    new = (down, right), spacing
    if turn:
        moved = changed(moved, np.transpose)
        new = (right, down), spacing and (spacing[1], spacing[0])
    assert differing(answers(masks, direction, spacing), answers(moved, *new)) == {}


OPPOSITE: Final = {
    "left-right": swapped(("left", "right"), ("true", "false")),
    "front-back": swapped(("anterior", "posterior")),
    "head-foot": swapped(("superior", "inferior")),
}


@pytest.mark.parametrize(
    ("plane", "flip", "axis"),
    [
        ("axial", 1, "left-right"),
        ("axial", 0, "front-back"),
        ("coronal", 1, "left-right"),
        ("coronal", 0, "head-foot"),
        ("sagittal", 1, "front-back"),
        ("sagittal", 0, "head-foot"),
    ],
)
@given(masks=bodies(), spacing=SPACINGS)
def test_pixels_mirrored_without_their_directions_exchange_the_words_of_one_axis(
    plane: str, flip: int, axis: str, masks: Masks, spacing: tuple[float, float] | None
):
    """A mirror image of the body: its left kidney is then the right one."""
    names = swapped(("kidney_left", "kidney_right")) if axis == "left-right" else {}
    mirrored = {names.get(label, label): np.flip(mask, flip) for label, mask in masks.items()}
    kidney = names.get("kidney_left", "kidney_left")
    on = board(direction=PLANES[plane], spacing=spacing, **mirrored)
    before = answers(masks, PLANES[plane], spacing)
    after = {program: ask(program.replace("kidney_left", kidney), on) for program in PROGRAMS}
    expected = {
        name: answer and (OPPOSITE[axis].get(answer[0], answer[0]), answer[1]) for name, answer in before.items()
    }
    assert differing(expected, after) == {}


@given(masks=bodies(), direction=TILTED, spacing=SPACINGS)
def test_seen_from_the_other_structure_a_side_is_the_opposite_and_a_distance_the_same(
    masks: Masks, direction: Direction, spacing: tuple[float, float] | None
):
    on = board(direction=direction, spacing=spacing, **masks)
    names = (*SIDES, "laterality", "distance_mm", "gap_mm")
    there = {name: ask(f'{name}(the("liver"), the("spleen"))', on) for name in names}
    back = {name: ask(f'{name}(the("spleen"), the("liver"))', on) for name in names}
    words = {word: other for table in OPPOSITE.values() for word, other in table.items()}
    expected = {name: answer and (words.get(answer[0], answer[0]), answer[1]) for name, answer in there.items()}
    assert differing(expected, back) == {}


@given(masks=bodies(12), direction=TILTED, spacing=SPACINGS, at=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_moving_everything_together_changes_nothing(
    masks: Masks, direction: Direction, spacing: tuple[float, float] | None, at: tuple[int, int]
):
    moved = changed(masks, lambda mask: np.pad(mask, ((at[0], 5 - at[0]), (at[1], 5 - at[1]))))
    assert differing(answers(masks, direction, spacing), answers(moved, direction, spacing)) == {}


@given(masks=bodies(), direction=TILTED, spacing=KNOWN, factor=st.sampled_from([0.25, 3.0]))
def test_the_size_of_the_body_changes_lengths_and_nothing_else(
    masks: Masks, direction: Direction, spacing: tuple[float, float], factor: float
):
    before = answers(masks, direction, spacing)
    after = answers(masks, direction, (factor * spacing[0], factor * spacing[1]))
    assert differing(*({name: found[name] for name in SIDED} for found in (before, after))) == {}
    for name in set(PROGRAMS) - set(SIDED):
        if (one := before[name]) is not None and (other := after[name]) is not None:
            # each is off by up to 0.05 mm
            assert float(other[0]) == pytest.approx(factor * float(one[0]), abs=0.05 * (1 + factor) + EPSILON)


@given(masks=bodies(), plane=st.sampled_from(sorted(PLANES.values())), spacing=KNOWN)
def test_without_spacing_a_side_has_the_value_and_margin_it_has_with_it(
    masks: Masks, plane: Direction, spacing: tuple[float, float]
):
    """Along one axis of the picture all lengths have the same unit."""
    with_it, without = answers(masks, plane, spacing), answers(masks, plane, None)
    assert differing(*({name: found[name] for name in SIDED} for found in (with_it, without))) == {}


@given(masks=bodies(), direction=TILTED, spacing=SPACINGS)
def test_values_are_words_of_their_type_and_margins_lie_above_0_and_up_to_1(
    masks: Masks, direction: Direction, spacing: tuple[float, float] | None
):
    for program, answer in answers(masks, direction, spacing).items():
        if answer is not None:
            kind = programs.value_type(program)
            assert answer[0] in VALUES[kind] if kind in VALUES else float(answer[0]) >= 0, program
            assert 0 < answer[1] <= 1, program


@given(masks=bodies(), plane=st.sampled_from(["axial", "coronal"]))
def test_a_kidney_lies_on_the_side_of_its_name_wherever_there_is_a_midline(masks: Masks, plane: str):
    """With one pair, the places of its two sides are the midline plus and minus the half distance."""
    on = board(direction=PLANES[plane], **masks)
    if on.midline is not None and (found := ask('body_side(the("kidney_left"))', on)):
        assert found[0] == "left"


@given(mask=drawn((13, 10)), direction=TILTED)
def test_two_structures_that_coincide_have_no_relation(mask: Mask, direction: Direction):
    on = board(direction=direction, liver=mask, spleen=mask)
    assert {ask(f'{name}(the("liver"), the("spleen"))', on) for name in SIDES} == {None}


def test_the_programs_use_every_word_of_the_patient_s_frame_and_of_millimetres():
    used = {word for program in PROGRAMS for word in programs.words(program)}
    assert used >= programs.PATIENT | programs.MILLIMETRES
