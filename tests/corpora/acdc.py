"""ACDC in small: two frames of a patient with labels, the whole cine beside them, and headers that say little."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import Box, numbers, save, scan

SPACING = (1.5, 1.5, 10.0)
RIGHT, WALL, LEFT = (4, 4, 2, 8, 12, 3), (8, 4, 2, 16, 12, 3), (10, 6, 2, 14, 10, 3)
FRAMES = ("patient001_frame01", "patient001_frame12", "patient003_frame01", "patient101_frame01")
AREAS = (16, 32, 48)  # left ventricle, right ventricle, myocardium


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    training, testing = (root / "ACDC" / "database" / part for part in ("training", "testing"))
    beat = {1: RIGHT, 2: WALL, 3: LEFT}
    patient(training, "patient001", {1: beat, 12: beat})
    patient(training, "patient002", {1: {}, 10: {4: LEFT}})
    patient(testing, "patient101", {1: beat, 14: None})
    conflicting = root / "ACDC" / "database" / "training" / "patient003"
    patient(training, "patient003", {1: beat})
    for path in conflicting.glob("*_frame*"):
        disagree(path)
    (training / "patient001" / "Info.cfg").write_text("ED: 1\nES: 12\nGroup: DCM\n", encoding="utf-8")
    (training / "patient001" / "._patient001_frame01.nii.gz").write_bytes(b"junk")
    save(training / "patient001" / "other.nii.gz", scan(99))
    return Corpus(
        options={"coverage": "0"},
        areas=dict.fromkeys(FRAMES, AREAS),
        drops={
            "patient101_frame14": "no_mask",
            "ACDC/database/training/patient001/other.nii.gz": "not_matched",
            **dict.fromkeys(
                (
                    "ACDC/database/training/patient001/patient001_4d.nii.gz",
                    "ACDC/database/training/patient002/patient002_4d.nii.gz",
                    "ACDC/database/training/patient003/patient003_4d.nii.gz",
                    "ACDC/database/testing/patient101/patient101_4d.nii.gz",
                ),
                "companion",
            ),
        },
        rejected={
            "patient002_frame01": "no_slice",
            "patient002_frame10": "unknown_label",
        },
        groups={
            **dict.fromkeys(("patient001_frame01", "patient001_frame12"), "patient001"),
            **dict.fromkeys(("patient002_frame01", "patient002_frame10"), "patient002"),
            "patient003_frame01": "patient003",
            "patient101_frame01": "patient101",
        },
        splits={
            **dict.fromkeys(
                (
                    "patient001_frame01",
                    "patient001_frame12",
                    "patient002_frame01",
                    "patient002_frame10",
                    "patient003_frame01",
                ),
                "train",
            ),
            "patient101_frame01": "test",
        },
    )


def patient(folder: Path, name: str, frames: Mapping[int, Mapping[int, Box] | None]) -> None:
    """A patient's cine, and its frames with their labels, if there are any."""
    home = folder / name
    plain(home / f"{name}_4d.nii.gz", np.stack([scan(1), scan(2)], axis=3))
    for frame, boxes in frames.items():
        plain(home / f"{name}_frame{frame:02d}.nii.gz", scan(1000 * int(name[-3:]) + frame))
        if boxes is not None:
            plain(home / f"{name}_frame{frame:02d}_gt.nii.gz", numbers(boxes))


def plain(path: Path, values: np.ndarray) -> None:
    """Write a file whose header tells the size of voxels and nothing of how they lie."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nibabel.Nifti1Image(values, None)
    made.header.set_zooms((*SPACING, 1.0)[: values.ndim])
    nibabel.save(made, path)


def disagree(path: Path) -> None:
    """Make the header state two positions, one of them without the size of voxels, as the released files do."""
    made = nibabel.load(path)
    values = np.asarray(made.dataobj)
    made = nibabel.Nifti1Image(values, None)
    made.header.set_qform(np.diag([-1.5, -1.5, 10.0, 1.0]), code=1)
    made.header.set_sform(np.diag([-1.0, -1.0, 1.0, 1.0]), code=1)
    nibabel.save(made, path)
