"""From the names that corpora give their structures to labels and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.naming import chosen, explained, known, mapping, named, sided_pairs, vocabulary


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("liver", "liver"),
        ("Liver", "liver"),
        ("left kidney", "kidney_left"),
        ("Kidney_L", "kidney_left"),
        ("kidney_left", "kidney_left"),
        ("KidneyLeft", "kidney_left"),
        ("KIDNEY LEFT", "kidney_left"),
        ("LT-KIDNEY", "kidney_left"),
        ("R kidney", "kidney_right"),
        ("rt. kidney", "kidney_right"),
        ("lungs", "lung"),
        ("Left Lung", "lung_left"),
        ("postcava", "inferior_vena_cava"),
        ("Esophagus", "oesophagus"),
        ("gall bladder", "gallbladder"),
        ("tumor", "tumour"),
    ],
)
def test_known_structures_are_found_whatever_their_spelling(name: str, label: str):
    found, term = named(name)
    assert (found.id, term) == (label, None)


@pytest.mark.parametrize(
    ("name", "label", "noun", "plural", "article"),
    [
        ("left cardiac vein", "cardiac_vein_left", "left cardiac vein", "left cardiac veins", "a"),
        ("Tibia_R", "tibia_right", "right tibia", "right tibias", "a"),
        ("vertebrae_L6", "vertebrae_l6", "vertebra L6", "vertebra L6s", "a"),
        ("optic nerve", "optic_nerve", "optic nerve", "optic nerves", "an"),
        ("artery", "artery", "artery", "arteries", "an"),
        ("LAD", "lad", "LAD", "LADs", "an"),
        ("SMA", "sma", "SMA", "SMAs", "an"),
        ("PDA", "pda", "PDA", "PDAs", "a"),
        ("L6 vertebra", "l6_vertebra", "L6 vertebra", "L6 vertebras", "an"),
        ("T13 vertebra", "t13_vertebra", "T13 vertebra", "T13 vertebras", "a"),
        ("uterus", "uterus", "uterus", "uteruses", "a"),
        ("ureter", "ureter", "ureter", "ureters", "a"),
        ("eustachian tube", "eustachian_tube", "eustachian tube", "eustachian tubes", "a"),
        ("ulna", "ulna", "ulna", "ulnas", "an"),
        ("brain metastasis", "brain_metastasis", "brain metastasis", "brain metastases", "a"),
        ("5th rib", "structure_5th_rib", "structure 5th rib", "structure 5th ribs", "a"),
    ],
)
def test_unknown_structures_keep_their_own_words(name: str, label: str, noun: str, plural: str, article: str):
    found, term = named(name)
    assert term is not None
    assert (found.id, term.name, term.plural, term.article) == (label, noun, plural, article)


def test_an_unknown_side_has_a_partner():
    label, _ = named("Tibia_R")
    assert (label.side, label.partner, label.role) == ("right", "tibia_left", "organ")
    other, _ = named("left tibia")
    assert (other.id, other.partner) == (label.partner, label.id)


def test_a_finding_is_a_lesion():
    assert named("renal mass")[0].role == "lesion"
    assert named("massa intermedia")[0].role == "organ"


@pytest.mark.parametrize("name", ["L1", "rib 5 l", "sternal"])
def test_a_side_is_a_word_of_its_own_at_either_end(name: str):
    assert named(name)[0].side == ("left" if name.endswith(" l") else None)


@pytest.mark.parametrize("name", ["", " ", "__", "{liver}\n[A]" * 20, "Niere_öl", "肝臓"])
def test_a_name_that_cannot_stand_in_a_sentence_is_refused(name: str):
    with pytest.raises(ValueError, match=r"does not name|label|must be"):
        named(name)


@given(st.text(max_size=40))
def test_any_name_is_a_label_or_refused(name: str):
    try:
        label, term = named(name)
    except ValueError:
        return
    assert label.id.isidentifier()
    assert label.id == label.id.lower()
    assert term is None or not set(term.name + term.plural) & set("{}[]<>|\n")


@pytest.mark.parametrize("label", sorted({label.id for label in vocabulary().values()}))
def test_every_label_of_the_vocabulary_is_named_by_its_id(label: str):
    assert named(label)[0].id == label


def test_names_are_gathered_sorted_with_the_words_of_unknown_ones():
    labels, terms = chosen(["left kidney", "Kidney_L", "optic nerve", "Tibia_R"])
    assert labels == ("kidney_left", "optic_nerve", "tibia_right")
    assert [(label.id, term.name) for label, term in terms] == [
        ("optic_nerve", "optic nerve"),
        ("tibia_right", "right tibia"),
    ]


def test_pairs_are_read_with_spaces_around():
    assert mapping("labels", " 1 = liver , 2=left kidney,") == {"1": "liver", "2": "left kidney"}
    assert mapping("labels", "") == {}


@pytest.mark.parametrize("text", ["liver", "1=", "=liver", "1=a,1=b", "1=<b>", "1=a,spleen"])
def test_pairs_that_cannot_be_meant_are_refused_by_the_option(text: str):
    with pytest.raises(ValueError, match=r"^labels="):
        mapping("labels", text)


def test_sides_are_paired_where_their_place_is_certain():
    held = ["kidney_right", "kidney_left", "lung_left", "tibia_left", "tibia_right", "liver"]
    assert sided_pairs(held) == (("kidney_left", "kidney_right"), ("tibia_left", "tibia_right"))


def test_ventricles_of_the_heart_do_not_tell_sides():
    hearts = [label for label in vocabulary() if "ventricle" in label]
    assert all("heart" not in left for left, _ in sided_pairs(hearts))


@pytest.mark.parametrize(
    ("text", "label"), [("Lung_L", "lung_left"), (" liver ", "liver"), ("PTV liver", None), ("", None), ("Lëber", None)]
)
def test_free_text_is_known_only_if_the_vocabulary_has_it(text: str, label: str | None):
    found = known(text)
    assert (found.id if found else None) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [("GTV_1", "tumour"), ("gtv node", "lymph_node"), (" GTV ", "tumour"), ("CTV", None), ("[x]", "cyst")],
)
def test_free_text_is_explained_in_any_case_with_wildcards_and_exact_text_first(text: str, label: str | None):
    found = explained(text, {"GTV*": "tumour", "GTV Node": "lymph node", "[x]": "cyst"})
    assert (found.id if found else None) == label
