"""The Spanish language: the questions of the English one, in sentences that agree and contract as they must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from mmrs_builder import programs, resources
from mmrs_builder.template_checks import check
from mmrs_builder.templates import Family, image_names, load, name_text, render
from mmrs_builder.types import Name
from mmrs_builder.vocab import KINDS, MODALITIES, REFUSALS, VALUES
from mmrs_builder.wording_checks import PATIENT_SIDED, SIDED

ENGLISH, SPANISH = (load(resources.path("templates"), language) for language in ("en", "es"))
FAMILIES = {family.id: family for family in SPANISH.families}
NAMES = {name.name: name for _, term in SPANISH.terms.labels.values() for name in term.names}
GENDERS = {"un": NAMES["hígado"], "una": NAMES["lesión cutánea"], "un_f": NAMES["área infectada"]}
"""A name of every article: masculine, feminine, and feminine with a stressed a."""

MASCULINE = (
    "apéndice|atlas|atrio|axis|bazo|cartílago|catéter|colon|corazón|cráneo|derrame|disco|duodeno|edema|eje|encéfalo|"
    "cerebro|esófago|esternón|estómago|fémur|glioma|glúteo|hígado|hipocampo|hueso|húmero|iliopsoas|instrumento|"
    "intestino|lóbulo|meningioma|miocardio|músculo|neumotórax|nódulo|núcleo|omóplato|páncreas|pólipo|pulmón|quiste|"
    "raquis|riñón|rostro|sacro|tejido|tronco|tumor|vaso|ventrículo"
)
FEMININE = (
    "alteración|anomalía|aorta|arteria|aurícula|cara|clavícula|columna|condensación|consolidación|copa|costilla|"
    "escápula|espina|excavación|glándula|lesión|masa|médula|musculatura|neoplasia|opacidad|orejuela|papila|porción|"
    "próstata|región|suprarrenal|tiroides|tráquea|vejiga|vena|vértebra|vesícula|zona"
)
ORDINALS = "primera|segunda|tercera|cuarta|quinta|sexta|séptima|octava|novena|décima|undécima|duodécima"
UNCHANGED = frozenset(("iliopsoas", "neumotórax", "páncreas", "tiroides", "raquis", "atlas", "axis"))
PLURALS = {
    "colon": "cólones",
    "próstata o útero": "próstatas o úteros",
    "vena porta y esplénica": "venas porta y esplénica",
    "zona de transición prostática": "zonas de transición prostáticas",
    "tumor no captante de contraste": "tumores no captantes de contraste",
}


def parts(family: Family) -> tuple[str, ...]:
    return (*family.question, *family.claim, *family.statement)


def sentences(family: Family) -> Iterator[str]:
    """Every wording with names of every article in its slots, each value, and two names of a picture."""
    kind = programs.value_type(family.program)
    images = sorted(image_names(SPANISH, "ct"), key=len)
    for names in permutations(GENDERS.values()):
        slots = dict(zip("ABC", names, strict=True))
        for wording in parts(family):
            for value in VALUES.get(kind, ("0",)) if "{value}" in wording else ("0",):
                for image in (images[0], images[-1]) if "{image}" in wording else images[:1]:
                    yield render(wording, SPANISH, slots, value if "{value}" in wording else None, kind, image=image)


def test_the_spanish_templates_have_no_problem():
    assert [str(problem) for problem in check(SPANISH)] == []


def test_all_labels_pictures_and_refusals_of_english_have_words_in_spanish():
    assert set(SPANISH.terms.labels) == set(ENGLISH.terms.labels)
    assert set(SPANISH.terms.values) >= set(VALUES)
    assert set(SPANISH.terms.images) == {"any", *MODALITIES}
    assert set(SPANISH.terms.refusals) == set(REFUSALS)
    assert all(len(wordings) >= 3 for wordings in SPANISH.terms.refusals.values())


def test_spanish_asks_in_every_kind_and_frame_in_plenty():
    assert len(FAMILIES) >= 200
    assert {kind for family in FAMILIES.values() for kind in family.kinds} == set(KINDS)
    assert {family.theme for family in FAMILIES.values() if family.frame == "patient"} == {"patient", "body"}
    for family in FAMILIES.values():
        assert all(len(wordings) >= 2 for wordings in (family.question, family.claim, family.statement) if wordings)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_spanish_family_differs_from_its_english_namesake_in_wordings_only(name: str):
    english = next(family for family in ENGLISH.families if family.id == name)
    unworded = {"question": (), "claim": (), "statement": ()}
    assert replace(FAMILIES[name], **unworded) == replace(english, **unworded)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_no_sentence_has_an_article_too_many_or_uncontracted(family: Family):
    for text in sentences(family):
        assert re.search(r"\b(de|a) el\b", text, re.IGNORECASE) is None, text
        assert re.search(r"\b(el|la|una?|del|al|cada|ninguna?|ningún) (el|la|una?)\b", text, re.IGNORECASE) is None, (
            text
        )
        assert re.search(r"\b(la|una|ninguna) área\b", text, re.IGNORECASE) is None, text


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_question_is_opened_and_closed_and_begins_with_a_capital(family: Family):
    for text in sentences(family):
        assert re.fullmatch(r"[^¿?]*(¿[^¿?]+\?)?|[^¿?]+\.", text), text
        assert text.lstrip("¿")[0].isupper(), text
        assert re.search(r"  |[{}_]| [.?,:]|[.?]$", text)[0] in ".?", text


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_value_stands_behind_a_noun_of_its_gender(family: Family):
    nouns = {
        "Quadrant": ("cuadrante", "en el"),
        "Zone": ("celda", "parte"),
        "Side": ("mitad", "a la"),
        "Level": ("mitad", "en la"),
        "Lateral": ("mitad", "a la", "hacia la"),
    }.get(programs.value_type(family.program))
    for wording in (*family.claim, *family.statement) if nouns else ():
        before = wording.partition(" {value}")[0].casefold()
        assert before.endswith(nouns), wording


def test_the_terms_of_values_have_the_gender_of_those_nouns():
    wrong = {"Quadrant": r"izquierda|derecha", "Zone": r"izquierdo|derecho", "Side": r"o$", "Lateral": r"o$"}
    for kind, ending in wrong.items():
        assert not [text for text in SPANISH.terms.values[kind].values() if re.search(ending, text)]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_left_and_right_are_visibly_those_of_the_image_or_of_the_patient(family: Family):
    kind = programs.value_type(family.program)
    for wording in parts(family):
        sided = re.search(r"\b(izquierd|derech)", wording)
        if family.frame == "viewer":
            assert not (sided or kind in SIDED) or "la {image}" in wording, wording
            anatomical = r"\b(paciente|cuerpo|anterior|posterior|craneal|caudal|(ipsi|contra)lateral)\b"
            assert re.search(anatomical, wording) is None, wording
        else:
            assert not (sided or kind in PATIENT_SIDED) or "paciente" in wording, wording
            assert re.search(r"image|\b(arriba|abajo|encima|debajo)\b", wording) is None, wording


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_has_the_article_of_its_noun(name: Name):
    noun = re.sub(rf"^({ORDINALS}) ", "", name.name).split()[0]
    genders = {"un": MASCULINE, "una": FEMININE, "un_f": "área"}
    assert [article for article, nouns in genders.items() if noun in nouns.split("|")] == [name.article]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_adjectives_of_side_agree_with_the_noun_before_them(name: Name):
    itself = re.split(r" (?:del|de la) ", name.name)[0]
    other = r"(izquierd|derech)a\b" if name.article == "un" else r"(izquierd|derech)o\b"
    assert re.search(other, itself) is None


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_plural_is_what_spanish_makes_it(name: Name):
    itself, rest = re.fullmatch(r"(.*?)((?: (?:de|del|en|con|sin) .*)?)", name.name).groups()
    regular = " ".join(map(plural, itself.split())) + rest
    assert name.plural == PLURALS.get(name.name, regular)


def plural(word: str) -> str:
    if word in UNCHANGED or re.fullmatch(r"[A-Z]\d+", word):
        return word
    if word[-1] in "aeiou":
        return f"{word}s"
    return f"{re.sub('ón$', 'on', re.sub('ún$', 'un', word))}es"


def test_a_stressed_a_takes_the_masculine_article_and_keeps_its_gender():
    area = GENDERS["un_f"]
    assert [name_text(SPANISH, area, form) for form in ("the", "a", "of", "to", "none")] == [
        "el área infectada", "un área infectada", "del área infectada", "al área infectada", "ningún área infectada",
    ]  # fmt: skip


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_picture_is_called_an_image(modality: str):
    names = image_names(SPANISH, modality)
    assert len(names) >= 3
    assert [name for name in names if not re.match(r"imagen\b", name)] == []


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_fits_names_of_every_gender(reason: str):
    for wording in SPANISH.terms.refusals[reason]:
        for name in GENDERS.values():
            text = render(wording, SPANISH, {"A": name}, None, "Bool", image="imagen de TC")
            assert re.search(r"[{}?¿]|\b(de|a) el\b", text) is None, text
            assert "la imagen de TC" in text.casefold().replace("tc", "TC"), text


def test_one_question_text_never_asks_two_programs_in_spanish():
    few = ("polyp", "nodule", "liver", "lung_left", "instrument", "hippocampus_anterior")
    asked: dict[str, str] = {}
    for family in FAMILIES.values():
        kind, slots, roles = programs.value_type(family.program), programs.slots(family.program), dict(family.where)
        for chosen in permutations(few, len(slots)):
            labels = dict(zip(slots, chosen, strict=True))
            unsorted = family.symmetric and list(chosen) != sorted(chosen)
            if unsorted or any(SPANISH.terms.labels[labels[slot]][0].role != role for slot, role in roles.items()):
                continue
            names = {slot: SPANISH.terms.labels[label][1] for slot, label in labels.items()}
            program = programs.close(family.program, labels)
            if (kind, family.kinds) != ("One", ("choice",)):  # such a choice names the structures in its options only
                for wording in family.question:
                    text = render(wording, SPANISH, names, None, kind, image="imagen")
                    assert asked.setdefault(text, program) == program
            for wording in family.claim:
                for token in VALUES[kind]:
                    text, claim = (
                        render(wording, SPANISH, names, token, kind, image="imagen"),
                        programs.claim(program, token),
                    )
                    assert asked.setdefault(text, claim) == claim


@pytest.mark.parametrize(
    ("wording", "value", "kind", "text"),
    [
        ("¿Hay {A.a} en la {image}?", None, "Bool", "¿Hay una lesión cutánea en la imagen de TC?"),
        ("¿{A} o {B}?", None, "Bool", "¿La lesión cutánea o el hígado?"),
        ("{A} se encuentra {value} {B.of}.", "upper_left", "Direction",
         "La lesión cutánea se encuentra por encima y a la izquierda del hígado."),
        ("{A} {value} {B.of}.", "overlaps", "Topology", "La lesión cutánea se superpone a una parte del hígado."),
        ("{A} ocupa {value} de la {image}.", "5_to_15", "Extent",
         "La lesión cutánea ocupa entre el 5 % y el 15 % de la imagen de TC."),
        ("{B} es {value} {A.to}.", "superior", "Height", "El hígado es craneal a la lesión cutánea."),
        ("No se ve {A.none}.", None, "Bool", "No se ve ninguna lesión cutánea."),
    ],
)  # fmt: skip
def test_spanish_placeholders_become_terms(wording: str, value: str | None, kind: str, text: str):
    names = {"A": GENDERS["una"], "B": GENDERS["un"]}
    assert render(wording, SPANISH, names, value, kind, image="imagen de TC") == text
