"""Scans as a clinic might keep them: a folder per patient, the organs of each scan in a file of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import AFFINE, numbers, save, scan

OPTIONS = {
    "images": "*/ct.nii*",
    "masks": "{parent}/segmentations/*.nii.gz",
    "structure": "([^/]+)$",
    "exhaustive": "yes",
    "coverage": "0",
    "patient": "^([^/]+)/",
}


def write(root: Path) -> Corpus:
    """Write it below ``root``. The header of ``s02`` swaps left and right against the names of its kidneys."""
    mirrored = AFFINE.copy()
    mirrored[0, 0] = -2.0
    for seed, patient in enumerate(("s01", "s02", "s03", "s04", "s05")):
        save(root / patient / "ct.nii.gz", scan(seed), mirrored if patient == "s02" else AFFINE)
        organs = root / patient / "segmentations"
        affine = mirrored if patient == "s02" else AFFINE
        save(organs / "kidney_right.nii.gz", numbers({1: (14, 4, 2, 20, 10, 4)}), affine)
        save(organs / "kidney_left.nii.gz", numbers({1: (2, 4, 2, 6, 10, 4)}), affine)
        save(organs / "Widget.nii.gz", numbers({}), affine)
    save(root / "s03" / "segmentations" / "kidney_left.nii.gz", numbers({1: (2, 4, 2, 6, 10, 4)}), mirrored)
    save(root / "s04" / "segmentations" / "kidney_left.nii.gz", np.full((24, 20, 12), 0.5, np.float32))
    save(root / "s06" / "ct.nii.gz", scan(9))
    (root / "s05" / "ct.nii.gz").write_bytes((root / "s05" / "ct.nii.gz").read_bytes()[:900])
    save(root / "s01" / "mr.nii.gz", scan(8))
    return Corpus(
        options=OPTIONS,
        areas={"s01/ct": (24, 36)},
        drops={"s06/ct.nii.gz": "no_mask", "s01/mr.nii.gz": "not_matched"},
        rejected={
            "s02/ct": "sides_contradict",
            "s03/ct": "grid_mismatch",
            "s04/ct": "labels_not_whole",
            "s05/ct": "truncated",
        },
    )
