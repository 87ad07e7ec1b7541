"""One fact in both frames: the two questions must be of counterparts, ask the same, and agree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.views import check_view
from tests.verify.drawn import asked, bind, draw, rectangle

Row = dict[str, Any]

SMALL = 0.19**0.5  # beside 0.9, so that both make a unit vector


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


@pytest.fixture
def paired(refused: list[Row]) -> Row:
    """The axial slice asked for the spleen's way from the liver, first in the patient and then in the picture."""
    return {**refused[0], "qa": [item for item in refused[0]["qa"] if item["pair_kind"] == "other_frame"]}


def faults(row: Row, language: Language) -> list[str]:
    return [f"{fault.code}: {fault.detail}" for fault in check_view(row, language).faults]


def beside(number: int, row: Row, **changes: Any) -> Row:
    """The view with one of its questions changed."""
    return {**row, "qa": [item | changes if place == number else item for place, item in enumerate(row["qa"])]}


def test_the_same_fact_in_both_frames_is_sound(paired: Row, language: Language) -> None:
    assert faults(paired, language) == []


def test_the_picture_s_right_is_the_patient_s_right_where_the_axis_is_turned_round(
    paired: Row, language: Language
) -> None:
    turned = {**paired, "direction": [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]}
    assert any("left of the patient is not right in this view" in text for text in faults(turned, language))
    answer = "The spleen lies to the patient's right of the liver."
    assert faults(beside(0, turned, value="right", answer=answer), language) == []


def test_an_axis_along_the_columns_has_the_other_counterpart(paired: Row, language: Language) -> None:
    # down leads to the patient's left; the polyp lies 9 px further down
    row = {**paired, "direction": [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "plane": "coronal"}
    frames = {"pair_id": "frames", "pair_kind": "other_frame", "target_program": 'the("polyp")', "target": [2]}
    bindings = bind(A=("the polyp", [2]), B=("the liver", [0]))
    lateral = asked(
        "axial", "patient.lateral", "open", 'lateral(the("polyp"), the("liver"))', "left",
        "On which side of {B} does {A} lie in the patient?", "{A} lies to the patient's {value} of {B}.",
        "On which side of the liver does the polyp lie in the patient?",
        "The polyp lies to the patient's left of the liver.", frame="patient", bindings=bindings, **frames,
    )  # fmt: skip
    vertical = asked(
        "axial", "relate.vertical", "open", 'vertical(the("polyp"), the("liver"))', "below",
        "Is {A} above or below {B}?", "{A} is {value} {B}.", "Is the polyp above or below the liver?",
        "The polyp is below the liver.", bindings=bindings, **frames,
    )  # fmt: skip
    horizontal = asked(
        "axial", "relate.horizontal", "open", 'horizontal(the("polyp"), the("liver"))', "right",
        "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the liver is the polyp?",
        "The polyp is to the right of the liver.", bindings=bindings, **frames,
    )  # fmt: skip
    assert faults({**row, "qa": [vertical, lateral]}, language) == []
    (found,) = faults({**row, "qa": [lateral, horizontal]}, language)
    assert "relate.horizontal is not how patient.lateral looks in this view" in found


def test_two_true_answers_that_disagree_are_not_one_fact(refused: list[Row], language: Language) -> None:
    # 4 px to the right and 12 px down: 4 * 0.9 - 12 * 0.436 px to the patient's left
    size, boxes = (40, 20), {"spleen": (18, 15, 20, 17), "liver": (14, 3, 16, 5)}
    off, extent = 12 * SMALL - 4 * 0.9, 2 * 0.9 + 2 * SMALL
    frames = {"pair_id": "frames", "pair_kind": "other_frame", "target_program": 'the("spleen")', "target": [0]}
    bindings = bind(A=("the spleen", [0]), B=("the liver", [1]))
    qa = [
        asked(
            "axial", "patient.lateral", "open", 'lateral(the("spleen"), the("liver"))', "right",
            "On which side of {B} does {A} lie in the patient?", "{A} lies to the patient's {value} of {B}.",
            "On which side of the liver does the spleen lie in the patient?",
            "The spleen lies to the patient's right of the liver.", frame="patient", bindings=bindings,
            margin=2 * off / extent - 1, **frames,
        ),
        asked(
            "axial", "relate.horizontal", "open", 'horizontal(the("spleen"), the("liver"))', "right",
            "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the liver is the spleen?",
            "The spleen is to the right of the liver.", bindings=bindings, **frames,
        ),
    ]  # fmt: skip
    row = refused[0] | {
        "structures": [rectangle(label, "whole", box, size, None) for label, box in boxes.items()],
        "masks": [draw(size, box) for box in boxes.values()],
        "direction": [[-SMALL, 0.9, 0.0], [0.9, SMALL, 0.0]], "spacing_mm": None, "qa": qa,
    }  # fmt: skip
    assert faults(row, language) == ["pair: frames: right of the patient is not right in this view"]
    alone = [{**item, "pair_id": None, "pair_kind": None} for item in qa]
    assert faults({**row, "qa": alone}, language) == []


@pytest.mark.parametrize("kept", [0, 1])
def test_one_frame_alone_is_no_pair(kept: int, paired: Row, language: Language) -> None:
    assert faults({**paired, "qa": [paired["qa"][kept]]}, language) == [
        "pair: frames: 1 questions of the view instead of two"
    ]


def test_two_questions_of_one_frame_are_no_counterparts(paired: Row, refused: list[Row], language: Language) -> None:
    other = next(item for item in refused[0]["qa"] if item["pair_id"] == "order")
    qa = [paired["qa"][1], {**other, "pair_id": "frames", "pair_kind": "other_frame"}]
    (found,) = faults({**paired, "qa": qa}, language)
    assert "relate.horizontal and relate.horizontal are no counterparts" in found


def test_the_labels_stand_in_the_same_slots(paired: Row, language: Language) -> None:
    turned = asked(
        "axial", "relate.horizontal", "open", 'horizontal(the("liver"), the("spleen"))', "left",
        "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the spleen is the liver?",
        "The liver is to the left of the spleen.", bindings=bind(A=("the liver", [0]), B=("the spleen", [1])),
        target_program='the("liver")', target=[0], pair_id="frames", pair_kind="other_frame",
    )  # fmt: skip
    found = faults({**paired, "qa": [paired["qa"][0], turned]}, language)
    assert "pair: frames: the programs differ in more than the frame" in found
    assert "pair: frames: the labels stand in other slots" in found


def test_only_open_questions_or_choices_are_linked_and_both_of_one_kind(paired: Row, language: Language) -> None:
    assert any(
        text.startswith("pair: frames: kinds open, yes_no")
        for text in faults(beside(1, paired, kind="yes_no"), language)
    )
