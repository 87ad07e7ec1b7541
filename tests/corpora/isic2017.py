"""ISIC 2017 in small: superpixels lie among the pictures, and the folders of the test set say v2."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LESION = (16, 8, 40, 32)
SETS = {"Training": "ISIC_0000000", "Validation": "ISIC_0001769", "Test_v2": "ISIC_0012086"}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    for seed, (split, name) in enumerate(SETS.items()):
        pictures = root / f"ISIC-2017_{split}_Data"
        picture(pictures / f"{name}.jpg", seed)
        picture(pictures / f"{name}_superpixels.png", seed + 10)
        mask(root / f"ISIC-2017_{split}_Part1_GroundTruth" / f"{name}_segmentation.png", LESION)
    training, truth = root / "ISIC-2017_Training_Data", root / "ISIC-2017_Training_Part1_GroundTruth"
    for seed, name in enumerate(("ISIC_0000001", "ISIC_0000002", "ISIC_0000003"), start=20):
        picture(training / f"{name}.jpg", seed)
    mask(truth / "ISIC_0000001_segmentation.png")
    mask(truth / "ISIC_0000002_segmentation.png", LESION, size=(32, 24))
    mask(truth / "ISIC_0000005_segmentation.png", LESION)
    (root / "ISIC-2017_Training_Part2_GroundTruth").mkdir()
    (root / "ISIC-2017_Training_Part2_GroundTruth" / "ISIC_0000000_features.json").write_text("{}", encoding="utf-8")
    (training / "ISIC-2017_Training_Data_metadata.csv").write_text("image_id,age_approximate,sex\n", encoding="utf-8")
    (training / ".DS_Store").write_bytes(b"junk")
    return Corpus(
        areas=dict.fromkeys(SETS.values(), (24 * 24,)),
        drops={
            **{f"ISIC-2017_{split}_Data/{name}_superpixels.png": "companion" for split, name in SETS.items()},
            "ISIC_0000003": "no_mask",
            "ISIC_0000005": "no_image",
        },
        rejected={"ISIC_0000001": "mask_empty", "ISIC_0000002": "size_mismatch"},
        splits={
            "ISIC_0000000": "train",
            "ISIC_0000001": "train",
            "ISIC_0000002": "train",
            "ISIC_0001769": "validation",
            "ISIC_0012086": "test",
        },
    )
