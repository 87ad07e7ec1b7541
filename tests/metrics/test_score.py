"""Records, the flat selection of quadrant questions, and means."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder import metrics
from mmrs_builder.metrics import score
from mmrs_builder.metrics.score import Record
from mmrs_builder.vocab import VALUES

QUADRANTS = tuple(VALUES["Quadrant"])
FULL, NOTHING = np.ones((6, 8), dtype=bool), np.zeros((6, 8), dtype=bool)
LEFT = np.tile(np.arange(8) < 4, (6, 1))
ROW: dict[str, Any] = {
    "view_id": "v", "group_id": "g", "source": "s", "modality": "ct",
    "structures": [{"parent": None, "label": "cyst", "part": "whole"}],
}  # fmt: skip


def asked(**changes: Any) -> dict[str, Any]:
    """A quadrant question."""
    question = {
        "question_id": "q", "question": "Which quadrant holds the cyst?", "answer": "In the upper left quadrant.",
        "kind": "open", "choices": None, "answer_index": None, "value": "upper_left", "tolerance": None, "target": [0],
        "family": "locate.quadrant", "program": 'quadrant(the("cyst"))', "target_program": 'the("cyst")',
    }  # fmt: skip
    return {**question, **changes}


def record(number: int = 0, **changes: Any) -> Record:
    made = score.record(ROW | {"group_id": f"g{number % 7}"}, asked(question_id=f"q{number:04d}"), None)
    return Record(**{name: getattr(made, name) for name in made.__slots__} | changes)


@pytest.fixture
def words(stored_words: metrics.Words) -> metrics.Words:
    return stored_words


counts = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.tuples(*[st.integers(0, 6)] * 4), min_size=1, max_size=3
)  # fmt: skip


def quadrants(numbers: Mapping[str, tuple[int, ...]]) -> list[Record]:
    """So many questions of each program with each answer."""
    values = [
        (p, value) for p, row in numbers.items() for value, n in zip(QUADRANTS, row, strict=True) for _ in range(n)
    ]
    return [record(i, program=f'quadrant(the("{p}"))', value=value) for i, (p, value) in enumerate(values)]


@given(counts)
def test_every_answer_to_a_flat_program_is_equally_frequent(numbers: dict[str, tuple[int, ...]]):
    kept = Counter((item.program, item.value) for item in score.flat(quadrants(numbers)))
    for program, row in numbers.items():
        found = {kept[f'quadrant(the("{program}"))', value] for value in QUADRANTS}
        assert found == {min(row)}


@given(counts, st.sampled_from(QUADRANTS), st.sampled_from(QUADRANTS))
def test_who_knows_only_the_program_is_at_chance_on_the_flat_questions(
    numbers: dict[str, tuple[int, ...]], one: str, other: str
):
    kept = score.flat(quadrants(numbers))
    right = [item.value == (one if '"a"' in item.program else other) for item in kept]
    assert 4 * sum(right) == len(kept)


def test_the_flat_selection_does_not_depend_on_order():
    records = quadrants({"a": (3, 2, 5, 4), "b": (1, 1, 0, 9)})
    assert {r.question_id for r in score.flat(records[::-1])} == {r.question_id for r in score.flat(records)}


def test_only_questions_with_one_of_four_answers_are_quadrant_questions():
    kinds = {kind: score.is_quadrant(record(kind=kind)) for kind in ("open", "choice", "yes_no", "segment")}
    assert kinds == {"open": True, "choice": True, "yes_no": False, "segment": False}
    assert not score.is_quadrant(record(value_type="Side"))


@pytest.mark.parametrize(
    ("drawn", "truth", "dice", "empty"),
    [(NOTHING, NOTHING, 1.0, True), (LEFT, NOTHING, 0.0, True), (NOTHING, LEFT, 0.0, False), (LEFT, LEFT, 1.0, False),
     (~LEFT, LEFT, 0.0, False), (FULL, LEFT, 2 / 3, False)],
)  # fmt: skip
def test_a_mask_is_scored_empty_or_not(drawn: Any, truth: Any, dice: float, empty: bool):
    found = score.drawn(score.record(ROW, asked(), truth), drawn, truth, surfaces=True)
    assert (found.dice, found.empty) == (pytest.approx(dice), empty)
    assert found.iou == pytest.approx(dice / (2 - dice))
    assert None not in (found.hd95, found.nsd)


def test_a_question_without_mask_target_has_no_mask_score():
    found = score.drawn(score.record(ROW, asked(target=None), None), FULL, None, surfaces=True)
    assert (found.dice, found.iou, found.hd95, found.nsd, found.empty) == (None, None, None, None, False)


@pytest.mark.parametrize(
    ("said", "parsed", "correct"),
    [("In the upper left quadrant.", "upper_left", 1.0), ("It is in the lower right.", "lower_right", 0.0),
     ("upper left or lower right", None, 0.0), ("No idea.", None, 0.0), ("", None, 0.0)],
)  # fmt: skip
def test_a_sentence_is_read_by_rule(words: metrics.Words, said: str, parsed: str | None, correct: float):
    found = score.told(score.record(ROW, asked(), None), said, asked(), words)
    assert (found.said, found.parsed, found.correct) == (said, parsed, correct)


def test_an_exact_answer_is_exact(words: metrics.Words):
    found = [
        score.told(score.record(ROW, asked(), None), said, asked(), words) for said in (asked()["answer"], "Left.")
    ]
    assert [item.exact for item in found] == [1.0, 0.0]
    assert found[0].rouge_l == 1.0
    assert found[1].rouge_l < 1


def test_a_choice_is_right_by_its_option(words: metrics.Words):
    question = asked(kind="choice", choices=["upper left", "lower right"], answer_index=1, value="lower_right")
    found = [
        score.told(score.record(ROW, question, None), said, question, words).correct
        for said in ("lower right", "upper left")
    ]
    assert found == [1.0, 0.0]


@pytest.mark.parametrize(
    ("parents", "several"), [([None], False), ([None, None], True), ([None, 0, 0], True), ([None, 0], False)]
)  # fmt: skip
def test_several_could_be_meant_where_two_pieces_are(parents: list[int | None], several: bool):
    assert score.several([{"parent": parent} for parent in parents]) is several


def test_what_does_not_apply_is_not_in_a_mean():
    records = [record(i, dice=value) for i, value in enumerate([1.0, None, 0.0, None])]
    found = score.mean(records, "dice")
    assert (found["mean"], found["n"]) == (0.5, 2)
    assert score.mean(records, "iou") is None


def test_intervals_are_drawn_over_patients():
    same = [record(0, dice=value) for value in (0.0, 1.0)] * 20
    assert score.mean(same, "dice")["low"] is None  # one patient says nothing of others
    many = [record(i, dice=float(i % 7 == 0)) for i in range(70)]
    found = score.mean(many, "dice")
    assert found["groups"] == 7
    assert found["low"] < found["mean"] < found["high"]


def test_a_summary_counts_what_was_not_parsed():
    records = [record(0, correct=0.0), record(1, correct=1.0, parsed="upper_left"), record(2)]
    found = score.summary(records)
    assert (found["questions"], found["views"], found["unparsed"]) == (3, 1, 1)
    assert found["quadrant_accuracy_all"]["mean"] == 0.5


def test_numbers_without_a_question_are_left_out():
    assert "yes_no_accuracy" not in score.summary([record(0, correct=1.0)])
    assert "dice_empty_target" not in score.summary([record(0, dice=1.0)])


def test_a_summary_is_plain_json():
    found = json.dumps(
        score.summary([record(i, dice=1.0, correct=1.0, value=QUADRANTS[i % 4]) for i in range(9)]), allow_nan=False
    )
    assert json.loads(found)["quadrant_accuracy"]["n"] == 8


def test_a_refusal_is_right_if_it_says_why(words: metrics.Words):
    question = asked(value="absent", answer="There is no cyst in the image.", target=[])
    row = ROW | {"absent": ["cyst", "polyp"]}
    nothing = np.zeros((4, 4), bool)
    item = score.drawn(score.record(row, question, nothing), nothing, nothing, surfaces=False)
    for said, correct in (
        ("The image shows no cyst.", 1.0), ("In the upper left quadrant.", 0.0), ("The image shows no polyp.", 0.0)
    ):  # fmt: skip
        assert score.told(item, said, question, words).correct == correct
    assert (item.empty, item.dice) == (True, 1.0)


def test_refusals_are_no_quadrants_and_have_a_number_of_their_own():
    found = [record(0, correct=1.0), record(1, value="absent", correct=0.0)]
    assert list(filter(score.is_quadrant, found)) == found[:1]
    summary = score.summary(found)
    assert summary["quadrant_accuracy_all"]["mean"] == summary["position_accuracy"]["mean"] == 1.0
    assert summary["refusal_accuracy"]["mean"] == 0.0
