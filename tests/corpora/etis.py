"""ETIS-Larib in small: TIFF pictures, masks in a folder beside them with a p before the number, as released."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "ETIS-LaribPolypDB"
    for number in (1, 2, 26, 195, 196):
        picture(home / "ETIS-LaribPolypDB" / f"{number}.tif", number)
    masks = home / "Ground Truth"
    mask(masks / "p1.tif", POLYP)
    mask(masks / "p2.tif", POLYP, SECOND)
    three = np.zeros((48, 64, 3), np.uint8)
    three[8:32, 16:40] = 255
    save(masks / "p26.tif", three)
    mask(masks / "p195.tif")
    mask(masks / "p197.tif", POLYP)
    picture(root / "PNG" / "images" / "1.png", 1)
    mask(root / "PNG" / "masks" / "1.png", POLYP)
    picture(home / "ETIS-LaribPolypDB" / "cover.tif", 9)
    for junk in (masks / "._p1.tif", home / ".DS_Store"):
        junk.write_bytes(b"junk")
    polyp, second = 24 * 24, 8 * 8
    return Corpus(
        areas={"1": (polyp,), "2": (polyp + second,), "26": (polyp,)},
        drops={
            "196": "no_mask",
            "197": "no_image",
            "ETIS-LaribPolypDB/ETIS-LaribPolypDB/cover.tif": "not_matched",
            "PNG/images/1.png": "not_matched",
            "PNG/masks/1.png": "not_matched",
        },
        rejected={"195": "mask_empty"},
        groups={"1": "frames from 1", "2": "frames from 1", "26": "frames from 26", "195": "frames from 176"},
    )
