"""From stored rows to what solvers see."""

from __future__ import annotations

import pandas as pd
import pytest

from mmrs_builder.audit.read import is_refusal, questions

SPOKEN = {"values": {"Side": {"left": "left half", "right": "right half"}, "Bool": {"true": "yes", "false": "no"}}}


def stored(**columns: object) -> dict[str, object]:
    row: dict[str, object] = {
        "question_id": "q", "view_id": "v", "group_id": "g", "patient_id": None, "split": "train", "source": "s",
        "modality": "ct", "sequence": None, "plane": None, "width": 8, "height": 8, "twin_of": None,
        "family": "locate.side", "kind": "open", "program": 'side(the("liver"))', "question": "Which side?",
        "bindings": [{"slot": "A", "text": "the liver"}], "choices": None, "answer_index": None, "value": "left",
        "tolerance": None, "pair_id": None,
        "pair_kind": None, "prior_bound": False, "balanced": True, "image_sha256": "i", "pixels_sha256": "p",
    }  # fmt: skip
    return {**row, **columns}


def read(*rows: dict[str, object]) -> pd.DataFrame:
    return questions(pd.DataFrame(rows, dtype=object), SPOKEN)


def test_chance_is_one_of_the_answers_that_a_question_can_have():
    frame = read(
        stored(),
        stored(kind="choice", choices=["right half", "left half"], answer_index=1),
        stored(kind="yes_no", value="true"),
        stored(program='zone(the("liver"))', value="centre"),
        stored(program='topology(the("liver"), the("spleen"))', value="apart"),
    )
    assert list(frame["chance"]) == pytest.approx([1 / 2, 1 / 2, 1 / 2, 1 / 9, 1 / 5])
    assert list(frame["answer"]) == ["left", "left", "true", "centre", "apart"]
    assert list(frame["theme"]) == ["locate"] * 5


def test_counts_are_a_closed_set_of_the_values_that_their_family_is_asked_with():
    counts = [stored(kind="number", family="count.a", program='count(all("polyp"))', value=v) for v in "0012"]
    other = stored(kind="number", family="count.b", program='count(all("polyp"))', value="4")
    assert list(read(*counts, other)["chance"]) == pytest.approx([1 / 3] * 4 + [1 / 2])


def test_lengths_have_a_tolerance_and_no_chance_of_their_own():
    row = read(stored(kind="number", program='share(the("liver"))', value="12.5", tolerance=2.5)).iloc[0]
    assert (row["space"], row["tolerance"]) == ("number", 2.5)
    assert pd.isna(row["chance"])


def test_segment_requests_are_not_answered_in_words():
    assert list(read(stored(kind="segment", program='the("liver")', value="0"))["space"]) == [""]


def test_a_refusal_is_judged_by_being_told_from_its_partner():
    partners = {"pair_kind": "negative", "pair_id": "p"}
    frame = read(stored(**partners), stored(**partners, value="absent", question_id="r"), stored(question_id="s"))
    assert sorted(frame[["question_id", "kind", "answer"]].itertuples(index=False, name=None)) == [
        ("q", "open", "left"),
        ("q", "refusal", "answered"),
        ("r", "refusal", "refused"),
        ("s", "open", "left"),
    ]


def test_the_wording_is_that_of_the_question_whatever_its_answer_and_names():
    """A shard's ``template_id`` is of question and answer, and of refusals another one."""
    partners = {"pair_kind": "negative", "pair_id": "p"}
    spleen = {"bindings": [{"slot": "A", "text": "the spleen"}], "value": "absent"}
    frame = read(
        stored(**partners, question="The liver: on which side is the liver?"),
        stored(**partners, question="The spleen: on which side is the spleen?", **spleen),
        stored(**partners, question="Where is the liver?"),
    )
    asked = frame[frame["kind"] == "refusal"]
    assert list(asked["answer"]) == ["answered", "refused", "answered"]
    assert list(asked["template"].duplicated()) == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "value_type", "value", "refused"),
    [
        ("open", "Side", "left", False),
        ("open", "Side", "no_left_right", True),
        ("number", "Number", "7.5", False),
        ("number", "Number", "no_scale", True),
        ("number", "Count", "0", False),
        ("segment", "One", "2", False),
        ("segment", "Set", "0,3", False),
        ("segment", "Set", "", False),
        ("segment", "Set", "absent", True),
        ("yes_no", "Bool", "false", False),
    ],
)
def test_a_value_that_is_none_of_its_type_is_a_refusal(kind: str, value_type: str, value: str, refused: bool):
    assert is_refusal(kind, value_type, value) == refused
