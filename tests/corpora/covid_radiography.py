"""The COVID-19 Radiography Database: films of 299 pixels with masks of 256, in three channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

FILM, MASK = (299, 299), (256, 256)
LUNGS = ((40, 40, 104, 200), (152, 40, 216, 200))
LUNG = 2 * (121 - 47) * (234 - 47)  # on the film: 40, 104 and 200 of 256 are 46.7, 121.5 and 233.6 of 299


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "COVID-19_Radiography_Dataset"
    for name in ("COVID-1", "COVID-10", "Lung_Opacity-1", "Viral Pneumonia-2", "Normal-3", "Normal-4", "Normal-5"):
        picture(home / name.split("-")[0] / "images" / f"{name}.png", sum(name.encode()), FILM)
    channels = np.zeros((256, 256, 3), np.uint8)
    for x0, y0, x1, y1 in LUNGS:
        channels[y0:y1, x0:x1] = 255
    for name in ("COVID-1", "Lung_Opacity-1", "Viral Pneumonia-2"):
        save(home / name.split("-")[0] / "masks" / f"{name}.png", channels)
    mask(home / "COVID" / "masks" / "COVID-10.png", *LUNGS, (2, 2, 5, 5), size=MASK)
    mask(home / "Normal" / "masks" / "Normal-3.png", size=MASK)
    mask(home / "Normal" / "masks" / "Normal-4.png", *LUNGS, size=(256, 255))
    mask(home / "Normal" / "masks" / "Normal-9.png", *LUNGS, size=MASK)
    picture(home / "Normal" / "Normal-7.png", 7)
    (home / "COVID.metadata.xlsx").write_bytes(b"a table")
    (home / "README.md.txt").write_text("second update", encoding="utf-8")
    return Corpus(
        areas={"COVID-1": (LUNG,), "COVID-10": (LUNG,), "Lung_Opacity-1": (LUNG,), "Viral Pneumonia-2": (LUNG,)},
        drops={
            "Normal-5": "no_mask",
            "Normal-9": "no_image",
            "COVID-19_Radiography_Dataset/Normal/Normal-7.png": "not_matched",
        },
        rejected={"Normal-3": "mask_empty", "Normal-4": "size_mismatch"},
    )
