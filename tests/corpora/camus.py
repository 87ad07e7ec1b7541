"""CAMUS in its layout: flat NIfTI files of oblong pixels, half sequences, lists of splits, old MetaImages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK

from tests.corpora import Corpus

WIDTH, HEIGHT = 40, 64
VENTRICLE, MUSCLE, ATRIUM = (14, 10, 22, 30), (10, 6, 26, 30), (14, 32, 24, 44)
SPACING = (0.3, 0.15)  # right, down: pixels are twice as wide as high, and columns come twice


def frame(seed: int) -> npt.NDArray[np.uint8]:
    """Speckle, as bright as an echocardiogram."""
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


def labels(boxes: Mapping[int, tuple[int, int, int, int]]) -> npt.NDArray[np.uint8]:
    """A label map with a box per number; later ones lie on top."""
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, (x0, y0, x1, y1) in boxes.items():
        found[y0:y1, x0:x1] = number
    return found


def save(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write rows and columns the way ITK does: the file's first axis runs along a row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetSpacing((*SPACING, 1.0)[: pixels.ndim])
    SimpleITK.WriteImage(image, str(path))


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "CAMUS_public" / "database_nifti"
    heart = labels({2: MUSCLE, 1: VENTRICLE, 3: ATRIUM})
    for seed, stem in enumerate(("0001_2CH_ED", "0001_2CH_ES", "0001_4CH_ED", "0002_2CH_ED", "0003_2CH_ED")):
        save(home / f"patient{stem[:4]}" / f"patient{stem}.nii.gz", frame(seed))
        save(home / f"patient{stem[:4]}" / f"patient{stem}_gt.nii.gz", heart)
    save(home / "patient0001" / "patient0001_2CH_ES_gt.nii.gz", labels({2: MUSCLE, 1: VENTRICLE}))
    save(home / "patient0001" / "patient0001_4CH_ES.nii.gz", frame(7))
    save(home / "patient0001" / "patient0001_2CH_half_sequence.nii.gz", np.stack([frame(8), frame(9)]))
    save(home / "patient0001" / "patient0001_2CH_half_sequence_gt.nii.gz", np.stack([heart, heart]))
    (home / "patient0001" / "Info_2CH.cfg").write_text("ED: 1\nES: 2\n", encoding="utf-8")
    save(home / "patient0002" / "patient0002_2CH_ED_gt.nii.gz", labels({4: VENTRICLE}))
    save(home / "patient0003" / "patient0003_2CH_ED_gt.nii.gz", labels({}))
    old = root / "testing" / "patient0450"
    save(old / "patient0450_4CH_ES.mhd", frame(10)[None])
    save(old / "patient0450_4CH_ES_gt.mhd", heart[None])
    lists = root / "CAMUS_public" / "database_split"
    lists.mkdir()
    (lists / "subgroup_training.txt").write_text("patient0001\npatient0003\n", encoding="utf-8")
    (lists / "subgroup_testing.txt").write_text("patient0450\r\n", encoding="utf-8")
    (lists / "subgroup_validation.txt").write_bytes(b"patient\xff")
    ventricle, muscle, atrium = 2 * 8 * 20, 2 * (16 * 24 - 8 * 20), 2 * 10 * 12
    whole = (atrium, ventricle, muscle)  # by label
    return Corpus(
        areas={
            "patient0001_2CH_ED": whole,
            "patient0001_2CH_ES": (ventricle, muscle),
            "patient0001_4CH_ED": whole,
            "patient0450_4CH_ES": whole,
        },
        drops={
            "CAMUS_public/database_split/subgroup_validation.txt": "bad_metadata",
            "patient0001_4CH_ES": "no_mask",
            "CAMUS_public/database_nifti/patient0001/patient0001_2CH_half_sequence.nii.gz": "companion",
            "CAMUS_public/database_nifti/patient0001/patient0001_2CH_half_sequence_gt.nii.gz": "companion",
        },
        rejected={"patient0002_2CH_ED": "unknown_label", "patient0003_2CH_ED": "no_slice"},
        groups={
            "patient0001_2CH_ED": "patient0001",
            "patient0001_2CH_ES": "patient0001",
            "patient0001_4CH_ED": "patient0001",
            "patient0002_2CH_ED": "patient0002",
            "patient0003_2CH_ED": "patient0003",
            "patient0450_4CH_ES": "patient0450",
        },
        splits={
            "patient0001_2CH_ED": "train",
            "patient0001_2CH_ES": "train",
            "patient0001_4CH_ED": "train",
            "patient0003_2CH_ED": "train",
            "patient0450_4CH_ES": "test",
        },
    )
