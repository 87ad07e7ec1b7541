"""UDIAT in its layout: pictures and masks of one name in two folders, and a table that nothing is read from."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LESION = (16, 8, 40, 32)
OTHER = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "BUS"
    for number in (1, 2, 3, 4):
        picture(home / "original" / f"{number:06}.png", number)
    mask(home / "GT" / "000001.png", LESION)
    mask(home / "GT" / "000002.png", LESION, OTHER)
    mask(home / "GT" / "000003.png")
    mask(home / "GT" / "000005.png", LESION)
    (home / "DatasetB.xlsx").write_bytes(b"a table of types")
    picture(root / "copy" / "BUS" / "original" / "000001.png", 1)
    lesion, other = 24 * 24, 8 * 8
    return Corpus(
        areas={"000001": (lesion,), "000002": (lesion + other,)},
        drops={
            "000004": "no_mask",
            "000005": "no_image",
            "copy/BUS/original/000001.png": "second_copy",
        },
        rejected={"000003": "mask_empty"},
    )
