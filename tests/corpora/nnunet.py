"""A version 2 dataset with two channels, a region, ignored voxels, and a test case with labels."""

from __future__ import annotations

import json
from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.volumes import numbers, save, scan

LABELS = {"background": 0, "whole tumor": [1, 2], "core": 2, "ignore": 3}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Dataset007_Toy"
    home.mkdir(parents=True)
    facts = {"channel_names": {"0": "T1", "1": "FLAIR"}, "labels": LABELS, "file_ending": ".nii.gz", "numTraining": 4}
    (home / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
    maps = {
        "a_01": {1: (2, 4, 2, 8, 10, 3), 2: (4, 6, 2, 6, 8, 3)},
        "b_02": {1: (2, 4, 2, 8, 10, 3), 3: (20, 4, 2, 22, 6, 3)},
        "c_03": {7: (2, 4, 2, 8, 10, 3)},
        "d_04": {1: (2, 4, 2, 8, 10, 3)},
    }
    for seed, (case, boxes) in enumerate(maps.items()):
        for channel in (0, 1):
            save(home / "imagesTr" / f"{case}_{channel:04d}.nii.gz", scan(10 * seed + channel))
        save(home / "labelsTr" / f"{case}.nii.gz", numbers(boxes))
    (home / "labelsTr" / "d_04.nii.gz").unlink()
    save(home / "imagesTs" / "e_05_0000.nii.gz", scan(99))
    save(home / "labelsTs" / "e_05.nii.gz", numbers({2: (4, 6, 2, 6, 8, 3)}))
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"a_01": (4, 36), "e_05": (4, 4)},
        drops={"imagesTr/d_04_0000.nii.gz": "no_mask"},
        rejected={"b_02": "no_slice", "c_03": "unknown_label"},
    )
