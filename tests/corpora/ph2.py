"""PH2 in small: a folder for each picture, masks of one bit and of three channels, colour areas that are no lesions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

LESION = (16, 8, 40, 32)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "PH2Dataset" / "PH2 Dataset images"
    names = ("IMD002", "IMD003", "IMD004", "IMD009", "IMD010")
    for seed, name in enumerate(names):
        picture(_image(home, name), seed)
    one_bit = np.zeros((48, 64), np.bool_)
    one_bit[8:32, 16:40] = True
    save(_lesion(home, "IMD003"), one_bit)
    three = np.zeros((48, 64, 3), np.uint8)
    three[8:32, 16:40] = 255
    save(_lesion(home, "IMD002"), three)
    mask(_lesion(home, "IMD004"), size=(64, 48))
    mask(_lesion(home, "IMD010"), LESION, size=(48, 64))
    mask(_lesion(home, "IMD013"), LESION)
    for number, label in ((1, 5), (2, 3)):
        mask(home / "IMD003" / "IMD003_roi" / f"IMD003_R{number}_Label{label}.bmp", (20, 20, 30, 30))
    (root / "PH2Dataset" / "PH2_dataset.txt").write_text("|| Name || Histological Diagnosis ||\n", encoding="utf-8")
    picture(root / "PH2Dataset" / "figure 1.png", 9)
    picture(
        root / "backup" / "PH2Dataset" / "PH2 Dataset images" / "IMD003" / "IMD003_Dermoscopic_Image" / "IMD003.bmp", 1
    )
    return Corpus(
        areas={"IMD002": (24 * 24,), "IMD003": (24 * 24,)},
        drops={
            "IMD009": "no_mask",
            "IMD013": "no_image",
            "PH2Dataset/PH2 Dataset images/IMD003/IMD003_roi/IMD003_R1_Label5.bmp": "companion",
            "PH2Dataset/PH2 Dataset images/IMD003/IMD003_roi/IMD003_R2_Label3.bmp": "companion",
            "PH2Dataset/figure 1.png": "not_matched",
            "backup/PH2Dataset/PH2 Dataset images/IMD003/IMD003_Dermoscopic_Image/IMD003.bmp": "second_copy",
        },
        rejected={"IMD004": "mask_empty", "IMD010": "size_mismatch"},
    )


def _image(home: Path, name: str) -> Path:
    return home / name / f"{name}_Dermoscopic_Image" / f"{name}.bmp"


def _lesion(home: Path, name: str) -> Path:
    return home / name / f"{name}_lesion" / f"{name}_lesion.bmp"
