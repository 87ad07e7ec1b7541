"""The Shenzhen set with its masks in a folder of their own, beside the collection that mixes it with Montgomery's."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LUNGS = ((8, 8, 24, 40), (40, 8, 56, 40))


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    films, masks = root / "ChinaSet_AllFiles" / "CXR_png", root / "shcxr-lung-mask" / "mask"
    for number in (1, 2, 4, 5):
        picture(films / f"CHNCXR_000{number}_0.png", number)
    picture(films / "CHNCXR_0336_1.png", 336)
    for name in ("CHNCXR_0001_0", "CHNCXR_0336_1", "CHNCXR_0003_0"):
        mask(masks / f"{name}_mask.png", *LUNGS)
    mask(masks / "CHNCXR_0004_0_mask.png", *LUNGS, size=(48, 64))
    mask(masks / "CHNCXR_0005_0_mask.png")
    both = root / "kaggle" / "data" / "Lung Segmentation"
    picture(both / "CXR_png" / "CHNCXR_0001_0.png", 1)
    picture(both / "CXR_png" / "MCUCXR_0001_0.png", 7)
    mask(both / "masks" / "MCUCXR_0001_0.png", *LUNGS)
    picture(both / "test" / "CHNCXR_0002_0.png", 2)
    mask(root / "ChinaSet_AllFiles" / "Annotations" / "CHNCXR_0336_1" / "cavity.png", LUNGS[0])
    (root / "ChinaSet_AllFiles" / "ClinicalReadings").mkdir()
    (root / "ChinaSet_AllFiles" / "ClinicalReadings" / "CHNCXR_0001_0.txt").write_text("normal", encoding="utf-8")
    lung = 2 * 16 * 32
    return Corpus(
        areas={"CHNCXR_0001_0": (lung,), "CHNCXR_0336_1": (lung,)},
        drops={
            "CHNCXR_0002_0": "no_mask",
            "CHNCXR_0003_0": "no_image",
            "ChinaSet_AllFiles/Annotations/CHNCXR_0336_1/cavity.png": "companion",
            "kaggle/data/Lung Segmentation/CXR_png/CHNCXR_0001_0.png": "second_copy",
            "kaggle/data/Lung Segmentation/CXR_png/MCUCXR_0001_0.png": "companion",
            "kaggle/data/Lung Segmentation/masks/MCUCXR_0001_0.png": "companion",
            "kaggle/data/Lung Segmentation/test/CHNCXR_0002_0.png": "companion",
        },
        rejected={"CHNCXR_0004_0": "size_mismatch", "CHNCXR_0005_0": "mask_empty"},
    )
