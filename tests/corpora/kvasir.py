"""Kvasir-SEG in small: JPEG pictures and masks, published boxes, and the defects that copies of it have."""

from __future__ import annotations

import json
from pathlib import Path

from tests.corpora import Corpus, mask, picture

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Kvasir-SEG"
    frames = ("one", "two", "speckled", "shouting", "empty", "moved", "unmasked", "damaged", "double")
    for seed, stem in enumerate(frames):
        suffix = "JPG" if stem == "shouting" else "jpg"
        picture(home / "images" / f"{stem}.{suffix}", seed)
    picture(home / "images" / "double.jpeg", 99)
    for stem in ("one", "shouting", "moved", "damaged", "double", "orphan"):
        mask(home / "masks" / f"{stem}.jpg", POLYP)
    mask(home / "masks" / "two.jpg", POLYP, SECOND)
    mask(home / "masks" / "empty.jpg")
    # 600 x 480: one white block of JPEG noise stays far below the minimum area of 57.6 px
    picture(home / "images" / "speckled.jpg", 50, size=(600, 480))
    mask(home / "masks" / "speckled.jpg", (80, 80, 160, 160), (400, 400, 402, 402), size=(600, 480))
    for junk in ("images/._one.jpg", "images/Thumbs.db", ".DS_Store", "masks/.hidden.jpg"):
        (home / junk).write_bytes(b"junk")
    picture(home / "images" / "older" / "one.jpg", 51)
    (home / "masks" / "one.npy").write_bytes(b"an array")
    picture(home / "images" / "two\nlines.jpg", 52)
    picture(home / "poster.jpg", 53)
    (home / "kavsir_bboxes.json").write_text(json.dumps(_boxes()), encoding="utf-8")
    polyp, second = 24 * 24, 8 * 8
    return Corpus(
        areas={"one": (polyp,), "two": (polyp + second,), "speckled": (6400,), "shouting": (polyp,)},
        drops={
            "unmasked": "no_mask",
            "orphan": "no_image",
            "double": "duplicate_stem",
            "damaged": "bad_metadata",
            "images/older/one.jpg": "not_matched",
            "masks/one.npy": "not_matched",
            "images/two\\nlines.jpg": "bad_name",
        },
        rejected={"empty": "mask_empty", "moved": "boxes_disagree"},
    )


def _boxes() -> dict[str, object]:
    published = {
        "one": [POLYP],
        "two": [SECOND, POLYP],
        "speckled": [(80, 80, 160, 160)],
        "moved": [(0, 8, 24, 32)],
        "damaged": [(40, 8, 16, 32)],
    }
    return {
        stem: {
            "width": 64,
            "height": 48,
            "bbox": [dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True), label="polyp") for box in boxes],
        }
        for stem, boxes in published.items()
    }
