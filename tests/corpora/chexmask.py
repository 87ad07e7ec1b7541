"""CheXmask beside films of four collections: tables that call their films differently, in cells with line ends; bad
ratings, films without rows and rows without films, and tables of another resolution.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np

from tests.corpora import Corpus, picture

Box: TypeAlias = tuple[int, int, int, int]  # half-open x0 y0 x1 y1

SIZE = (64, 48)
RIGHT: Box = (8, 8, 24, 40)
LEFT: Box = (40, 8, 56, 40)
HEART: Box = (28, 24, 44, 40)
HEAD = "Dice RCA (Mean),Dice RCA (Max),Landmarks,Left Lung,Right Lung,Heart,Height,Width"


def runs(box: Box, width: int = SIZE[0]) -> str:
    """A box along the rows, as CheXmask writes it."""
    x0, y0, x1, y1 = box
    return " ".join(f"{y * width + x0 + 1} {x1 - x0}" for y in range(y0, y1))


def row(film: str, rating: float = 0.9, heart: str = runs(HEART), size: tuple[int, int] = SIZE) -> str:
    """A table's row. Landmarks are an array as it is printed: with line ends."""
    landmarks = str(np.arange(120))
    cells = [runs(LEFT, size[0]), runs(RIGHT, size[0]), heart, str(size[1]), str(size[0])]
    return f'{film},{rating},{min(1, rating + 0.05)},"{landmarks}",{",".join(cells)}'


def table(path: Path, key: str, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"{key},{HEAD}", *rows, ""]), encoding="utf-8")


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    full = root / "chexmask" / "OriginalResolution"
    nih, mimic = root / "nih" / "images", root / "mimic" / "files" / "p10" / "p10000032" / "s50414267"
    chexpert = root / "CheXpert-v1.0-small" / "train"
    for number, name in enumerate(("00000001_000", "00000001_001", "00000002_000", "00000003_000", "00000005_000")):
        picture(nih / f"{name}.png", number, SIZE)
    picture(root / "nih_again" / "00000003_000.png", 3, SIZE)
    picture(nih / "00000006_000.png", 6, (48, 48))
    for number, study in enumerate(("patient00001/study1", "patient00001/study2", "patient00002/study1")):
        picture(chexpert / study / "view1_frontal.jpg", 10 + number, SIZE)
    picture(mimic / "02aa804e-bde0afdd.jpg", 20, SIZE)
    picture(root / "vindr" / "0108949daa13dc94634a7d650a05c0bb.png", 21, SIZE)
    table(
        full / "ChestX-Ray8.csv",
        "Image Index",
        row("00000001_000.png"),
        row("00000001_001.png", 0.7),
        row("00000002_000.png", 0.69),
        row("00000003_000.png"),
        row("00000004_000.png"),
        row("00000006_000.png"),
    )
    table(
        full / "CheXpert.csv",
        "Path",
        row("CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg"),
        row("CheXpert-v1.0/train/patient00001/study2/view1_frontal.jpg", heart="3070 9"),
        row("CheXpert-v1.0/train/patient00002/study1/view1_frontal.jpg", heart=""),
    )
    table(full / "MIMIC-CXR-JPG.csv", "dicom_id", row("02aa804e-bde0afdd"), "02aa804e-cut,0.9,0.9,")
    table(full / "VinDr-CXR.csv", "image_id", row("0108949daa13dc94634a7d650a05c0bb"))
    table(full / "Padchest.csv", "name", row("216840111366964012819207061112010307142602253_04-014-084.png"))
    table(full.parent / "Preprocessed" / "VinDr-CXR.csv", "image_id", row("0108949daa13dc94634a7d650a05c0bb"))
    heart, lung = 16 * 16, 16 * 32
    every = (heart, lung, lung)
    study = "train/patient00001/study1/view1_frontal"
    patients = {"00000001_000": "00000001", "00000001_001": "00000001", "00000006_000": "00000006"}
    patients |= {study: "patient00001", study.replace("study1", "study2"): "patient00001"}
    patients |= {study.replace("00001", "00002"): "patient00002", "02aa804e-bde0afdd": "p10000032"}
    return Corpus(
        areas=dict.fromkeys(
            ("00000001_000", "00000001_001", study, "02aa804e-bde0afdd", "0108949daa13dc94634a7d650a05c0bb"), every
        ),
        drops={
            "nih/images/00000002_000.png": "poor_mask",
            "nih/images/00000003_000.png": "duplicate_stem",
            "nih_again/00000003_000.png": "duplicate_stem",
            "nih/images/00000005_000.png": "no_mask",
            "chexmask/OriginalResolution/ChestX-Ray8.csv: other rows": "no_image",
            "chexmask/OriginalResolution/MIMIC-CXR-JPG.csv": "bad_metadata",
            "chexmask/OriginalResolution/Padchest.csv": "bad_metadata",
            "chexmask/Preprocessed/VinDr-CXR.csv: vindr/0108949daa13dc94634a7d650a05c0bb.png": "second_copy",
        },
        rejected={
            "00000006_000": "size_mismatch",
            study.replace("study1", "study2"): "bad_outline",
            study.replace("00001", "00002"): "mask_empty",
        },
        groups=patients,
    )
