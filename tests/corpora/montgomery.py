"""The Montgomery set: a mask file for each lung, deep grey films, upright and wide ones, a stray spot in a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.corpora import Corpus, mask, picture

TALL, WIDE = (100, 120), (120, 100)
AT_THE_LEFT, AT_THE_RIGHT = (10, 20, 40, 90), (60, 20, 88, 90)
SMALLER, LARGER = 28 * 70, 30 * 70


def write(root: Path) -> Corpus:
    """Write it below ``root``. The left lung of MCUCXR_0002_0 lies at the left of the film."""
    home = root / "MontgomerySet"
    for number, name in enumerate(
        ("MCUCXR_0001_0", "MCUCXR_0002_0", "MCUCXR_0003_1", "MCUCXR_0005_1", "MCUCXR_0006_1")
    ):
        picture(home / "CXR_png" / f"{name}.png", number, TALL)
    deep = np.random.default_rng(9).integers(100, 4000, (WIDE[1], WIDE[0]), dtype=np.uint16)
    Image.fromarray(deep).save(home / "CXR_png" / "MCUCXR_0399_1.png")
    left, right = home / "ManualMask" / "leftMask", home / "ManualMask" / "rightMask"
    mask(left / "MCUCXR_0001_0.png", AT_THE_RIGHT, size=TALL)
    mask(right / "MCUCXR_0001_0.png", AT_THE_LEFT, size=TALL)
    mask(left / "MCUCXR_0002_0.png", AT_THE_LEFT, size=TALL)
    mask(right / "MCUCXR_0002_0.png", AT_THE_RIGHT, size=TALL)
    mask(left / "MCUCXR_0399_1.png", AT_THE_RIGHT, size=WIDE)
    mask(right / "MCUCXR_0399_1.png", AT_THE_LEFT, (2, 2, 3, 4), size=WIDE)
    mask(left / "MCUCXR_0003_1.png", AT_THE_RIGHT, size=TALL)
    mask(left / "MCUCXR_0004_1.png", AT_THE_RIGHT, size=TALL)
    mask(right / "MCUCXR_0004_1.png", AT_THE_LEFT, size=TALL)
    mask(left / "MCUCXR_0005_1.png", size=TALL)
    mask(right / "MCUCXR_0005_1.png", AT_THE_LEFT, size=TALL)
    mask(left / "MCUCXR_0006_1.png", AT_THE_RIGHT, size=WIDE)
    mask(right / "MCUCXR_0006_1.png", AT_THE_LEFT, size=WIDE)
    mask(home / "ManualMask" / "gt" / "MCUCXR_0001_0.png", AT_THE_LEFT, AT_THE_RIGHT, size=TALL)
    picture(home / "MontgomerySet" / "CXR_png" / "MCUCXR_0001_0.png", 0, TALL)
    picture(root / "__MACOSX" / "MontgomerySet" / "CXR_png" / "._MCUCXR_0001_0.png", 0, TALL)
    picture(home / "CXR_png" / "CHNCXR_0001_0.png", 0, TALL)
    (home / "ClinicalReadings").mkdir()
    (home / "ClinicalReadings" / "MCUCXR_0001_0.txt").write_text("normal", encoding="utf-8")
    return Corpus(
        areas={
            "MCUCXR_0001_0": (SMALLER, LARGER),
            "MCUCXR_0399_1": (SMALLER, LARGER),
        },
        drops={
            "MCUCXR_0003_1": "no_mask",
            "MCUCXR_0004_1": "no_image",
            "MontgomerySet/CXR_png/CHNCXR_0001_0.png": "not_matched",
            "MontgomerySet/ManualMask/gt/MCUCXR_0001_0.png": "companion",
            "MontgomerySet/MontgomerySet/CXR_png/MCUCXR_0001_0.png": "second_copy",
        },
        rejected={
            "MCUCXR_0002_0": "sides_contradict",
            "MCUCXR_0005_1": "mask_empty",
            "MCUCXR_0006_1": "size_mismatch",
        },
    )
