"""BUSI in its layout: several masks of a picture, masks of four pixel types, empty ones, a picture in two classes."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from tests.corpora import Corpus, mask, picture

FIRST = (8, 8, 24, 24)
SECOND = (40, 16, 56, 24)


def repainted(path: Path, mode: str) -> None:
    """Store a mask in another pixel type, as the corpus mixes them."""
    with Image.open(path) as stored:
        stored.convert(mode).save(path)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Dataset_BUSI_with_GT"
    for seed, stem in enumerate(("benign (1)", "benign (4)", "benign (433)", "benign (7)", "benign (8)", "benign (9)")):
        picture(home / "benign" / f"{stem}.png", seed)
        mask(home / "benign" / f"{stem}_mask.png", FIRST)
        repainted(home / "benign" / f"{stem}_mask.png", "1")
    mask(home / "benign" / "benign (4)_mask_1.png", SECOND)
    repainted(home / "benign" / "benign (4)_mask_1.png", "RGBA")
    mask(home / "benign" / "benign (7)_mask.png")
    mask(home / "benign" / "benign (8)_mask_1.png", FIRST)
    mask(home / "benign" / "benign (9)_mask.png", FIRST, size=(48, 64))
    picture(home / "benign" / "benign (10).png", 10)
    (home / "malignant").mkdir()
    shutil.copy(home / "benign" / "benign (433).png", home / "malignant" / "malignant (145).png")
    mask(home / "malignant" / "malignant (145)_mask.png", FIRST, (60, 40, 61, 41))
    mask(home / "malignant" / "malignant (2)_mask.png", FIRST)
    picture(home / "normal" / "normal (1).png", 20)
    mask(home / "normal" / "normal (1)_mask.png")
    repainted(home / "normal" / "normal (1)_mask.png", "RGB")
    picture(home / "overview.png", 21)
    (home / "__MACOSX").mkdir()
    (home / "benign" / "._benign (1).png").write_bytes(b"junk")
    first, second = 16 * 16, 16 * 8
    return Corpus(
        areas={
            "benign (1)": (first,),
            "benign (4)": (first, second),
            "benign (433)": (first,),
            "malignant (145)": (first + 1,),
            "normal (1)": (),
        },
        drops={
            "benign (10)": "no_mask",
            "malignant (2)": "no_image",
            "Dataset_BUSI_with_GT/overview.png": "not_matched",
        },
        rejected={"benign (7)": "mask_empty", "benign (8)": "duplicate_instance", "benign (9)": "size_mismatch"},
        absent={"normal (1)": ("breast_mass",)},
    )
