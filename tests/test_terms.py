"""The words for structures, compared with those of a library of English inflection."""

from __future__ import annotations

import re

import inflect
import pytest

from mmrs_builder import resources
from mmrs_builder.templates import load

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
    engine = inflect.engine()
    for one, several in ANATOMY.items():
        engine.defnoun(f"(.* )?{one}", f"$1{several}")
    return engine


TERMS = {name: term for name, (_, term) in load(resources.path("templates")).terms.labels.items()}


@pytest.mark.parametrize("name", TERMS)
def test_article_and_plural_are_what_english_makes_them(english: inflect.engine, name: str):
    term = TERMS[name]
    assert english.a(term.name) == f"{term.article} {term.name}"
    noun, level, _ = re.fullmatch(r"(.+?)(( [A-Z]\d+)?)", term.name).groups()  # vertebra C1
    assert f"{english.plural_noun(noun)}{level}" == term.plural
