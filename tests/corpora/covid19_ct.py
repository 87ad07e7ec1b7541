"""COVID-19-CT-Seg: scans in Hounsfield units and windowed ones, infection within the lungs, a file that holds both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import AFFINE, Box, numbers, save, scan

RIGHT: Box = (14, 4, 2, 22, 16, 8)  # the array's first axis grows to the patient's right in these files
LEFT: Box = (2, 4, 2, 10, 16, 8)
INFECTED: Box = (3, 6, 3, 7, 10, 6)
MIRRORED = np.diag([-1.0, 1.0, 1.0, 1.0]) @ AFFINE


def write(root: Path) -> Corpus:
    """Write it below ``root``. The header of ``radiopaedia_7`` contradicts the names of its lungs."""
    scans, lungs, infections = (root / name for name in ("COVID-19-CT-Seg_20cases", "Lung_Mask", "Infection_Mask"))
    for number, name in enumerate(("coronacases_001", "coronacases_002", "coronacases_003")):
        save(scans / f"{name}.nii.gz", scan(number))
    windowed = np.random.default_rng(9).integers(0, 256, (24, 20, 12)).astype(np.float64)
    save(scans / "radiopaedia_10_85902_1.nii.gz", windowed)
    save(scans / "radiopaedia_7_85703_0.nii.gz", windowed[::-1], MIRRORED)
    for name in ("coronacases_001", "coronacases_002", "radiopaedia_10_85902_1", "radiopaedia_7_85703_0"):
        affine = MIRRORED if name.startswith("radiopaedia_7") else AFFINE
        save(lungs / f"{name}.nii.gz", numbers({1: LEFT, 2: RIGHT}), affine)
        save(infections / f"{name}.nii.gz", numbers({1: INFECTED}), affine)
        save(root / "Lung_and_Infection_Mask" / f"{name}.nii.gz", numbers({1: LEFT, 2: RIGHT, 3: INFECTED}), affine)
    save(infections / "coronacases_002.nii.gz", numbers({3: INFECTED}))
    save(lungs / "coronacases_003.nii.gz", numbers({1: LEFT, 2: RIGHT}))
    lung, infected = 8 * 12, 4 * 4
    views = (lung, lung, infected, lung, lung)  # of the top of the lungs and of the most infected slice
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"coronacases_001": views, "radiopaedia_10_85902_1": views},
        drops={
            "coronacases_003": "no_mask",
            **{
                f"Lung_and_Infection_Mask/{name}.nii.gz": "companion"
                for name in ("coronacases_001", "coronacases_002", "radiopaedia_10_85902_1", "radiopaedia_7_85703_0")
            },
        },
        rejected={"coronacases_002": "unknown_label", "radiopaedia_7_85703_0": "sides_contradict"},
        absent=dict.fromkeys(("coronacases_001", "radiopaedia_10_85902_1"), ("infection_region",)),
    )
