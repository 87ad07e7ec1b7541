"""AMOS22 as unpacked: CT and MRI by number, two folders with labels, one without, macOS leftovers."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.volumes import numbers, save, scan

LIVER, BLADDER = (12, 8, 2, 22, 18, 9), (8, 2, 2, 12, 6, 9)
ORGANS = (
    "adrenal_left", "adrenal_right", "aorta", "bladder", "duodenum", "gallbladder", "inferior_vena_cava", "kidney_left",
    "kidney_right", "liver", "oesophagus", "pancreas", "prostate_or_uterus", "spleen", "stomach",
)  # fmt: skip
MAPS = {
    "Tr/amos_0001": {6: LIVER},
    "Tr/amos_0500": {6: LIVER, 14: BLADDER},
    "Tr/amos_0507": {6: LIVER},
    "Va/amos_0008": {6: LIVER},
    "Va/amos_0555": {6: LIVER, 14: BLADDER},
    "Va/amos_0600": {6: LIVER, 16: BLADDER},
}
"""Organs by folder and case; the last has a number that nobody has explained."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "amos22"
    for seed, (case, boxes) in enumerate(MAPS.items()):
        save(home / f"images{case}.nii.gz", scan(seed))
        save(home / f"labels{case}.nii.gz", numbers(boxes))
    save(home / "imagesTr" / "amos_0010.nii.gz", scan(10))
    save(home / "labelsVa" / "amos_0013.nii.gz", numbers({6: LIVER}))
    save(home / "imagesTs" / "amos_0002.nii.gz", scan(2))
    save(root / "__MACOSX" / "amos22" / "imagesTr" / "._amos_0001.nii.gz", scan(3))
    (home / "dataset.json").write_text("{}", encoding="utf-8")
    liver, bladder = 10 * 10, 4 * 4
    others = tuple(label for label in ORGANS if label != "liver")
    in_ct = tuple(label for label in others if label != "bladder")
    in_mri = tuple(label for label in others if label not in ("bladder", "prostate_or_uterus"))
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={
            "amos_0001": (liver,),
            "amos_0008": (liver,),
            "amos_0500": (bladder, liver),
            "amos_0507": (liver,),
            "amos_0555": (bladder, liver),
        },
        drops={"amos_0010": "no_mask", "amos_0013": "no_image", "amos22/imagesTs/amos_0002.nii.gz": "companion"},
        rejected={"amos_0600": "unknown_label"},
        splits={
            "amos_0001": "train",
            "amos_0500": "train",
            "amos_0507": "train",
            "amos_0008": "validation",
            "amos_0555": "validation",
            "amos_0600": "validation",
        },
        absent={
            "amos_0001": others,
            "amos_0008": others,
            "amos_0500": in_ct,
            "amos_0507": in_mri,
            "amos_0555": in_mri,
        },
    )
