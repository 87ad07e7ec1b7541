"""BUS-UCLM in its layout: masks painted green and red, black ones of normal pictures, patients in the names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

BENIGN = (8, 8, 24, 24)
MALIGNANT = (40, 16, 56, 24)
GREEN, RED, BLUE = (0, 255, 0), (255, 0, 0), (0, 0, 255)


def painted(path: Path, *parts: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> None:
    """A black mask with boxes, each in its colour."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    for (x0, y0, x1, y1), colour in parts:
        pixels[y0:y1, x0:x1] = colour
    save(path, pixels)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "BUS-UCLM"
    for seed, stem in enumerate(("ALWI_000", "ALWI_001", "COPE_000", "COPE_001", "FUHI_000", "FUHI_001")):
        picture(home / "images" / f"{stem}.png", seed)
    painted(home / "masks" / "ALWI_000.png", (BENIGN, GREEN))
    painted(home / "masks" / "ALWI_001.png")
    painted(home / "masks" / "COPE_000.png", (BENIGN, GREEN), (MALIGNANT, RED))
    painted(home / "masks" / "COPE_001.png", (MALIGNANT, RED))
    painted(home / "masks" / "FUHI_000.png", (MALIGNANT, BLUE))
    mask(home / "masks" / "VITR_000.png")
    (home / "INFO.csv").write_text("Image;Label\nALWI_000.png;Benign\n", encoding="utf-8")
    benign, malignant = 16 * 16, 16 * 8
    return Corpus(
        areas={"ALWI_000": (benign,), "ALWI_001": (), "COPE_000": (benign + malignant,), "COPE_001": (malignant,)},
        drops={"FUHI_001": "no_mask", "VITR_000": "no_image"},
        rejected={"FUHI_000": "unknown_label"},
        groups={"ALWI_000": "ALWI", "ALWI_001": "ALWI", "COPE_000": "COPE", "COPE_001": "COPE", "FUHI_000": "FUHI"},
        splits={"ALWI_000": "train", "ALWI_001": "train", "COPE_000": "test", "COPE_001": "test", "FUHI_000": "train"},
        absent={"ALWI_001": ("breast_mass",)},
    )
