"""A brain tumour collection as TCIA has them: masks are series of their own, and no two series order files alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.dicoms import SHAPE, Box, Place, files, save_slices, scan
from tests.corpora.volumes import numbers

TUMOUR: Box = (4, 5, 1, 11, 12, 5)
IN_ORDER = tuple(range(SHAPE[2]))


def study(root: Path, number: int, *, drawn: bool = True, spacing: float = 2.0, slices: int = SHAPE[2]) -> str:
    """One examination: two sequences and, of the same slices, the mask. Returns its folder below ``root``."""
    name = f"PGBM-{number:03d}/11-19-1991-NA-FH-HEADBrain-{number}"
    place = {"patient": f"P{number}", "study": number, "frame": number, "modality": "MR"}
    values = scan({1: TUMOUR}, number)
    for index, sequence in enumerate(("T1post", "FLAIR")):
        series = files(Place(number=10 * number + index, **place), values)
        save_slices(root / name / f"{index + 1}.000000-{sequence}-5{index}", series)
    if drawn:
        mask = numbers({255: TUMOUR}, SHAPE)[:, :, :slices].astype(np.int16)
        own = Place(number=10 * number + 5, **place)
        save_slices(root / name / "100.000000-MaskTumor-53", files(own, mask, spacing), IN_ORDER[:slices][::-1])
    return name


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    whole = study(root, 1)
    coarse = study(root, 2, spacing=3.0)
    short = study(root, 3, slices=4)
    bare = study(root, 4, drawn=False)
    sequences = {f"{name}/2.000000-FLAIR-51": "not_matched" for name in (whole, coarse, short, bare)}
    return Corpus(
        options={"masks": "MaskTumor", "images": "T1post", "label": "tumour", "coverage": "0"},
        areas={"c00001": (49,)},
        drops={
            **sequences,
            f"{short}/100.000000-MaskTumor-53": "no_image",
            f"{short}/1.000000-T1post-50": "no_mask",
            f"{bare}/1.000000-T1post-50": "no_mask",
        },
        rejected={"c00002": "grid_mismatch"},
    )
