"""What a view says of its place in the patient must be possible, and its questions must not say more."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from mmrs_builder.verify.grammar import frames_of, parse
from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]
NAN, INF = math.nan, math.inf


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def test_a_view_in_the_patients_frame_verifies(patient: Row, language: Language) -> None:
    report = check_view(patient, language)
    assert report.faults == ()
    assert (report.tally.questions, report.tally.values, report.tally.answer_texts) == (7, 7, 7)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("direction", [[0.0, 1.0, 0.0]], "grid"),
        ("direction", [[0.0, 1.0], [1.0, 0.0]], "grid"),
        ("direction", [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "grid"),
        ("direction", [[0.0, 1.0, 0.0], None], "row"),
        ("direction", [[0.0, 1.0, NAN], [1.0, 0.0, 0.0]], "grid"),
        ("direction", [[0.0, 1.0, 0.0], [INF, 0.0, 0.0]], "grid"),
        ("direction", [[0.0, 1.0, 0.0], [1.002, 0.0, 0.0]], "grid"),
        ("direction", [[0.0, 1.0, 0.0], [1.0, 0.002, 0.0]], "grid"),
        ("direction", None, "grid"),
        ("laterality_evidence", None, "grid"),
        ("laterality_evidence", "guess", "grid"),
        ("spacing_mm", [0.5], "grid"),
        ("spacing_mm", [0.5, -0.5], "grid"),
        ("spacing_mm", [0.5, 0.0], "grid"),
        ("spacing_mm", [0.5, INF], "grid"),
        ("spacing_mm", [0.5, NAN], "grid"),
        ("spacing_mm", [0.5, None], "row"),
        ("spacing_mm", [0.5, 0.5, 0.5], "grid"),
        ("origin_mm", [0.0, 1.0, NAN], "grid"),
        ("origin_mm", [0.0, 1.0, None], "row"),
        ("plane", "transverse", "grid"),
        ("plane", "coronal", "grid"),
        ("plane", "sagittal", "grid"),
        ("transform", {"op": None, "params": []}, "row"),
    ],
)
def test_an_impossible_place_is_reported(field: str, value: Any, code: str, patient: Row, language: Language) -> None:
    assert code in codes({**patient, field: value}, language)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plane", None),
        ("origin_mm", None),
        ("laterality_evidence", "convention"),
        ("laterality_evidence", "annotation"),
        ("direction", [[0.0, 1.0, 0.0], [1.0004, 0.0, 0.0]]),
        ("direction", [[0.0, 1.0, 0.0], [1.0, 0.0005, 0.0]]),
    ],
)
def test_a_possible_place_is_not(field: str, value: Any, patient: Row, language: Language) -> None:
    row = {**patient, field: value}
    row["qa"] = [item for item in row["qa"] if item["margin"] == 1.0]  # the other margins follow the vectors' length
    assert codes(row, language) == set()


LEAN = [[0.0, math.cos(0.8), -math.sin(0.8)], [1.0, 0.0, 0.0]]  # 45.8 degrees


@pytest.mark.parametrize(
    ("plane", "direction", "possible"),
    [
        ("axial", [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], True),
        ("axial", [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], True),  # not upright, and still axial
        ("coronal", [[0.0, 0.0, -1.0], [1.0, 0.0, 0.0]], True),
        ("sagittal", [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0]], True),
        ("sagittal", [[0.0, 0.0, -1.0], [1.0, 0.0, 0.0]], False),
        ("axial", LEAN, False),
        ("coronal", LEAN, True),
        ("axial", [[0.0, math.sqrt(0.5), -math.sqrt(0.5)], [1.0, 0.0, 0.0]], True),  # as close to one as to the other
        ("coronal", [[0.0, math.sqrt(0.5), -math.sqrt(0.5)], [1.0, 0.0, 0.0]], True),
    ],
)
def test_the_plane_is_named_after_its_normal(
    plane: str, direction: list[list[float]], possible: bool, patient: Row, language: Language
) -> None:
    row = {**patient, "plane": plane, "direction": direction, "qa": []}
    assert codes(row, language) == (set() if possible else {"grid"})


def test_a_plane_may_be_known_without_a_direction(patient: Row, language: Language) -> None:
    row = {**patient, "direction": None, "laterality_evidence": None, "qa": patient["qa"][-2:]}
    assert codes(row, language) == set()


def test_without_evidence_nothing_is_asked_of_the_patients_frame(patient: Row, language: Language) -> None:
    found = codes({**patient, "direction": None, "laterality_evidence": None}, language)
    assert found == {"frame", "value"}


def test_an_unsound_direction_decides_nothing(patient: Row, language: Language) -> None:
    patient["direction"][1][0] = 1.1
    assert codes(patient, language) == {"grid", "value"}


def test_a_turned_twin_has_no_patients_frame(patient: Row, language: Language) -> None:
    twin = {**patient, "twin_of": "other", "transform": {"op": "mirror", "params": []}}
    assert "frame" in codes(twin, language)
    assert "frame" not in codes({**twin, "qa": patient["qa"][-2:]}, language)


def test_a_length_needs_spacing(patient: Row, language: Language) -> None:
    row = {**patient, "spacing_mm": None}
    faults = check_view({**row, "qa": patient["qa"][-2:]}, language).faults
    assert [fault.code for fault in faults] == ["value", "value"]


def test_a_spacing_beyond_all_numbers_is_a_fault_and_not_a_crash(patient: Row, language: Language) -> None:
    assert "value" in codes({**patient, "spacing_mm": [1e308, 1e308]}, language)


def test_partners_that_the_language_lacks_leave_no_midline(patient: Row, language_json: Row) -> None:
    for term in language_json["labels"].values():
        del term["partner"]
    faults = check_view(patient, read_language(json.dumps(language_json))).faults
    assert {fault.code for fault in faults} == {"value"}
    assert len(faults) == 2  # body_side and laterality


@pytest.mark.parametrize(
    ("program", "frames"),
    [
        ("lateral(the(A), the(B))", {"patient"}),
        ("body_side(largest(all(A)))", {"patient"}),
        ("horizontal(the(A), the(B))", {"viewer"}),
        ('count(within(all(A), "left"))', {"viewer"}),
        ("lateral(leftmost(all(A)), the(B))", {"patient", "viewer"}),
        ("distance_mm(the(A), the(B))", set()),
        ('laterality(the(A), the(B)) == "ipsilateral"', {"patient"}),
    ],
)
def test_a_programs_words_belong_to_a_frame(program: str, frames: set[str]) -> None:
    assert frames_of(parse(program, slots=True)) == frames


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("patient.lateral", {"frame": "viewer"}),
        ("patient.side", {"frame": "viewer"}),
        ("patient.lateral", {"frame": "viewer", "program": "horizontal(the(A), the(B))"}),
        ("patient.lateral", {"program": "horizontal(the(A), the(B))"}),
    ],
)
def test_a_family_whose_frame_is_not_that_of_its_words_is_reported(
    family: str, changes: Row, patient: Row, language_json: Row
) -> None:
    """The question is made to agree with the family, but for its frame, as far as its program goes."""
    for stored in language_json["families"]:
        if stored["id"] == family:
            stored.update(changes)
    program = changes.get("program")
    for item in patient["qa"]:
        if item["family"] == family and program is not None:
            item["program"] = item["program"].replace("lateral", "horizontal")
        if item["family"] == family and program is None:
            item["frame"] = changes["frame"]
    assert "frame" in codes(patient, read_language(json.dumps(language_json)))
