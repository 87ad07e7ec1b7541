"""The words for structures and pictures: as English inflects them, and never two things of one name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mmrs_builder import resources
from mmrs_builder.naming import named
from mmrs_builder.templates import load
from mmrs_builder.term_checks import wants_an
from mmrs_builder.types import Name
from mmrs_builder.vocab import MODALITIES

if TYPE_CHECKING:
    import inflect

ANATOMY = {
    "pneumothorax": "pneumothoraces",
    "oesophagus": "oesophagi",
    "pancreas": "pancreases",
    "hippocampus": "hippocampi",
    "humerus": "humeri",
    "atrium": "atria",
    "myocardium": "myocardia",
    "vena cava": "venae cavae",
    "prostate or uterus": "prostates or uteri",
    "vertebra": "vertebrae",
}
"""Plurals that only anatomists use, and those of two words."""


@pytest.fixture(scope="module")
def english() -> inflect.engine:
    import inflect  # takes seconds, which not every process of the tests has to spend

    engine = inflect.engine()
    for letter in "LMS":  # L1: letter by letter
        engine.defan(f"{letter}\\d+.*")
    for one, several in ANATOMY.items():
        engine.defnoun(f"(.* )?{one}", f"$1{several}")
    return engine


TERMS = load(resources.path("templates")).terms
NAMES = {name.name: (label.id, name) for label, term in TERMS.labels.values() for name in term.names}


@pytest.mark.parametrize("name", [name for _, name in NAMES.values()], ids=NAMES)
def test_article_and_plural_are_what_english_makes_them(english: inflect.engine, name: Name):
    assert english.a(name.name) == f"{name.article} {name.name}"
    noun, level, _ = re.fullmatch(r"(.+?)(( [A-Z]\d+| of .+)?)", name.name).groups()  # vertebra C1
    plural = f"{noun}s" if noun.isupper() else english.plural_noun(noun)  # IVC
    assert f"{plural}{level}" == name.plural


@pytest.mark.parametrize(("name", "label"), [(name, label) for name, (label, _) in NAMES.items()], ids=NAMES)
def test_a_corpus_may_call_a_structure_as_a_question_does(name: str, label: str):
    assert (named(name)[0].id, named(name)[1]) == (label, None)


def test_many_structures_have_names_that_patients_and_those_that_clinicians_use():
    found = {name.name: name.register for _, term in TERMS.labels.values() for name in term.also}
    assert (found["windpipe"], found["hepatic tumour"], found["spinal column"]) == ("lay", "clinical", "synonym")
    assert sum(bool(term.also) for _, term in TERMS.labels.values()) > 100


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_picture_of_each_modality_has_names_of_its_own(modality: str):
    assert TERMS.images[modality]
    for name in (*TERMS.images["any"], *TERMS.images[modality]):
        assert name.split()[-1] == "image"  # its left half is never that of a scanned patient


@pytest.mark.parametrize(
    ("text", "an"),
    [("IVC", True), ("SVC", True), ("L1 vertebra", True), ("C1 vertebra", False), ("MR image", True), ("T1", False),
     ("FLAIR abnormality", False), ("upper lobe", True), ("urinary bladder", False), ("eighth rib", True)],
)  # fmt: skip
def test_the_article_goes_by_the_sound(text: str, an: bool):
    assert wants_an(text) == an
