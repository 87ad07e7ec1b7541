"""Corpora drawn by the benchmarks: alike in size and bytes to real ones, and to no other of their pictures.

``polyps`` are colour JPEG pictures with one mask, ``slices`` grey PNG pictures with ten labels, ``volumes`` CT volumes
in NIfTI files with a map of ten labels. Pictures and masks lie in ``images`` and ``masks`` under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

SIZES = {"polyps": (600, 500), "slices": (512, 512), "volumes": (512, 512, 100)}
ORGANS = (
    "liver", "spleen", "kidney_left", "kidney_right", "pancreas", "stomach", "gallbladder", "aorta", "duodenum",
    "bladder",
)  # fmt: skip
SPACING = (0.8, 0.8, 2.5)  # mm


def draw(kind: str, corpus: Path, views: int, size: tuple[int, ...] | None = None) -> None:
    """So many pictures or volumes of a kind. ``size``: columns, rows and slices in place of ``SIZES``."""
    for folder in ("images", "masks"):
        (corpus / folder).mkdir(parents=True)
    for view in range(views):
        rng = np.random.default_rng((sorted(SIZES).index(kind), view))
        DRAWN[kind](corpus, f"{view:06d}", rng, size or SIZES[kind])


def _polyp(corpus: Path, name: str, rng: np.random.Generator, size: tuple[int, ...]) -> None:
    picture, mask = _picture(rng, size), _ellipses(rng, size, [255])
    Image.fromarray(picture).save(corpus / "images" / f"{name}.jpg", quality=80)
    Image.fromarray(mask).save(corpus / "masks" / f"{name}.jpg")


def _slice(corpus: Path, name: str, rng: np.random.Generator, size: tuple[int, ...]) -> None:
    picture, mask = _picture(rng, size), _ellipses(rng, size, range(1, len(ORGANS) + 1))
    Image.fromarray(picture[..., 0]).save(corpus / "images" / f"{name}.png")
    Image.fromarray(mask).save(corpus / "masks" / f"{name}.png")


def _volume(corpus: Path, name: str, rng: np.random.Generator, size: tuple[int, ...]) -> None:
    """Organs are ellipsoids in soft tissue; columns run to the left, rows to the back, as scanners write them."""
    import nibabel as nib

    columns, rows, slices = size
    one = _picture(rng, size)[..., 0].T.astype(np.int16) - 100  # HU
    voxels = one[..., None] + rng.integers(-10, 10, (columns, rows, slices), np.int16)
    numbers = np.zeros((columns, rows, slices), np.uint8)
    places = np.ogrid[:columns, :rows, :slices]
    for value in range(1, len(ORGANS) + 1):
        centre = [rng.uniform(0.2, 0.8) * side for side in size]
        half = [rng.uniform(0.05, 0.12) * side for side in size]
        inside = sum(((at - c) / h) ** 2 for at, c, h in zip(places, centre, half, strict=True)) <= 1
        numbers[inside] = value
    affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
    for folder, values in (("images", voxels), ("masks", numbers)):
        nib.save(nib.Nifti1Image(values, affine), corpus / folder / f"{name}.nii.gz")  # type: ignore[attr-defined]


def _picture(rng: np.random.Generator, size: tuple[int, ...]) -> Any:
    """Broad shapes and noise, (rows, columns, 3)."""
    width, height = size[:2]
    rough = rng.integers(40, 216, (max(height // 25, 1), max(width // 25, 1), 3), np.uint8)
    noise = rng.integers(0, 12, (height, width, 3), np.uint8)
    return cv2.add(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), noise)


def _ellipses(rng: np.random.Generator, size: tuple[int, ...], values: Any) -> Any:
    width, height = size[:2]
    mask = np.zeros((height, width), np.uint8)
    for value in values:
        centre = (int(rng.integers(60, width - 60)), int(rng.integers(60, height - 60)))
        axes = (int(rng.integers(20, 60)), int(rng.integers(20, 60)))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, value, -1)
    return mask


DRAWN: dict[str, Callable[[Path, str, np.random.Generator, tuple[int, ...]], None]] = {
    "polyps": _polyp, "slices": _slice, "volumes": _volume,
}  # fmt: skip
