"""TN3K as its archive holds it: JPEG masks, the same numbers in both halves, and two other corpora beside it."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

NODULE = (16, 8, 40, 32)
OTHER = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "Thyroid Dataset" / "tn3k"
    for half in ("trainval", "test"):
        for number in (0, 1):
            picture(home / f"{half}-image" / f"{number:04}.jpg", number + len(half))
        mask(home / f"{half}-mask" / "0000.jpg", NODULE)
    mask(home / "trainval-mask" / "0001.jpg", NODULE, OTHER)
    picture(home / "trainval-image" / "0002.jpg", 2)
    mask(home / "trainval-mask" / "0002.jpg")
    mask(home / "test-mask" / "0003.jpg", NODULE)
    (home / "tn3k-trainval-fold0.json").write_text('{"train": [0, 1], "val": [2]}', encoding="utf-8")
    beside = {
        "Thyroid Dataset/tg3k/thyroid-image/0000.jpg": 5,
        "Thyroid Dataset/tg3k/thyroid-mask/0000.jpg": 6,
        "Thyroid Dataset/DDTI dataset/DDTI/1_or_data/image/1.PNG": 7,
    }
    for path, seed in beside.items():
        picture(root / path, seed)
    nodule, other = 24 * 24, 8 * 8
    return Corpus(
        areas={"test-0000": (nodule,), "trainval-0000": (nodule,), "trainval-0001": (nodule + other,)},
        drops={"test-0001": "no_mask", "test-0003": "no_image", **dict.fromkeys(beside, "companion")},
        rejected={"trainval-0002": "mask_empty"},
        splits={
            "test-0000": "test",
            "trainval-0000": "train",
            "trainval-0001": "train",
            "trainval-0002": "train",
        },
    )
