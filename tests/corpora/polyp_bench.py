"""The polyp benchmark in small: one folder of two corpora for training, five folders for testing, each as unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

POLYP = (16, 8, 40, 32)
KVASIR = ("cju0qkwl35piu0993l0dewei2", "cju0qoxqj9q6s0835b43399p4", "cju0qx73cjw570799j4n5cjze")
TESTS = ("CVC-300", "CVC-ClinicDB", "CVC-ColonDB", "ETIS-LaribPolypDB", "Kvasir")


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    train, tests = root / "TrainDataset", root / "TestDataset" / "TestDataset"
    for seed, frame in enumerate(("1", "3", "26", "612", *KVASIR[:2])):
        picture(train / "image" / f"{frame}.png", seed)
        mask(train / "mask" / f"{frame}.png", POLYP)
    fringed = np.zeros((48, 64, 3), np.uint8)  # a JPEG mask of Kvasir, kept as PNG
    fringed[8:32, 16:40] = 255
    fringed[7, 16:40], fringed[32, 16:40] = 3, 250
    save(train / "mask" / f"{KVASIR[0]}.png", fringed)
    mask(train / "mask" / "612.png")
    (train / "mask" / "26.png").unlink()
    mask(train / "edges" / "1.png", (16, 8, 40, 9))
    for seed, corpus in enumerate(TESTS, start=10):
        frame = KVASIR[2] if corpus == "Kvasir" else "2"
        picture(tests / corpus / "images" / f"{frame}.png", seed)
        mask(tests / corpus / "masks" / f"{frame}.png", POLYP)
    mask(tests / "Kvasir" / "masks" / f"{KVASIR[0]}.png", POLYP)
    picture(tests / "CVC-300" / "results" / "2.png", 30)
    (tests / "CVC-300" / "images" / "._2.png").write_bytes(b"junk")
    testing = {f"TestDataset/{corpus}/2": corpus for corpus in TESTS if corpus != "Kvasir"}
    training = {"TrainDataset/1": 1, "TrainDataset/3": 1, "TrainDataset/612": 601}
    of_kvasir = (f"TrainDataset/{KVASIR[0]}", f"TrainDataset/{KVASIR[1]}")
    polyp = 24 * 24
    areas = dict.fromkeys((*testing, f"TestDataset/Kvasir/{KVASIR[2]}", *of_kvasir, *training), (polyp,))
    areas[of_kvasir[0]] = (polyp + 24,)
    del areas["TrainDataset/612"]
    return Corpus(
        areas=areas,
        drops={
            "TrainDataset/26": "no_mask",
            f"TestDataset/Kvasir/{KVASIR[0]}": "no_image",
            "TrainDataset/edges/1.png": "companion",
            "TestDataset/TestDataset/CVC-300/results/2.png": "not_matched",
        },
        rejected={"TrainDataset/612": "mask_empty"},
        groups={
            **{case: f"{corpus} frames from 1" for case, corpus in testing.items()},
            **{case: f"CVC-ClinicDB frames from {first}" for case, first in training.items()},
        },
        splits={
            **dict.fromkeys((*training, *of_kvasir), "train"),
            **dict.fromkeys((*testing, f"TestDataset/Kvasir/{KVASIR[2]}"), "test"),
        },
    )
