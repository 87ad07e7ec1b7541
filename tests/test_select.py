"""What is asked out of what could be asked: balance, limits, and that nothing is lost without a reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder import programs
from mmrs_builder.pool import Viewed
from mmrs_builder.questions import Candidate, is_claim
from mmrs_builder.select import REASONS, Selected, select
from mmrs_builder.templates import Family
from mmrs_builder.types import Kind
from mmrs_builder.vocab import REFUSALS, SPLITS, VALUES

PROGRAMS: dict[str, tuple[str, tuple[Kind, ...]]] = {
    "quadrant": ("quadrant(the(A))", ("open", "choice", "yes_no")),
    "centre": ("near_centre(the(A))", ("yes_no",)),
    "share": ("share(the(A))", ("number",)),
    "count": ("count(all(A))", ("number",)),
    "larger": ("largest(among(A, B))", ("choice",)),
    "outline": ("the(A)", ("segment",)),
    "lateral": ("lateral(the(A), the(B))", ("open", "choice", "yes_no")),
    "beside": ("horizontal(the(A), the(B))", ("open", "choice", "yes_no")),
}
REFUSED: tuple[Kind, ...] = ("open", "number", "segment")
FAMILIES = tuple(
    Family(id=name, theme="t", frame="viewer", program=program, kinds=kinds)
    for name, (program, kinds) in PROGRAMS.items()
)
TYPES = {family.id: programs.value_type(family.program) for family in FAMILIES}
LABELS = ("liver", "spleen")


def item(
    view: int,
    family: str,
    kind: Kind,
    token: str,
    *,
    split: str = "train",
    source: str = "s",
    reason: str | None = None,
) -> Selected:
    text = PROGRAMS[family][0]
    labels = LABELS[: len(programs.slots(text))]
    program = programs.close(text, dict(zip(programs.slots(text), labels, strict=True)))
    answer = LABELS[int(token)] if TYPES[family] == "One" and not reason else token
    candidate = Candidate(
        view_id=f"{source}/{view:04d}", family=family, kind=kind, labels=labels, program=program, token=token,
        answer=answer, margin=1.0, target_program=None, target=None, reason=reason,
        counterpart="beside" if family == "lateral" and kind != "yes_no" and not reason else None,
    )  # fmt: skip
    return Selected(candidate=candidate, source=source, split=split)


def refusal(view: int, family: str, kind: Kind, reason: str = "absent", **where: str) -> Selected:
    return item(view, family, kind, reason, reason=reason, **where)


def stratum(item: Selected) -> tuple[str, str, str, str, tuple[str, ...]]:
    """Split, source, family, kind and labels: the pictures of these tests are all taken alike."""
    c = item.candidate
    return item.split, item.source, c.family, c.kind, c.labels


def tokens(family: str) -> tuple[str, ...]:
    return {"Number": ("1.5", "2.5"), "Count": ("0", "1", "2"), "One": ("0", "1")}.get(
        TYPES[family], VALUES.get(TYPES[family], ())
    )


@st.composite
def pools(draw: st.DrawFn) -> list[Selected]:
    """Some views, each in one split, each with an answer to some of the families' questions, often the same ones.

    Some of the others are refused.
    """
    found = []
    skew = draw(st.integers(1, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    for view in range(draw(st.integers(0, 25))):
        split, source = generator.choice(SPLITS, p=(0.6, 0.2, 0.2)), generator.choice(["s", "t"])
        where = {"split": str(split), "source": str(source)}
        for family, (_, kinds) in PROGRAMS.items():
            chance = generator.random()
            if chance < 0.7:
                options = tokens(family)
                token = options[int(len(options) * generator.random() ** skew)]
                found += [item(view, family, kind, token, **where) for kind in kinds]
            elif chance < 0.9:
                reason = str(generator.choice(REFUSALS))
                found += [refusal(view, family, kind, reason, **where) for kind in kinds if kind in REFUSED]
    return found


def chosen(
    found: Iterable[Selected],
    per_view: int = 100,
    max_rows: int | None = None,
    seed: int = 1,
    *,
    keep_unbalanced: bool = False,
):
    return select(found, FAMILIES, seed=seed, per_view=per_view, max_rows=max_rows, keep_unbalanced=keep_unbalanced)


def truth(asked: Selected) -> str:
    token = asked.candidate.token
    return token if asked.claim is None else str(asked.claim == token).lower()


Limits: TypeAlias = tuple[int, int | None]  # questions per view, rows
LIMITS = st.tuples(st.integers(1, 8), st.none() | st.integers(0, 60))


@given(pools(), LIMITS)
def test_every_decided_candidate_is_asked_or_dropped_with_a_reason(found: list[Selected], limits: Limits):
    asked, dropped = chosen(found, *limits)
    assert len(found) == len(asked) + dropped.total()
    assert set(dropped) <= set(REASONS)
    keys = [(a.candidate, a.source, a.split) for a in asked]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= {(f.candidate, f.source, f.split) for f in found}


@given(pools(), LIMITS, st.data())
def test_the_order_of_candidates_does_not_matter(found: list[Selected], limits: Limits, data: st.DataObject):
    assert chosen(data.draw(st.permutations(found)), *limits) == chosen(found, *limits)


@given(pools(), LIMITS)
def test_yes_and_no_are_equally_frequent_for_every_wording_in_every_stratum(found: list[Selected], limits: Limits):
    asked, _ = chosen(found, *limits)
    answers: dict[object, Counter[str]] = defaultdict(Counter)
    for a in asked:
        if a.candidate.kind == "yes_no" and not a.prior_bound:
            answers[stratum(a), a.claim][truth(a)] += 1
    # The question is all that a blind solver sees: the majority is right half the time.
    assert all(count["true"] == count["false"] for count in answers.values())


@given(pools(), LIMITS)
def test_a_pair_asks_the_same_words_of_two_views_with_opposite_answers(found: list[Selected], limits: Limits):
    asked, _ = chosen(found, *limits)
    pairs = defaultdict(list)
    for a in asked:
        assert (a.pair_kind == "opposite") == (a.candidate.kind == "yes_no" and not a.prior_bound)
        assert (a.pair_kind is None) == (a.pair_id is None)
        if a.pair_kind == "opposite":
            pairs[a.pair_id].append(a)
    for one, other in pairs.values():
        assert (stratum(one), one.claim, one.candidate.program) == (
            stratum(other), other.claim, other.candidate.program,
        )  # fmt: skip
        assert one.candidate.view_id != other.candidate.view_id
        assert {truth(one), truth(other)} == {"true", "false"}


@given(pools(), LIMITS)
def test_claims_state_a_token_and_other_questions_none(found: list[Selected], limits: Limits):
    for a in chosen(found, *limits)[0]:
        assert (a.claim in VALUES.get(TYPES[a.candidate.family], ())) == is_claim(
            a.candidate.kind, TYPES[a.candidate.family]
        )


@given(pools(), LIMITS)
def test_a_question_with_one_possible_answer_is_marked_and_never_in_test(found: list[Selected], limits: Limits):
    possible = defaultdict(set)
    for f in found:
        if not f.candidate.reason:
            possible[stratum(f)[1:]].add(f.candidate.answer)
    for a in chosen(found, *limits)[0]:
        if a.candidate.reason:
            assert not a.prior_bound
            continue
        free = TYPES[a.candidate.family] == "Number" or a.candidate.kind == "segment"
        assert a.prior_bound == (len(possible[stratum(a)[1:]]) == 1 and not free)
        assert not (a.prior_bound and a.split == "test")


AS_TAKEN = (("ct", ("axial", "")), ("ct", ("coronal", "")), ("mri", ("axial", "t1")), ("mri", ("axial", "t2")))


@given(st.lists(st.sampled_from([(taken, side) for taken in AS_TAKEN for side in ("left", "right")]), max_size=40))
def test_how_a_picture_was_taken_tells_no_answer(pictures: list[tuple[tuple[str, tuple[str, str]], str]]):
    """Where all livers lie left in coronal slices and right in axial ones, the plane alone would be the answer."""
    kinds: tuple[Kind, ...] = ("open", "yes_no")
    found = [item(view, "lateral", kind, side) for view, (_, side) in enumerate(pictures) for kind in kinds]
    taken = {f"s/{view:04d}": how for view, (how, _) in enumerate(pictures)}
    views = {
        name: Viewed(view_id=name, source="s", split="train", modality=modality, shown=shown)
        for name, (modality, shown) in taken.items()
    }
    asked, _ = select(found, FAMILIES, seed=1, per_view=9, max_rows=None, views=views)
    sides = {how: {side for at, side in pictures if at == how} for how in AS_TAKEN}
    for how in AS_TAKEN:
        here = [a for a in asked if taken[a.candidate.view_id] == how]
        assert all(a.prior_bound == (len(sides[how]) == 1) for a in here)
        told = {kind: Counter[str]() for kind in kinds}
        for a in here:
            told[a.candidate.kind][truth(a) if a.claim else a.candidate.answer] += 1
        assert len(sides[how]) == 1 or all(len({*counts.values()}) < 2 for counts in told.values())


@given(pools(), LIMITS, st.booleans())
def test_every_answer_of_a_stratum_is_asked_equally_often_or_marked(found: list[Selected], limits: Limits, keep: bool):
    answers = defaultdict(Counter)
    for a in chosen(found, *limits, keep_unbalanced=keep)[0]:
        assert keep or a.balanced
        told = a.prior_bound or a.pair_kind == "opposite" or a.candidate.reason or not a.balanced
        if TYPES[a.candidate.family] in (*VALUES, "Count", "One") and a.candidate.kind != "segment" and not told:
            answers[stratum(a)][a.candidate.answer] += 1
    for (_, _, family, kind, _), count in answers.items():
        if family != "beside":  # which also states what is asked in the other frame
            assert len({*count.values()}) == 1
            assert len(count) >= (len(VALUES[TYPES[family]]) if kind == "open" else 2)


@given(pools(), LIMITS)
def test_letters_are_uniform_within_one(found: list[Selected], limits: Limits):
    letters = defaultdict(Counter)
    for a in chosen(found, *limits)[0]:
        if a.candidate.kind == "choice":
            letters[a.split, a.source, a.candidate.family, len(a.choices)].update({a.answer_index: 1})
    for (*_, size), count in letters.items():
        uses = [count[letter] for letter in range(size)]
        assert max(uses) - min(uses) <= 1
        assert sum(uses) == count.total()


@given(pools(), LIMITS)
def test_an_option_that_is_never_the_right_one_is_not_offered(found: list[Selected], limits: Limits):
    asked = [a for a in chosen(found, *limits)[0] if a.candidate.kind == "choice" and not a.prior_bound]
    right = defaultdict(set)
    for a in asked:
        right[stratum(a)].add(a.candidate.answer)
    assert all({*a.choices} <= right[stratum(a)] for a in asked if a.candidate.family != "beside")


@given(pools(), LIMITS)
def test_options_hold_the_answer_where_the_index_says_and_no_option_twice(found: list[Selected], limits: Limits):
    for a in chosen(found, *limits)[0]:
        assert (a.choices is not None) == (a.candidate.kind == "choice") == (a.answer_index is not None)
        if a.choices is not None:
            assert a.choices[a.answer_index] == a.candidate.answer
            assert len(set(a.choices)) == len(a.choices)
            assert set(a.choices) <= set(
                LABELS if a.candidate.family == "larger" else VALUES[TYPES[a.candidate.family]]
            )


@given(pools(), st.integers(1, 8))
def test_a_view_gets_at_most_its_number_of_questions(found: list[Selected], per_view: int):
    views = Counter(a.candidate.view_id for a in chosen(found, per_view)[0])
    assert all(n <= per_view for n in views.values())


@given(pools(), st.integers(0, 60))
def test_max_rows_gives_no_split_source_or_kind_more_than_its_part(found: list[Selected], max_rows: int):
    whole, cut = (
        Counter((a.split, a.source, a.candidate.kind) for a in chosen(found, max_rows=limit)[0])
        for limit in (None, max_rows)
    )
    assert cut.total() <= max_rows
    factor = min(1, max_rows / max(whole.total(), 1))
    assert all(n < whole[key] * factor + 1 for key, n in cut.items())


def test_max_rows_keeps_kinds_and_splits_in_proportion():
    found = [
        item(view, family, kind, tokens(family)[view % len(tokens(family))], split=split)
        for view, split in enumerate(["train"] * 32 + ["test"] * 16)
        for family, kind in (("quadrant", "open"), ("centre", "yes_no"))
    ]
    asked, dropped = chosen(found, max_rows=48)
    assert Counter((a.split, a.candidate.kind) for a in asked) == {
        ("train", "open"): 16, ("train", "yes_no"): 16, ("test", "open"): 8, ("test", "yes_no"): 8,
    }  # fmt: skip
    assert dropped == {"over_max_rows": 48}


@pytest.mark.parametrize("max_rows", [400, 700])
def test_max_rows_moves_the_share_of_no_split_source_and_kind_by_more_than_one_in_a_hundred(max_rows: int):
    draw = np.random.default_rng(5)
    asked = [(family, kind) for family, (_, kinds) in PROGRAMS.items() for kind in kinds if family != "outline"]
    found = [
        item(view, family, kind, str(draw.choice(tokens(family))), split=split, source=source)
        for split, views in (("train", range(240)), ("validation", range(240, 300)), ("test", range(300, 360)))
        for source in ("s", "t")
        for view in views
        for family, kind in asked
    ]

    def shares(limit: int | None) -> dict[tuple[str, str, str], float]:
        places = Counter((a.split, a.source, a.candidate.kind) for a in chosen(found, max_rows=limit)[0])
        return {place: number / places.total() for place, number in places.items()}

    whole, cut = shares(None), shares(max_rows)
    assert max(abs(cut.get(place, 0) - share) for place, share in whole.items()) <= 0.01


def test_max_rows_is_used_up_as_far_as_whole_rounds_of_answers_go():
    found = [item(view, "quadrant", "open", VALUES["Quadrant"][view % 4]) for view in range(40)]
    assert [len(chosen(found, max_rows=limit)[0]) for limit in (0, 1, 7, 40, 41)] == [0, 0, 4, 40, 40]


def test_options_are_as_many_as_the_family_offers():
    found = [item(view, "quadrant", "choice", VALUES["Quadrant"][view % 4]) for view in range(8)]
    three = replace(FAMILIES[0], choices=3)
    asked, _ = select(found, [three], seed=1, per_view=9, max_rows=None)
    assert {len(a.choices or ()) for a in asked} == {3}
    assert sorted(Counter(a.answer_index for a in asked).values()) == [2, 3, 3]


def test_an_even_stratum_loses_nothing():
    found = [item(view, "centre", "yes_no", ("true", "false")[view % 2]) for view in range(10)]
    asked, dropped = chosen(found)
    assert (len(asked), dropped) == (10, Counter())


def test_claims_pair_the_frequent_values_so_that_few_are_left_over():
    values = ["upper_left"] * 4 + ["upper_right"] * 2 + ["lower_left"] * 2
    asked, dropped = chosen([item(view, "quadrant", "yes_no", token) for view, token in enumerate(values)])
    assert (len(asked), dropped) == (8, Counter())


def test_an_open_question_is_asked_where_all_its_answers_can_be_asked_equally_often():
    values = ["upper_left"] * 9 + ["upper_right"] * 3 + ["lower_left"] * 2
    found = [item(view, "quadrant", "open", token) for view, token in enumerate(values)]
    assert chosen(found) == ((), Counter({"uneven": 14}))
    asked, dropped = chosen([*found, *(item(view, "quadrant", "open", "lower_right") for view in (20, 21, 22))])
    assert set(Counter(a.candidate.token for a in asked).values()) == {2}
    assert (len(asked), dropped) == (8, {"uneven": 9})


def test_a_choice_offers_the_answers_that_make_the_most_questions():
    values = ["upper_left"] * 9 + ["upper_right"] * 8 + ["lower_left"]
    asked, dropped = chosen([item(view, "quadrant", "choice", token) for view, token in enumerate(values)])
    assert Counter(a.candidate.token for a in asked) == {"upper_left": 8, "upper_right": 8}
    assert {a.choices for a in asked} == {("upper_left", "upper_right"), ("upper_right", "upper_left")}
    assert dropped == {"uneven": 2}


def test_numbers_are_asked_where_they_lie_far_enough_apart():
    even = replace(FAMILIES[2], tolerance=0.1)
    near = [item(view, "share", "number", f"{10 + view / 10}") for view in range(30)]
    far = [item(view, "share", "number", f"{1.3**view:.1f}") for view in range(1, 13)]
    assert select(near, [even], seed=1, per_view=9, max_rows=None) == ((), Counter({"uneven": 30}))
    assert len(select(far, [even], seed=1, per_view=9, max_rows=None)[0]) == 12


def test_no_single_number_is_right_for_many():
    """Tolerances are parts of the value, and one lesion is much like the next: most are about as large."""
    even = replace(FAMILIES[2], tolerance=0.1)
    sizes = np.random.default_rng(0).lognormal(1.5, 0.8, 600)
    found = [item(view, "share", "number", f"{max(size, 0.1):.1f}") for view, size in enumerate(sizes)]
    asked, _ = select(found, [even], seed=1, per_view=9, max_rows=None)
    numbers = [float(a.candidate.token) for a in asked]
    assert len(numbers) > 20
    tolerance = [max(0.1, round(0.1 * number, 1)) for number in numbers]
    hits = [sum(abs(g - n) <= t + 1e-9 for n, t in zip(numbers, tolerance, strict=True)) for g in numbers]
    assert max(hits) < 0.25 * len(numbers)


def test_uneven_questions_that_are_wanted_all_the_same_are_marked():
    values = ["upper_left"] * 3 + ["upper_right"]
    found = [item(view, "quadrant", "open", token) for view, token in enumerate(values)]
    asked, dropped = chosen(found, keep_unbalanced=True)
    assert [a.balanced for a in asked] == [False] * 4
    assert not dropped


def test_an_answer_that_only_another_split_has_makes_no_balance_in_this_one():
    found = [item(view, "centre", "yes_no", "true", split="test") for view in range(3)]
    assert chosen([*found, item(9, "centre", "yes_no", "false")]) == ((), Counter({"uneven": 4}))


def test_a_rare_family_is_not_crowded_out_by_a_common_one():
    found = [
        item(view, "quadrant", "open", VALUES["Quadrant"][view // 2 % 4], source=f"s{view % 2}") for view in range(800)
    ]
    rare = [item(view, "centre", "yes_no", ("true", "false")[view % 2], source="s0") for view in range(8)]
    asked, _ = chosen([*found, *rare], per_view=1)
    assert sum(a.candidate.family == "centre" for a in asked) >= 2


def test_a_view_is_asked_for_the_same_mask_once():
    again = replace(FAMILIES[-1], id="again")
    plain = item(1, "outline", "segment", "0")
    one = plain._replace(candidate=plain.candidate._replace(target=(0,)))
    other = one._replace(candidate=one.candidate._replace(family="again"))
    asked, dropped = select([one, other], [*FAMILIES, again], seed=1, per_view=9, max_rows=None)
    assert (len(asked), dropped) == (1, {"same_target": 1})


def test_questions_with_one_possible_answer_are_dropped_from_test_and_counted():
    found = [item(view, "quadrant", "open", "upper_left", split=split) for view, split in enumerate(SPLITS)]
    asked, dropped = chosen(found)
    assert [(a.split, a.prior_bound) for a in asked] == [("train", True), ("validation", True)]
    assert dropped == {"prior_bound_in_test": 1}


def test_a_claim_that_is_always_true_is_not_made():
    found = [item(view, "quadrant", "yes_no", "upper_left") for view in range(3)]
    assert chosen(found) == ((), Counter({"uneven": 3}))


def test_a_full_view_has_a_variety_of_families():
    found = [
        item(view, family, kind, tokens(family)[view % 2])
        for view, (family, (_, kinds)) in product(range(4), PROGRAMS.items())
        for kind in kinds
    ]
    asked, _ = chosen(found, per_view=len(PROGRAMS))
    families = {(a.candidate.view_id, a.candidate.family) for a in asked}
    assert len(families) > 4 * (len(PROGRAMS) - 2)


def test_another_seed_asks_other_questions():
    found = [item(view, "count", "number", ("1", "2")[view % 5 == 0]) for view in range(50)]
    one, other = ({a.candidate.view_id for a in chosen(found, seed=seed)[0]} for seed in (1, 2))
    assert len(one) == len(other) == 20
    assert one != other


def pairs_of(asked: Iterable[Selected], kind: str) -> list[list[Selected]]:
    pairs: dict[str | None, list[Selected]] = defaultdict(list)
    for a in asked:
        if a.pair_kind == kind:
            pairs[a.pair_id].append(a)
    return list(pairs.values())


@given(pools(), LIMITS)
def test_a_refusal_is_asked_beside_one_other_view_that_can_answer_the_same_words(found: list[Selected], limits: Limits):
    asked, _ = chosen(found, *limits)
    pairs = pairs_of(asked, "negative")
    for pair in pairs:
        refused, positive = sorted(pair, key=lambda a: not a.candidate.reason)
        assert (refused.candidate.reason is not None, positive.candidate.reason) == (True, None)
        assert refused.candidate.view_id != positive.candidate.view_id
        one, other = ((a.split, a.candidate.family, a.candidate.kind, a.candidate.labels) for a in pair)
        assert one == other
    assert sum(a.candidate.reason is not None for a in asked) == len(pairs)


@given(pools(), LIMITS)
def test_no_view_is_refused_twice_or_has_a_fact_in_two_frames_twice(found: list[Selected], limits: Limits):
    asked, _ = chosen(found, *limits)
    refused = Counter(a.candidate.view_id for a in asked if a.candidate.reason)
    framed = Counter(pair[0].candidate.view_id for pair in pairs_of(asked, "other_frame"))
    assert max([*refused.values(), *framed.values()], default=1) == 1


@given(pools(), LIMITS)
def test_a_fact_in_two_frames_is_asked_of_one_view_once_in_each(found: list[Selected], limits: Limits):
    for one, other in pairs_of(chosen(found, *limits)[0], "other_frame"):
        assert {one.candidate.family, other.candidate.family} == {"lateral", "beside"}
        assert one.candidate.view_id == other.candidate.view_id
        assert (one.candidate.kind, one.candidate.labels) == (other.candidate.kind, other.candidate.labels)


def test_without_a_view_that_can_answer_nothing_is_refused():
    asked, dropped = chosen([refusal(1, "quadrant", "open"), item(2, "quadrant", "open", "upper_left", split="test")])
    assert not any(a.candidate.reason for a in asked)
    assert dropped["unpaired"] == 1


def test_a_refusal_has_a_positive_of_its_own_source_if_there_is_one():
    found = [item(view, "share", "number", "1.5", source=source) for view in range(6) for source in "st"]
    found += [refusal(9, "share", "number", source=source) for source in "tu"]
    positives = {
        refused.source: positive.source
        for refused, positive in (
            sorted(pair, key=lambda a: not a.candidate.reason) for pair in pairs_of(chosen(found)[0], "negative")
        )
    }
    assert positives["t"] == "t"
    assert positives["u"] in {"s", "t"}


def test_a_question_is_the_positive_of_one_refusal_only():
    found = [item(1, "share", "number", "1.5"), *(refusal(view, "share", "number") for view in range(2, 5))]
    asked, dropped = chosen(found)
    assert (len(asked), dropped) == (2, {"unpaired": 2})


def test_a_view_that_refuses_one_question_is_asked_no_other_that_it_cannot_answer():
    found = [
        item(view, family, "open", ("left", "right")[view % 2]) for view in range(4) for family in ("lateral", "beside")
    ]
    found += [refusal(9, family, "open", "no_left_right") for family in ("lateral", "beside")]
    asked, dropped = chosen(found)
    assert sum(a.candidate.view_id == "s/0009" for a in asked) == 1
    assert dropped["unpaired"] == 1


def test_refusals_leave_the_balance_of_answers_as_it_is():
    found = [item(view, "quadrant", "open", VALUES["Quadrant"][view % 4]) for view in range(8)]
    asked, _ = chosen([*found, *(refusal(view, "quadrant", "open") for view in range(10, 30))])
    counts = Counter(a.candidate.token for a in asked)
    assert counts.pop("absent") == 8
    assert counts == dict.fromkeys(VALUES["Quadrant"], 2)


def test_a_rarer_reason_than_absence_comes_first():
    found = [item(view, "share", "number", "1.5") for view in range(40)]
    found += [item(view, "count", "number", str(view % 3)) for view in range(40)]
    for view in range(50, 60):
        found += [refusal(view, "share", "number", "no_scale"), refusal(view, "count", "number")]
    assert {a.candidate.reason for a in chosen(found)[0]} - {None} == {"no_scale"}


@pytest.mark.parametrize("nothing", [[], ()])
def test_nothing_found_is_nothing_asked(nothing: Sequence[Selected]):
    assert chosen(nothing, max_rows=5) == ((), Counter())


def test_a_refusal_stands_beside_a_picture_of_its_own_size_and_patient():
    """Else the size, or the patient, would tell whether a question has an answer."""
    found = [item(view, "count", "number", ("1", "2")[view % 2]) for view in range(24)]
    found += [refusal(view, "count", "number") for view in range(24, 28)]
    views = [f.candidate.view_id for f in found]
    origins = {name: (f"p{view % 4}", (64, 48 + view % 4)) for view, name in enumerate(views)}
    known = {
        name: Viewed(view_id=name, source="s", split="train", group=group, size=size)
        for name, (group, size) in origins.items()
    }
    asked, _ = select(found, FAMILIES, seed=1, per_view=9, max_rows=None, views=known)
    pairs = pairs_of(asked, "negative")
    assert len(pairs) == 4
    assert all(origins[one.candidate.view_id] == origins[other.candidate.view_id] for one, other in pairs)


def test_a_refusal_stands_beside_a_picture_of_its_own_plane_and_sequence():
    """Else a coronal picture would tell that the question has no answer, whatever it shows."""
    found = [item(view, "count", "number", ("1", "2")[view % 2]) for view in range(24)]
    found += [refusal(view, "count", "number") for view in range(24, 28)]
    shown = {
        f.candidate.view_id: (("axial", "coronal")[n % 4 // 2], ("t1", "t2")[n % 8 // 4]) for n, f in enumerate(found)
    }
    known = {name: Viewed(view_id=name, source="s", split="train", shown=how) for name, how in shown.items()}
    asked, _ = select(found, FAMILIES, seed=1, per_view=9, max_rows=None, views=known)
    pairs = pairs_of(asked, "negative")
    assert len(pairs) == 4
    assert all(shown[one.candidate.view_id] == shown[other.candidate.view_id] for one, other in pairs)


def test_questions_beside_others_leave_room_for_those_that_stand_alone():
    """A family that is seldom decided is asked before others' pairs and rounds fill its views."""
    found = [refusal(2, "count", "number")]
    for view, (lateral, centre) in enumerate((("left", "true"), ("right", "false"))):
        found += [
            item(view, "count", "number", str(view)),
            item(view, "lateral", "choice", lateral),
            item(view, "beside", "choice", lateral),
            item(view, "centre", "yes_no", centre),
        ]
    asked, _ = chosen(found, per_view=3)
    assert {a.candidate.family for a in asked} > {"centre", "count"}
    assert len(pairs_of(asked, "negative")) == 1
    assert len(pairs_of(chosen(found, per_view=4)[0], "other_frame")) == 2
