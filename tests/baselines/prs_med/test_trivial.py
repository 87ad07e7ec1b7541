"""Rows that need no model: the most frequent answer and the mean mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baselines.prs_med import data, evaluate
from baselines.prs_med.trivial import Frequent, anything, same_question
from mmrs_builder import metrics
from mmrs_builder.metrics import score
from mmrs_builder.vocab import VALUES

POLYP = 'quadrant(the("polyp"))'


def quadrant(value: str, program: str = POLYP, **changes: Any) -> dict[str, Any]:
    question = {"kind": "open", "program": program, "value": value, "choices": None, "target": None}
    return {
        "answer_index": None,
        "tolerance": None,
        "family": "f",
        "question_id": f"{program}{value}",
        **question,
        **changes,
    }


def row(rows: list[dict[str, Any]], *questions: dict[str, Any]) -> dict[str, Any]:
    """A real view with made questions."""
    return {**rows[0], "qa": list(questions)}


def test_the_most_frequent_answer_to_the_same_question_is_given(rows: list[dict[str, Any]]):
    learnt = [
        quadrant("upper_left"),
        quadrant("lower_left"),
        quadrant("lower_left"),
        *[quadrant("upper_right", 'quadrant(the("cyst"))')] * 5,
    ]
    view = row(rows, *learnt)
    assert Frequent(same_question).learn([view]).value(quadrant("?"), None) == "lower_left"
    assert Frequent(anything).learn([view]).value(quadrant("?"), None) == "upper_right"


def test_an_unknown_question_gets_the_most_frequent_answer_of_its_kind(rows: list[dict[str, Any]]):
    learnt = Frequent(same_question).learn(
        [row(rows, quadrant("upper_left"), quadrant("upper_left"), quadrant("lower_left"))]
    )
    assert learnt.value(quadrant("?", 'quadrant(the("mass"))'), None) == "upper_left"
    assert learnt.value(quadrant("?", 'count(all("mass"))', kind="number"), None) is None


def test_ties_go_to_the_first_of_the_alphabet(rows: list[dict[str, Any]]):
    values = ["upper_right", "lower_left", "lower_right"]
    assert Frequent(same_question).learn([row(rows, *map(quadrant, values))]).value(quadrant("?"), None) == "lower_left"


def test_only_what_is_offered_is_chosen(rows: list[dict[str, Any]]):
    learnt = Frequent(same_question).learn(
        [row(rows, quadrant("upper_left"), quadrant("lower_left"), quadrant("lower_left"))]
    )
    assert learnt.value(quadrant("?"), ["upper_left", "upper_right"]) == "upper_left"


def test_the_mean_mask_is_cut_at_half_its_height(rows: list[dict[str, Any]]):
    view = next(view for view in rows if any(q["target"] for q in view["qa"]))
    question = next(q for q in view["qa"] if q["target"])
    truth = np.logical_or.reduce([data.mask_of(view["masks"][i]) for i in question["target"]])
    learnt = Frequent(same_question).learn([{**view, "qa": [question]}])
    assert metrics.dice(learnt.mask(question, truth.shape), truth) > 0.8
    assert learnt.mask(question, (33, 57)).shape == (33, 57)


def test_a_mean_of_nothing_is_nothing(rows: list[dict[str, Any]]):
    learnt = Frequent(same_question).learn([row(rows, quadrant("upper_left", target=[]), quadrant("upper_left"))])
    assert not learnt.mask(quadrant("?"), (8, 8)).any()
    assert not Frequent(same_question).mask(quadrant("?"), (8, 8)).any()


@pytest.mark.parametrize("key", [anything, same_question])
def test_who_never_looks_is_at_chance_on_the_flat_questions(key: Any, rows: list[dict[str, Any]], shards: Path):
    asked = [quadrant(value, question_id=f"{i}{value}") for value in VALUES["Quadrant"] for i in range(4)]
    asked += [quadrant("upper_left", question_id=f"more{i}") for i in range(9)]
    words = metrics.Words.of(data.language_of(shards))
    samples = [data.sample(row(rows, *asked), range(len(asked)))]
    records = evaluate.trivial(samples, Frequent(key).learn([row(rows, *asked)]), words)
    assert score.summary(records)["quadrant_accuracy"]["mean"] == 0.25
    assert score.summary(records)["quadrant_accuracy_all"]["mean"] == pytest.approx(13 / 25, abs=1e-3)


def test_every_question_is_answered_once(rows: list[dict[str, Any]], shards: Path):
    words = metrics.Words.of(data.language_of(shards))
    samples = [data.sample(view, range(len(view["qa"]))) for view in rows]
    records = evaluate.trivial(samples, Frequent(same_question).learn(rows), words)
    assert [r.question_id for r in records] == [q["question_id"] for view in rows for q in view["qa"]]
    closed = [r for r in records if r.correct is not None]
    assert {r.kind for r in closed} == {"open", "choice", "yes_no", "number"}
    assert 0.3 < np.mean([r.correct for r in closed]) < 1  # it answers what it has learnt by heart
