"""The project's own language: complete, free of problems, grammatical for every label and value."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, permutations
from pathlib import Path

import pytest

from mmrs_builder import programs, resources
from mmrs_builder.template_checks import check
from mmrs_builder.templates import (
    Family,
    Language,
    TemplateError,
    languages,
    load,
    name_text,
    render,
    template_id,
    to_json,
    with_terms,
)
from mmrs_builder.term_checks import wants_an
from mmrs_builder.types import Label, Name, Term
from mmrs_builder.vocab import KINDS, REFUSALS, VALUES
from mmrs_builder.wording_checks import SIDED

ENGLISH = load(resources.path("templates"))
FAMILIES = {family.id: family for family in ENGLISH.families}
IMAGES = [(modality, name) for modality, names in ENGLISH.terms.images.items() for name in names]


def parts(family: Family) -> Iterator[str]:
    yield from (*family.question, *family.claim, *family.statement)


def bound(family: Family) -> Iterator[dict[str, Name]]:
    """Each name of a fitting label once per slot; the other slots get names that follow it."""
    roles = dict(family.where)
    fitting = {
        slot: [
            name
            for label, term in ENGLISH.terms.labels.values()
            if roles.get(slot, label.role) == label.role
            for name in term.names
        ]
        for slot in programs.slots(family.program)
    }
    for start in range(max(map(len, fitting.values()))):
        chosen = {slot: names[(start + 5 * i) % len(names)] for i, (slot, names) in enumerate(fitting.items())}
        if len(set(chosen.values())) == len(chosen):
            yield chosen


def main_names(labels: dict[str, str]) -> dict[str, Name]:
    """The main name of each slot's label."""
    return {slot: ENGLISH.terms.labels[label][1] for slot, label in labels.items()}


def sentences(family: Family, wordings: tuple[str, ...]) -> Iterator[str]:
    kind, images = programs.value_type(family.program), cycle(image for _, image in IMAGES)
    for wording in wordings:
        for names in bound(family):
            for value in VALUES.get(kind, ("0",)):
                yield render(wording, ENGLISH, names, value, kind, image=next(images))


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
    names = main_names(labels)
    if (kind, family.kinds) != ("One", ("choice",)):
        yield from ((render(text, ENGLISH, names, None, kind, image="image"), program) for text in family.question)
    for text in family.claim:
        for token in VALUES[kind]:
            yield render(text, ENGLISH, names, token, kind, image="image"), programs.claim(program, token)


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
        ("Is {A.a} in the {image}?", None, "Bool", "Is an infected region in the CT image?"),
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
    names = main_names({"A": "infection_region", "B": "lung_left"})
    assert render(wording, ENGLISH, names, value, kind, image="CT image") == text


@pytest.mark.parametrize(
    ("wording", "text"),
    [
        ("{A} está en la {image}.", "El bazo está en la imagen."),
        ("¿{A} está en la {image}?", "¿El bazo está en la imagen?"),
        ("¡dentro {A.of}!", "¡Dentro del bazo!"),
        ("¿hay {A.a} junto {B.to}?", "¿Hay un bazo junto a la vejiga?"),
    ],
)
def test_another_language_has_forms_of_its_own_and_a_mark_before_its_questions(wording: str, text: str):
    names = {
        "A": Term(name="bazo", plural="bazos", article="un"),
        "B": Term(name="vejiga", plural="vejigas", article="una"),
    }
    assert render(wording, spoken(SPANISH), names, None, "Bool", image="imagen") == text


def test_a_language_is_known_by_its_terms(tmp_path: Path):
    for name in ("es", "en"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "terms.toml").touch()
    (tmp_path / "drafts").mkdir()
    assert languages(tmp_path) == ("en", "es")


def test_a_fragment_keeps_its_small_first_letter():
    names = main_names({"A": "liver"})
    assert render("{A}", ENGLISH, names, None, "One", sentence=False) == "the liver"
    assert name_text(ENGLISH, names["A"]) == "the liver"


def test_only_the_first_letter_of_a_sentence_is_changed():
    assert render("{A} on MRI.", ENGLISH, main_names({"A": "brain"}), None, "One") == "The brain on MRI."


@pytest.mark.parametrize(("wording", "missing"), [("{B}?", "B"), ("{A} {value}?", "value"), ("{image}?", "image")])
def test_what_a_wording_needs_and_does_not_get_is_an_error(wording: str, missing: str):
    with pytest.raises(KeyError, match=missing):
        render(wording, ENGLISH, main_names({"A": "liver"}), None, "One")


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
        "partner": "lung_right", "also": [],
    }  # fmt: skip
    assert stored["labels"]["polyp"]["partner"] is None
    assert stored["values"]["Side"] == {"left": "left", "right": "right"}
    assert stored["forms"]["an"] == {"the": "the {name}", "a": "an {name}"}
    assert stored["images"]["any"] == ["image"]
    assert stored["refusals"].keys() == {*REFUSALS}
    assert (stored["version"], stored["language"]) == (2, "en")


def test_a_shard_stores_the_other_names_of_its_labels():
    stored = to_json(ENGLISH, [], ["trachea"])
    assert stored["labels"]["trachea"]["also"] == [
        {"name": "windpipe", "plural": "windpipes", "article": "a", "register": "lay"}
    ]


def test_a_shard_stores_the_counterparts_of_its_families():
    family = replace(FAMILIES["patient.lateral"], other_frame=("relate.horizontal", "relate.vertical"))
    language = replace(ENGLISH, families=(family, *(f for f in ENGLISH.families if f.id != family.id)))
    stored = {entry["id"]: entry for entry in to_json(language, [family.id], [])["families"]}
    assert stored.keys() == {family.id, "relate.horizontal", "relate.vertical"}
    assert stored[family.id]["other_frame"] == ["relate.horizontal", "relate.vertical"]


SPANISH = {
    "un": {"the": "el {name}", "a": "un {name}", "of": "del {name}", "to": "al {name}"},
    "una": {"the": "la {name}", "a": "una {name}", "of": "de la {name}", "to": "a la {name}"},
}


def spoken(forms: dict[str, dict[str, str]]) -> Language:
    """A language with forms of its own."""
    return replace(ENGLISH, language="es", terms=replace(ENGLISH.terms, forms=forms))


def own(name: str) -> tuple[Label, Term]:
    return Label(id="mole", role="lesion"), Term(name=name, plural=f"{name}s", article="a")


def test_a_source_can_bring_labels_of_its_own():
    language: Language = with_terms(ENGLISH, [own("mole"), own("mole")])
    assert name_text(language, language.terms.labels["mole"][1], "a") == "a mole"
    assert check(language) == ()


def test_two_sources_cannot_give_one_label_two_names():
    with pytest.raises(TemplateError, match="mole"):
        with_terms(ENGLISH, [own("mole"), own("naevus")])


@pytest.mark.parametrize("name", ["polyp", "Windpipe"])
def test_no_label_of_ones_own_is_called_like_another(name: str):
    with pytest.raises(TemplateError, match=r"own labels: mole, name: .* is a name of (polyp|trachea) too; map it to"):
        with_terms(ENGLISH, [own(name)])


def test_an_english_name_without_forms_in_the_language_is_refused_with_what_to_do():
    with pytest.raises(TemplateError, match=r"mole, article: .*'a', which the language 'es' lacks; give its noun"):
        with_terms(spoken(SPANISH), [own("mole")])


def test_a_language_without_forms_is_told_how_to_write_them():
    found = [str(problem) for problem in check(spoken({}))]
    assert [line for line in found if "no forms of names; add [form.ARTICLE]" in line]
