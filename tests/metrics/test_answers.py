"""What free sentences answer: all of a built shard and of the templates, and what people and models also write."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import pytest

from mmrs_builder import programs
from mmrs_builder.language import Language, render, to_json
from mmrs_builder.metrics import Words, correct, is_closed, parse, value_said
from mmrs_builder.vocab import VALUES

SIDED = ("kidney", "kidney_left", "lung_right", "adrenal_right", "heart_ventricle_left", "brain")
SIDES, PLACES = ("left", "right"), ("upper left", "lower right", "centre")
RELATIONS, ORGANS = ("inside it", "touching it", "apart from it"), ("the kidney", "the left lung", "the liver")


def answered(question: dict[str, Any], words: Words) -> str | None:
    kind, program = question["kind"], question["program"]
    return parse(question["answer"], kind, programs.value_type(program), question["choices"], words)


@pytest.fixture
def asked(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions of the shards whose answers are closed."""
    questions = [question for view in views for question in view["qa"]]
    return [q for q in questions if is_closed(q["kind"], programs.value_type(q["program"]))]


def test_every_answer_in_a_shard_says_its_stored_value(asked: list[dict[str, Any]], stored_words: Words):
    assert {q["kind"] for q in asked} == {"open", "choice", "yes_no", "number"}
    for q in asked:
        said = answered(q, stored_words)
        assert said == (str(q["answer_index"]) if q["kind"] == "choice" else q["value"]), q["answer"]
        assert correct(said, **{name: q[name] for name in ("kind", "value", "answer_index", "tolerance")})


def test_the_option_chosen_in_a_shard_has_the_stored_value(asked: list[dict[str, Any]], stored_words: Words):
    for q in asked:
        kind = programs.value_type(q["program"])
        if q["kind"] == "choice" and kind in VALUES:
            assert value_said(str(q["answer_index"]), "choice", kind, q["choices"], stored_words) == q["value"]


def test_every_wording_says_its_value_whatever_structures_it_names(english: Language, words: Words):
    families = [f for f in english.families if "open" in f.kinds]
    assert {programs.value_type(f.program) for f in families} == VALUES.keys() - {"Bool"}
    for family in families:
        kind, slots = programs.value_type(family.program), programs.slots(family.program)
        for labels in permutations(SIDED, len(slots)):
            for token, wording in ((t, w) for t in VALUES[kind] for w in family.statement):
                names = {slot: english.terms.labels[label][1] for slot, label in zip(slots, labels, strict=True)}
                said = render(wording, english, names, token, kind, image="CT image")
                assert parse(said, "open", kind, None, words) == token, said


@pytest.mark.parametrize(
    ("said", "value_type", "token"),
    [
        ("upper left", "Quadrant", "upper_left"),
        ("UPPER-LEFT.", "Quadrant", "upper_left"),
        ("The left kidney lies in the upper right quadrant.", "Quadrant", "upper_right"),
        ("The left kidneys lie in the right half.", "Side", "right"),
        ("It lies in the upper left quadrant.", "Side", "left"),
        ("Left of the right lung", "Side", "left"),
        ("In the central cell, the centre one.", "Zone", "centre"),
        ("The liver is straight to the left of the right lung.", "Direction", "left"),
        ("The liver is to the upper left of the left kidney.", "Direction", "upper_left"),
        ("Less than 5% of it", "Extent", "under_5"),
        ("The polyp lies inside the colon.", "Topology", "inside"),
        ("", "Side", None),
        ("The left kidney is there.", "Side", None),
        ("On the leftmost edge", "Side", None),
        ("Either left or right", "Side", None),
        ("upper middle left", "Zone", None),
        ("to the upper. Left of it", "Quadrant", None),
    ],
)
def test_open_answers(said: str, value_type: str, token: str | None, words: Words):
    assert parse(said, "open", value_type, None, words) == token


@pytest.mark.parametrize(
    ("said", "value_type", "choices", "index"),
    [
        ("Right.", "Side", SIDES, "1"),
        ("The left kidney lies in the right half.", "Side", SIDES, "1"),
        ("left or right", "Side", SIDES, None),
        ("Lower  right", "Quadrant", PLACES, "1"),
        ("In the central ninth", "Zone", PLACES, "2"),
        ("upper right", "Zone", PLACES, None),
        ("The polyp lies inside the colon.", "Topology", RELATIONS, "0"),
        ("The polyp touches the colon.", "Topology", RELATIONS, "1"),
        ("the left lung", "One", ORGANS, "1"),
        ("It is the kidney.", "One", ORGANS, "0"),
        ("Liver", "One", ORGANS, "2"),
        ("The left kidney", "One", ORGANS, None),
        ("The liver is larger than the kidney.", "One", ORGANS, None),
        ("2", "One", ORGANS, None),
    ],
)
def test_choices(said: str, value_type: str, choices: tuple[str, ...], index: str | None, words: Words):
    assert parse(said, "choice", value_type, choices, words) == index


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        ("Yes", "true"),
        ("no.", "false"),
        ("No, there is a polyp.", "false"),
        ("Yes, there is no gap.", "true"),
        ("Answer: yes", "true"),
        ("No polyp is visible.", "false"),
        ("Yes and no", None),
        ("Nothing is there.", None),
        ("", None),
    ],
)
def test_yes_and_no(said: str, truth: str | None, words: Words):
    assert parse(said, "yes_no", "Bool", None, words) == truth


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("3", "3"),
        ("12.5%", "12.5"),
        ("About .5 percent.", ".5"),
        ("There are 2 polyps, not 3.", "2"),
        ("-5 %", "-5"),
        ("5-10 %", None),
        ("In this 2D image: 4", "4"),
        ("1,000", None),
        ("7,7 %", None),
        ("two", "2"),
        ("two or three", None),
    ],
)
def test_numbers(said: str, number: str | None, words: Words):
    assert parse(said, "number", "Number", None, words) == number


def test_names_of_structures_are_no_answers(english: Language):
    names = {
        "glioma": {"name": "grade 2 glioma", "plural": "grade 2 gliomas", "article": "a"},
        "disc": {"name": "centre", "plural": "centres", "article": "a"},
    }
    own = Words.of(to_json(english, [], []) | {"labels": names})
    assert parse("Of the grade 2 gliomas I see 3.", "number", "Count", None, own) == "3"
    assert parse("The centre lies upper left.", "choice", "Zone", PLACES, own) == "0"
    assert parse("The centre.", "choice", "Zone", PLACES, own) is None
    assert parse("Centre.", "choice", "Zone", PLACES, own) == "2"  # an option, word by word


@pytest.mark.parametrize(("kind", "value_type"), [("segment", "Set"), ("segment", "Side"), ("open", "One")])
def test_an_answer_out_of_no_closed_set_is_an_error(kind: str, value_type: str, words: Words):
    assert not is_closed(kind, value_type)
    with pytest.raises(ValueError, match="not out of a closed set"):
        parse("left", kind, value_type, None, words)


@pytest.mark.parametrize(
    ("parsed", "value", "tolerance", "right"),
    [
        ("0.8", "0.7", 0.1, True),  # more than 0.1 apart in floats
        ("0.9", "0.7", 0.1, False),
        ("3", "3", None, True),
        ("3.0", "3", None, True),
        ("2", "3", None, False),
        (None, "3", 1.0, False),
    ],
)
def test_a_number_is_right_within_its_tolerance(parsed: str | None, value: str, tolerance: float | None, right: bool):
    assert correct(parsed, kind="number", value=value, tolerance=tolerance) == right


def test_a_choice_is_right_by_its_option_and_not_by_its_value():
    assert correct("1", kind="choice", value="0", answer_index=1)
    assert not correct("0", kind="choice", value="0", answer_index=1)
    assert not correct(None, kind="choice", value="0", answer_index=1)


def test_the_value_said_is_that_of_the_option(words: Words):
    assert value_said("1", "choice", "Side", SIDES, words) == "right"
    assert value_said("0", "choice", "One", ORGANS, words) is None
    assert value_said("upper_left", "open", "Quadrant", None, words) == "upper_left"
    assert value_said(None, "choice", "Side", SIDES, words) is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("There is no spleen in the image.", "absent"),
        ("The CT image shows no spleen", "absent"),
        ("I would say: there is no spleen in the MR image. So there is no answer.", "absent"),
        ("This image cannot tell: the patient's left and right lie along the line of sight.", "no_left_right"),
        ("Without a known pixel size this image cannot be measured in millimetres.", "no_scale"),
        ("It lies in the left half.", "left"),
        ("There is no spleen in the image. It lies in the left half.", "absent"),
        ("There is no spleen in the image, and the image comes without a scale in millimetres.", "absent"),
        ("There is no unicorn in the image.", None),
        ("I do not know.", None),
    ],
)
def test_a_refusal_is_read_as_its_reason(said: str, reason: str | None, words: Words):
    assert parse(said, "open", "Side", None, words) == reason


def test_every_refusal_says_its_reason_whatever_structure_it_names(english: Language, words: Words):
    for reason, wordings in english.terms.refusals.items():
        for wording, label, image in product(wordings, SIDED, ("image", "X-ray image")):
            for name in english.terms.labels[label][1].names:
                said = render(wording, english, {"A": name}, None, "", image=image)
                assert parse(said, "number", "Count", None, words, absent=(label,)) == reason, said


def test_a_structure_that_is_there_must_not_be_called_absent(words: Words):
    said = "There is no liver in the image."
    assert parse(said, "open", "Side", None, words, absent=("liver",)) == "absent"
    assert parse(said, "open", "Side", None, words, absent=("spleen",)) is None
    assert parse("This image has no scale.", "number", "Number", None, words, absent=()) is None


def test_two_reasons_at_once_are_none(words: Words):
    said = "There is no spleen in the image. Without a known pixel size this image cannot be measured in millimetres."
    assert parse(said, "open", "Side", None, words) is None


def test_a_refusal_is_right_where_the_view_cannot_answer_and_wrong_where_it_can(words: Words):
    parsed = parse("There is no spleen in the image.", "number", "Count", None, words)
    assert correct(parsed, kind="number", value="absent")
    assert not correct(parsed, kind="number", value="0")
    assert not correct("7.7", kind="number", value="absent", tolerance=None)


def test_a_yes_or_no_is_never_a_refusal(words: Words):
    assert (
        parse("No spleen is visible in the image, so the question has no answer here.", "yes_no", "Bool", None, words)
        == "false"
    )
