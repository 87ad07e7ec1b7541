"""The project's own language: complete, free of problems, grammatical for every label and value."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from mmrs_builder import programs, resources
from mmrs_builder.template_checks import check
from mmrs_builder.templates import (
    Family,
    Language,
    TemplateError,
    label_text,
    load,
    render,
    template_id,
    to_json,
    with_terms,
)
from mmrs_builder.term_checks import wants_an
from mmrs_builder.types import Label, Term
from mmrs_builder.vocab import KINDS, VALUES
from mmrs_builder.wording_checks import SIDED

ENGLISH = load(resources.path("templates"))
FAMILIES = {family.id: family for family in ENGLISH.families}


def parts(family: Family) -> Iterator[str]:
    yield from (*family.question, *family.claim, *family.statement)


def bound(family: Family) -> Iterator[dict[str, str]]:
    """Each fitting label once per slot; the other slots get the labels that follow it."""
    roles = dict(family.where)
    fitting = {
        slot: [name for name, (label, _) in ENGLISH.terms.labels.items() if roles.get(slot, label.role) == label.role]
        for slot in programs.slots(family.program)
    }
    for start in range(max(map(len, fitting.values()))):
        chosen = {slot: names[(start + 3 * i) % len(names)] for i, (slot, names) in enumerate(fitting.items())}
        if len(set(chosen.values())) == len(chosen):
            yield chosen


def sentences(family: Family, wordings: tuple[str, ...]) -> Iterator[str]:
    kind = programs.value_type(family.program)
    for wording in wordings:
        for labels in bound(family):
            for value in VALUES.get(kind, ("0",)):
                yield render(wording, ENGLISH, labels, value, kind)


def test_the_project_s_templates_have_no_problem():
    assert [str(problem) for problem in check(ENGLISH)] == []


def test_there_are_families_and_wordings_of_every_kind_in_plenty():
    assert len(FAMILIES) >= 250
    assert sum(len(tuple(parts(family))) for family in FAMILIES.values()) >= 1000
    assert {kind for family in FAMILIES.values() for kind in family.kinds} == set(KINDS)


def test_every_word_of_the_language_is_used_by_two_families_at_least():
    used = Counter(name for family in FAMILIES.values() for name in programs.words(family.program))
    assert [name for name in programs.FUNCTIONS if used[name] < 2] == []


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_sentence_is_clean(family: Family):
    for text in sentences(family, tuple(parts(family))):
        assert re.search(r"  |[{}_]| [.?,]", text) is None, text
        assert text[0].isupper(), text
        assert text[-1] in "?.", text


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_and_an_fit_the_next_word(family: Family):
    for text in sentences(family, tuple(parts(family))):
        wrong = [f"{a} {word}" for a, word in re.findall(r"\b([Aa]n?) (\w+)", text) if (len(a) == 2) != wants_an(word)]
        assert wrong == [], text
        assert re.search(r"\b(the|an?|every|each|any) (the|an?)\b", text, re.IGNORECASE) is None, text


VIEWER = {name: family for name, family in FAMILIES.items() if family.frame == "viewer"}
PATIENT = {name: family for name, family in FAMILIES.items() if family.frame == "patient"}


@pytest.mark.parametrize("family", VIEWER.values(), ids=VIEWER)
def test_left_and_right_are_visibly_those_of_the_image(family: Family):
    sided = programs.value_type(family.program) in SIDED
    for text in parts(family):
        if sided or re.search(r"\b(left|right)", text):
            assert re.search(r"\b(image|displayed)\b", text), text
        assert re.search(r"\b(patient|(anter|poster|super|infer)ior|(ipsi|contra)lateral)", text) is None, text


@pytest.mark.parametrize("family", PATIENT.values(), ids=PATIENT)
def test_left_and_right_are_visibly_those_of_the_patient(family: Family):
    for text in parts(family):
        if programs.value_type(family.program) == "Lateral" or re.search(r"\b(left|right)", text):
            assert "patient" in text, text
        assert re.search(r"\b(image|displayed|viewer|above|below)\b", text) is None, text


def test_the_frame_of_a_family_is_that_of_its_program():
    assert {name for name, family in FAMILIES.items() if programs.words(family.program) & programs.PATIENT} == set(
        PATIENT
    )


def test_a_choice_of_the_patient_s_frame_does_not_name_its_options():
    for family in PATIENT.values():
        options = VALUES[programs.value_type(family.program)]
        assert not [text for text in family.question if re.search(rf"\b({'|'.join(options)})\b", text)]


@pytest.mark.parametrize(
    "program",
    [
        "both(border(the(A)), border(the(B)))",
        "neither(exists(B), exists(A))",
        "aligned(the(A), the(B))",
        'either(topology(the(A), the(B)) == "touches", topology(the(B), the(A)) == "overlaps")',
        "between(second_largest(among(A, B, C)), largest(among(A, B, C)), smallest(among(A, B, C)))",
    ],
)
def test_slots_that_can_change_places_are_told(program: str):
    family = replace(FAMILIES["relate.between"], program=program, target=None, symmetric=True)
    problems = check(replace(ENGLISH, families=(family,)))
    assert [problem for problem in problems if problem.field == "symmetric"] == []


def test_one_question_text_never_asks_two_programs():
    few = ("polyp", "nodule", "liver", "lung_left", "instrument", "hippocampus_anterior")
    asked: dict[str, str] = {}
    for family in FAMILIES.values():
        for labels in few_bindings(family, few):
            for text, program in questions(family, labels):
                assert asked.setdefault(text, program) == program


def questions(family: Family, labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is asked and the program it stands for; a choice among named structures says them in its options only."""
    kind, program = programs.value_type(family.program), programs.close(family.program, labels)
    if (kind, family.kinds) != ("One", ("choice",)):
        yield from ((render(text, ENGLISH, labels, None, kind), program) for text in family.question)
    for text in family.claim:
        for token in VALUES[kind]:
            yield render(text, ENGLISH, labels, token, kind), programs.claim(program, token)


def few_bindings(family: Family, few: tuple[str, ...]) -> Iterator[dict[str, str]]:
    slots, roles = programs.slots(family.program), dict(family.where)
    for chosen in permutations(few, len(slots)):
        labels = dict(zip(slots, chosen, strict=True))
        unsorted = family.symmetric and list(chosen) != sorted(chosen)
        if not unsorted and all(ENGLISH.terms.labels[labels[slot]][0].role == role for slot, role in roles.items()):
            yield labels


@pytest.mark.parametrize(
    ("wording", "value", "kind", "text"),
    [
        ("Is {A.a} in the image?", None, "Bool", "Is an infected region in the image?"),
        ("{A} lies {value} {B} in the image.", "upper_left", "Direction",
         "The infected region lies to the upper left of the left lung in the image."),
        ("{A} is in the {value} cell.", "centre", "Zone", "The infected region is in the central cell."),
        ("{A} covers {value} of the image.", "5_to_15", "Extent",
         "The infected region covers between 5 % and 15 % of the image."),
        ("How many {A.plural} are there?", None, "Count", "How many infected regions are there?"),
        ("The largest {A.name} covers {value}.", "12.3", "Number", "The largest infected region covers 12.3."),
        ("{A} lies to the patient's {value} of {B}.", "right", "Lateral",
         "The infected region lies to the patient's right of the left lung."),
        ("{A} is {value} to {B}.", "posterior", "Depth", "The infected region is posterior to the left lung."),
    ],
)  # fmt: skip
def test_placeholders_become_terms(wording: str, value: str | None, kind: str, text: str):
    assert render(wording, ENGLISH, {"A": "infection_region", "B": "lung_left"}, value, kind) == text


def test_a_fragment_keeps_its_small_first_letter():
    assert render("{A}", ENGLISH, {"A": "liver"}, None, "One", sentence=False) == "the liver"
    assert label_text(ENGLISH, "liver") == "the liver"


def test_only_the_first_letter_of_a_sentence_is_changed():
    assert render("{A} on MRI.", ENGLISH, {"A": "brain"}, None, "One") == "The brain on MRI."


def test_a_label_without_a_term_is_an_error():
    with pytest.raises(KeyError, match="unicorn"):
        render("{A}?", ENGLISH, {"A": "unicorn"}, None, "One")


def test_template_id_depends_on_kind_and_both_wordings():
    # sha256 of "open\nWhere is {A}?\n{A} is {value}."
    assert template_id("locate.side", "open", "Where is {A}?", "{A} is {value}.") == "locate.side/bf2fbc28"
    ids = {template_id("f", kind, question, answer) for kind in "ab" for question in "cd" for answer in ("", "e")}
    assert len(ids) == 8


def test_a_shard_stores_the_families_and_labels_it_uses():
    stored = to_json(ENGLISH, ["relate.gap", "locate.quadrant"], ["lung_left", "polyp"])
    assert json.loads(json.dumps(stored)) == stored
    quadrant, gap = stored["families"]
    assert quadrant["id"] == "locate.quadrant"
    assert (gap["unit"], gap["tolerance"], gap["symmetric"], gap["where"]) == ("percent", 0.2, True, {})
    assert stored["labels"]["lung_left"] == {
        "name": "left lung", "plural": "left lungs", "article": "a", "role": "organ", "side": "left",
        "partner": "lung_right",
    }  # fmt: skip
    assert stored["labels"]["polyp"]["partner"] is None
    assert stored["values"]["Side"] == {"left": "left", "right": "right"}


def own(name: str) -> tuple[Label, Term]:
    return Label(id="mole", role="lesion"), Term(name=name, plural=f"{name}s", article="a")


def test_a_source_can_bring_labels_of_its_own():
    language: Language = with_terms(ENGLISH, [own("mole"), own("mole")])
    assert label_text(language, "mole", ".a") == "a mole"
    assert check(language) == ()


def test_two_sources_cannot_give_one_label_two_names():
    with pytest.raises(TemplateError, match="mole"):
        with_terms(ENGLISH, [own("mole"), own("naevus")])
