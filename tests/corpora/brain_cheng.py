"""Cheng's corpus in small: slices as MATLAB wrote them, folds beside them, and PNG exports that are not to be taken."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.corpora import Corpus, mask, picture

HEIGHT, WIDTH = 32, 40
TUMOUR = (slice(10, 14), slice(20, 26))  # 4 rows of 6 columns


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    first, second = root / "brainTumorDataPublic_1-766", root / "brainTumorDataPublic_767-1532"
    slice_file(first / "1.mat", label=1, patient="100360")
    slice_file(first / "2.mat", label=2, patient="100360")
    slice_file(first / "3.mat", label=4, patient="100360")
    slice_file(first / "4.mat", label=1, patient="")
    slice_file(first / "5.mat", label=1, patient="100360", empty=True)
    slice_file(second / "10.mat", label=3, patient="MR017260F")
    slice_file(root / "copy" / "again" / "1.mat", label=1, patient="100360")
    (first / "6.mat").write_bytes((first / "1.mat").read_bytes()[:3000])
    (first / "7.mat").write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(600))
    for junk in (first / "._1.mat", root / "__MACOSX" / "1.mat"):
        junk.parent.mkdir(exist_ok=True)
        junk.write_bytes(b"junk")
    (root / "cvind.mat").write_bytes(b"folds")
    (root / "README.txt").write_text("about", encoding="utf-8")
    picture(root / "png" / "images" / "1.png", 1)
    mask(root / "png" / "masks" / "1.png", (20, 10, 26, 14))
    return Corpus(
        areas={"1": (24,), "2": (24,), "10": (24,)},
        drops={
            "3": "unknown_label",
            "4": "bad_metadata",
            "6": "truncated",
            "7": "not_an_image",
            "copy/again/1.mat": "second_copy",
            "cvind.mat": "companion",
            "png/images/1.png": "not_matched",
            "png/masks/1.png": "not_matched",
        },
        rejected={"5": "mask_empty"},
        groups={"1": "100360", "2": "100360", "5": "100360", "10": "MR017260F"},
    )


def slice_file(path: Path, *, label: int, patient: str, empty: bool = False) -> None:
    """A slice that is wider than high, stored as MATLAB does: columns first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(len(str(path)) + label).integers(0, 3000, (HEIGHT, WIDTH), dtype=np.int16)
    tumour = np.zeros((HEIGHT, WIDTH), np.uint8)
    tumour[TUMOUR] = not empty
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("cjdata")
        group["image"], group["tumorMask"] = image.T, tumour.T
        group["label"], group["tumorBorder"] = np.array([[float(label)]]), np.array([[12.0, 22.0]])
        group["PID"] = np.array([[ord(letter)] for letter in patient], np.uint16).reshape(-1, 1)
