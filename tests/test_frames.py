"""The same fact in the patient's frame and in the viewer's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder import resources
from mmrs_builder.evaluate import Measured
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.templates import Family, load
from mmrs_builder.types import Vector
from tests.scenes import LABELS, ask, board, rectangles

SIZE = (60, 60)
SIDES = {"lateral": (0, "left", "right"), "anteroposterior": (1, "posterior", "anterior"),
         "craniocaudal": (2, "superior", "inferior")}  # fmt: skip
AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def family(call: str) -> Family:
    return Family(
        id=call, theme="t", frame="patient", program=f"{call}(the(A), the(B))", kinds=("open", "choice", "yes_no"),
        other_frame=("horizontal", "vertical"),
    )  # fmt: skip


def seen(direction: tuple[Vector, Vector] | None, x: int = 40, y: int = 36) -> Measured:
    masks = {"liver": rectangles(SIZE, (x, y, x + 12, y + 12)), "spleen": rectangles(SIZE, (20, 20, 32, 32))}
    return board(direction=direction, **masks)


def linked(on: Measured, call: str) -> list[tuple[str, str, str | None]]:
    found = [c for c in candidates(on, (family(call),), LABELS) if isinstance(c, Candidate)]
    return [(c.kind, c.token, c.counterpart) for c in found if c.labels == ("liver", "spleen")]


def signed(axis: int, sign: int) -> Vector:
    x, y, z = (sign * value for value in AXES[axis])
    return x, y, z


@given(
    st.permutations(range(3)), st.tuples(st.sampled_from((-1, 1)), st.sampled_from((-1, 1))),
    st.integers(0, 48), st.integers(0, 48),
)  # fmt: skip
def test_the_two_frames_agree_however_the_picture_is_turned_or_mirrored(
    axes: list[int], signs: tuple[int, int], x: int, y: int
):
    down, right = signed(axes[0], signs[0]), signed(axes[1], signs[1])
    on = seen((down, right), x, y)
    for call, (axis, grows, other) in SIDES.items():
        for _, token, counterpart in linked(on, call):
            if counterpart is None:
                continue
            along, sign = (down, signs[0]) if counterpart == "vertical" else (right, signs[1])
            assert abs(along[axis]) == 1
            said = ask(f'{counterpart}(the("liver"), the("spleen"))', on)
            assert said is not None
            onward, back = ("below", "above") if counterpart == "vertical" else ("right", "left")
            assert said[0] == (onward if (token == grows) == (sign > 0) else back)
            assert token in (grows, other)


@pytest.mark.parametrize(("call", "sign"), list(product(SIDES, (1, -1))))
def test_an_axis_along_the_rows_has_its_counterpart_across_and_one_along_the_columns_up_and_down(call: str, sign: int):
    axis, grows, other = SIDES[call]
    across = signed(axis, sign)
    free = next(v for v in AXES if v != AXES[axis])
    token = grows if sign > 0 else other
    assert linked(seen((free, across)), call)[:2] == [("open", token, "horizontal"), ("choice", token, "horizontal")]
    assert linked(seen((across, free)), call)[:2] == [("open", token, "vertical"), ("choice", token, "vertical")]


def test_a_claim_has_no_counterpart():
    on = seen(((0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    assert {kind: counterpart for kind, _, counterpart in linked(on, "lateral")}["yes_no"] is None


def test_where_a_tilt_makes_the_viewer_s_word_another_one_there_is_no_counterpart():
    # Going right leads to the patient's left, going down to the right, a little; far down that is more.
    c, s = 0.92, (1 - 0.92**2) ** 0.5
    tilted = ((-s, c, 0.0), (c, s, 0.0))
    on = board(
        direction=tilted, liver=rectangles((90, 90), (12, 70, 20, 78)), spleen=rectangles((90, 90), (2, 2, 10, 10))
    )
    assert ask('horizontal(the("liver"), the("spleen"))', on) == ("right", 1.0)
    assert linked(on, "lateral")[0] == ("open", "right", None)
    assert linked(seen(tilted, 40, 20), "lateral")[0] == ("open", "left", "horizontal")


def test_a_family_without_counterpart_has_none():
    on = seen(((0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    alone = replace(family("lateral"), other_frame=())
    assert {c.counterpart for c in candidates(on, (alone,), LABELS) if isinstance(c, Candidate)} == {None}


def test_every_comparison_along_an_axis_of_the_body_names_its_counterparts():
    language = load(resources.path("templates"))
    compared = [f for f in language.families if f.id.startswith("patient.") and f.program.split("(")[0] in SIDES]
    assert len(compared) == 12
    assert all(f.other_frame for f in compared)
