"""Chest CT Segmentation in its nested folders: masks in JPEG with halved colour, slices without masks."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from tests.corpora import Corpus, picture

Box: TypeAlias = tuple[int, int, int, int]  # half-open x0 y0 x1 y1

SIZE = (128, 96)
LUNGS: tuple[Box, ...] = ((8, 16, 40, 80), (88, 16, 120, 80))
HEART: Box = (40, 40, 80, 72)
TRACHEA: Box = (56, 20, 68, 32)
RED, GREEN, BLUE = range(3)


def painted(path: Path, boxes: dict[int, tuple[Box, ...]], size: tuple[int, int] = SIZE) -> None:
    """A mask as the corpus stores it: each structure at full strength in a channel, colour at half the resolution."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for channel, shapes in boxes.items():
        for x0, y0, x1, y1 in shapes:
            pixels[y0:y1, x0:x1, channel] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95, subsampling=2)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    images, masks = root / "images" / "images", root / "masks" / "masks"
    first, second = "ID00007637202177411956430", "ID00009637202177434476278"
    for number in range(4):
        picture(images / f"{first}_{number}.jpg", number, SIZE)
    picture(images / f"{second}_10.jpg", 10, SIZE)
    picture(images / f"{second}_11.jpg", 11, (96, 96))
    painted(masks / f"{first}_mask_0.jpg", {BLUE: LUNGS, GREEN: (HEART,), RED: (TRACHEA,)})
    painted(masks / f"{first}_mask_1.jpg", {})
    painted(masks / f"{first}_mask_2.jpg", {BLUE: LUNGS, GREEN: LUNGS})
    painted(masks / f"{second}_mask_10.jpg", {BLUE: LUNGS})
    painted(masks / f"{second}_mask_11.jpg", {BLUE: LUNGS})
    painted(masks / f"{second}_mask_12.jpg", {BLUE: LUNGS})
    (root / "train.csv").write_text(f"ImageId,MaskId\n{first}_0.jpg,{first}_mask_0.jpg\n", encoding="utf-8")
    lung, heart, trachea = 2 * 32 * 64, 40 * 32, 12 * 12
    return Corpus(
        areas={f"{first}_0": (lung, heart, trachea), f"{first}_1": (), f"{second}_10": (lung,)},
        drops={f"{first}_3": "no_mask", f"{second}_12": "no_image"},
        rejected={f"{first}_2": "mask_not_binary", f"{second}_11": "size_mismatch"},
        groups={
            **{f"{first}_{number}": first for number in (0, 1, 2)},
            **{f"{second}_{number}": second for number in (10, 11)},
        },
    )
