"""Who learns from what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmrs_builder.blind.solvers import SOLVERS
from mmrs_builder.blind.trial import divisions, trials
from tests.blind.questions import fair, leaning, table


def test_questions_of_a_patient_are_never_divided():
    frame = table(90, fair)
    for part in divisions(frame).values():
        assert (pd.Series(part).groupby(frame["group"]).nunique() == 1).all()


def test_a_build_with_one_split_is_divided_by_patient_alone():
    assert list(divisions(table(90, fair).assign(split="train"))) == ["groups"]


def paired(seed: int) -> pd.DataFrame:
    """Every question twice in a split, in the same words, once with each answer."""
    frame = table(120, fair, each=1, seed=seed)
    frame["pair"] = [f"p{view // 12}.{view % 6}" for view in range(120)]
    frame["text"], frame["program"] = frame["pair"], frame["pair"]
    frame["answer"] = ["left" if view % 12 < 6 else "right" for view in range(120)]
    return frame


def test_the_partner_of_a_pair_does_not_teach_the_opposite_answer():
    """Otherwise every solver that knows the words would be wrong each time, and look harmless."""
    for trial in trials(paired(0)):
        assert np.mean(trial.right["same words"]) > 0.35


def test_fair_questions_have_no_advantage_whoever_is_chosen():
    frame = table(600, fair)
    for trial in trials(frame):
        scores, names = trial.chosen(np.arange(len(frame)), list(SOLVERS))
        assert abs(np.mean(scores) - 0.5) < 0.05
        assert set(names) <= set(trial.right)


def test_the_solver_that_did_best_on_held_out_patients_is_trusted():
    frame = table(300, leaning(0.95))
    for trial in trials(frame):
        scores, _ = trial.chosen(np.arange(len(frame)), list(SOLVERS))
        assert np.mean(scores) > 0.9
        assert np.mean(trial.right["letter"]) < 0.85


def test_the_outcome_is_the_same_in_any_order_of_the_questions():
    frame = table(60, leaning(0.8))
    turned = frame.iloc[::-1].reset_index(drop=True)
    for one, other in zip(trials(frame), trials(turned), strict=True):
        for name in one.right:
            assert np.array_equal(one.right[name], other.right[name][::-1]), name
