"""The patient's frame and millimetres, worked out on paper: values, margins, and why there is no value."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import pytest

from mmrs_builder.evaluate import NoValue, evaluate
from mmrs_builder.relations.judged import tenths
from mmrs_builder.relations.patient import couples
from mmrs_builder.types import Box, Label, Vector
from tests.scenes import LABELS, ask, board, rectangles

SIZE = (40, 30)
LEFT, RIGHT, BACK, FEET = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)

Direction: TypeAlias = tuple[Vector, Vector]
Answer: TypeAlias = tuple[str, float] | None

PLANES: Final[dict[str, Direction]] = {"axial": (BACK, LEFT), "coronal": (FEET, LEFT), "sagittal": (FEET, BACK)}
"""(down, right) of pictures in the radiological convention."""
SIDES: Final = ("lateral", "anteroposterior", "craniocaudal")
PROGRAMS: Final = (
    *(f'{name}(the("liver"), the("spleen"))' for name in (*SIDES, "distance_mm", "gap_mm")),
    *(f'{name}(largest(all("polyp")), the("liver"))' for name in SIDES),
    'body_side(the("liver"))',
    'body_side(the("kidney_left"))',
    'laterality(the("liver"), the("kidney_left"))',
    'lateral(the("liver"), the("spleen")) == "left"',
)
SIDED: Final = tuple(program for program in PROGRAMS if "_mm(" not in program)


def where(
    program: str,
    direction: Direction | None = PLANES["axial"],
    spacing: tuple[float, float] | None = None,
    **boxes: Box,
) -> Answer:
    """A program on rectangles, one per label."""
    masks = {label: rectangles(SIZE, box) for label, box in boxes.items()}
    return ask(program, board(direction=direction, spacing=spacing, **masks))


def between(relation: str, a: Box, b: Box, direction: Direction, spacing: tuple[float, float] | None = None) -> Answer:
    return where(f'{relation}(the("liver"), the("spleen"))', direction, spacing, liver=a, spleen=b)


def near(value: str, margin: float) -> tuple[str, object]:
    return value, pytest.approx(margin, abs=1e-12)


@pytest.mark.parametrize(
    ("relation", "plane", "a", "b", "value", "margin"),
    [
        # the patient's left is at the viewer's right: 6 px apart, 4 px wide
        ("lateral", "axial", (10, 4, 14, 8), (4, 4, 8, 8), "left", 1.0),
        ("lateral", "axial", (4, 4, 8, 8), (10, 4, 14, 8), "right", 1.0),
        # 3 px apart, 4 px wide: 2 * 3/4 - 1
        ("lateral", "coronal", (7, 4, 11, 8), (4, 14, 8, 18), "left", 0.5),
        # down is towards the back
        ("anteroposterior", "axial", (4, 10, 8, 14), (4, 4, 8, 8), "posterior", 1.0),
        ("anteroposterior", "axial", (20, 4, 24, 8), (4, 7, 8, 11), "anterior", 0.5),
        ("anteroposterior", "sagittal", (10, 4, 14, 8), (4, 4, 8, 8), "posterior", 1.0),
        # down is towards the feet
        ("craniocaudal", "coronal", (4, 4, 8, 8), (4, 10, 8, 14), "superior", 1.0),
        ("craniocaudal", "sagittal", (4, 7, 8, 11), (20, 4, 24, 8), "inferior", 0.5),
        # all of the smaller one lies in the other: 1 - 2 is below 0
        ("lateral", "axial", (10, 4, 12, 6), (4, 4, 13, 8), None, 0.0),
        # no distance along the axis
        ("lateral", "axial", (4, 4, 8, 8), (4, 14, 8, 18), None, 0.0),
    ],
)
def test_two_structures(relation: str, plane: str, a: Box, b: Box, value: str | None, margin: float):
    assert between(relation, a, b, PLANES[plane]) == (None if value is None else near(value, margin))


def test_rows_and_columns_count_with_their_own_spacing():
    """A sagittal picture turned by 16 degrees: rows run 0.96 to the back, columns 0.28."""
    direction = ((0.0, 0.96, 0.28), (0.0, 0.28, -0.96))
    found = between("anteroposterior", (10, 7, 14, 11), (4, 4, 8, 8), direction, (2.0, 0.5))
    # 6 columns of 0.5 mm and 3 rows of 2 mm apart; 4 columns and 4 rows in extent
    apart, extent = 6 * 0.5 * 0.28 + 3 * 2 * 0.96, 4 * 0.5 * 0.28 + 4 * 2 * 0.96
    assert found == near("posterior", 2 * apart / extent - 1)


@pytest.mark.parametrize(("degrees", "seen"), [(25, True), (26, False), (64, False), (155, True), (154, False)])
def test_an_axis_is_seen_up_to_a_cosine_of_nine_tenths(degrees: float, seen: bool):
    turn = math.radians(degrees)
    direction = ((0.0, 0.0, -1.0), (math.cos(turn), math.sin(turn), 0.0))
    assert (between("lateral", (20, 4, 24, 8), (4, 4, 8, 8), direction) is not None) is seen


KIDNEYS: Final[dict[str, Box]] = {"kidney_right": (4, 10, 8, 14), "kidney_left": (24, 10, 28, 14)}
"""Centred at x = 5.5 and 25.5: the midline lies at 15.5, 10 px from each."""


@pytest.mark.parametrize(
    ("box", "value", "margin"),
    [
        # centred at 20.5: 5 of 10 px from the midline, and 2 * 5 of 4 px wide
        ((19, 2, 23, 6), "left", 0.5),
        ((9, 2, 13, 6), "right", 0.5),
        # a wide one over the midline: 5 px off, 2 * 5 of 22 px
        ((10, 2, 32, 6), "left", 10 / 22),
        ((28, 2, 32, 6), "left", 1.0),
        ((14, 2, 18, 6), None, 0.0),
    ],
)
def test_the_side_of_the_body_is_judged_from_the_midline(box: Box, value: str | None, margin: float):
    assert where('body_side(the("polyp"))', polyp=box, **KIDNEYS) == (None if value is None else near(value, margin))


def test_laterality_is_as_certain_as_the_less_certain_side():
    asked = 'laterality(the("polyp"), the("kidney_left"))'
    assert where(asked, polyp=(19, 2, 23, 6), **KIDNEYS) == near("ipsilateral", 0.5)
    assert where(asked, polyp=(9, 2, 13, 6), **KIDNEYS) == near("contralateral", 0.5)


def test_the_midline_is_the_mean_of_all_pairs_and_its_scale_the_narrowest():
    # lungs centred at 11.5 and 17.5: middle 14.5, half 3; kidneys 15.5 and 10: the midline lies at 15
    lungs: dict[str, Box] = {"lung_right": (10, 20, 14, 24), "lung_left": (16, 20, 20, 24)}
    assert where('body_side(the("polyp"))', polyp=(16, 2, 18, 6), **KIDNEYS, **lungs) == near("left", 1.5 / 3)


def test_instances_of_one_side_count_by_their_area():
    # 16 px centred at 25.5 and 8 px at 34.5 have their middle at 28.5; with 5.5 the midline lies at 17
    left = [rectangles(SIZE, box) for box in ((24, 10, 28, 14), (34, 10, 36, 14))]
    on = board(
        direction=PLANES["axial"],
        kidney_left=left,
        kidney_right=rectangles(SIZE, KIDNEYS["kidney_right"]),
        polyp=rectangles(SIZE, (18, 2, 22, 6)),
    )
    assert ask('body_side(the("polyp"))', on) == near("left", 2.5 / 11.5)


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ({"kidney_right": KIDNEYS["kidney_right"]}, "no_midline"),
        ({"kidney_right": KIDNEYS["kidney_right"], "lung_left": KIDNEYS["kidney_left"]}, "no_midline"),
        # both at one place along the axis, the right kidney at the patient's left
        ({"kidney_right": KIDNEYS["kidney_right"], "kidney_left": (4, 20, 8, 24)}, "no_midline"),
        ({"kidney_right": KIDNEYS["kidney_left"], "kidney_left": KIDNEYS["kidney_right"]}, "no_midline"),
        ({"liver": KIDNEYS["kidney_right"], "spleen": KIDNEYS["kidney_left"]}, "no_midline"),
    ],
)
def test_without_a_pair_in_its_place_there_is_no_midline(boxes: dict[str, Box], reason: str):
    masks = {label: rectangles(SIZE, box) for label, box in {**boxes, "polyp": (19, 2, 23, 6)}.items()}
    with pytest.raises(NoValue) as refused:
        evaluate('body_side(the("polyp"))', board(direction=PLANES["axial"], **masks))
    assert refused.value.reason == reason


def test_only_a_left_and_a_right_label_that_name_each_other_are_a_pair():
    labels = LABELS | {
        "ventricle_left": Label(id="ventricle_left", role="region", side="left"),
        "ventricle_right": Label(id="ventricle_right", role="region", side="right"),
        "ear_left": Label(id="ear_left", role="region", side="left", partner="ear_right"),
        "ear_right": Label(id="ear_right", role="region", side="right", partner="kidney_left"),
    }
    assert couples(labels, labels) == (("kidney_left", "kidney_right"), ("lung_left", "lung_right"))
    assert couples(labels, ["kidney_left", "lung_left", "lung_right"]) == (("lung_left", "lung_right"),)


@pytest.mark.parametrize("program", SIDED)
def test_without_direction_nothing_has_a_side(program: str):
    boxes: dict[str, Box] = {"liver": (4, 4, 8, 8), "spleen": (20, 4, 24, 8), **KIDNEYS}
    masks = {label: rectangles(SIZE, box) for label, box in boxes.items()}
    polyps = rectangles(SIZE, (30, 4, 33, 8), (35, 24, 39, 29))
    with pytest.raises(NoValue) as refused:
        evaluate(program, board(spacing=(1.0, 1.0), polyp=polyps, **masks))
    assert refused.value.reason == "no_frame"


@pytest.mark.parametrize(
    ("program", "plane"),
    [
        ('lateral(the("liver"), the("spleen"))', "sagittal"),
        ('body_side(the("liver"))', "sagittal"),
        ('laterality(the("liver"), the("kidney_left"))', "sagittal"),
        ('anteroposterior(the("liver"), the("spleen"))', "coronal"),
        ('craniocaudal(the("liver"), the("spleen"))', "axial"),
    ],
)
def test_a_picture_does_not_show_the_axis_across_it(program: str, plane: str):
    boxes: dict[str, Box] = {"liver": (4, 4, 8, 8), "spleen": (20, 14, 24, 18), **KIDNEYS}
    masks = {label: rectangles(SIZE, box) for label, box in boxes.items()}
    with pytest.raises(NoValue) as refused:
        evaluate(program, board(direction=PLANES[plane], **masks))
    assert refused.value.reason == "not_visible"


def test_lengths_need_the_spacing_and_no_direction():
    """Rows are 2 mm apart, columns 0.5 mm."""
    boxes: dict[str, Box] = {"liver": (4, 4, 8, 8), "spleen": (14, 10, 18, 14)}
    asked = {name: f'{name}(the("liver"), the("spleen"))' for name in ("distance_mm", "gap_mm")}
    # 10 columns and 6 rows between centroids: sqrt(25 + 144); 7 columns and 3 rows between corners: sqrt(12.25 + 36)
    assert where(asked["distance_mm"], None, (2.0, 0.5), **boxes) == ("13.0", 1.0)
    assert where(asked["gap_mm"], None, (2.0, 0.5), **boxes) == ("6.9", 1.0)
    for program in asked.values():
        on = board(direction=PLANES["axial"], **{label: rectangles(SIZE, box) for label, box in boxes.items()})
        with pytest.raises(NoValue) as refused:
            evaluate(program, on)
        assert refused.value.reason == "no_spacing"


def test_masks_that_share_a_pixel_have_no_gap_in_millimetres():
    assert between("gap_mm", (4, 4, 8, 8), (7, 7, 12, 12), PLANES["axial"], (1.0, 1.0)) is None
    assert between("distance_mm", (4, 4, 8, 8), (7, 7, 12, 12), PLANES["axial"], (1.0, 1.0)) == ("4.9", 1.0)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0.0, 0.0),
        (12.34, 12.3),
        (12.36, 12.4),
        (12.35, None),
        (0.25 + 9e-8, None),
        (0.25 - 2e-7, 0.2),
        (0.2500002, 0.3),
    ],
)
def test_a_length_half_way_between_two_tenths_is_not_rounded(length: float, expected: float | None):
    assert tenths(length) == expected
