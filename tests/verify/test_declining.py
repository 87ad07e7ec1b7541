"""Lies about what a view can answer, about names and about pairs: each leaves one thing that betrays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.mutants import mutate_row
from mmrs_builder.verify.pairs import Pairs
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def only(row: Row, *pair_ids: str | None) -> Row:
    return {**row, "qa": [item for item in row["qa"] if item["pair_id"] in pair_ids]}


def lies(row: Row, language: Language, kind: str) -> Iterator[tuple[Row, set[str]]]:
    """The changed question and the faults found in its view, for a dozen keys."""
    for seed in range(12):
        changed = mutate_row(row, language, kind, np.random.default_rng(seed))
        assert changed is not None
        (item,) = [new for new, old in zip(changed["qa"], row["qa"], strict=True) if new != old]
        yield item, {fault.code for fault in check_view(changed, language).faults}


def test_a_view_that_can_answer_is_made_to_refuse(refused: list[Row], language: Language) -> None:
    seen = set()
    for item, found in lies(only(refused[0], "side", "length"), language, "refuse_answerable"):
        assert found == {"value"}
        assert (item["unit"], item["tolerance"], item["margin"], item["pair_kind"]) == (None, None, 1.0, "negative")
        seen.add(item["value"])
    assert seen == {"absent", "no_left_right", "no_scale"}


@pytest.mark.parametrize(
    ("pair_id", "answer", "expected"),
    [
        ("side", "The hepar lies to the patient's", {"value"}),
        ("length", "12.5 mm", {"value"}),
        ("order", "The liver is to the", {"value"}),
        ("outline", "These are all polyps.", {"value", "target"}),
    ],
)
def test_a_view_that_cannot_answer_is_made_to(
    pair_id: str, answer: str, expected: set[str], refused: list[Row], language: Language
) -> None:
    for item, found in lies(only(refused[1], pair_id), language, "answer_refusal"):
        assert item["answer"].startswith(answer)
        assert found == expected


def test_another_reason_is_given(refused: list[Row], language: Language) -> None:
    for row in (only(refused[1], "side"), only(refused[1], "order")):
        for item, found in lies(row, language, "wrong_reason"):
            assert item["value"] != row["qa"][0]["value"]
            assert found == {"value"}


def test_what_the_view_shows_is_called_absent(refused: list[Row], language: Language) -> None:
    for item, found in lies(only(refused[1], "order", "place"), language, "wrong_absentee"):
        assert item["answer"] == "There is no liver in the CT image."
        assert found == {"answer"}


def test_a_stranger_s_name_is_borrowed(refused: list[Row], language: Language) -> None:
    seen = set()
    for row in refused:
        for item, found in lies(only(row, "place"), language, "another_name"):
            assert found <= {"bindings", "question", "answer"}
            assert found
            seen.add((item["bindings"][0]["text"] != "the outgrowth", "outgrowth" not in item["question"]))
    assert seen == {(True, True), (True, False), (False, True)}


def test_the_answer_alone_uses_another_name(refused: list[Row], language: Language) -> None:
    for row in refused:
        for item, found in lies(only(row, "place"), language, "name_in_answer"):
            assert "outgrowth" in item["question"]
            assert "polyp" in item["answer"]
            assert found == {"answer"}
    for item, found in lies(only(refused[0], None), language, "name_in_answer"):
        assert (item["choices"], item["answer"]) == (["the spleen", "the liver"], "the liver")
        assert found == {"choices", "answer"}


def test_a_name_that_has_no_other_stays(rows: list[Row], language: Language) -> None:
    row = {**rows[0], "qa": [item for item in rows[0]["qa"] if item["kind"] == "number"]}
    assert mutate_row(row, language, "name_in_answer", np.random.default_rng(0)) is None


def test_the_picture_is_called_one_of_another_kind(refused: list[Row], language: Language) -> None:
    for row in refused:
        for item, found in lies(only(row, "place", "outline"), language, "image_word"):
            assert "MR image" in item["question"] + item["answer"]
            assert found == {"bindings"}


def test_the_other_frame_tells_the_opposite(refused: list[Row], language: Language) -> None:
    for item, found in lies(only(refused[0], "frames"), language, "other_frame_way"):
        assert item["value"] in item["answer"]
        assert found == {"value", "answer", "pair"}


def test_a_pair_of_another_kind_or_a_half_alone_shows_at_the_other_half(refused: list[Row], language: Language) -> None:
    pairs = Pairs()
    for row in refused:
        pairs.add(row)
    for kind in ("pair_kind_swap", "leave_partner"):
        for row in refused:
            for seed in range(12):
                changed = mutate_row(only(row, "side", "frames"), language, kind, np.random.default_rng(seed))
                assert changed is not None
                faults = [*check_view(changed, language).faults, *pairs.faults_with(changed)]
                assert {fault.code for fault in faults} == {"pair"}


def test_a_refusal_is_not_told_as_if_it_were_an_answer(refused: list[Row], language: Language) -> None:
    for kind in ("swap_sides", "change_value", "swap_subject_object", "turn_patient_side", "off_by_one_count"):
        assert mutate_row(refused[1], language, kind, np.random.default_rng(0)) is None


def test_a_view_without_pairs_or_refusals_is_left_alone(rows: list[Row], language: Language) -> None:
    for kind in (
        "answer_refusal", "wrong_reason", "wrong_absentee", "image_word", "other_frame_way", "pair_kind_swap",
        "leave_partner",
    ):  # fmt: skip
        assert mutate_row(rows[0], language, kind, np.random.default_rng(0)) is None


def test_a_lie_that_the_language_has_no_words_for_is_not_told(refused: list[Row], language_json: Row) -> None:
    language_json["refusals"]["absent"] = ["{A.of} is not there."]
    poor = read_language(json.dumps(language_json))
    assert mutate_row(only(refused[0], "order"), poor, "refuse_answerable", np.random.default_rng(0)) is None
