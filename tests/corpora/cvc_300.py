"""CVC-300 in small: the PNG folder of 60 frames that is passed around, here with stray greys and three channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "CVC-300"
    for number in (149, 150, 151, 207, 208):
        picture(home / "images" / f"{number}.png", number)
    mask(home / "masks" / "149.png", POLYP)
    stray = np.zeros((48, 64, 3), np.uint8)
    stray[8:32, 16:40] = 255
    stray[20, 20], stray[40, 10], stray[45, 60] = 226, 1, 14
    save(home / "masks" / "150.png", stray)
    mask(home / "masks" / "151.png", POLYP, SECOND)
    mask(home / "masks" / "207.png")
    mask(home / "masks" / "209.png", POLYP)
    polyp, second = 24 * 24, 8 * 8
    return Corpus(
        areas={"149": (polyp,), "150": (polyp,), "151": (polyp + second,)},
        drops={"208": "no_mask", "209": "no_image"},
        rejected={"207": "mask_empty"},
        groups={
            "149": "frames from 126",
            "150": "frames from 126",
            "151": "frames from 151",
            "207": "frames from 201",
        },
    )
