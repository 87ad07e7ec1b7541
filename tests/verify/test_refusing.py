"""A view refuses only what it cannot answer, for the reason there is, and says no more than that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmrs_builder.verify.grammar import BadProgram
from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.refusing import refuse
from mmrs_builder.verify.values import NoValue
from mmrs_builder.verify.views import check_view
from tests.verify.boards import board

Row = dict[str, Any]

SIZE = (40, 20)
LIVER, SPLEEN, ONE, TWO = (4, 2, 14, 8), (30, 3, 34, 7), (20, 12, 24, 16), (30, 12, 32, 16)
ROOT = 0.99**0.5
SAGITTAL = ((0.0, 0.0, -1.0), (0.1, ROOT, 0.0))  # a tenth of the L axis lies along the rows
AXIAL = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
BETWEEN = ((0.0, 0.0, -1.0), (0.6, 0.8, 0.0))


def reason(
    wanted: str, program: str, direction: Any = SAGITTAL, absent: tuple[str, ...] = ("kidney",), scaled: bool = False
) -> float:
    """Margin of a refusal by a view of a liver, a spleen and a polyp in two pieces (16 and 8 px)."""
    labels: Any = {"liver": [[LIVER]], "spleen": [[SPLEEN]], "clip": [[ONE], [TWO]]}
    on = board(SIZE, part="instance", absent=absent, direction=direction, **labels)
    value, margin = refuse(wanted, program, on, scaled=scaled)
    assert value == wanted
    return margin


@pytest.mark.parametrize(
    ("wanted", "program", "margin"),
    [
        ("absent", 'quadrant(the("kidney"))', 1.0),
        ("absent", 'horizontal(the("liver"), the("kidney"))', 1.0),
        ("absent", 'all("kidney")', 1.0),
        ("absent", 'count(toward(all("clip"), "left", to=the("kidney")))', 1.0),
        ("absent", 'largest(among("liver", "kidney", "spleen"))', 1.0),
        ("absent", 'lateral(the("kidney"), the("liver"))', 1.0),
        ("no_left_right", 'lateral(the("liver"), the("spleen"))', 0.5),
        ("no_left_right", 'body_side(the("liver"))', 0.5),
        ("no_left_right", 'laterality(the("liver"), the("spleen"))', 0.5),
        # the larger clip has 16 px, the other 8; the smaller lies 6 px to the right of it
        ("no_left_right", 'lateral(largest(all("clip")), the("spleen"))', 0.5),
        ("no_scale", 'distance_mm(the("liver"), the("spleen"))', 1.0),
        ("no_scale", 'gap_mm(largest(all("clip")), the("spleen"))', 0.5),
    ],
)
def test_a_reason_holds_with_its_margin(wanted: str, program: str, margin: float) -> None:
    assert reason(wanted, program) == pytest.approx(margin)


def test_the_arguments_of_a_hidden_axis_count_for_the_margin() -> None:
    hidden = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    assert reason("no_left_right", 'lateral(largest(all("clip")), the("spleen"))', hidden) == pytest.approx(0.5)
    assert reason("no_left_right", 'lateral(the("liver"), the("spleen"))', hidden) == 1.0
    assert reason("no_front_back", 'anteroposterior(the("liver"), the("spleen"))', ((0, 0, -1), (1, 0, 0))) == 1.0
    assert reason("no_head_foot", 'craniocaudal(the("liver"), the("spleen"))', AXIAL) == 1.0


@pytest.mark.parametrize(
    ("wanted", "program"),
    [
        ("absent", 'quadrant(the("liver"))'),  # it can answer
        ("absent", 'count(all("kidney"))'),  # there are none, and none is a number
        ("absent", 'count(within(all("kidney"), "left"))'),
        ("absent", 'count(toward(all("kidney"), "left", to=the("liver")))'),
        ("absent", 'quadrant(the("clip"))'),  # two of them is not none
        ("absent", 'quadrant(the("spine"))'),  # nobody looked for it
        ("absent", 'horizontal(the("kidney"), the("spine"))'),
        ("absent", 'lateral(the("liver"), the("spleen"))'),
        ("no_left_right", 'lateral(the("liver"), the("kidney"))'),  # an argument is missing
        ("no_left_right", 'craniocaudal(the("liver"), the("spleen"))'),  # another axis
        ("no_left_right", 'horizontal(the("liver"), the("spleen"))'),  # none at all
        ("no_head_foot", 'craniocaudal(the("liver"), the("spleen"))'),  # it shows
        ("no_scale", 'distance_mm(the("liver"), the("kidney"))'),
        ("no_scale", 'gap(the("liver"), the("spleen"))'),
        ("no_left_right", 'both(lateral(the("liver"), the("spleen")) == "left", body_side(the("liver")) == "left")'),
    ],
)
def test_a_reason_that_is_none_has_no_value(wanted: str, program: str) -> None:
    with pytest.raises(NoValue):
        reason(wanted, program)


def test_two_absent_labels_are_not_one() -> None:
    with pytest.raises(NoValue):
        reason("absent", 'horizontal(the("kidney"), the("spine"))', absent=("kidney", "spine"))


@pytest.mark.parametrize("direction", [None, AXIAL, BETWEEN])
def test_an_axis_that_is_unknown_or_not_hidden_is_no_reason(direction: Any) -> None:
    with pytest.raises(NoValue):
        reason("no_left_right", 'lateral(the("liver"), the("spleen"))', direction)


def test_a_view_that_knows_its_scale_does_not_lack_it() -> None:
    with pytest.raises(NoValue):
        reason("no_scale", 'distance_mm(the("liver"), the("spleen"))', scaled=True)


def test_what_is_no_program_is_not_refused_either() -> None:
    with pytest.raises(BadProgram):
        reason("absent", 'quadrant("kidney", all("kidney"))')


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def asking(row: Row, family: str, **changes: Any) -> Row:
    (item,) = [item for item in row["qa"] if item["family"] == family]
    return {**row, "qa": [{**item, **changes}]}


PICTURE = {"slot": "image", "text": "CT image", "structures": []}


@pytest.mark.parametrize(
    ("family", "changes", "expected"),
    [
        ("relate.horizontal", {"answer": "There is no liver in the CT image."}, {"answer"}),
        ("relate.horizontal", {"target": []}, {"target"}),
        ("relate.horizontal", {"target_program": None, "target": None}, {"target"}),
        ("relate.horizontal", {"margin": 0.9}, {"margin"}),
        ("relate.horizontal", {"value": "left"}, {"value"}),
        ("relate.horizontal", {"value": "no_scale"}, {"value"}),
        ("relate.horizontal", {"pair_kind": "opposite"}, {"pair"}),
        ("relate.horizontal", {"pair_kind": None, "pair_id": None}, {"pair"}),
        ("relate.horizontal", {"choices": ["left"], "answer_index": 0}, {"choices"}),
        ("ward.where", {"answer": "There is no polyp in the CT image."}, {"answer"}),
        ("ward.all", {"target": None}, {"target"}),
        ("distance.centres", {"unit": "mm"}, {"unit"}),
        ("distance.centres", {"tolerance": 0.1}, {"unit"}),
        ("distance.centres", {"answer": "Nothing tells the size of a pixel. mm"}, {"answer"}),
        ("patient.lateral", {"margin": 1.0}, {"margin"}),
        ("patient.lateral", {"frame": "viewer"}, {"frame"}),
        ("patient.lateral", {"template_id": "patient.lateral/00000000"}, {"template"}),
    ],
)
def test_a_refusal_that_is_not_told_as_it_is_is_reported(
    family: str, changes: Row, expected: set[str], refused: list[Row], language: Language
) -> None:
    assert codes(asking(refused[1], family, **changes), language) == expected


def test_the_clearest_refusal_must_reach_the_family_s_minimum(refused: list[Row], language_json: Row) -> None:
    for family in language_json["families"]:
        family["min_margin"] = 0.6
    row = asking(refused[1], "patient.lateral", min_margin=0.6)
    assert codes(row, read_language(json.dumps(language_json))) == {"margin"}


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("patient.lateral", {"direction": [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "plane": "axial"}),
        ("distance.centres", {"spacing_mm": [1.0, 1.0]}),
        ("relate.horizontal", {"absent": []}),
        ("ward.all", {"absent": []}),
    ],
)
def test_a_refusal_by_a_view_that_can_answer_or_lacks_the_reason_is_reported(
    family: str, changes: Row, refused: list[Row], language: Language
) -> None:
    assert codes({**asking(refused[1], family), **changes}, language) == {"value"}


def test_only_what_is_open_counted_or_outlined_is_refused(refused: list[Row], language: Language, ask: Any) -> None:
    wording = "Does {A} lie in the {value} quadrant?"
    item = ask(
        "sagittal", "locate.quadrant", "yes_no", 'quadrant(the("polyp")) == "upper_left"', "absent", wording, "",
        "Does the polyp lie in the upper left quadrant?", "No", target_program='the("polyp")', target=[],
        bindings=[{"slot": "A", "text": "the polyp", "structures": []}], pair_id="x", pair_kind="negative",
    )  # fmt: skip
    assert "kind" in codes({**refused[1], "qa": [item]}, language)


def test_a_wording_speaks_of_the_absent_label_only(refused: list[Row], language_json: Row, ask: Any) -> None:
    language_json["refusals"]["no_scale"] = ["{A} has no size."]
    (old,) = [item for item in refused[1]["qa"] if item["family"] == "distance.centres"]
    item = ask(
        "sagittal", "distance.centres", "number", old["program"], "no_scale", "How far apart are {A} and {B}?",
        "{A} has no size.", old["question"], "The liver has no size.", bindings=old["bindings"], pair_id="x",
        pair_kind="negative",
    )  # fmt: skip
    assert codes({**refused[1], "qa": [item]}, read_language(json.dumps(language_json))) == {"terms"}


def test_a_flipped_view_is_not_asked_about_the_patient_even_to_refuse(refused: list[Row], language: Language) -> None:
    row = {**asking(refused[1], "patient.lateral"), "transform": {"op": "flip", "params": []}}
    assert codes(row, language) == {"frame", "twin"}


def test_an_empty_outline_is_asked_only_as_a_refusal(refused: list[Row], language: Language, ask: Any) -> None:
    item = ask(
        "sagittal", "ward.all", "segment", 'all("polyp")', "", "Outline all {A.plural}.", "These are all {A.plural}.",
        "Outline all polyps.", "These are all polyps.", target_program='all("polyp")', target=[], difficulty=0,
        bindings=[{"slot": "A", "text": "the polyp", "structures": []}],
    )  # fmt: skip
    assert codes({**refused[1], "qa": [item]}, language) == {"target"}
