"""A lie told by one word of a program, or borrowed from another view, is told only where it cannot be true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.mutants import mutate_row
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def only_asking(row: Row, family: str) -> Row:
    """The view with the questions of one family."""
    return {**row, "qa": [item for item in row["qa"] if item["family"] == family]}


def lies(row: Row, language: Language, kind: str, *others: Row) -> Iterator[tuple[Row, set[str]]]:
    """The changed question and the faults found, for a dozen keys."""
    for seed in range(12):
        changed = mutate_row(row, language, kind, np.random.default_rng(seed), others)
        assert changed is not None
        (item,) = [new for new, old in zip(changed["qa"], row["qa"], strict=True) if new != old]
        yield item, codes(changed, language)


def test_the_drawn_view_is_sound(joined: Row, language: Language) -> None:
    assert codes(joined, language) == set()


@pytest.mark.parametrize(
    ("kind", "family", "question", "expected"),
    [
        ("drop_not", "tray.far", "Does the liver lie near the centre?", {"value", "answer"}),
        ("wrong_way", "tray.all_upper", "Do all clips lie in the lower half?", {"value", "answer"}),
        # the counts are 3 and 1
        (
            "wrong_way", "tray.left_of", "How many clips lie to the right of the spleen?",
            {"value", "answer", "target"},
        ),
        # the second and the first clip from the left lie in one quadrant: only the target tells them apart
        ("wrong_ordinal", "tray.first_place", "Where is the clip second from the left?", {"target", "margin"}),
    ],
)  # fmt: skip
def test_a_lie_in_the_words_of_another_family_shows_only_in_the_masks(
    kind: str, family: str, question: str, expected: set[str], joined: Row, language: Language
) -> None:
    for item, found in lies(only_asking(joined, family), language, kind):
        assert item["question"] == question
        assert found <= expected | {"margin"}
        assert found & expected


def test_what_lies_between_changes_places_with_either_of_the_others(joined: Row, language: Language) -> None:
    seen = set()
    for item, found in lies(only_asking(joined, "tray.between"), language, "between_middle"):
        assert found <= {"value", "answer", "margin"}
        assert found & {"value", "answer"}
        seen.add(item["question"])
    assert seen == {
        "Does the liver lie between the kidney and the spleen?",
        "Does the spleen lie between the liver and the kidney?",
    }


def test_a_denial_is_put_where_a_family_asks_it(joined: Row, language: Language, ask: Any) -> None:
    near = ask(
        "tray", "tray.near", "yes_no", 'near_centre(the("liver"))', "false", "Does {A} lie near the centre?", "",
        "Does the liver lie near the centre?", "No", bindings=joined["qa"][1]["bindings"],
        margin=next(item["margin"] for item in joined["qa"] if item["family"] == "tray.far"),
    )  # fmt: skip
    row = {**joined, "qa": [near]}
    assert codes(row, language) == set()
    for item, found in lies(row, language, "drop_not"):
        assert item["question"] == "Does the liver lie far from the centre?"
        assert found == {"value", "answer"}


def test_a_join_is_exchanged_in_other_words_only_for_one_that_denies_it(joined: Row, language: Language) -> None:
    seen = set()
    for item, found in lies(only_asking(joined, "tray.either"), language, "both_either"):
        seen.add((item["program"].split("(")[0], item["question"], frozenset(found)))
    assert seen == {
        ("neither", "Does the liver lie neither on the left nor near the centre?", frozenset({"value", "answer"})),
        ("both", "Does the liver lie on the left or near the centre?", frozenset({"program"})),
    }


def test_the_next_in_order_is_outlined_instead(joined: Row, language: Language) -> None:
    seen = set()
    for item, found in lies(only_asking(joined, "tray.second"), language, "wrong_ordinal"):
        assert item["target"] == [1]
        assert {"value", "target"} <= found <= {"value", "target", "margin"}
        seen.add(item["question"])
    assert seen == {"Outline the largest clip.", "Outline the third largest clip."}


def test_a_clock_is_an_hour_fast_and_starts_again_after_twelve(joined: Row, language: Language) -> None:
    seen = set()
    for item, found in lies(only_asking(joined, "tray.clock"), language, "clock_hour"):
        assert {"value", "answer"} <= found <= {"value", "answer", "choices"}
        seen.add((item["value"], item["question"], item["answer"]))
    where = "At which hour of a clock face lies"
    assert seen == {
        ("4", f"{where} the spleen?", "4 o'clock"),
        ("1", f"{where} the polyp?", "The polyp lies at 1 o'clock."),
        ("true", "Does the liver lie at 10 o'clock?", "Yes"),
    }


def test_a_claim_that_was_false_may_become_true_and_is_left_alone(joined: Row, language: Language, ask: Any) -> None:
    item = ask(
        "tray", "tray.clock", "yes_no", 'clock(the("liver")) == "8"', "false", "Does {A} lie at {value}?", "",
        "Does the liver lie at 8 o'clock?", "No", bindings=joined["qa"][1]["bindings"],
    )  # fmt: skip
    row = {**joined, "qa": [item]}
    assert codes(row, language) == set()
    assert mutate_row(row, language, "clock_hour", np.random.default_rng(0)) is None


def test_the_middle_is_exchanged_only_where_something_lies_between(joined: Row, language: Language, ask: Any) -> None:
    bindings = [
        {"slot": slot, "text": f"the {label}", "structures": [index]}
        for slot, label, index in (("A", "liver", 4), ("B", "kidney", 6), ("C", "spleen", 5))
    ]
    item = ask(
        "tray", "tray.between", "yes_no", 'between(the("liver"), the("kidney"), the("spleen"))', "false",
        "Does {A} lie between {B} and {C}?", "", "Does the liver lie between the kidney and the spleen?", "No",
        bindings=bindings, target_program='the("liver")', target=[4],
    )  # fmt: skip
    row = {**joined, "qa": [item]}
    assert codes(row, language) == set()
    assert mutate_row(row, language, "between_middle", np.random.default_rng(0)) is None


def test_left_of_the_picture_is_told_as_left_of_the_patient(patient: Row, language: Language) -> None:
    for item, found in lies({**patient, "qa": patient["qa"][:1]}, language, "exchange_frames"):
        assert item["question"] == "On which side of the spleen is the liver?"
        assert item["frame"] == "viewer"
        assert found == {"value", "answer"}
    turned = {**patient, "direction": [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], "qa": patient["qa"][:1]}
    assert mutate_row(turned, language, "exchange_frames", np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("unit_change", {"unit", "answer"}), ("widen_tolerance", {"unit"}), ("frame_change", {"frame"})],
)
def test_a_number_in_other_terms_is_noticed(kind: str, expected: set[str], patient: Row, language: Language) -> None:
    for item, found in lies({**patient, "qa": patient["qa"][5:]}, language, kind):
        assert found == expected
        assert item["value"] in ("13.1", "10.0")


def test_a_count_is_one_off_in_either_direction(rows: list[Row], language: Language) -> None:
    row = only_asking(rows[0], "count.all")
    seen = {(item["answer"], *sorted(found)) for item, found in lies(row, language, "off_by_one_count")}
    assert seen == {("1", "answer", "value"), ("3", "answer", "value")}


@pytest.mark.parametrize(("kind", "number"), [("drop_target", 2), ("extra_target", 4)])
def test_a_target_has_one_structure_less_or_more(kind: str, number: int, joined: Row, language: Language) -> None:
    for item, found in lies(only_asking(joined, "tray.left_of"), language, kind):
        assert len(item["target"]) == number
        assert found == {"target"}


def test_an_option_is_right_by_its_old_letter(joined: Row, language: Language) -> None:
    for item, found in lies(only_asking(joined, "tray.row"), language, "choice_order"):
        assert item["answer"] == item["choices"][item["answer_index"]] == "one above the other"
        assert found == {"choices", "answer"}


def test_only_a_question_of_a_pair_has_a_partner(joined: Row, language: Language) -> None:
    for item, found in lies(joined, language, "partner_answer"):
        assert (item["family"], item["value"], item["answer"]) == ("tray.all_upper", "false", "No")
        assert found == {"value", "answer"}
    alone = {**joined, "qa": [item for item in joined["qa"] if item["pair_id"] is None]}
    assert mutate_row(alone, language, "partner_answer", np.random.default_rng(0)) is None


def test_a_question_of_another_view_is_noticed(joined: Row, patient: Row, language: Language) -> None:
    # the tray holds neither a left nor a right kidney
    strangers = {**patient, "qa": [patient["qa"][2]]}
    for item, found in lies(joined, language, "foreign_question", strangers):
        assert item["question"] == "Is the liver anterior to the left kidney?"
        assert "bindings" in found
        assert "question_id" not in found


def test_the_same_question_is_borrowed_only_with_another_answer(joined: Row, language: Language) -> None:
    row = only_asking(joined, "tray.way")
    (item,) = row["qa"]
    assert mutate_row(row, language, "foreign_question", np.random.default_rng(0), [row]) is None
    other = {**row, "qa": [{**item, "value": "right", "answer": "The liver lies to the right of the kidney."}]}
    for changed, found in lies(row, language, "foreign_question", other):
        assert changed["answer"] == "The liver lies to the right of the kidney."
        assert found == {"value", "answer"}


def test_a_view_that_says_nothing_of_the_kind_is_left_alone(rows: list[Row], language: Language) -> None:
    row = only_asking(rows[0], "locate.side")
    for kind in (
        "drop_not", "wrong_ordinal", "opposite_extreme", "both_either", "wrong_way", "between_middle", "clock_hour",
        "off_by_one_count", "unit_change", "widen_tolerance", "partner_answer", "exchange_frames", "foreign_question",
    ):  # fmt: skip
        assert mutate_row(row, language, kind, np.random.default_rng(0), [rows[2]]) is None


def test_a_lie_in_words_that_name_the_picture_binds_it(joined: Row, language_json: Row) -> None:
    for family in language_json["families"]:
        if family["id"] == "tray.near":
            family["question"] = ["Does {A} lie near the centre of the {image}?"]
    language = read_language(json.dumps(language_json))
    for item, found in lies(only_asking(joined, "tray.far"), language, "drop_not"):
        assert item["question"] == "Does the liver lie near the centre of the CT image?"
        assert item["bindings"][-1] == {"slot": "image", "text": "CT image", "structures": []}
        assert found == {"value", "answer"}
