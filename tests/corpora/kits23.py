"""KiTS23 as its repository has it: arrays from head to feet, a tumour that replaces its kidney, several annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import numbers, save, scan

SHAPE = (12, 20, 24)  # z, y, x
AFFINE = np.array([[0, 0, -2.0, 0], [0, -2.0, 0, 0], [-5.0, 0, 0, 0], [0, 0, 0, 1]])
KIDNEY, TUMOUR, CYST = (2, 8, 3, 9, 14, 8), (4, 10, 5, 7, 12, 8), (4, 5, 3, 6, 8, 5)
MAPS = {
    "case_00000": {1: KIDNEY, 2: TUMOUR},
    "case_00002": {1: KIDNEY, 3: CYST},
    "case_00160": {1: KIDNEY},
    "case_00299": {1: KIDNEY, 4: CYST},
}
"""Structures by case: a cyst that bulges out of its kidney in 00002, an unknown number in 00299."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "kits23" / "dataset"
    for seed, (case, boxes) in enumerate(MAPS.items()):
        save(home / case / "imaging.nii.gz", scan(seed, SHAPE), AFFINE)
        save(home / case / "segmentation.nii.gz", numbers(boxes, SHAPE), AFFINE)
    save(home / "case_00160" / "segmentation.nii.gz", numbers({1: KIDNEY}, (12, 20, 30)), AFFINE)
    save(home / "case_00001" / "segmentation.nii.gz", numbers({1: KIDNEY}, SHAPE), AFFINE)
    save(home / "case_00400" / "imaging.nii.gz", scan(9, SHAPE), AFFINE)
    instance = "kits23/dataset/case_00000/instances/kidney_instance-1_annotation-1.nii.gz"
    save(root / instance, numbers({1: KIDNEY}, SHAPE), AFFINE)
    kidney, tumour, cyst = 6 * 5, 2 * 3, 3 * 2
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={
            "case_00000": (kidney, kidney, tumour),
            "case_00002": (kidney + cyst, cyst),
        },
        drops={"case_00001": "no_image", "case_00400": "no_mask", instance: "companion"},
        rejected={"case_00160": "grid_mismatch", "case_00299": "unknown_label"},
        groups={case: case for case in MAPS},
        absent={
            "case_00000": ("kidney_cyst", "kidney_tumour"),
            "case_00002": ("kidney_tumour",),
        },
    )
