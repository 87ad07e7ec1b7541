"""One thing wrong in a view row, sealed or not, is reported under its code."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.reseal import encode_mask, reseal_masks
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def of_view(**changes: Any) -> Callable[[Row], object]:
    return lambda row: row.update(changes)


def of_structure(index: int, **changes: Any) -> Callable[[Row], object]:
    return lambda row: row["structures"][index].update(changes)


def of_question(index: int, **changes: Any) -> Callable[[Row], object]:
    return lambda row: row["qa"][index].update(changes)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (of_view(width=41), "mask"),
        (of_view(view_id=None), "row"),
        (of_view(qa=None), "row"),
        (of_view(qa=[None]), "row"),
        (of_view(masks=[{"bytes": None, "path": None}]), "row"),
        (of_view(image={"bytes": b"nonsense", "path": None}), "image"),
        (of_view(image_sha256="0" * 64), "image_sha256"),
        (of_view(pixels_sha256="0" * 64), "pixels_sha256"),
        (of_view(masks=[]), "mask_count"),
        (of_view(absent=["kidney", "liver"]), "absent"),
        (of_view(laterality_evidence="header"), "grid"),
        (of_view(direction=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), "grid"),
        (of_view(direction=[[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]], laterality_evidence="header"), "grid"),
        (of_view(direction=[[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]], laterality_evidence="header"), "grid"),
        (of_view(direction=[[0.0, 1.0, 0.0], [1.0, 0.0, None]], laterality_evidence="header"), "row"),
        (of_view(direction=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], laterality_evidence="guess"), "grid"),
        (of_view(spacing_mm=[0.5, 0.0]), "grid"),
        (of_view(origin_mm=[0.5, 0.0]), "grid"),
        (of_structure(0, bbox=[2, 2, 10, 9]), "bbox"),
        (of_structure(0, bbox=[2, 2, 10]), "row"),
        (of_structure(0, centroid=[5.5, 4.50001]), "centroid"),
        (of_structure(0, centroid=[float("nan"), 4.5]), "centroid"),
        (of_structure(0, area_px=49), "area"),
        (of_structure(0, area_fraction=0.0600001), "area"),
        (of_structure(0, touches_border=True), "border"),
        (of_structure(0, role="lesion"), "label"),
        (of_structure(0, side="left"), "label"),
        (of_structure(0, part="piece"), "row"),
        (of_structure(0, part="component", parent=2), "part"),
        (of_structure(0, parent=2), "part"),
        (of_structure(3, parent=None), "part"),
        (of_structure(3, parent=0), "part"),
        (of_structure(3, part="instance", parent=None), "part"),
        (of_question(0, family="locate.nowhere"), "family"),
        (of_question(0, kind="number"), "kind"),
        (of_question(0, program='quadrant(the("spleen"))'), "question_id"),
        (of_question(0, program='level(the("liver"))'), "program"),
        (of_question(0, program="quadrant(the('liver'))"), "program"),
        (of_question(2, program='quadrant(the("liver")) == "upper_left"'), "question_id"),
        (of_question(2, program='quadrant(the("liver")) == "middle"'), "program"),
        (of_question(2, program='quadrant(the("liver"))'), "program"),
        (of_question(0, question_id="0" * 16), "question_id"),
        (of_question(0, value="upper_right"), "value"),
        (of_question(0, margin=0.6), "margin"),
        (of_question(0, margin=float("nan")), "margin"),
        (of_question(0, min_margin=0.2), "min_margin"),
        (of_question(0, target=[1]), "target"),
        (of_question(0, target=None), "target"),
        (of_question(0, target_program='the("spleen")'), "target"),
        (of_question(9, target=[4]), "target"),
        (of_question(9, target_program=None), "target"),
        (of_question(0, template_id="locate.quadrant/00000000"), "template"),
        (of_question(0, question="Which quadrant holds the liver?"), "question"),
        (of_question(0, answer="the liver lies in the upper left quadrant."), "answer"),
        (of_question(2, answer="Yes"), "answer"),
        (of_question(8, answer="6.0"), "answer"),
        (of_question(8, unit=None), "unit"),
        (of_question(8, tolerance=1.0), "unit"),
        (of_question(0, choices=["upper left"]), "choices"),
        (of_question(1, answer_index=1), "choices"),
        (of_question(1, answer_index=4), "choices"),
        (of_question(1, answer_index=None), "choices"),
        (of_question(1, choices=["upper left", "upper right", "lower left", "lower left"]), "choices"),
        (of_question(1, choices=["upper left", "upper right", "lower left", "behind"]), "choices"),
        (of_question(1, answer="upper right"), "answer"),
        (of_question(10, choices=["the polyp", "the liver"]), "choices"),
        (of_question(0, bindings=[]), "bindings"),
        (of_question(0, bindings=[{"slot": "A", "text": "the liver", "structures": [1]}]), "bindings"),
        (of_question(0, bindings=[{"slot": "A", "text": "liver", "structures": [0]}]), "bindings"),
        (of_question(0, frame="patient"), "frame"),
        (of_question(0, difficulty=2), "difficulty"),
        (of_question(0, pair_kind="opposite"), "provenance"),
        (of_question(0, text_source="imagination"), "provenance"),
        (of_question(0, text_source="bank"), "provenance"),
        (of_question(0, value=None), "row"),
    ],
)
def test_damage_is_reported_under_its_code(
    damage: Callable[[Row], object], code: str, rows: list[Row], language: Language
) -> None:
    row = copy.deepcopy(rows[0])
    damage(row)
    assert code in codes(row, language)


def test_a_question_with_one_possible_answer_may_not_be_in_test(rows: list[Row], language: Language) -> None:
    rows[1]["qa"][0]["prior_bound"] = True
    assert codes(rows[1], language) == {"prior_bound"}


def test_a_question_asked_twice_is_reported(rows: list[Row], language: Language) -> None:
    rows[0]["qa"].append(dict(rows[0]["qa"][0]))
    assert codes(rows[0], language) == {"question_id"}


def test_a_segmentation_of_nothing_is_reported(rows: list[Row], language_json: Row, ask: Callable[..., Row]) -> None:
    language_json["families"][7]["program"] = "all(A)"
    wording, statement = "Outline the largest {A.name}.", "Here is the largest {A.name}."
    empty = ask(
        "organs", "refer.largest", "segment", 'all("kidney")', "", wording, statement,
        "Outline the largest kidney.", "Here is the largest kidney.", target_program='all("kidney")', target=[],
        bindings=[{"slot": "A", "text": "the kidney", "structures": []}], difficulty=0,
    )  # fmt: skip
    rows[0]["qa"] = [empty]
    assert codes(rows[0], read_language(json.dumps(language_json))) == {"target"}


def with_mask(row: Row, index: int, mask: np.ndarray[Any, Any]) -> Row:
    masks = [dict(item) for item in row["masks"]]
    masks[index]["bytes"] = encode_mask(mask)
    return {**row, "masks": masks}


def test_a_mask_without_a_pixel_is_reported(rows: list[Row], language: Language) -> None:
    assert "mask" in codes(with_mask(rows[0], 0, np.zeros((20, 40), dtype=np.bool_)), language)


def test_a_mask_of_grey_levels_is_reported(rows: list[Row], language: Language) -> None:
    assert "mask" in codes(with_mask(rows[0], 0, np.ones((20, 40), dtype=np.uint8)), language)


def test_a_whole_of_two_pieces_lists_them(rows: list[Row], language: Language) -> None:
    mask = np.zeros((20, 40), dtype=np.bool_)
    mask[2:8, 2:10] = True
    mask[15:19, 2:4] = True
    assert "components" in codes(reseal_masks(with_mask(rows[0], 0, mask)), language)


def test_a_component_with_a_pixel_missing_is_reported(rows: list[Row], language: Language) -> None:
    mask = np.zeros((20, 40), dtype=np.bool_)
    mask[14:18, 14:18] = True
    mask[14, 14] = False
    assert "components" in codes(reseal_masks(with_mask(rows[0], 3, mask)), language)


def test_pieces_that_meet_at_a_corner_are_one(rows: list[Row], language: Language) -> None:
    mask = np.zeros((20, 40), dtype=np.bool_)
    mask[2:8, 2:10] = True
    mask[8:10, 10:12] = True
    assert "components" not in codes(reseal_masks(with_mask(rows[0], 0, mask)), language)


@pytest.mark.parametrize(
    ("family", "changes", "code"),
    [
        (0, {"min_margin": 0.6}, "margin"),
        (0, {"where": {"A": "lesion"}}, "bindings"),
        (8, {"program": "largest(among(B, A))"}, "bindings"),
        (3, {"program": "count(all(A)) == 3"}, "program"),
        (1, {"question": ["Is {A} on the left or on the right?"]}, "template"),
    ],
)
def test_a_question_against_another_family_is_reported(
    family: int, changes: Row, code: str, rows: list[Row], language_json: Row
) -> None:
    language_json["families"][family].update(changes)
    assert code in codes(rows[0], read_language(json.dumps(language_json)))


def test_a_question_that_names_its_options_is_reported(
    rows: list[Row], language_json: Row, ask: Callable[..., Row]
) -> None:
    wording = "Is {A} in the left or the right half?"
    language_json["families"][1]["question"] = [wording]
    old = rows[0]["qa"][3]
    named = ask(
        "organs", "locate.side", "choice", old["program"], "left", wording, "",
        "Is the liver in the left or the right half?", "left",
    )  # fmt: skip
    rows[0]["qa"] = [{**old, "question": named["question"], "template_id": named["template_id"]}]
    assert codes(rows[0], read_language(json.dumps(language_json))) == {"options_in_question"}


def test_a_missing_term_is_reported_not_raised(rows: list[Row], language_json: Row) -> None:
    del language_json["labels"]["liver"]
    language_json["values"] = {}
    assert "terms" in codes(rows[0], read_language(json.dumps(language_json)))
