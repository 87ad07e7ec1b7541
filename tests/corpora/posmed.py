"""PosMed in small: folders that misname their modality, ISIC's names for masks, JPEG masks, slices of one study in two
published splits, a table that names a mask in vain.
"""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

BOX = (16, 8, 40, 32)
AREA = 24 * 24


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    pairs = {
        "brain_tumors_ct_scan": ("train/24.png", "test/25.png", "test/26.png", "val/900.png"),
        "breast_tumors_ct_scan": ("train/benign (4).png",),
        "lung_CT": ("val/ID0001_7.jpg", "test/ID0001_12.jpg"),
        "lung_Xray": ("train/COVID-1.png",),
        "polyp_endoscopy": ("train/cju0.png",),
    }
    cases = {}
    for folder, names in pairs.items():
        for number, path in enumerate(names):
            split, _, name = path.partition("/")
            picture(root / folder / f"{split}_images" / name, number)
            mask(root / folder / f"{split}_masks" / name, BOX)
            cases[f"{folder}/{split}/{Path(name).stem}"] = (AREA,)
    skin = root / "skin_rgbimage"
    picture(skin / "train_images" / "ISIC_0000001.jpg", 50)
    mask(skin / "train_masks" / "ISIC_0000001_Segmentation.png", BOX)
    picture(skin / "test_images" / "ISIC_0000002.jpg", 51)
    cases["skin_rgbimage/train/ISIC_0000001"] = (AREA,)
    mask(root / "polyp_endoscopy" / "train_masks" / "lost.png", BOX)
    tables = root / "annotations"
    tables.mkdir()
    head = "image_path,image_name,question,answer,position,split\n"
    rows = "lung_CT/val_masks/ID0001_7.jpg,ID0001_7.jpg,q,a,p,val\nlung_CT/val_masks/gone.jpg,gone.jpg,q,a,p,val\n"
    (tables / "lung_CT.csv").write_text(head + rows, encoding="utf-8")
    (tables / "lung_Xray.csv").write_bytes(b"\xff\xfe not a table")
    (root / "brain_patients.csv").write_text("image,patient\n25,100360\n", encoding="utf-8")
    return Corpus(
        areas=cases,
        drops={
            "skin_rgbimage/test/ISIC_0000002": "no_mask",
            "polyp_endoscopy/train/lost": "no_image",
            "lung_CT/val_masks/gone.jpg": "no_mask",
            "annotations/lung_Xray.csv": "bad_metadata",
        },
        rejected={},
        groups={
            "brain_tumors_ct_scan/train/24": "brain slices from 1",
            "brain_tumors_ct_scan/test/25": "100360",
            "brain_tumors_ct_scan/test/26": "brain slices from 26",
            "brain_tumors_ct_scan/val/900": "brain slices from 876",
            "lung_CT/val/ID0001_7": "ID0001",
            "lung_CT/test/ID0001_12": "ID0001",
        },
    )
