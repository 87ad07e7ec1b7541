"""SIIM-ACR as its first stage was released: films in JPEG within DICOM, a table with a space before its second name,
several rows for a film, films in no row; and run lengths that lead out of the film.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from tests.corpora import Corpus
from tests.io.dicoms import encoded, image

Box: TypeAlias = tuple[int, int, int, int]  # half-open x0 y0 x1 y1

SIZE = (64, 48)
APEX: Box = (40, 4, 56, 12)
BASE: Box = (44, 30, 52, 40)
UID = "1.2.276.0.7230010.3.1.4.8323329"


def runs(*boxes: Box, height: int = SIZE[1]) -> str:
    """Boxes side by side, down the columns, each run told by the pixels since the one before."""
    end, words = 0, []
    for x0, y0, x1, y1 in boxes:
        for x in range(x0, x1):
            words += [str(x * height + y0 - end), str(y1 - y0)]
            end = x * height + y1
    return " ".join(words)


def starts(box: Box, height: int = SIZE[1]) -> str:
    """The same, each run told by its first pixel, counted from 1."""
    x0, y0, x1, y1 = box
    return " ".join(f"{x * height + y0 + 1} {y1 - y0}" for x in range(x0, x1))


def film(seed: int, patient: str, **tags: Any) -> Dataset:
    """A film as it was released: 8 bits, compressed, its orientation left empty."""
    pixels = np.random.default_rng(seed).integers(20, 256, (SIZE[1], SIZE[0]), dtype=np.uint8)
    facts = {"PatientID": patient, "PatientOrientation": "", "PixelSpacing": [0.168, 0.168]}
    found = image(pixels, number=seed, modality="CR", **{**facts, **tags})
    return found if "PhotometricInterpretation" in tags else compressed(found, pixels)


def compressed(found: Dataset, pixels: npt.NDArray[np.uint8]) -> Dataset:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    found.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    found.PixelData = encapsulate([stream.getvalue()])
    found["PixelData"].VR = "OB"
    return found


def save(root: Path, number: int, found: Dataset, folder: str = "dicom-images-train") -> None:
    path = root / folder / f"{UID}.1.{number}" / f"{UID}.2.{number}" / f"{UID}.{number}.1517875160.1.dcm"
    path.parent.mkdir(parents=True)
    path.write_bytes(encoded(found))


def name(number: int) -> str:
    return f"{UID}.{number}.1517875160.1"


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    patients = {1: "a", 2: "b", 3: "c", 4: "a", 5: "d", 6: "e", 7: "f", 8: "g", 9: "h", 10: ""}
    unusual: dict[int, dict[str, Any]] = {
        3: {"PatientOrientation": ["L", "F"]},
        4: {"PhotometricInterpretation": "MONOCHROME1"},
        8: {"BurnedInAnnotation": "YES"},
    }
    for number, patient in patients.items():
        save(root, number, film(number, patient, **unusual.get(number, {})))
    save(root, 20, film(20, "t"), "dicom-images-test")
    broken = root / "dicom-images-train" / f"{name(30)}.dcm"
    broken.write_bytes(
        (root / "dicom-images-train" / f"{UID}.1.1" / f"{UID}.2.1" / f"{name(1)}.dcm").read_bytes()[:900]
    )
    rows = {
        1: [runs(APEX)],
        2: ["-1"],
        3: [runs(APEX), runs(BASE)],
        4: [runs(APEX)],
        6: [starts((40, 4, 56, 12))],
        7: ["-1", runs(BASE)],
        8: [runs(BASE)],
        9: [runs(BASE).replace(" ", "x", 1)],
        10: ["-1"],
        30: ["-1"],
        99: ["-1"],
    }
    lines = [f"{name(number)}, {cell}" for number, cells in rows.items() for cell in cells]
    (root / "train-rle.csv").write_text("\n".join(["ImageId, EncodedPixels", *lines]), encoding="utf-8")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "._train-rle.csv").write_bytes(b"\0")
    apex, base = 16 * 8, 8 * 10
    ranks = {1: "p0001", 2: "p0002", 3: "p0003", 4: "p0001", 6: "p0005", 9: "p0008"}
    return Corpus(
        areas={name(1): (apex,), name(2): (), name(3): (apex + base,), name(4): (apex,), name(10): ()},
        drops={
            name(5): "no_mask",
            name(7): "bad_metadata",
            name(8): "burned_in",
            name(20): "no_mask",
            name(30): "truncated",
            name(99): "no_image",
        },
        rejected={name(6): "bad_outline", name(9): "bad_outline"},
        groups={name(number): rank for number, rank in ranks.items()},
        absent={name(2): ("pneumothorax",), name(10): ("pneumothorax",)},
    )
