"""Each solver finds what it was made for, and nothing where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.blind.table import NUMBER, best_constant, hits
from mmrs_builder.blind.trial import Trial, trials
from tests.blind.questions import Row, fair, leaning, table


def advantage(trial: Trial, solver: str) -> float:
    return float(np.mean(trial.right[solver] - trial.chance))


def by_source(row: Row, _rng: np.random.Generator) -> str:
    return {"s0": "left", "s1": "right"}[row["source"]]


def by_wording(row: Row, _rng: np.random.Generator) -> str:
    return "left" if "seen" in row["text"] else "right"


def always(_row: Row, _rng: np.random.Generator) -> str:
    return "left"


LEAKS = {
    "majority": always,
    "organ prior": leaning(1.0),
    "same words": leaning(1.0),
    "metadata": by_source,
    "words": by_wording,
    "boosted": by_source,
}


@pytest.mark.parametrize("solver", LEAKS)
def test_a_solver_finds_what_it_was_made_for(solver: str):
    for trial in trials(table(120, LEAKS[solver])):
        assert advantage(trial, solver) > 0.45


def test_words_alone_do_not_tell_the_source():
    found = {trial.name: trial for trial in trials(table(240, by_source))}
    assert abs(advantage(found["splits"], "words")) < 0.15


def test_a_place_that_is_often_right_is_found():
    frame = table(120, always, kind="choice")
    frame["options"] = [("left", "right") if i % 5 else ("right", "left") for i in range(len(frame))]
    frame["answer"] = [options[0] for options in frame["options"]]
    assert all(advantage(trial, "letter") > 0.45 for trial in trials(frame))


def test_what_other_questions_of_a_view_presuppose_is_found():
    """Where somebody asks for the second largest lesion there are several."""
    frame = table(160, fair, each=2)
    many = frame["view"].map(lambda view: int(view[1:]) % 3 == 0)
    first = ~frame.duplicated("view")
    frame.loc[first & many, "program"] = 'second_largest(all("lesion"))'
    frame.loc[~first, "answer"] = many[~first].map({True: "left", False: "right"})
    for trial in trials(frame):
        asked = np.flatnonzero(~first)
        assert np.mean(trial.right["siblings"][asked]) > 0.9
        assert np.mean(trial.right["same words"][asked]) < 0.8


def test_a_twin_answered_like_its_original_is_found():
    frame = table(60, fair)
    twins = frame.assign(
        view=frame["view"] + "t", question_id=frame["question_id"] + "t", twin_of=frame["view"].astype(object)
    )
    both = pd.concat([frame, twins], ignore_index=True).astype({"twin_of": object})
    both["twin_of"] = [name if isinstance(name, str) else None for name in both["twin_of"]]
    for trial in trials(both):
        assert np.mean(trial.right["twin"][len(frame) :]) == 1
        assert advantage(trial, "words") < 0.2


def test_without_twins_there_is_no_twin_solver():
    assert all("twin" not in trial.right for trial in trials(table(30, fair)))


def test_numbers_are_compared_with_the_best_constant():
    """Half of the values are alike: who always says so is right, and has no advantage."""
    frame = table(120, lambda row, rng: "5.0" if row["labels"] < "c" else f"{rng.uniform(10, 90):.1f}", space=NUMBER)
    frame = frame.assign(tolerance=0.5, chance=np.nan, kind="number")
    for trial in trials(frame):
        assert advantage(trial, "majority") == pytest.approx(0, abs=0.03)
        assert 0.2 < trial.chance.mean() < 0.6


values = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=12)


@given(values)
def test_no_other_constant_is_within_the_tolerance_of_more_values(drawn: list[tuple[int, int]]):
    numbers, tolerances = np.array(drawn, dtype=np.float64).T / 2
    best = hits(np.full(len(numbers), best_constant(numbers, tolerances)), numbers, tolerances).sum()
    assert best == max(hits(np.full(len(numbers), said), numbers, tolerances).sum() for said in np.arange(-4, 20, 0.25))
