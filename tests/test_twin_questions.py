"""What is asked of twins: beside their originals or not at all, and as evenly as everything else."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.digests import keyed
from mmrs_builder.evaluate import measured
from mmrs_builder.language import Family
from mmrs_builder.markers import labels as signs
from mmrs_builder.questions import Candidate
from mmrs_builder.select import REASONS, Selected
from mmrs_builder.structures import scene
from mmrs_builder.twin_questions import twin_candidates
from mmrs_builder.twins import twins
from mmrs_builder.types import Kind
from mmrs_builder.vocab import GEOMETRIC, VALUES
from tests.scenes import LABELS, rectangles
from tests.scenes import view as black
from tests.test_select import LIMITS, PROGRAMS, Limits, chosen, item, stratum, tokens, truth

ASKED = ("quadrant", "centre", "larger", "beside")
SIZE = (120, 90)


def turned(token: str, family: str, op: str) -> str:
    """An answer in the mirror, or another one after a turn."""
    if op == "mirror":
        return exchanged(token)
    every = tokens(family)
    return every[(every.index(token) + 1) % len(every)]


def exchanged(token: str) -> str:
    return token.replace("left", "R").replace("right", "left").replace("R", "right")


def twin_of(original: Selected, op: str, token: str) -> Selected:
    c = original.candidate
    answer = c.labels[int(token)] if c.answer in c.labels else token
    candidate = c._replace(view_id=f"{c.view_id}~{op}", token=token, answer=answer)
    return original._replace(candidate=candidate, twin_of=c.view_id, op=op)


@st.composite
def pools(draw: st.DrawFn) -> list[Selected]:
    """Views with answers to some families, and a twin of most with answers to some of the same and to others."""
    found = []
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    skew = draw(st.integers(1, 5))
    for view in range(draw(st.integers(0, 25))):
        split, op = str(generator.choice(("train", "test"))), str(generator.choice(GEOMETRIC))
        for family in ASKED:
            options = tokens(family)
            token = options[int(len(options) * generator.random() ** skew)]
            kinds = PROGRAMS[family][1]
            asked = [item(view, family, kind, token, split=split) for kind in kinds]
            other = turned(token, family, op) if family != "larger" else str(1 - int(token))
            twinned = [twin_of(one, op, other) for one in asked] if generator.random() < 0.8 else []
            found += (asked if generator.random() < 0.9 else []) + twinned
    return found


@given(pools(), LIMITS)
def test_every_candidate_is_asked_or_dropped_with_a_reason(found: list[Selected], limits: Limits):
    asked, dropped = chosen(found, *limits)
    assert len(found) == len(asked) + dropped.total()
    assert set(dropped) <= set(REASONS)


@given(pools(), LIMITS)
def test_a_twin_is_asked_what_its_original_is_asked_and_answers_otherwise(found: list[Selected], limits: Limits):
    asked, _ = chosen(found, *limits)
    pairs = defaultdict(list)
    for a in asked:
        if a.pair_id is not None:
            pairs[a.pair_id].append(a)
    for twin in (a for a in asked if a.op):
        assert twin.pair_kind == "opposite"
        one, other = pairs[twin.pair_id]
        original = one if other is twin else other
        assert original.candidate.view_id == twin.twin_of
        assert (stratum(one), one.claim, one.choices) == (stratum(other), other.claim, other.choices)
        assert truth(one) != truth(other)


@given(pools(), LIMITS)
def test_with_twins_every_answer_of_a_stratum_is_asked_equally_often(found: list[Selected], limits: Limits):
    answers: dict[object, Counter[str]] = defaultdict(Counter)
    for a in chosen(found, *limits)[0]:
        if not a.prior_bound:
            yes_no = a.candidate.kind == "yes_no"
            answers[stratum(a), a.claim][truth(a) if yes_no else a.candidate.answer] += 1
    assert all(len({*count.values()}) == 1 and len(count) > 1 for count in answers.values())


@given(pools(), LIMITS)
def test_letters_stay_uniform_where_twins_share_their_options(found: list[Selected], limits: Limits):
    letters = defaultdict(Counter)
    for a in chosen(found, *limits)[0]:
        if a.candidate.kind == "choice":
            assert a.choices[a.answer_index] == a.candidate.answer
            assert len({*a.choices}) == len(a.choices)
            letters[a.split, a.candidate.family, len(a.choices)][a.answer_index] += 1
    for (*_, size), count in letters.items():
        uses = [count[letter] for letter in range(size)]
        assert max(uses) - min(uses) <= 1


@given(pools(), st.data())
def test_the_order_of_candidates_does_not_matter(found: list[Selected], data: st.DataObject):
    assert chosen(data.draw(st.permutations(found))) == chosen(found)


def test_a_stratum_of_one_answer_is_no_longer_bound_where_twins_give_the_other():
    found = [item(view, "beside", kind, "left", split="test") for view in range(4) for kind in PROGRAMS["beside"][1]]
    assert all(a.prior_bound for a in chosen(found)[0])
    asked, dropped = chosen([*found, *(twin_of(one, "mirror", "right") for one in found)])
    assert len(asked) == 24
    assert not any(a.prior_bound for a in asked)
    assert not dropped


def test_a_round_of_four_is_made_of_two_views_and_their_mirror_images():
    found = [item(view, "quadrant", "open", token) for view, token in enumerate(("upper_left", "lower_right"))]
    asked, _ = chosen([*found, *(twin_of(one, "mirror", exchanged(one.candidate.token)) for one in found)])
    assert {a.candidate.answer for a in asked} == {*VALUES["Quadrant"]}


def test_twins_that_complete_no_large_round_are_asked_in_small_ones():
    """The three most frequent answers never stand in one round: two of them come with a third one only."""
    found = [item(view, "quadrant", "choice", "upper_left") for view in range(8)]
    found += [item(view, "quadrant", "choice", "upper_right") for view in (8, 9)]
    twins = [twin_of(one, "turn", f"lower_{('left', 'right')[view % 2]}") for view, one in enumerate(found[:8])]
    asked, _ = chosen([*found, *twins])
    assert Counter(a.candidate.answer for a in asked) == {"upper_left": 4, "lower_left": 4}
    assert {a.pair_kind for a in asked} == {"opposite"}


def test_a_text_only_solver_never_has_both_of_a_pair_right():
    """Nothing but the words, the options and the metadata of the original's group: those of a pair are the same."""
    found = [
        item(view, family, kind, tokens(family)[view % len(tokens(family))])
        for view in range(24)
        for family in ("quadrant", "beside")
        for kind in PROGRAMS[family][1]
    ]
    mirrored = [twin_of(one, "mirror", exchanged(one.candidate.token)) for one in found]
    pairs = defaultdict(list)
    for a in chosen([*found, *mirrored])[0]:
        if a.op or a.pair_id:
            pairs[a.pair_id].append(a)
    twinned = [pair for pair in pairs.values() if any(a.op for a in pair)]
    assert len(twinned) > 40
    for seed in range(20):
        right = [[guess(a, seed) == truth_told(a) for a in pair] for pair in twinned]
        assert not any(all(pair) for pair in right)


def guess(a: Selected, seed: int) -> str:
    """A deterministic answer to what is asked, whatever it is."""
    every = a.choices or (("true", "false") if a.candidate.kind == "yes_no" else tokens(a.candidate.family))
    return every[keyed(seed, stratum(a), a.claim, a.choices) % len(every)]


def truth_told(a: Selected) -> str:
    return truth(a) if a.candidate.kind == "yes_no" else a.candidate.answer


def sign(view: int, op: str, family: str, kind: Kind, token: str) -> Selected:
    return twin_of(item(view, family, kind, token), op, token)


def test_signs_alone_are_asked_a_whole_round_that_the_picture_is_asked_and_never_else():
    marked = [sign(view, "mark", "quadrant", "open", VALUES["Quadrant"][view % 4]) for view in range(8)]
    alone = [sign(view, "canvas", "quadrant", "open", VALUES["Quadrant"][view % 4]) for view in range(8)]
    asked, dropped = chosen([*marked, *alone])
    assert (len(asked), dropped) == (16, {})
    pairs = defaultdict(list)
    for a in asked:
        assert a.pair_kind == "same"
        pairs[a.pair_id].append(a)
    for one, other in pairs.values():
        assert {one.op, other.op} == {"mark", "canvas"}
        assert (one.twin_of, one.candidate.answer) == (other.twin_of, other.candidate.answer)
    asked, dropped = chosen([*marked[:4], *alone[1:]])
    assert {a.op for a in asked} == {"mark"}
    assert dropped == {"twin_alone": 7}


def test_signs_alone_are_bound_to_one_answer_where_the_picture_with_signs_is():
    found = [sign(view, op, "quadrant", "open", "upper_left") for view in range(3) for op in ("mark", "canvas")]
    asked, _ = chosen(found)
    assert [a.prior_bound for a in asked] == [True] * 6
    in_test = [one._replace(split="test") for one in found]
    assert chosen(in_test) == ((), {"prior_bound_in_test": 6})


PLACED = Family(
    id="placed", theme="t", frame="viewer", program="quadrant(the(A))", kinds=("open", "choice", "yes_no"),
)  # fmt: skip
SIZED = replace(PLACED, id="sized", program="aspect(the(A))")
COUNTED = replace(PLACED, id="counted", program="count(all(A))", kinds=("number",))
THERE = replace(PLACED, id="there", program="exists(A)", kinds=("yes_no",))


@pytest.mark.parametrize(
    ("op", "families"),
    [("mark", {"placed", "sized"}), ("canvas", {"placed"}), ("turn", {"placed", "sized", "there"})],
)
def test_a_twin_is_asked_what_its_picture_can_tell(op: str, families: set[str]):
    asked = asked_of(op, liver=rectangles(SIZE, (6, 8, 40, 30)))
    assert {item.family for item in asked} == families


def test_a_mirrored_picture_is_not_asked_about_the_left_kidney():
    boxes = {"kidney_left": rectangles(SIZE, (6, 8, 40, 30)), "spleen": rectangles(SIZE, (70, 50, 100, 80))}
    assert {label for c in asked_of("mirror", **boxes) for label in c.labels} == {"spleen"}
    assert {label for c in asked_of("turn", **boxes) for label in c.labels} == {"spleen", "kidney_left"}


def asked_of(op: str, **masks: np.ndarray) -> list[Candidate]:
    every = {**LABELS, **dict(signs().values())}
    for number in range(200):
        for twin in twins(black(view_id=f"v{number}", **masks)):
            if twin.twin is not None and twin.twin.op == op:
                on = measured(scene(twin, "test", "ct", every)[0], every)
                found = twin_candidates(on, (PLACED, SIZED, COUNTED, THERE), every)
                return [one for one in found if isinstance(one, Candidate)]
    raise AssertionError(op)
