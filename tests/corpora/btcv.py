"""BTCV as unpacked: training scans with label maps, test scans without, and the damage that copies have."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.volumes import numbers, save, scan

LIVER = (12, 8, 2, 22, 18, 6)
RIGHT, LEFT = (16, 2, 3, 20, 5, 6), (3, 2, 3, 7, 6, 6)
MAPS = {
    "0001": {6: LIVER, 2: RIGHT, 3: LEFT, 12: (14, 2, 3, 16, 4, 6)},
    "0002": {6: LIVER, 14: (1, 1, 1, 3, 3, 3)},
    "0003": {2: LEFT, 3: RIGHT},
    "0021": {6: LIVER},
    "0022": {6: LIVER},
}
"""Organs by case: an unknown number in 0002; right and left kidney on the wrong sides of each other in 0003."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "RawData" / "Training"
    for seed, (case, boxes) in enumerate(MAPS.items()):
        save(home / "img" / f"img{case}.nii.gz", scan(seed))
        save(home / "label" / f"label{case}.nii.gz", numbers(boxes))
    save(home / "label" / "label0022.nii.gz", numbers({6: LIVER}, (24, 20, 11)))
    save(home / "img" / "img0040.nii.gz", scan(40))
    save(home / "label" / "label0039.nii.gz", numbers({6: LIVER}))
    save(root / "RawData" / "Testing" / "img" / "img0061.nii.gz", scan(61))
    save(root / "old" / "RawData" / "Training" / "img" / "img0021.nii.gz", scan(3))
    (home / "img" / "._img0001.nii.gz").write_bytes(b"junk")
    liver, organs = 10 * 10, {"adrenal_right": 2 * 2, "kidney_left": 4 * 4, "kidney_right": 4 * 3, "liver": 10 * 10}
    every = (
        "adrenal_left", "adrenal_right", "aorta", "gallbladder", "inferior_vena_cava", "kidney_left", "kidney_right",
        "liver", "oesophagus", "pancreas", "portal_and_splenic_vein", "spleen", "stomach",
    )  # fmt: skip
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"0001": tuple(organs.values()), "0021": (liver,)},
        drops={
            "0039": "no_image",
            "0040": "no_mask",
            "RawData/Testing/img/img0061.nii.gz": "companion",
            "old/RawData/Training/img/img0021.nii.gz": "second_copy",
        },
        rejected={"0002": "unknown_label", "0003": "sides_contradict", "0022": "grid_mismatch"},
        absent={
            "0001": tuple(label for label in every if label not in organs),
            "0021": tuple(label for label in every if label != "liver"),
        },
    )
