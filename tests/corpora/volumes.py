"""Volumes for tiny corpora: boxes in a scan, written as NIfTI with a known place in the patient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import nibabel
import numpy as np
import numpy.typing as npt

Box: TypeAlias = tuple[int, int, int, int, int, int]  # half-open x0 y0 z0 x1 y1 z1, along the array axes

SHAPE = (24, 20, 12)
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])  # RAS: index grows to the right, front and head


def scan(seed: int, shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.int16]:
    """Noise in Hounsfield units, different for each seed."""
    return np.random.default_rng(seed).integers(-200, 200, shape, dtype=np.int16)


def numbers(boxes: Mapping[int, Box], shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.uint8]:
    """A label map with a box per number; later ones lie on top."""
    found = np.zeros(shape, np.uint8)
    for number, (x0, y0, z0, x1, y1, z1) in boxes.items():
        found[x0:x1, y0:y1, z0:z1] = number
    return found


def save(path: Path, values: npt.NDArray[np.generic], affine: npt.NDArray[np.float64] = AFFINE) -> None:
    """Write a NIfTI file with this affine in RAS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
