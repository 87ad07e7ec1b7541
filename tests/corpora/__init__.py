"""Tiny corpora in the layout of real ones, with known answers: one module per source, each with ``write``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What was written. ``areas``: for each case that can be loaded the pixels of each annotation, view by view.

    ``groups`` are the patients or groups that the index must find for its cases (no entry: none), ``splits`` the
    official splits, ``absent`` the labels that a loaded case's first view says are not there.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, tuple[int, ...]]
    drops: Mapping[str, str]  # path or id: reason
    rejected: Mapping[str, str]  # case id: reason when it is loaded
    groups: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def picture(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> None:
    """A noisy RGB picture of a size (width, height), different for each seed."""
    pixels = np.random.default_rng(seed).integers(40, 200, (size[1], size[0], 3), dtype=np.uint8)
    save(path, pixels)


def mask(path: Path, *boxes: tuple[int, int, int, int], size: tuple[int, int] = (64, 48)) -> None:
    """A grey mask of a size (width, height) with white half-open boxes (x0, y0, x1, y1)."""
    pixels = np.zeros((size[1], size[0]), dtype=np.uint8)
    for x0, y0, x1, y1 in boxes:
        pixels[y0:y1, x0:x1] = 255
    save(path, pixels)


def save(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write pixels in the format of the suffix; JPEG as sharp as it gets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 100, "subsampling": 0} if path.suffix.lower() in {".jpg", ".jpeg"} else {}
    Image.fromarray(pixels).save(path, **options)
