"""FLARE22 as unpacked: images with a channel in their names, scans without labels, the test scans."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.volumes import numbers, save, scan

LIVER = (12, 8, 2, 22, 18, 9)
RIGHT, LEFT = (16, 2, 2, 20, 5, 9), (3, 2, 2, 7, 6, 9)
ORGANS = (
    "adrenal_left", "adrenal_right", "aorta", "duodenum", "gallbladder", "inferior_vena_cava", "kidney_left",
    "kidney_right", "liver", "oesophagus", "pancreas", "spleen", "stomach",
)  # fmt: skip
MAPS = {
    "FLARE22_Tr_0001": {1: LIVER, 2: RIGHT, 13: LEFT},
    "FLARE22_Tr_0002": {1: LIVER, 2: RIGHT, 3: LEFT},
    "FLARE22_Tr_0003": {1: LIVER, 14: LEFT},
    "FLARE22_Tr_0004": {2: LEFT, 13: RIGHT},
}
"""Organs by case: an unknown number in 0003, kidneys on the wrong sides of each other in 0004."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Training" / "FLARE22_LabeledCase50"
    for seed, (case, boxes) in enumerate(MAPS.items()):
        save(home / "images" / f"{case}_0000.nii.gz", scan(seed))
        save(home / "labels" / f"{case}.nii.gz", numbers(boxes))
    save(home / "images" / "FLARE22_Tr_0005_0000.nii.gz", scan(5))
    save(home / "labels" / "FLARE22_Tr_0006.nii.gz", numbers({1: LIVER}))
    unlabelled = "Training/FLARE22_UnlabeledCase1-500/Case_00001_0000.nii.gz"
    save(root / unlabelled, scan(6))
    save(root / "Validation" / "FLARETs_0001_0000.nii.gz", scan(7))
    liver, right, left = 10 * 10, 4 * 3, 4 * 4
    seen = {"FLARE22_Tr_0001": ("kidney_left", "kidney_right", "liver"),
            "FLARE22_Tr_0002": ("kidney_right", "liver", "spleen")}  # fmt: skip
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"FLARE22_Tr_0001": (left, right, liver), "FLARE22_Tr_0002": (right, liver, left)},
        drops={
            "FLARE22_Tr_0005": "no_mask",
            "FLARE22_Tr_0006": "no_image",
            unlabelled: "companion",
            "Validation/FLARETs_0001_0000.nii.gz": "companion",
        },
        rejected={"FLARE22_Tr_0003": "unknown_label", "FLARE22_Tr_0004": "sides_contradict"},
        absent={case: tuple(label for label in ORGANS if label not in there) for case, there in seen.items()},
    )
