"""ISIC 2018 in small: task 1, with licence texts among the pictures and the files of tasks 2 and 3 beside it."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LESION = (16, 8, 40, 32)
SETS = {"Training": "ISIC_0000000", "Validation": "ISIC_0012255", "Test": "ISIC_0012169"}
ATTRIBUTES = ("globules", "milia_like_cyst", "negative_network", "pigment_network", "streaks")


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    for seed, (split, name) in enumerate(SETS.items()):
        pictures = root / f"ISIC2018_Task1-2_{split}_Input"
        picture(pictures / f"{name}.jpg", seed)
        mask(root / f"ISIC2018_Task1_{split}_GroundTruth" / f"{name}_segmentation.png", LESION)
        for text in ("ATTRIBUTION.txt", "LICENSE.txt"):
            (pictures / text).write_text("terms", encoding="utf-8")
    training, truth = root / "ISIC2018_Task1-2_Training_Input", root / "ISIC2018_Task1_Training_GroundTruth"
    for seed, name in enumerate(("ISIC_0000001", "ISIC_0000003", "ISIC_0000004"), start=20):
        picture(training / f"{name}.jpg", seed)
    mask(truth / "ISIC_0000001_segmentation.png")
    mask(truth / "ISIC_0000004_segmentation.png", LESION, size=(32, 24))
    mask(truth / "ISIC_0000006_segmentation.png", LESION)
    attributes = root / "ISIC2018_Task2_Training_GroundTruth_v3"
    for attribute in ATTRIBUTES:
        mask(attributes / f"ISIC_0000000_attribute_{attribute}.png", *([(20, 20, 30, 30)] * (attribute == "streaks")))
    picture(root / "ISIC2018_Task3_Test_Input" / "ISIC_0034524.jpg", 30)
    return Corpus(
        areas=dict.fromkeys(SETS.values(), (24 * 24,)),
        drops={
            **{
                f"ISIC2018_Task2_Training_GroundTruth_v3/ISIC_0000000_attribute_{attribute}.png": "companion"
                for attribute in ATTRIBUTES
            },
            "ISIC2018_Task3_Test_Input/ISIC_0034524.jpg": "companion",
            "ISIC_0000003": "no_mask",
            "ISIC_0000006": "no_image",
        },
        rejected={"ISIC_0000001": "mask_empty", "ISIC_0000004": "size_mismatch"},
        splits={
            "ISIC_0000000": "train",
            "ISIC_0000001": "train",
            "ISIC_0000004": "train",
            "ISIC_0012169": "test",
            "ISIC_0012255": "validation",
        },
    )
