"""PROMISE12 in small: MetaImage headers with their voxels in a second file, and test scans of the same names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from tests.corpora import Corpus
from tests.corpora.volumes import Box, numbers, scan

GLAND = (6, 4, 4, 16, 12, 6)
AREA = 10 * 8


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "training_data"
    for number in (0, 1, 2, 3, 4):
        pair(home, number, GLAND)
    pair(home, 5)
    pair(home, 6, GLAND, 2)
    image(home / "Case07.mhd", scan(7))
    image(home / "Case08_segmentation.mhd", numbers({1: GLAND}))
    image(home / "Case02_segmentation.mhd", numbers({1: GLAND}), spacing=(0.6, 0.6, 2.2))
    (home / "Case03.raw").unlink()
    cut = home / "Case04_segmentation.raw"
    cut.write_bytes(cut.read_bytes()[:100])
    for number in (0, 1):
        image(root / "test_data" / f"Case{number:02d}.mhd", scan(100 + number))
    (home / "._Case00.mhd").write_bytes(b"junk")
    (root / "LICENSE.TXT").write_text("terms", encoding="utf-8")
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"Case00": (AREA,), "Case01": (AREA,)},
        drops={
            "Case07": "no_mask",
            "Case08": "no_image",
            "test_data/Case00.mhd": "companion",
            "test_data/Case01.mhd": "companion",
        },
        rejected={
            "Case02": "grid_mismatch",
            "Case03": "unreadable",
            "Case04": "truncated",
            "Case05": "no_slice",
            "Case06": "unknown_label",
        },
    )


def pair(home: Path, number: int, gland: Box | None = None, value: int = 1) -> None:
    """A scan and its labels, empty without a ``gland``."""
    image(home / f"Case{number:02d}.mhd", scan(number))
    image(home / f"Case{number:02d}_segmentation.mhd", numbers({value: gland} if gland else {}))


def image(path: Path, values: np.ndarray, spacing: tuple[float, float, float] = (0.6, 0.6, 3.6)) -> None:
    """Write ``.mhd`` and ``.raw``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = SimpleITK.GetImageFromArray(values.T)
    made.SetSpacing(spacing)
    SimpleITK.WriteImage(made, str(path))
