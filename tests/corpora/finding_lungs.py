"""Finding and Measuring Lungs: slices in signed 16 bits, as a file may or may not say, a converted one, and scans with
their slices along the first axis.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.TiffImagePlugin import SAMPLEFORMAT

from tests.corpora import Corpus, mask, picture
from tests.corpora.volumes import Box, numbers, save

RIGHT, LEFT = (8, 8, 28, 40), (36, 8, 56, 40)  # half-open x0 y0 x1 y1
LUNGS: Box = (3, 4, 6, 7, 14, 20)  # half-open slices, rows and columns
SIGNED = 2


def units(seed: int) -> npt.NDArray[np.int16]:
    """Noise in Hounsfield units, with the padding of a round field of view."""
    values = np.random.default_rng(seed).integers(-1000, 400, (48, 64), dtype=np.int16)
    values[:2] = -2048
    return values


def tiff(path: Path, values: npt.NDArray[np.int16], *, sign: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.view(np.uint16)).save(path, tiffinfo={SAMPLEFORMAT: SIGNED} if sign else {})


def scan(folder: Path, number: str, slices: int, box: Box) -> None:
    """A scan of 24 x 24 pixels and its mask. The header calls the slices' axis right to left."""
    shape = (slices, 24, 24)
    values = np.random.default_rng(slices).integers(-1000, 400, shape, dtype=np.int16)
    save(folder / f"IMG_{number}.nii.gz", values, np.eye(4))
    save(folder / f"MASK_{number}.nii.gz", 255 * numbers({1: box}, shape), np.eye(4))


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    images, masks, scans = root / "2d_images", root / "2d_masks", root / "3d_images"
    tiff(images / "ID_0000_Z_0142.tif", units(1), sign=True)
    tiff(images / "ID_0000_Z_0150.tif", units(2), sign=False)
    picture(images / "ID_0013_Z_0047.tif", 3)
    tiff(images / "ID_0002_Z_0061.tif", units(4), sign=True)
    tiff(images / "ID_0028_Z_0125.tif", units(5), sign=True)
    for name in ("ID_0000_Z_0142", "ID_0000_Z_0150", "ID_0013_Z_0047", "ID_0099_Z_0001"):
        mask(masks / f"{name}.tif", RIGHT, LEFT)
    mask(masks / "ID_0002_Z_0061.tif", RIGHT, size=(48, 48))
    scan(scans, "0002", 10, LUNGS)
    scan(scans, "0031", 24, LUNGS)
    scan(scans, "0059", 12, LUNGS)
    blurred = numbers({1: LUNGS, 2: (7, 4, 6, 8, 14, 20)}, (12, 24, 24))
    save(scans / "MASK_0059.nii.gz", blurred, np.eye(4))
    (scans / "MASK_0081.nii.gz").write_bytes((scans / "MASK_0002.nii.gz").read_bytes())
    (root / "lung_stats.csv").write_text("lung_area_px,img_id\n", encoding="utf-8")
    both = 2 * 20 * 32
    flat = ("ID_0000_Z_0142", "ID_0000_Z_0150", "ID_0013_Z_0047")
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={**dict.fromkeys(flat, (both,)), "0002": (10 * 14,)},
        drops={"ID_0028_Z_0125": "no_mask", "ID_0099_Z_0001": "no_image", "0081": "no_image"},
        rejected={"ID_0002_Z_0061": "size_mismatch", "0031": "bad_geometry", "0059": "mask_not_binary"},
        groups={
            **{name: name[3:7] for name in (*flat, "ID_0002_Z_0061")},
            **{name: name for name in ("0002", "0031", "0059")},
        },
    )
