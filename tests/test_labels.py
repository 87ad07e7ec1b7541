"""One vocabulary for all corpora: each of their names for a structure leads to one canonical label."""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from mmrs_builder import sources
from mmrs_builder.naming import named, vocabulary

LABELS = {label.id: label for label in vocabulary().values()}

ORGANS = {
    "spleen": {"btcv": (1, "spleen"), "amos22": (1, "spleen"), "flare22": (3, "spleen"), "total": (1, "spleen")},
    "kidney_right": {
        "btcv": (2, "right kidney"), "amos22": (2, "right kidney"), "flare22": (2, "right kidney"),
        "total": (2, "kidney_right"),
    },
    "kidney_left": {
        "btcv": (3, "left kidney"), "amos22": (3, "left kidney"), "flare22": (13, "left kidney"),
        "total": (3, "kidney_left"),
    },
    "gallbladder": {
        "btcv": (4, "gallbladder"), "amos22": (4, "gall bladder"), "flare22": (9, "gallbladder"),
        "total": (4, "gallbladder"),
    },
    "oesophagus": {
        "btcv": (5, "esophagus"), "amos22": (5, "esophagus"), "flare22": (10, "esophagus"), "total": (15, "esophagus"),
    },
    "liver": {"btcv": (6, "liver"), "amos22": (6, "liver"), "flare22": (1, "liver"), "total": (5, "liver")},
    "stomach": {"btcv": (7, "stomach"), "amos22": (7, "stomach"), "flare22": (11, "stomach"), "total": (6, "stomach")},
    "aorta": {"btcv": (8, "aorta"), "amos22": (8, "arota"), "flare22": (5, "aorta"), "total": (52, "aorta")},
    "inferior_vena_cava": {
        "btcv": (9, "inferior vena cava"), "amos22": (9, "postcava"), "flare22": (6, "inferior vena cava"),
        "total": (63, "inferior_vena_cava"),
    },
    "portal_and_splenic_vein": {
        "btcv": (10, "portal vein and splenic vein"), "total": (64, "portal_vein_and_splenic_vein"),
    },
    "pancreas": {
        "btcv": (11, "pancreas"), "amos22": (10, "pancreas"), "flare22": (4, "pancreas"), "total": (7, "pancreas"),
    },
    "adrenal_right": {
        "btcv": (12, "right adrenal gland"), "amos22": (11, "right adrenal gland"),
        "flare22": (7, "right adrenal gland"), "total": (8, "adrenal_gland_right"),
    },
    "adrenal_left": {
        "btcv": (13, "left adrenal gland"), "amos22": (12, "left adrenal gland"),
        "flare22": (8, "left adrenal gland"), "total": (9, "adrenal_gland_left"),
    },
    "duodenum": {"amos22": (13, "duodenum"), "flare22": (12, "duodenum"), "total": (19, "duodenum")},
    "bladder": {"amos22": (14, "bladder"), "total": (21, "urinary_bladder")},
    "prostate_or_uterus": {"amos22": (15, "prostate/uterus")},
    "prostate": {"total": (22, "prostate")},
}  # fmt: skip
"""Canonical label, and the number and the spelling that each corpus has for it."""

TOTAL = (
    "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
    "adrenal_gland_left", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right",
    "lung_middle_lobe_right", "lung_lower_lobe_right", "esophagus", "trachea", "thyroid_gland", "small_bowel",
    "duodenum", "colon", "urinary_bladder", "prostate", "kidney_cyst_left", "kidney_cyst_right", "sacrum",
    "vertebrae_S1", "vertebrae_L5", "vertebrae_L4", "vertebrae_L3", "vertebrae_L2", "vertebrae_L1", "vertebrae_T12",
    "vertebrae_T11", "vertebrae_T10", "vertebrae_T9", "vertebrae_T8", "vertebrae_T7", "vertebrae_T6", "vertebrae_T5",
    "vertebrae_T4", "vertebrae_T3", "vertebrae_T2", "vertebrae_T1", "vertebrae_C7", "vertebrae_C6", "vertebrae_C5",
    "vertebrae_C4", "vertebrae_C3", "vertebrae_C2", "vertebrae_C1", "heart", "aorta", "pulmonary_vein",
    "brachiocephalic_trunk", "subclavian_artery_right", "subclavian_artery_left", "common_carotid_artery_right",
    "common_carotid_artery_left", "brachiocephalic_vein_left", "brachiocephalic_vein_right", "atrial_appendage_left",
    "superior_vena_cava", "inferior_vena_cava", "portal_vein_and_splenic_vein", "iliac_artery_left",
    "iliac_artery_right", "iliac_vena_left", "iliac_vena_right", "humerus_left", "humerus_right", "scapula_left",
    "scapula_right", "clavicula_left", "clavicula_right", "femur_left", "femur_right", "hip_left", "hip_right",
    "spinal_cord", "gluteus_maximus_left", "gluteus_maximus_right", "gluteus_medius_left", "gluteus_medius_right",
    "gluteus_minimus_left", "gluteus_minimus_right", "autochthon_left", "autochthon_right", "iliopsoas_left",
    "iliopsoas_right", "brain", "skull", "rib_left_1", "rib_left_2", "rib_left_3", "rib_left_4", "rib_left_5",
    "rib_left_6", "rib_left_7", "rib_left_8", "rib_left_9", "rib_left_10", "rib_left_11", "rib_left_12",
    "rib_right_1", "rib_right_2", "rib_right_3", "rib_right_4", "rib_right_5", "rib_right_6", "rib_right_7",
    "rib_right_8", "rib_right_9", "rib_right_10", "rib_right_11", "rib_right_12", "sternum", "costal_cartilages",
)  # fmt: skip
"""TotalSegmentator's names, in the order of their numbers: the first is 1."""

SPELT = {
    "TotalSegmentator, first version": {
        "heart_myocardium": "myocardium", "heart_atrium_left": "heart_atrium_left",
        "heart_ventricle_left": "heart_ventricle_left", "heart_atrium_right": "heart_atrium_right",
        "heart_ventricle_right": "heart_ventricle_right", "pulmonary_artery": "pulmonary_artery", "face": "face",
    },
    "TotalSegmentator MRI": {"vertebrae": "vertebra", "intervertebral_discs": "intervertebral_disc"},
    "CHAOS": {
        "liver": "liver", "right kidney": "kidney_right", "left kidney": "kidney_left", "spleen": "spleen",
    },
    "LCTSC": {
        "Esophagus": "oesophagus", "Heart": "heart", "Lung_L": "lung_left", "Lung_R": "lung_right",
        "SpinalCord": "spinal_cord",
    },
    "ACDC": {
        "RV": "heart_ventricle_right", "MYO": "myocardium", "LV": "heart_ventricle_left",
        "right ventricle cavity": "heart_ventricle_right", "left ventricular cavity": "heart_ventricle_left",
    },
    "CAMUS": {
        "LV cavity": "heart_ventricle_left", "Left Ventricle": "heart_ventricle_left", "myocardium": "myocardium",
        "Left Ventricular Myocardium": "myocardium", "left atrium": "heart_atrium_left",
    },
    "BraTS": {
        "necrotic tumor core": "necrotic_tumour_core", "NCR": "necrotic_tumour_core",
        "peritumoral edematous/invaded tissue": "tumour_oedema", "peritumoral edema": "tumour_oedema",
        "SNFH": "tumour_oedema", "GD-enhancing tumor": "enhancing_tumour", "enhancing tumor": "enhancing_tumour",
        "NETC": "non_enhancing_tumour",
    },
    "MSD": {
        "non-enhancing tumor": "non_enhancing_tumour", "enhancing tumour": "enhancing_tumour",
        "left atrium": "heart_atrium_left", "anterior hippocampus": "hippocampus_anterior",
        "posterior hippocampus": "hippocampus_posterior", "PZ": "prostate_peripheral_zone",
        "TZ": "prostate_transition_zone", "liver": "liver", "pancreas": "pancreas", "spleen": "spleen",
        "colon cancer primaries": "colon_tumour", "cancer": "tumour",
    },
    "Cheng": {"meningioma": "meningioma", "glioma": "glioma", "pituitary tumor": "pituitary_tumour"},
    "COVID-19 CT": {
        "ground-glass": "ground_glass_opacity", "consolidation": "consolidation",
        "pleural effusion": "pleural_effusion", "infection": "infection_region",
    },
    "JSRT and CheXmask": {
        "left lung": "lung_left", "Right Lung": "lung_right", "Heart": "heart", "left clavicle": "clavicle_left",
        "right clavicle": "clavicle_right",
    },
}  # fmt: skip
"""What other corpora write, and the canonical label it stands for."""

ALONE = {
    "atrial_appendage_left": "TotalSegmentator outlines the left one only",
    "heart_atrium_left": "the heart lies askew: its left half is not surely to the left of its right half",
    "heart_atrium_right": "as heart_atrium_left",
    "heart_ventricle_left": "as heart_atrium_left",
    "heart_ventricle_right": "as heart_atrium_left",
    "lung_middle_lobe_right": "the left lung has no middle lobe",
}
"""Labels with a side but without a partner, and why."""


def found(name: str) -> str:
    """The canonical label of a name; the words of a structure that the vocabulary lacks fail the test."""
    label, own = named(name)
    assert own is None, f"{name!r} is not in the vocabulary"
    return label.id


@pytest.mark.parametrize("label", ORGANS)
def test_an_organ_is_one_label_whatever_the_corpus_calls_it(label: str):
    assert {found(spelling) for _, spelling in ORGANS[label].values()} == {label}


@pytest.mark.parametrize("corpus", sorted({"btcv", "amos22", "flare22"} & set(sources.names())))
def test_an_organ_has_the_number_that_its_corpus_gives_it(corpus: str):
    numbers = importlib.import_module(f"mmrs_builder.sources.{corpus}").NUMBERS
    read = {int(number): label for number, label in numbers.items()}
    assert read == {own[corpus][0]: label for label, own in ORGANS.items() if corpus in own}


def test_the_table_of_organs_has_totalsegmentator_s_own_numbers():
    told = {own["total"] for own in ORGANS.values() if "total" in own}
    assert told <= set(enumerate(TOTAL, 1))


def test_the_117_structures_of_totalsegmentator_are_117_labels():
    assert len({found(name) for name in TOTAL}) == len(TOTAL) == 117


@pytest.mark.parametrize("corpus", SPELT)
def test_a_corpus_is_understood_in_its_own_spelling(corpus: str):
    assert {name: found(name) for name in SPELT[corpus]} == SPELT[corpus]


def test_bare_words_that_need_their_corpus_are_not_guessed():
    guessed = [name for name in ("ED", "ET", "edema", "Anterior", "Posterior", "Vessel", "L1") if not named(name)[1]]
    assert guessed == []


def test_a_side_has_its_partner_or_a_reason_to_be_alone():
    assert {label.id for label in LABELS.values() if label.side and not label.partner} == ALONE.keys()


def test_a_side_stands_in_the_id_that_is_asked_for():
    sided = {label.id: label.side for label in LABELS.values()}
    assert {name: name.rpartition("_")[2] for name in sided if name.endswith(("_left", "_right"))} == {
        name: side for name, side in sided.items() if side
    }


def test_no_code_stands_for_two_labels():
    codes = Counter(code for label in LABELS.values() for code in label.codes)
    assert [code for code, times in codes.items() if times > 1] == []
