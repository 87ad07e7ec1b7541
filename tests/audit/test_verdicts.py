"""The gate opens for fair questions, and for no others."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

import pandas as pd
import pytest

from mmrs_builder import even, resources, select
from mmrs_builder.audit.run import Unit, judged
from mmrs_builder.blind.statistics import MARGIN
from mmrs_builder.digests import keyed
from mmrs_builder.questions import Candidate
from mmrs_builder.select import Selected
from mmrs_builder.selected import Unit as Asked
from mmrs_builder.templates import load
from tests.blind.questions import fair, leaning, table


def one(units: tuple[Unit, ...]) -> Unit:
    (unit,) = units
    return unit


def naive_bayes(frame: pd.DataFrame, learn: str) -> float:
    """Accuracy, on all other splits, of a solver that learnt in one which words go with which answer."""
    teaching, asked = frame[frame["split"] == learn], frame[frame["split"] != learn]
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for text, answer in zip(teaching["text"], teaching["answer"], strict=True):
        words[answer].update(text.lower().split())
    prior = Counter(teaching["answer"])

    def said(text: str) -> str:
        return max(
            sorted(prior),
            key=lambda a: (
                math.log(prior[a])
                + sum(math.log((words[a][w] + 1) / (words[a].total() + 99)) for w in text.lower().split())
            ),
        )

    return float((asked["text"].map(said) == asked["answer"]).mean())


def recomputed(frame: pd.DataFrame) -> float:
    """Its mean advantage over chance."""
    return sum(naive_bayes(frame, split) for split in ("train", "validation", "test")) / 3 - 0.5


def test_fair_questions_pass_and_another_solver_agrees():
    frame = table(1200, fair, seed=3)
    pools, families = judged(frame)
    assert (one(pools).verdict, one(families).verdict) == ("PASS", "PASS")
    assert all(test.estimate.low < recomputed(frame) < MARGIN for test in one(pools).tested)


def test_questions_that_lean_fail_and_another_solver_agrees():
    frame = table(400, leaning(0.75), seed=1)
    pools, families = judged(frame)
    assert (one(pools).verdict, one(families).verdict) == ("FAIL", "FAIL")
    assert all(test.estimate.low < recomputed(frame) < test.estimate.high for test in one(pools).tested)
    assert recomputed(frame) > MARGIN
    anything, liver = one(families).clues
    assert (anything.words, anything.answer) == ("", "left")
    assert "liver" in liver.words
    assert liver.answer == "right"
    assert 0.65 < liver.share < 0.85


def test_a_family_made_rare_is_undecided_and_closes_the_gate():
    frame = pd.concat(
        [table(1200, fair, seed=3), table(8, leaning(0.75), family="relate.rare", seed=2)], ignore_index=True
    )
    pools, families = judged(frame)
    said = {unit.name: unit.verdict for unit in (*pools, *families)}
    assert said["locate open"] == "PASS"
    assert said["relate open"] == said["relate.rare"] == "UNDECIDED"
    rare = next(unit for unit in pools if unit.name == "relate open")
    assert rare.needed is None or rare.needed > 50


def test_what_has_one_possible_answer_is_not_judged():
    frame = table(60, leaning(1.0)).assign(prior_bound=True)
    assert judged(frame) == ((), ())


def test_questions_with_and_without_an_answer_that_words_tell_apart_fail():
    """A refusal must not be known from the question."""
    frame = table(300, leaning(1.0), space="refusal", kind="refusal", negative=True)
    frame["answer"] = frame["answer"].map({"left": "answered", "right": "refused"})
    pools, families = judged(frame)
    assert (one(pools).name, one(pools).verdict) == ("locate refusal", "FAIL")
    assert one(families).name == "locate.side refusal"


def leaning_claims(views: int) -> Iterable[Selected]:
    """What could be asked of livers that lie on the left in five of six pictures."""
    for view in range(views):
        token = "left" if keyed("world", view) % 6 else "right"
        yield Selected(
            candidate=Candidate(
                view_id=f"v{view}",
                family="locate.side",
                kind="yes_no",
                labels=("liver",),
                program='side(the("liver"))',
                token=token,
                answer=token,
                margin=1.0,
                target_program=None,
                target=None,
            ),
            source="phantom",
            split=("train", "validation", "test")[view % 3],
        )


def asked(views: int) -> pd.DataFrame:
    """The claims that are selected, as a table."""
    families = load(resources.path("templates"), "en").families
    chosen, _ = select.select(leaning_claims(views), families, seed=0, per_view=10, max_rows=None)
    frame = table(len(chosen), fair, each=1, family="locate.side", space="yes_no", kind="yes_no")
    return frame.assign(
        view=[item.candidate.view_id for item in chosen],
        group=[item.candidate.view_id for item in chosen],
        split=[item.split for item in chosen],
        source="phantom",
        labels="liver",
        program=[f"{item.candidate.program} == {item.claim}" for item in chosen],
        text=[f"Does the liver lie on the {item.claim} side?" for item in chosen],
        answer=["true" if item.claim == item.candidate.token else "false" for item in chosen],
        pair=[item.pair_id for item in chosen],
    )


def test_without_balance_the_same_pictures_fail(monkeypatch: pytest.MonkeyPatch):
    balanced = asked(2700)
    monkeypatch.setattr(even, "_pairs", unpaired)
    unbalanced = asked(2700)
    assert len(unbalanced) > 2 * len(balanced) > 200
    assert one(judged(balanced)[0]).verdict == "PASS"
    assert one(judged(unbalanced)[0]).verdict == "FAIL"


def unpaired(
    items: list[Selected], _seed: int, _opposites: object, *, claims: bool
) -> tuple[list[Asked], list[Selected], tuple[str, ...]]:
    assert claims
    sides = ("left", "right")
    return [(item._replace(claim=sides[keyed("claim", item.candidate.view_id) % 2]),) for item in items], [], ()
