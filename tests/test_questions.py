"""Which questions a scene allows: bindings of labels to slots, decided values, and a reason for every refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mmrs_builder import programs, resources, structures
from mmrs_builder.bindings import bindings, known_from_names, picture
from mmrs_builder.evaluate import Measured, measured
from mmrs_builder.questions import Candidate, Unasked, candidates, is_claim
from mmrs_builder.templates import Family, load
from mmrs_builder.types import Box, Label, Twin
from tests.scenes import LABELS, board, rectangles, view

SIZE = (20, 20)
QUADRANT = Family(
    id="locate.quadrant", theme="locate", frame="viewer", program="quadrant(the(A))", target="the(A)",
    kinds=("open", "yes_no"),
)  # fmt: skip
PAIR = replace(QUADRANT, id="relate.larger", program="larger(the(A), the(B))", kinds=("yes_no",))
AMONG = replace(QUADRANT, id="pick", program="largest(among(A, B))", target=None, kinds=("choice",), symmetric=True)
COUNT = replace(QUADRANT, id="count", program="count(all(A))", target="all(A)", kinds=("number",))
SEGMENT = replace(QUADRANT, id="segment", program='within(all(A), "upper")', target=None, kinds=("segment",))


@pytest.fixture
def on() -> Measured:
    return board(
        liver=rectangles(SIZE, (1, 1, 6, 6)),
        polyp=rectangles(SIZE, (12, 2, 15, 5), (14, 12, 18, 16)),
        clip=[rectangles(SIZE, (9, 3, 11, 5))],
        absent=["kidney"],
    )


def asked(family: Family, on: Measured) -> dict[tuple[str, ...], Candidate]:
    return {c.labels: c for c in candidates(on, (family,), LABELS) if isinstance(c, Candidate)}


def refused(family: Family, on: Measured) -> list[str]:
    return [item.reason for item in candidates(on, (family,), LABELS) if isinstance(item, Unasked)]


def test_each_kind_of_a_family_is_a_candidate_of_its_own(on: Measured):
    found = [c for c in candidates(on, (QUADRANT,), LABELS) if isinstance(c, Candidate)]
    assert [(c.kind, c.labels, c.token) for c in found] == [
        ("open", ("liver",), "upper_left"),
        ("yes_no", ("liver",), "upper_left"),
    ]


def test_a_candidate_carries_the_closed_program_its_value_and_its_target(on: Measured):
    found = asked(QUADRANT, on)["liver",]
    assert (found.program, found.target_program) == ('quadrant(the("liver"))', 'the("liver")')
    assert found.target == (1,)
    assert found.view_id == "v1"


def test_every_binding_is_asked_or_refused_with_a_reason(on: Measured):
    # clip on the midline, polyp in two pieces; no one asks where the absent kidney lies
    assert refused(QUADRANT, on) == ["undecided", "not_unique"]


def test_a_twin_is_asked_about_the_combinations_that_its_original_is():
    labels = {f"organ{i}": Label(id=f"organ{i}", role="organ") for i in range(7)}
    drawn = {name: rectangles((64, 64), (0, 9 * i, 7 * i + 5, 9 * i + 6)) for i, name in enumerate(labels)}
    plain = structures.scene(view(**drawn), "test", "ct", labels)[0]
    twin = replace(plain, view_id="v1.mirror", twin=Twin(of="v1", op="mirror", params=(), markers=()))
    pairs = [
        {item.labels for item in candidates(measured(scene, labels), (PAIR,), labels, 5) if isinstance(item, Candidate)}
        for scene in (plain, twin)
    ]
    assert pairs[0] == pairs[1] != set()


def test_interchangeable_slots_are_bound_once(on: Measured):
    assert set(asked(AMONG, on)) == {("clip", "liver")}


def test_a_value_inside_the_family_s_margin_is_a_close_call(on: Measured):
    # 25 and 4 px: margin 0.84
    assert set(asked(replace(PAIR, min_margin=0.84), on)) == {("clip", "liver"), ("liver", "clip")}
    assert refused(replace(PAIR, min_margin=0.841), on).count("close_call") == 2


def test_a_choice_among_labels_is_answered_by_a_label_and_valued_by_an_index(on: Measured):
    found = asked(AMONG, on)["clip", "liver"]
    assert (found.token, found.answer) == ("1", "liver")


def test_an_absent_label_is_counted_as_none_with_an_empty_target(on: Measured):
    found = asked(COUNT, on)["kidney",]
    assert (found.token, found.target) == ("0", ())


def test_the_target_of_a_count_is_what_was_counted(on: Measured):
    found = asked(COUNT, on)["polyp",]
    assert (found.token, found.target) == ("2", (3, 4))


def test_a_mask_is_asked_for_by_a_place_that_holds_some_units_and_not_all(on: Measured):
    found = asked(SEGMENT, on)
    assert {labels: c.token for labels, c in found.items()} == {("polyp",): "4"}
    # clip and liver lie above as a whole; there is no kidney
    assert refused(SEGMENT, on) == ["degenerate", "not_present", "degenerate"]


def test_an_empty_set_is_not_asked_for():
    on = board(polyp=rectangles(SIZE, (2, 12, 5, 15), (14, 12, 18, 16)))
    assert refused(SEGMENT, on) == ["not_present"]


CLIPS = ((14, 3, 19, 8), (3, 12, 7, 16), (1, 1, 4, 4))
"""25, 16 and 9 px at the upper right, lower left and upper left, stored in this order."""
AMID, RIGHTMOST = (9, 9, 11, 11), (19, 16, 20, 20)


def decided(program: str, clips: tuple[Box, ...] = CLIPS, **organs: Box) -> str:
    """The value of a closed program that is asked for, or the reason for which it is not."""
    family = replace(QUADRANT, program=program, target=None, kinds=("open",))
    masks = {"clip": [rectangles(SIZE, box) for box in clips]}
    on = board(**masks, **{label: rectangles(SIZE, box) for label, box in organs.items()})
    by_one_hand = replace(on, hands={})
    (found,) = candidates(by_one_hand, (family,), LABELS)
    return found.token if isinstance(found, Candidate) else found.reason


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ('largest(within(all("clip"), "left"))', "1"),
        ('quadrant(largest(within(all("clip"), "left")))', "lower_left"),
        ('every(within(all("clip"), "left"), "upper")', "false"),
        ('toward(all("clip"), "above", to=largest(all("clip")))', "2"),
        ('toward(all("clip"), "left", to=the("liver"))', "1,2"),
        ('within(toward(all("clip"), "left", to=the("liver")), "upper")', "2"),
        ('nearest(within(all("clip"), "upper"), to=the("liver"))', "0"),
        ('both(larger(topmost(within(all("clip"), "left")), the("liver")), exists("liver"))', "true"),
    ],
)
def test_words_that_leave_something_out_are_asked(program: str, value: str):
    assert decided(program, liver=AMID) == value


@pytest.mark.parametrize(
    "program",
    [
        'within(all("clip"), "left")',
        'largest(within(all("clip"), "left"))',
        'quadrant(largest(within(all("clip"), "left")))',
        'every(within(all("clip"), "left"), "upper")',
        'toward(all("clip"), "left", to=the("liver"))',
        # all of the others
        'toward(all("clip"), "below", to=smallest(all("clip")))',
        'gap(topmost(toward(all("clip"), "left", to=the("liver"))), the("liver"))',
        'within(toward(all("clip"), "left", to=the("liver")), "upper")',
        'toward(within(all("clip"), "left"), "above", to=largest(all("clip")))',
        'both(larger(topmost(within(all("clip"), "left")), the("liver")), exists("liver"))',
        'within(among("spleen", "colon"), "lower")',
        # what is counted may be all; what it is counted from is the largest without its half
        'count(toward(all("clip"), "above", to=largest(within(all("clip"), "left"))))',
    ],
)
def test_words_that_leave_nothing_out_are_not_asked(program: str):
    organs = {"liver": RIGHTMOST, "spleen": (8, 13, 10, 15), "colon": (14, 13, 16, 15)}
    assert decided(program, CLIPS[1:], **organs) == "degenerate"


@pytest.mark.parametrize(
    ("program", "clips", "value"),
    [
        ('count(within(all("clip"), "left"))', CLIPS[1:], "2"),
        ('count(within(all("clip"), "left"))', CLIPS[1:2], "1"),
        ('count(within(all("clip"), "left"))', CLIPS[:1], "0"),
        ('count(within(all("clip"), "left")) == 2', CLIPS[1:], "true"),
        ('count(toward(all("clip"), "left", to=the("liver")))', CLIPS, "3"),
    ],
)
def test_a_number_is_asked_for_whether_none_some_or_all_are_left(program: str, clips: tuple[Box, ...], value: str):
    """With one lesion in the picture the answer would else always be none."""
    assert decided(program, clips, liver=RIGHTMOST) == value


@pytest.mark.parametrize(
    "program",
    [
        'largest(all("clip"))', 'nearest(all("clip"), to=the("liver"))', 'every(all("clip"), "left")',
        'only(the("clip"), all("clip"), "left")', 'topmost(within(all("clip"), "left"))',
    ],
)  # fmt: skip
def test_of_one_structure_it_is_not_asked_which_or_whether_all(program: str):
    assert decided(program, CLIPS[1:2], liver=AMID) == "too_few"


def test_a_place_that_holds_nothing_is_not_asked_for():
    assert decided('toward(all("clip"), "right", to=the("liver"))', liver=RIGHTMOST) == "not_present"


def test_all_units_are_asked_for_where_no_place_is_named(on: Measured):
    family = replace(SEGMENT, program="all(A)")
    assert set(asked(family, on)) == {("clip",), ("liver",), ("polyp",)}


AXIAL, SAGITTAL = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0)), ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
IN_PATIENT = tuple(
    replace(QUADRANT, id=program, frame="patient", program=program, target=None, kinds=("open",))
    for program in (
        "lateral(the(A), the(B))", "anteroposterior(the(A), the(B))", "craniocaudal(the(A), the(B))",
        "body_side(the(A))", "laterality(the(A), the(B))",
    )
)  # fmt: skip
IN_MM = tuple(
    replace(QUADRANT, id=program, program=program, target=None, kinds=("number",))
    for program in ("distance_mm(the(A), the(B))", "gap_mm(the(A), the(B))")
)
ENGLISH = load(resources.path("templates"))
VOCABULARY = {name: label for name, (label, _) in ENGLISH.terms.labels.items()} | LABELS


def torso(**known: Any) -> Measured:
    """Two kidneys, and what lies around them."""
    boxes: dict[str, Box] = {
        "kidney_left": (14, 8, 18, 12),
        "kidney_right": (2, 8, 6, 12),
        "liver": (1, 1, 8, 6),
        "lung_left": (12, 1, 19, 6),
        "polyp": (13, 14, 16, 18),
    }
    return board(**known, **{label: rectangles(SIZE, box) for label, box in boxes.items()})


def test_a_view_of_unknown_place_and_scale_has_no_questions_of_either_and_no_refusals():
    assert list(candidates(torso(), (*IN_PATIENT, *IN_MM), LABELS)) == []
    assert list(candidates(torso(spacing=(1.0, 1.0)), IN_PATIENT, LABELS)) == []
    assert list(candidates(torso(direction=AXIAL), IN_MM, LABELS)) == []


def types(on: Measured, frame: str) -> set[str]:
    """Value types of the questions that the project's families of a frame decide."""
    families = tuple(family for family in ENGLISH.families if family.frame == frame)
    found = {c.family for c in candidates(on, families, VOCABULARY) if isinstance(c, Candidate)}
    return {programs.value_type(family.program) for family in families if family.id in found}


def test_no_family_of_the_project_asks_for_the_patient_s_sides_without_direction():
    assert types(torso(spacing=(1.0, 1.0)), "patient") == set()
    assert types(torso(spacing=(1.0, 1.0)), "viewer") >= {"Quadrant", "Number"}


def test_an_axial_slice_is_asked_for_left_and_right_and_a_sagittal_one_is_not():
    assert types(torso(direction=AXIAL), "patient") - {"Bool"} == {"Lateral", "Depth", "Laterality"}
    assert types(torso(direction=SAGITTAL), "patient") - {"Bool"} == {"Depth", "Height"}


def told(family: Family) -> dict[tuple[str, ...], str]:
    """What is refused because of names, by the labels bound."""
    names = [
        "heart_ventricle_left", "hippocampus_anterior", "hippocampus_posterior", "kidney_left", "kidney_right", "liver",
        "polyp",
    ]  # fmt: skip
    slots = programs.slots(family.program)
    found = {
        bound: known_from_names(family, dict(zip(slots, bound, strict=True)), VOCABULARY)
        for bound in bindings(family, picture(names, [], VOCABULARY))
    }
    return {bound: reason for bound, reason in found.items() if reason is not None}


def test_of_a_left_and_a_right_structure_the_side_is_not_asked():
    assert told(IN_PATIENT[0]) == {
        ("heart_ventricle_left", "kidney_right"): "told",
        ("kidney_left", "kidney_right"): "told",
        ("kidney_right", "heart_ventricle_left"): "told",
        ("kidney_right", "kidney_left"): "told",
    }


def test_of_an_anterior_and_a_posterior_part_it_is_not_asked_which_lies_in_front():
    assert told(IN_PATIENT[1]) == {
        ("hippocampus_anterior", "hippocampus_posterior"): "told",
        ("hippocampus_posterior", "hippocampus_anterior"): "told",
    }
    assert told(IN_PATIENT[2]) == {}


def test_the_side_of_the_body_is_not_asked_of_what_is_called_by_it():
    assert told(IN_PATIENT[3]) == {
        ("heart_ventricle_left",): "told",
        ("kidney_left",): "told",
        ("kidney_right",): "told",
    }


def test_laterality_is_asked_of_what_has_no_side_by_name_against_one_of_a_pair():
    lesion = replace(IN_PATIENT[4], where=(("A", "lesion"),))
    others = ("heart_ventricle_left", "hippocampus_anterior", "hippocampus_posterior", "liver")
    assert told(lesion) == {("polyp", other): "not_sided" for other in others}
    assert told(IN_PATIENT[4])["kidney_left", "kidney_right"] == "told"


@pytest.mark.parametrize(
    "program",
    [
        'both(lateral(the(A), the(B)) == "left", larger(the(A), the(B)))',
        'either(larger(the(A), the(B)), no(lateral(the(A), the(B)) == "left"))',
        'neither(exists(A), no(lateral(nearest(all(A), to=the(B)), the(B)) == "left"))',
    ],
)
def test_a_side_that_names_tell_is_not_asked_joined_to_something_else(program: str):
    assert told(replace(IN_PATIENT[0], program=program)) == told(IN_PATIENT[0])


def test_joined_relations_are_refused_for_what_either_of_them_lacks():
    both = replace(
        IN_PATIENT[4],
        program='both(laterality(the(A), the(B)) == "ipsilateral", craniocaudal(the(A), the(B)) == "superior")',
    )
    assert told(both) == told(IN_PATIENT[4]) | told(IN_PATIENT[2])


def test_what_names_tell_is_refused_with_a_reason():
    found = candidates(torso(direction=AXIAL), IN_PATIENT[:1], LABELS)
    # the right kidney against the left one and the left lung, in both orders
    assert [item.reason for item in found if isinstance(item, Unasked)].count("told") == 4


@pytest.mark.parametrize(
    ("kind", "value_type", "claim"),
    [("yes_no", "Quadrant", True), ("yes_no", "Bool", False), ("yes_no", "Count", False), ("open", "Quadrant", False)],
)
def test_only_a_closed_set_of_words_is_asked_by_claims(kind: str, value_type: str, claim: bool):
    assert is_claim(kind, value_type) is claim


def test_what_another_hand_would_answer_otherwise_is_not_asked():
    """A square has more area than a thin ring; drawn a pixel larger, it has less."""
    families = tuple(f for f in load(resources.path("templates")).families if f.id == "extreme.largest_side")
    size, square = (100, 80), (68, 48, 87, 67)
    full, hole = rectangles(size, (5, 5, 45, 45)), rectangles(size, (7, 7, 43, 43))
    for other, reasons in ((full, set[str]()), (full & ~hole, {"unsteady_medium"})):
        on = board(polyp=[other, rectangles(size, square)])
        answers = list(candidates(on, families, LABELS))
        assert {item.reason for item in answers if isinstance(item, Unasked)} == reasons
        assert any(isinstance(item, Candidate) for item in answers) == (not reasons)


@pytest.mark.parametrize(
    ("tolerance", "side", "reasons"),
    # grown by a pixel, a square of 10 has 40 % more area; one of 40 grows by 7.6 % of a radius, 16 %
    [(0.2, 10, {"unsteady_medium"}), (0.2, 40, set()), (0.05, 40, {"unsteady_large"}), (None, 10, set())],
)
def test_a_number_that_another_hand_would_answer_beyond_its_tolerance_is_not_asked(
    tolerance: float | None, side: int, reasons: set[str]
):
    (share,) = (f for f in load(resources.path("templates")).families if f.id == "size.share")
    on = board(liver=rectangles((100, 80), (20, 20, 20 + side, 20 + side)))
    answers = list(candidates(on, (replace(share, tolerance=tolerance),), LABELS))
    assert {item.reason for item in answers if isinstance(item, Unasked)} == reasons
    assert any(isinstance(item, Candidate) for item in answers) == (not reasons)
