"""Three slices of two patients as MATLAB writes them, one of a label that the corpus does not explain."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.corpora import Corpus


def write(root: Path) -> Corpus:
    """Write it below ``root``: a slice is 40 pixels wide and 32 high, its tumour 6 wide and 4 high."""
    for number, (patient, label) in enumerate((("100360", 1), ("100360", 2), ("MR017260F", 9)), start=1):
        image = np.random.default_rng(number).integers(0, 3000, (32, 40), dtype=np.int16)
        mask = np.zeros((32, 40), np.uint8)
        mask[10:14, 20:26] = 1
        root.mkdir(parents=True, exist_ok=True)
        with h5py.File(root / f"{number}.mat", "w", userblock_size=512) as file:
            group = file.create_group("cjdata")
            group["image"], group["tumorMask"], group["label"] = image.T, mask.T, np.array([[float(label)]])
            group["PID"] = np.array([[ord(letter)] for letter in patient], np.uint16)
    (root / "4.mat").write_bytes((root / "1.mat").read_bytes()[:3000])
    return Corpus(
        areas={"1": (24,), "2": (24,)},
        drops={"3.mat": "unknown_label", "4.mat": "truncated"},
        rejected={},
    )
