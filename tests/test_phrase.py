"""Finished questions: words, answers, ids and what is recorded with them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from mmrs_builder.language import Family, Language, Terms
from mmrs_builder.phrase import phrase
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.refusals import refusals
from mmrs_builder.select import Selected
from mmrs_builder.types import Binding, Question, Scene, Synonym, Term
from tests.scenes import LABELS, board, rectangles

SIZE = (20, 20)
ON = board(
    liver=rectangles(SIZE, (1, 1, 6, 6)), polyp=rectangles(SIZE, (12, 2, 15, 5), (14, 12, 18, 16)), absent=["kidney"]
)
QUADRANT = Family(
    id="locate.quadrant", theme="t", frame="viewer", program="quadrant(the(A))", target="the(A)",
    kinds=("open", "choice", "yes_no"),
    question=("Which quadrant holds {A}?", "{A}: which quadrant?"),
    claim=("Is {A} in the {value} quadrant?", "Does the {value} quadrant hold {A.a}?"),
    statement=("{A} lies in the {value} quadrant.",),
)  # fmt: skip
SHARE = Family(
    id="size.share", theme="t", frame="viewer", program="share(the(A))", kinds=("number",),
    question=("What part of the image is {A.name}?",), unit="percent", tolerance=0.2,
)  # fmt: skip
COUNT = replace(
    SHARE, id="count", program="count(all(A))", question=("How many {A.plural}?",), unit=None, tolerance=None
)
CENTRE = replace(
    SHARE, id="centre", program="near_centre(the(A))", kinds=("yes_no",), question=("Is {A} near the centre?",),
    unit=None, tolerance=None,
)  # fmt: skip
AMONG = replace(
    QUADRANT, id="among", program="largest(among(A, B))", target="largest(among(A, B))", kinds=("choice",),
    question=("Which one is larger?",),
)  # fmt: skip
SEGMENT = replace(
    QUADRANT, id="segment", program="all(A)", target="all(A)", kinds=("segment",),
    question=("Outline all {A.plural}.",), statement=("here are the {A.plural}.",),
)  # fmt: skip
LANGUAGE = Language(
    language="en",
    families=(AMONG, CENTRE, COUNT, QUADRANT, SEGMENT, SHARE),
    terms=Terms(
        labels={name: (label, Term(name=name, plural=f"{name}s", article="a")) for name, label in LABELS.items()},
        forms={"a": {"the": "the {name}", "a": "a {name}"}, "an": {"the": "the {name}", "a": "an {name}"}},
        images={"any": ("image",), "ct": ("CT image", "tomogram image")},
        refusals={
            "absent": ("there is no {A.name} in the {image}.", "No {A.name} is visible here."),
            "no_scale": ("This {image} has no scale.",),
        },
        values={"Quadrant": {"upper_left": "upper left", "lower_right": "lower right"}},
        phrases={},
        units={"percent": "%"},
        words={"yes": "Yes", "no": "No"},
        markers={},
    ),
)


def found(family: Family, kind: str, label: str = "liver") -> Candidate:
    by_one_hand = replace(ON, hands={})  # these structures are a few pixels large
    every = (c for c in candidates(by_one_hand, (family,), LABELS) if isinstance(c, Candidate))
    return next(c for c in every if (c.kind, c.labels[0]) == (kind, label))


def asked(candidate: Candidate, seed: int = 1, **chosen: object) -> Question:
    selected = Selected(candidate=candidate, source="s", split="train", **chosen)  # type: ignore[arg-type]
    return phrase(selected, ON.scene, LANGUAGE, seed)


def test_an_open_question_is_answered_by_a_statement():
    question = asked(found(QUADRANT, "open"))
    assert question.question in ("Which quadrant holds the liver?", "The liver: which quadrant?")
    assert question.answer == "The liver lies in the upper left quadrant."
    assert (question.value, question.unit, question.choices) == ("upper_left", None, None)


def test_a_choice_is_answered_by_the_option_at_its_index_and_does_not_name_the_options():
    question = asked(found(QUADRANT, "choice"), choices=("lower_right", "upper_left"), answer_index=1)
    assert question.choices == ("lower right", "upper left")
    assert (question.answer, question.answer_index, question.value) == ("upper left", 1, "upper_left")
    assert "upper left" not in question.question


def test_a_choice_among_structures_offers_their_names():
    on = board(liver=rectangles(SIZE, (1, 1, 6, 6)), spleen=rectangles(SIZE, (10, 10, 12, 12)))
    candidate = next(c for c in candidates(on, (AMONG,), LABELS) if isinstance(c, Candidate))
    selected = Selected(candidate=candidate, source="s", split="train", choices=("spleen", "liver"), answer_index=1)
    question = phrase(selected, on.scene, LANGUAGE, 1)
    assert (question.choices, question.answer, question.value) == (("the spleen", "the liver"), "the liver", "0")
    assert question.target == (0,)


@pytest.mark.parametrize(("claim", "answer", "value"), [("upper_left", "Yes", "true"), ("lower_right", "No", "false")])
def test_a_claim_states_its_token_and_is_answered_by_yes_or_no(claim: str, answer: str, value: str):
    question = asked(found(QUADRANT, "yes_no"), claim=claim, pair_id="p1", pair_kind="opposite")
    assert claim.replace("_", " ") in question.question
    assert (question.answer, question.value) == (answer, value)
    assert question.program == f'quadrant(the("liver")) == "{claim}"'
    assert (question.pair_id, question.pair_kind) == ("p1", "opposite")


def test_a_yes_no_question_about_a_truth_is_asked_as_it_stands():
    question = asked(found(CENTRE, "yes_no"))
    assert (question.question, question.answer, question.value) == ("Is the liver near the centre?", "No", "false")
    assert question.pair_kind is None


def test_a_number_is_followed_by_its_unit():
    question = asked(found(SHARE, "number"))
    # 25 of 400 px are 6.25 %
    assert (question.answer, question.value, question.unit) == ("6.2 %", "6.2", "percent")


@pytest.mark.parametrize(("tolerance", "expected"), [(0.2, 1.2), (0.001, 0.1), (None, None)])
def test_a_number_may_be_off_by_a_part_of_its_value_and_at_least_by_its_last_decimal(
    tolerance: float | None, expected: float | None
):
    candidate = found(SHARE, "number")
    language = replace(LANGUAGE, families=(replace(SHARE, tolerance=tolerance),))
    question = phrase(Selected(candidate=candidate, source="s", split="train"), ON.scene, language, 1)
    assert question.tolerance == expected


def test_a_question_of_the_patient_s_frame_says_so():
    masks = {"liver": rectangles(SIZE, (12, 1, 17, 6)), "spleen": rectangles(SIZE, (1, 1, 6, 6))}
    on = board(direction=((0.0, 1.0, 0.0), (1.0, 0.0, 0.0)), **masks)
    family = replace(
        QUADRANT, id="patient.lateral", frame="patient", program="lateral(the(A), the(B))", kinds=("open",),
        question=("On which side of the patient is {A} from {B}?",), claim=(),
        statement=("{A} lies to the patient's {value} of {B}.",),
    )  # fmt: skip
    candidate = next(c for c in candidates(on, (family,), LABELS) if isinstance(c, Candidate))
    terms = replace(LANGUAGE.terms, values={"Lateral": {"left": "left", "right": "right"}})
    language = replace(LANGUAGE, families=(family,), terms=terms)
    question = phrase(Selected(candidate=candidate, source="s", split="train"), on.scene, language, 1)
    assert (question.frame, question.value) == ("patient", "left")
    assert question.answer == "The liver lies to the patient's left of the spleen."


def test_a_count_has_no_unit():
    question = asked(found(COUNT, "number", "polyp"))
    assert (question.question, question.answer, question.unit) == ("How many polyps?", "2", None)


def test_a_segment_request_shows_its_target():
    question = asked(found(SEGMENT, "segment", "polyp"))
    assert (question.answer, question.value, question.target) == ("Here are the polyps.", "2,3", (2, 3))


def refused(family: Family, *labels: str) -> Candidate:
    return next(c for c in refusals(ON, (family,), LABELS) if c.labels == labels)


def test_a_refusal_says_why_in_the_place_of_an_answer():
    question = asked(refused(QUADRANT, "kidney"), pair_id="p1", pair_kind="negative")
    assert question.answer in ("There is no kidney in the image.", "No kidney is visible here.")
    assert (question.value, question.kind, question.margin) == ("absent", "open", 1.0)
    assert (question.program, question.target_program, question.target) == (
        'quadrant(the("kidney"))', 'the("kidney")', (),
    )  # fmt: skip
    assert (question.pair_id, question.pair_kind) == ("p1", "negative")
    assert question.bindings[0] == Binding(slot="A", text="the kidney", structures=())
    assert [b.slot for b in question.bindings[1:]] == (["image"] if "image" in question.answer else [])


def test_a_refusal_names_the_structure_that_is_absent_and_not_the_other():
    beside = replace(
        QUADRANT, id="beside", program="horizontal(the(A), the(B))", kinds=("open",), question=("Is {A} by {B}?",)
    )
    language = replace(LANGUAGE, families=(beside,))
    for labels in (("kidney", "liver"), ("liver", "kidney")):
        selected = Selected(
            candidate=refused(beside, *labels), source="s", split="train", pair_id="p1", pair_kind="negative"
        )
        assert " no kidney " in f" {phrase(selected, ON.scene, language, 1).answer.lower()}"


def test_a_refused_number_has_neither_unit_nor_tolerance():
    far = replace(SHARE, id="far", program="distance_mm(the(A), the(B))", unit="millimetre")
    on = board(liver=rectangles(SIZE, (1, 1, 6, 6)), spleen=rectangles(SIZE, (12, 2, 15, 5)))
    candidate = next(refusals(on, (far,), LABELS))
    selected = Selected(candidate=candidate, source="s", split="train", pair_id="p1", pair_kind="negative")
    question = phrase(selected, on.scene, replace(LANGUAGE, families=(far,)), 1)
    assert (question.answer, question.value) == ("This image has no scale.", "no_scale")
    assert (question.unit, question.tolerance) == (None, None)
    wording = "number\nWhat part of the image is {A.name}?\nThis {image} has no scale."
    assert question.template_id == f"far/{hashlib.sha256(wording.encode()).hexdigest()[:8]}"


def test_a_refused_segment_request_shows_the_empty_mask():
    question = asked(refused(SEGMENT, "kidney"), pair_id="p1", pair_kind="negative")
    assert (question.question, question.value, question.target) == ("Outline all kidneys.", "absent", ())


def test_a_refusal_and_its_positive_are_asked_in_the_same_words():
    kidneys = board(kidney=rectangles(SIZE, (1, 1, 6, 6)), view_id="v2")
    answered = next(c for c in candidates(kidneys, (QUADRANT,), LABELS) if isinstance(c, Candidate))
    for seed in range(6):
        positive = Selected(candidate=answered, source="t", split="train", pair_id="p1", pair_kind="negative")
        one = phrase(positive, replace(kidneys.scene, modality="mri"), LANGUAGE, seed)
        other = asked(refused(QUADRANT, "kidney"), seed, pair_id="p1", pair_kind="negative")
        assert one.question == other.question
        assert (one.value, other.value) == ("upper_left", "absent")


def test_bindings_say_what_each_slot_refers_to():
    assert asked(found(COUNT, "number", "polyp")).bindings == (Binding(slot="A", text="the polyp", structures=(2, 3)),)
    assert asked(found(COUNT, "number", "kidney")).bindings == (Binding(slot="A", text="the kidney", structures=()),)


def test_the_question_id_depends_on_view_kind_and_program_and_not_on_the_words():
    expected = hashlib.sha256(b'v1\nopen\nquadrant(the("liver"))').hexdigest()[:16]
    questions = [asked(found(QUADRANT, "open"), seed) for seed in range(8)]
    assert {question.question_id for question in questions} == {expected}
    assert len({question.question for question in questions}) == 2
    assert len({question.template_id for question in questions}) == 2


def test_the_template_id_names_the_family_and_the_wording():
    question = asked(found(SEGMENT, "segment", "polyp"))
    wording = "segment\nOutline all {A.plural}.\nhere are the {A.plural}."
    assert question.template_id == f"segment/{hashlib.sha256(wording.encode()).hexdigest()[:8]}"


def test_the_two_of_a_pair_are_asked_in_the_same_words():
    one = found(QUADRANT, "yes_no")
    for seed in range(6):
        pair = [
            asked(one._replace(view_id=view), seed, claim="upper_left", pair_id="p1").question for view in ("v1", "v2")
        ]
        assert pair[0] == pair[1]


def test_what_the_selection_and_the_family_say_is_recorded():
    question = asked(found(QUADRANT, "open"), prior_bound=True)
    assert (question.prior_bound, question.balanced) == (True, False)
    assert (question.difficulty, question.frame) == (1, "viewer")
    assert (question.min_margin, question.text_source) == (0.1, "template")
    assert question.margin == pytest.approx(0.65)
    assert (question.target_program, question.target) == ('the("liver")', (0,))


NAMED = replace(
    LANGUAGE,
    families=(
        replace(QUADRANT, question=("Which quadrant of the {image} holds {A}?",), claim=("Is {A} {value}?",)),
        replace(AMONG, kinds=("choice",)),
        replace(COUNT, statement=()),
    ),
    terms=replace(
        LANGUAGE.terms,
        labels={
            **LANGUAGE.terms.labels,
            "liver": (
                LABELS["liver"],
                Term(
                    name="liver", plural="livers", article="a",
                    also=(
                        Synonym(name="hepar", plural="hepata", article="a", register="clinical"),
                        Synonym(name="eldest organ", plural="eldest organs", article="an", register="lay"),
                    ),
                ),
            ),
        },
    ),
)  # fmt: skip
SCAN = replace(ON.scene, modality="ct")


def said(candidate: Candidate, seed: int, scene: Scene = SCAN, **chosen: object) -> Question:
    selected = Selected(candidate=candidate, source="s", split="train", **chosen)  # type: ignore[arg-type]
    return phrase(selected, scene, NAMED, seed)


def test_the_main_name_is_used_in_half_of_the_questions_and_the_others_share_the_rest():
    used = Counter(said(found(QUADRANT, "open"), seed).bindings[0].text for seed in range(400))
    assert used.keys() == {"the liver", "the hepar", "the eldest organ"}
    assert 160 <= used["the liver"] <= 240
    assert min(used.values()) >= 60


def test_question_answer_and_binding_use_the_same_name():
    for seed in range(20):
        question = said(found(QUADRANT, "open"), seed)
        text = question.bindings[0].text
        assert text in question.question
        assert text.removeprefix("the ") in question.answer


def test_the_options_of_a_choice_use_the_names_that_the_bindings_record():
    on = board(liver=rectangles(SIZE, (1, 1, 6, 6)), spleen=rectangles(SIZE, (10, 10, 12, 12)))
    candidate = next(c for c in candidates(on, (AMONG,), LABELS) if isinstance(c, Candidate))
    offered = set()
    for seed in range(20):
        question = said(candidate, seed, on.scene, choices=("spleen", "liver"), answer_index=1)
        assert question.choices == ("the spleen", question.bindings[0].text)
        assert question.answer == question.bindings[0].text
        offered.add(question.answer)
    assert offered == {"the liver", "the hepar", "the eldest organ"}


def test_structures_with_names_alike_are_called_alike_in_one_question():
    ribs = {
        f"kidney_{side}": (
            LABELS[f"kidney_{side}"],
            Term(
                name=f"{side} first rib", plural=f"{side} first ribs", article="a",
                also=(Synonym(name=f"first {side} rib", plural=f"first {side} ribs", article="a", register="synonym"),),
            ),
        )
        for side in ("left", "right")
    }  # fmt: skip
    language = replace(NAMED, terms=replace(NAMED.terms, labels={**NAMED.terms.labels, **ribs}))
    on = board(kidney_left=rectangles(SIZE, (1, 1, 6, 6)), kidney_right=rectangles(SIZE, (10, 10, 12, 12)))
    candidate = next(c for c in candidates(on, (AMONG,), LABELS) if isinstance(c, Candidate))
    selected = Selected(
        candidate=candidate, source="s", split="train", choices=("kidney_left", "kidney_right"), answer_index=0
    )
    assert {phrase(selected, on.scene, language, seed).choices for seed in range(40)} == {
        ("the left first rib", "the right first rib"), ("the first left rib", "the first right rib"),
    }  # fmt: skip


def test_a_picture_is_called_by_a_name_of_its_modality_or_of_any_and_the_name_is_recorded():
    called = set()
    for seed in range(40):
        *_, last = said(found(QUADRANT, "open"), seed).bindings
        assert (last.slot, last.structures) == ("image", ())
        assert f"of the {last.text} holds" in said(found(QUADRANT, "open"), seed).question
        called.add(last.text)
    assert called == {"image", "CT image", "tomogram image"}
    unknown = replace(SCAN, modality="microscopy")
    assert {said(found(QUADRANT, "open"), seed, unknown).bindings[1].text for seed in range(20)} == {"image"}


def test_a_question_that_does_not_speak_of_the_picture_has_no_binding_for_it():
    assert [b.slot for b in said(found(COUNT, "number", "polyp"), 1).bindings] == ["A"]


def test_the_two_of_a_pair_use_the_same_names_also_in_pictures_of_two_modalities():
    one, names = found(QUADRANT, "open"), set()
    for seed in range(20):
        pair = [
            said(one._replace(view_id=view), seed, replace(SCAN, modality=modality), pair_id="p1")
            for view, modality in (("v1", "ct"), ("v2", "mri"))
        ]
        assert pair[0].question == pair[1].question
        assert [b.text for b in pair[0].bindings] == [b.text for b in pair[1].bindings]
        names.add(pair[0].bindings[0].text)
        assert pair[0].bindings[1].text == "image"
    assert len(names) == 3
