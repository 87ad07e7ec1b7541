"""TotalSegmentator as unpacked: a file per structure, most of them empty, and a table with semicolons."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.volumes import SHAPE, Box, numbers, save, scan

LIVER, VERTEBRA = (12, 8, 2, 22, 18, 9), (9, 1, 4, 13, 5, 8)
RIGHT, LEFT = (16, 2, 2, 20, 5, 9), (3, 2, 2, 7, 6, 9)
CASES: dict[str, dict[str, Box | None]] = {
    "s0000": {"liver": LIVER, "kidney_right": RIGHT, "kidney_left": LEFT, "spleen": None, "vertebrae_L1": VERTEBRA},
    "s0001": {"liver": LIVER, "spleen": None},
    "s0004": {"kidney_right": LEFT, "kidney_left": RIGHT},
    "s0010": {"liver": None, "spleen": None},
    "s1429": {"liver": LIVER, "spleen": None},
}
"""Structures by case; None: a file without a voxel. Kidneys on the wrong sides in s0004, nothing at all in s0010."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Totalsegmentator_dataset_v201"
    for seed, (case, structures) in enumerate(CASES.items()):
        save(home / case / "ct.nii.gz", scan(seed))
        for name, box in structures.items():
            save(home / case / "segmentations" / f"{name}.nii.gz", numbers({1: box} if box else {}))
    save(home / "s1429" / "segmentations" / "spleen.nii.gz", numbers({}, (*SHAPE[:2], 8)))
    save(home / "s0002" / "ct.nii.gz", scan(20))
    save(home / "s0003" / "segmentations" / "liver.nii.gz", numbers({1: LIVER}))
    save(home / "s0001" / "segmentations" / "vertebrae_L6.nii.gz", numbers({1: VERTEBRA}))
    lines = ["image_id;age;split", "s0000;50;train", "s0001;61;val", "s0010;70;test", "s1429;48;test"]
    (home / "meta.csv").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    liver, right, left, vertebra = 10 * 10, 4 * 3, 4 * 4, 4 * 4
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={
            "s0000": (left, right, liver, left, right, liver, vertebra),
            "s0001": (liver,),
        },
        drops={
            "s0002": "no_mask",
            "s0003": "no_image",
            "Totalsegmentator_dataset_v201/s0001/segmentations/vertebrae_L6.nii.gz": "not_matched",
        },
        rejected={"s0004": "sides_contradict", "s0010": "no_slice", "s1429": "grid_mismatch"},
        splits={"s0000": "train", "s0001": "validation", "s0010": "test", "s1429": "test"},
        absent={"s0000": ("spleen", "vertebrae_l1"), "s0001": ("spleen",)},
    )
