"""LGG-MRI in small: TIFF slices whose numbers are not padded, most masks empty, and the whole tree a second time."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.corpora import Corpus, mask, picture

FIRST, SECOND = "TCGA_CS_4941_19960909", "TCGA_HT_7692_19960724"
ONE = (16, 8, 40, 32)
OTHER = (48, 32, 56, 40)
AREA = 24 * 24


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "kaggle_3m"
    for number, boxes in ((1, ()), (2, (ONE,)), (10, (ONE, OTHER))):
        pair(home, FIRST, number, *boxes)
    pair(home, SECOND, 3, ONE)
    pair(home, SECOND, 4, ONE)
    pair(home, SECOND, 5, ONE)
    (home / SECOND / f"{SECOND}_4_mask.tif").unlink()
    (home / SECOND / f"{SECOND}_5.tif").unlink()
    shutil.copytree(home, root / "lgg-mri-segmentation" / "kaggle_3m")
    pair(home, SECOND, 6, ONE)
    mask(home / SECOND / f"{SECOND}_6_mask.tif", ONE, size=(48, 64))
    picture(home / FIRST / f"{SECOND}_7.tif", 7)
    (home / FIRST / f"._{FIRST}_1.tif").write_bytes(b"junk")
    (home / "data.csv").write_text("Patient,gender\nTCGA_CS_4941,2\n", encoding="utf-8")
    (home / "README.md").write_text("# LGG", encoding="utf-8")
    return Corpus(
        areas={
            f"{FIRST}_1": (),
            f"{FIRST}_2": (AREA,),
            f"{FIRST}_10": (AREA + 64,),
            f"{SECOND}_3": (AREA,),
        },
        drops={
            f"{SECOND}_4": "no_mask",
            f"{SECOND}_5": "no_image",
            f"kaggle_3m/{FIRST}/{SECOND}_7.tif": "not_matched",
            **copies(FIRST, "1", "1_mask", "2", "2_mask", "10", "10_mask"),
            **copies(SECOND, "3", "3_mask", "4", "5_mask"),
        },
        rejected={f"{SECOND}_6": "size_mismatch"},
        groups={
            **dict.fromkeys((f"{FIRST}_1", f"{FIRST}_2", f"{FIRST}_10"), "TCGA_CS_4941"),
            **dict.fromkeys((f"{SECOND}_3", f"{SECOND}_6"), "TCGA_HT_7692"),
        },
        absent={f"{FIRST}_1": ("flair_abnormality",)},
    )


def pair(home: Path, folder: str, number: int, *boxes: tuple[int, int, int, int]) -> None:
    """A slice and its mask."""
    picture(home / folder / f"{folder}_{number}.tif", number)
    mask(home / folder / f"{folder}_{number}_mask.tif", *boxes)


def copies(folder: str, *names: str) -> dict[str, str]:
    """The files of the second tree, which are all left out."""
    return {f"lgg-mri-segmentation/kaggle_3m/{folder}/{folder}_{name}.tif": "second_copy" for name in names}
