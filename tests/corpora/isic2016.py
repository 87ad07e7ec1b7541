"""ISIC 2016 in small: the four folders of part 1, and what else lies there once all parts are unpacked."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LESION = (16, 8, 40, 32)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    part = "ISBI2016_ISIC_Part"
    training, truth = root / f"{part}1_Training_Data", root / f"{part}1_Training_GroundTruth"
    tests, test_truth = root / f"{part}1_Test_Data", root / f"{part}1_Test_GroundTruth"
    for seed, name in enumerate(("ISIC_0000000", "ISIC_0000001", "ISIC_0000002", "ISIC_0000004")):
        picture(training / f"{name}.jpg", seed)
    mask(truth / "ISIC_0000000_Segmentation.png", LESION)
    mask(truth / "ISIC_0000001_Segmentation.png", LESION, size=(32, 24))
    mask(truth / "ISIC_0000002_Segmentation.png")
    mask(truth / "ISIC_0000006_Segmentation.png", LESION)
    picture(tests / "ISIC_0000003.jpg", 5)
    mask(test_truth / "ISIC_0000003_Segmentation.png", LESION)
    # one picture in both sets: nothing tells to which it belongs
    for folder, masks in ((training, truth), (tests, test_truth)):
        picture(folder / "ISIC_0000009.jpg", 6)
        mask(masks / "ISIC_0000009_Segmentation.png", LESION)
    picture(root / f"{part}3_Training_Data" / "ISIC_0000000.jpg", 0)
    mask(root / f"{part}2B_Training_GroundTruth" / "ISIC_0000000_globules.png", (20, 20, 22, 22))
    mask(root / f"{part}3B_Training_Data" / "ISIC_0000000_Segmentation.png", LESION)
    (training / "._ISIC_0000000.jpg").write_bytes(b"junk")
    picture(root / "figure.jpg", 8)
    return Corpus(
        areas={"ISIC_0000000": (24 * 24,), "ISIC_0000003": (24 * 24,)},
        drops={
            "ISIC_0000004": "no_mask",
            "ISIC_0000006": "no_image",
            "ISIC_0000009": "duplicate_stem",
            "ISBI2016_ISIC_Part3_Training_Data/ISIC_0000000.jpg": "companion",
            "ISBI2016_ISIC_Part2B_Training_GroundTruth/ISIC_0000000_globules.png": "companion",
            "ISBI2016_ISIC_Part3B_Training_Data/ISIC_0000000_Segmentation.png": "companion",
            "figure.jpg": "not_matched",
        },
        rejected={"ISIC_0000001": "size_mismatch", "ISIC_0000002": "mask_empty"},
        splits={
            "ISIC_0000000": "train",
            "ISIC_0000001": "train",
            "ISIC_0000002": "train",
            "ISIC_0000003": "test",
        },
    )
