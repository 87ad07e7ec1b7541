"""CVC-ClinicDB as its mirror has it: the same frames as PNG and TIFF, three-channel masks with stray greys, a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    png = root / "PNG"
    for number in (1, 2, 26, 612):
        picture(png / "Original" / f"{number}.png", number)
    for number in (1, 612):
        mask(png / "Ground Truth" / f"{number}.png", POLYP)
    stray = np.zeros((48, 64, 3), np.uint8)
    stray[8:32, 16:40] = 255
    stray[32:40, 48:56] = 255
    stray[20, 20], stray[40, 10], stray[45, 60] = 226, 1, 14
    save(png / "Ground Truth" / "2.png", stray)
    mask(png / "Ground Truth" / "30.png", POLYP)
    picture(root / "TIF" / "Original" / "1.tif", 1)
    mask(root / "TIF" / "Ground Truth" / "1.tif", POLYP)
    lines = ["frame_id,sequence_id,png_image_path", "1,1,PNG/Original/1.png", "2,1,PNG/Original/2.png"]
    (root / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    polyp, second = 24 * 24, 8 * 8
    return Corpus(
        areas={"1": (polyp,), "2": (polyp + second,), "612": (polyp,)},
        drops={
            "26": "no_mask",
            "30": "no_image",
            "TIF/Original/1.tif": "second_copy",
            "TIF/Ground Truth/1.tif": "second_copy",
        },
        rejected={},
        groups={"1": "sequence 1", "2": "sequence 1", "612": "frames from 601"},
    )
