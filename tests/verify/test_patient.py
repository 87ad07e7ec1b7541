"""Relations of the patient's frame and lengths in mm, with values worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmrs_builder.types import Part, Vector
from mmrs_builder.verify import measure
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.grammar import BadProgram
from mmrs_builder.verify.measure import nearest_offset, outline
from mmrs_builder.verify.values import NoValue, value_text
from tests.verify.boards import Box, board

Direction = tuple[Vector, Vector]  # down, right

SIZE = (60, 60)
AXIAL: Direction = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
CORONAL: Direction = ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
SAGITTAL: Direction = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
FROM_ABOVE: Direction = ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0))  # the picture's right is the patient's right
PAIR = [("left_kidney", "right_kidney")]


def axial(degrees: float) -> Direction:
    """An axial picture turned about the patient's long axis: the columns lean to the right of the patient."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (-s, c, 0.0), (c, s, 0.0)


def derive(relation: str, drawn: Board, *labels: str) -> tuple[str, float]:
    references = ", ".join(f'the("{label}")' for label in labels)
    value, margin = evaluate(f"{relation}({references})", drawn)
    return value_text(value), margin


def two(relation: str, a: Box, b: Box, **lies: Any) -> tuple[str, float]:
    return derive(relation, board(SIZE, a=[[a]], b=[[b]], **lies), "a", "b")


UPPER_LEFT, LOWER_RIGHT = (5, 5, 9, 9), (30, 40, 34, 44)


@pytest.mark.parametrize(
    ("relation", "direction", "value"),
    [
        ("lateral", AXIAL, "right"),
        ("lateral", FROM_ABOVE, "left"),
        ("lateral", CORONAL, "right"),
        ("anteroposterior", AXIAL, "anterior"),
        ("anteroposterior", SAGITTAL, "anterior"),
        ("craniocaudal", CORONAL, "superior"),
        ("craniocaudal", SAGITTAL, "superior"),
    ],
)
def test_an_upright_picture_shows_two_axes_of_the_patient(relation: str, direction: Direction, value: str) -> None:
    opposite = {"left": "right", "right": "left", "anterior": "posterior", "superior": "inferior"}[value]
    assert two(relation, UPPER_LEFT, LOWER_RIGHT, direction=direction) == (value, 1.0)
    assert two(relation, LOWER_RIGHT, UPPER_LEFT, direction=direction) == (opposite, 1.0)


@pytest.mark.parametrize(
    ("relation", "direction"),
    [
        ("lateral", SAGITTAL),
        ("anteroposterior", CORONAL),
        ("craniocaudal", AXIAL),
        ("lateral", axial(26)),  # cos 26 degrees is 0.899
        ("anteroposterior", axial(26)),
        ("lateral", None),
        ("anteroposterior", None),
        ("craniocaudal", None),
    ],
)
def test_an_axis_that_is_not_seen_has_no_value(relation: str, direction: Direction | None) -> None:
    with pytest.raises(NoValue):
        two(relation, UPPER_LEFT, LOWER_RIGHT, direction=direction)


def test_an_axis_is_still_seen_at_nine_tenths() -> None:
    c = math.sqrt(1 - 0.9**2)
    assert two("lateral", UPPER_LEFT, LOWER_RIGHT, direction=((0.0, 1.0, 0.0), (0.9, 0.0, c))) == ("right", 1.0)
    assert two("lateral", UPPER_LEFT, LOWER_RIGHT, direction=axial(-25))[0] == "right"  # cos 25 degrees is 0.906


@pytest.mark.parametrize(
    ("relation", "a", "b", "value", "margin"),
    [
        # dx = 3, mean width 4: 2 * 3 / 4 - 1, whatever a pixel measures
        ("lateral", (5, 5, 9, 9), (8, 20, 12, 24), "right", 0.5),
        # dy = 3, mean height 4
        ("anteroposterior", (5, 5, 9, 9), (20, 8, 24, 12), "anterior", 0.5),
        # dy = 4, mean height 5: 0.6, but a quarter of the smaller one is shared: 1 - 2 / 4
        ("anteroposterior", (5, 5, 9, 9), (5, 8, 9, 14), "anterior", 0.5),
    ],
)
@pytest.mark.parametrize("spacing", [None, (1.0, 1.0), (2.0, 0.5), (0.3, 7.0)])
def test_along_the_picture_the_steps_cancel_out(
    relation: str, a: Box, b: Box, value: str, margin: float, spacing: tuple[float, float] | None
) -> None:
    assert two(relation, a, b, direction=AXIAL, spacing=spacing) == (value, pytest.approx(margin))


@pytest.mark.parametrize(
    ("relation", "a", "b"),
    [
        ("lateral", (5, 5, 9, 9), (5, 20, 9, 24)),  # a tie
        ("lateral", (5, 5, 9, 9), (7, 5, 11, 9)),  # overlap by exactly half
        ("anteroposterior", (5, 5, 9, 9), (5, 5, 9, 11)),  # one inside the other
    ],
)
def test_what_is_not_parted_has_no_value(relation: str, a: Box, b: Box) -> None:
    with pytest.raises(NoValue):
        two(relation, a, b, direction=AXIAL)


def test_a_tilted_picture_mixes_rows_into_left_and_right() -> None:
    # 4 columns to the right are 3.94 to the left of the patient, 30 rows down 5.21 to the right of it
    a, b = (24, 40, 26, 42), (20, 10, 22, 12)
    lead = 30 * math.sin(math.radians(10)) - 4 * math.cos(math.radians(10))
    extent = 2 * math.cos(math.radians(10)) + 2 * math.sin(math.radians(10))
    assert two("lateral", a, b, direction=axial(10)) == ("right", pytest.approx(2 * lead / extent - 1))
    assert two("lateral", a, b, direction=axial(-10)) == ("left", 1.0)
    # columns five times as wide as rows: 19.70 against 5.21
    assert two("lateral", a, b, direction=axial(10), spacing=(1.0, 5.0)) == ("left", pytest.approx(1.0))


def test_steps_of_other_lengths_weigh_place_and_extent() -> None:
    # 6 columns of 2.5 less 10 rows of 3 lead 15 c - 30 s to the left; both boxes extend over 4 * 2.5 c + 6 * 3 s
    c, s = math.cos(math.radians(10)), math.sin(math.radians(10))
    found = two("lateral", (16, 20, 20, 26), (10, 10, 14, 16), direction=axial(10), spacing=(3.0, 2.5))
    assert found == ("left", pytest.approx(2 * (15 * c - 30 * s) / (10 * c + 18 * s) - 1))
    assert found[1] == pytest.approx(0.4742, abs=1e-4)


def test_a_relation_of_two_is_not_asked_of_one() -> None:
    drawn = board(SIZE, a=[[(5, 5, 9, 9)]], direction=AXIAL, spacing=(1.0, 1.0))
    for relation in ("lateral", "anteroposterior", "craniocaudal", "laterality", "distance_mm", "gap_mm"):
        with pytest.raises(NoValue, match="asked of one"):
            derive(relation, drawn, "a", "a")


@pytest.mark.parametrize("program", ['lateral(the("a"))', 'body_side(the("a"), the("b"))', 'body_side(all("a"))'])
def test_a_wrong_number_or_kind_of_arguments_is_no_program(program: str) -> None:
    with pytest.raises(BadProgram):
        evaluate(program, board(SIZE, a=[[(5, 5, 9, 9)]], b=[[(15, 5, 19, 9)]], direction=AXIAL))


def kidneys(**others: Any) -> Board:
    """Kidneys 30 columns apart, centroids at column 41.5 (left) and 11.5 (right): midline 26.5, half distance 15."""
    drawn: dict[str, Any] = {
        "left_kidney": [[(40, 30, 44, 34)]], "right_kidney": [[(10, 30, 14, 34)]], "direction": AXIAL, "pairs": PAIR,
    }  # fmt: skip
    return board(SIZE, **{**drawn, **others})


@pytest.mark.parametrize(
    ("box", "value", "margin"),
    [
        # 5 columns of 15
        ((30, 10, 34, 14), "left", 1 / 3),
        ((19, 10, 23, 14), "right", 6 / 15),
        # 1.5 columns of 15; half the width is 5.5
        ((20, 10, 31, 14), "right", 0.1),
        # 4 columns of 15, but half the width is 25
        ((6, 10, 56, 14), "left", 0.16),
        # further out than the kidney
        ((54, 10, 58, 14), "left", 1.0),
    ],
)
@pytest.mark.parametrize("spacing", [None, (3.0, 0.5)])
def test_the_midline_lies_between_the_kidneys(
    box: Box, value: str, margin: float, spacing: tuple[float, float] | None
) -> None:
    assert derive("body_side", kidneys(s=[[box]], spacing=spacing), "s") == (value, pytest.approx(margin))


def test_sides_are_the_patients_whichever_way_the_picture_lies() -> None:
    mirrored = kidneys(
        s=[[(30, 10, 34, 14)]],
        direction=FROM_ABOVE,
        left_kidney=[[(10, 30, 14, 34)]],
        right_kidney=[[(40, 30, 44, 34)]],
    )
    assert derive("body_side", mirrored, "s") == ("right", pytest.approx(1 / 3))


def test_the_midline_of_a_tilted_picture_leans() -> None:
    c, s = math.cos(math.radians(10)), math.sin(math.radians(10))
    drawn = kidneys(s=[[(30, 10, 34, 14)]], direction=axial(10), right_kidney=[[(10, 40, 14, 44)]])
    # 5 columns to the left and 25 rows up from the middle; half the distance is 15 columns and 5 rows
    assert derive("body_side", drawn, "s") == ("left", pytest.approx((5 * c + 25 * s) / (15 * c + 5 * s)))


def test_two_pairs_give_the_mean_of_their_middles_and_the_smaller_distance() -> None:
    # lungs at 51.5 and 13.5: middle 32.5, half distance 19; the midline is at 29.5, the structure at 31.5
    lungs = {"left_lung": [[(50, 5, 54, 9)]], "right_lung": [[(12, 5, 16, 9)]]}
    drawn = kidneys(s=[[(30, 10, 34, 14)]], pairs=[*PAIR, ("left_lung", "right_lung")], **lungs)
    assert derive("body_side", drawn, "s") == ("left", pytest.approx(2 / 15))


def test_instances_weigh_by_their_area() -> None:
    # 16 px at 41.5 and 48 px at 49.5: 47.5, so the midline is at 29.5 and half the distance 18
    parts = [[(40, 30, 44, 34)], [(48, 20, 52, 32)]]
    drawn = kidneys(part="instance", s=[[(30, 10, 34, 14)]], left_kidney=parts)
    assert derive("body_side", drawn, "s") == ("left", pytest.approx(2 / 18))


@pytest.mark.parametrize(
    "lies",
    [
        {"direction": None},
        {"direction": SAGITTAL},
        {"direction": axial(26)},
        {"pairs": []},
        {"left_kidney": []},
        {"right_kidney": []},
        {"direction": FROM_ABOVE},  # the left kidney would lie on the right
        {"left_kidney": [[(10, 40, 14, 44)]]},  # above one another
        {
            "pairs": [*PAIR, ("left_lung", "right_lung")],
            "left_lung": [[(12, 5, 16, 9)]],
            "right_lung": [[(50, 5, 54, 9)]],
        },
    ],
)
def test_without_a_midline_there_is_no_side(lies: dict[str, Any]) -> None:
    drawn = kidneys(a=[[(30, 10, 34, 14)]], b=[[(3, 10, 7, 14)]], **lies)
    for relation, labels in (("body_side", ["a"]), ("laterality", ["a", "b"])):
        with pytest.raises(NoValue):
            derive(relation, drawn, *labels)


@pytest.mark.parametrize(
    ("sides", "partners"),
    [
        (("left", "right"), {"left_kidney": "right_kidney"}),
        (("left", "right"), {"left_kidney": "right_kidney", "right_kidney": "s"}),
        (("left", "left"), {"left_kidney": "right_kidney", "right_kidney": "left_kidney"}),
        (("left", None), {"left_kidney": "right_kidney", "right_kidney": "left_kidney"}),
        (("left", "right"), {"left_kidney": None, "right_kidney": None}),
    ],
)
def test_a_pair_is_mutual_and_has_two_sides(
    sides: tuple[str | None, str | None], partners: dict[str, str | None]
) -> None:
    plain = kidneys(s=[[(30, 10, 34, 14)]])
    parts: tuple[Part, ...] = plain.parts
    drawn = Board(
        width=60, height=60, shapes=plain.shapes, labels=plain.labels, parts=parts, direction=AXIAL,
        sides=[*sides, None], partners=partners,
    )  # fmt: skip
    with pytest.raises(NoValue, match="both sides"):
        derive("body_side", drawn, "s")


@pytest.mark.parametrize(
    ("b", "value", "margin"),
    [
        ((50, 10, 54, 14), "ipsilateral", 1 / 3),
        ((22, 10, 26, 14), "contralateral", 0.2),  # 3 of 15
    ],
)
def test_laterality_compares_two_sides(b: Box, value: str, margin: float) -> None:
    drawn = kidneys(a=[[(30, 10, 34, 14)]], b=[[b]])
    assert derive("laterality", drawn, "a", "b") == (value, pytest.approx(margin))
    assert derive("laterality", drawn, "b", "a") == (value, pytest.approx(margin))


@pytest.mark.parametrize(
    ("relation", "a", "b", "spacing", "value"),
    [
        # 6 columns of 0.5 and 2 rows of 2: 3-4-5
        ("distance_mm", (0, 0, 3, 3), (6, 2, 9, 5), (2.0, 0.5), "5.0"),
        # the same the other way round: 12 and 1
        ("distance_mm", (0, 0, 3, 3), (6, 2, 9, 5), (0.5, 2.0), "12.0"),
        # centroids 25 columns apart
        ("distance_mm", (0, 0, 4, 4), (25, 0, 29, 4), (2.0, 0.5), "12.5"),
        # one inside the other, centroids half a pixel apart on both axes: 0.7071 mm
        ("distance_mm", (0, 0, 10, 10), (4, 4, 7, 7), (1.0, 1.0), "0.7"),
        ("distance_mm", (0, 0, 4, 4), (1, 1, 3, 3), (1.0, 1.0), "0.0"),
        # columns 2 and 5, rows 2 and 6
        ("gap_mm", (0, 0, 3, 3), (5, 6, 9, 9), (1.0, 1.0), "5.0"),
        ("gap_mm", (0, 0, 3, 3), (5, 6, 9, 9), (0.75, 4.0), "12.4"),  # hypot(3, 12) = 12.369
        ("gap_mm", (0, 0, 4, 4), (5, 0, 9, 4), (2.0, 0.8), "1.6"),
    ],
)
def test_lengths_count_each_axis_with_its_own_step(
    relation: str, a: Box, b: Box, spacing: tuple[float, float], value: str
) -> None:
    assert two(relation, a, b, spacing=spacing) == (value, 1.0)
    assert two(relation, b, a, spacing=spacing, direction=SAGITTAL) == (value, 1.0)


def test_the_nearest_pixel_in_mm_is_not_the_nearest_in_pixels() -> None:
    # one piece 3 rows below, one 8 columns to the right
    pieces = [(10, 13, 11, 14), (18, 10, 19, 11)]
    for spacing, value in (((2.0, 0.5), "4.0"), ((0.5, 2.0), "1.5"), ((1.0, 1.0), "3.0")):
        drawn = board(SIZE, a=[[(10, 10, 11, 11)]], b=[pieces], spacing=spacing)
        assert derive("gap_mm", drawn, "a", "b") == (value, 1.0)


@pytest.mark.parametrize("relation", ["distance_mm", "gap_mm"])
def test_without_spacing_there_is_no_length(relation: str) -> None:
    with pytest.raises(NoValue, match="how large"):
        two(relation, UPPER_LEFT, LOWER_RIGHT, direction=AXIAL)


@pytest.mark.parametrize("other", [(3, 3, 9, 9), (4, 4, 9, 9)])
def test_structures_that_overlap_or_touch_have_no_gap(other: Box) -> None:
    with pytest.raises(NoValue, match="touch or share a pixel"):
        two("gap_mm", (0, 0, 4, 4), other, spacing=(1.0, 1.0))


@pytest.mark.parametrize(
    ("step", "value"),
    [
        (0.25, None),
        (0.75, None),
        (0.35, None),  # ten times 0.35 is 3.5 in double precision as well
        (0.25 + 0.9e-7, None),
        (0.25 - 0.9e-7, None),
        (0.25 + 1.1e-7, "0.3"),
        (0.25 - 1.1e-7, "0.2"),
        (1.25 + 1.1e-7, "1.3"),
        (0.05, None),
        (0.04, "0.0"),
        (1e300, "1" + "0" * 300 + ".0"),
        (1e308, None),  # ten times it is no number
    ],
)
def test_a_length_between_two_decimals_is_not_decided(step: float, value: str | None) -> None:
    for relation in ("distance_mm", "gap_mm"):
        if value is None:
            with pytest.raises(NoValue, match="between two decimals"):
                two(relation, (0, 0, 1, 1), (2, 0, 3, 1), spacing=(1.0, step / 2))
        else:
            found, margin = two(relation, (0, 0, 1, 1), (2, 0, 3, 1), spacing=(1.0, step / 2))
            assert (float(found), margin) == (float(value), 1.0)


@pytest.mark.parametrize("limit", ["TRIED", "AT_ONCE"])
@pytest.mark.parametrize("seed", range(6))
def test_outlines_find_what_all_pixels_find(limit: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, limit, 0)
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.2, 3.0, 2)
    first, second = rng.random((2, 24, 30)) < 0.7
    first[:, 12:] = second[:, : int(rng.integers(12, 24))] = False
    offset = nearest_offset(outline(measure.measure(first)), outline(measure.measure(second)), (steps[0], steps[1]))
    every = (np.argwhere(second)[np.newaxis] - np.argwhere(first)[:, np.newaxis]) * steps
    assert math.hypot(*(steps * offset)) == pytest.approx(np.hypot(every[..., 0], every[..., 1]).min(), rel=1e-12)
