"""Both layouts of SAM-Med2D in small: the demo, where names tell structures, and the release, which numbers them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.corpora import Corpus, mask, picture

OPTIONS = {"labels": "autochthon_left=-,liver cancer=tumour"}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    demo = _demo(root / "data_demo")
    release = _release(root / "SAMed2Dv1")
    return Corpus(options=OPTIONS, areas=demo.areas | release.areas, drops=demo.drops | release.drops, rejected={})


def _demo(home: Path) -> Corpus:
    for seed, name in enumerate(("s0114_1", "s0114_11", "amos_0507_31", "amos_0504_7")):
        picture(home / "images" / f"{name}.png", seed)
    mask(home / "masks" / "s0114_1_hip_left_000.png", (0, 0, 8, 8))
    mask(home / "masks" / "s0114_1_hip_left_001.png", (20, 0, 28, 4))
    mask(home / "masks" / "s0114_1_autochthon_left_000.png", (40, 0, 48, 4))
    mask(home / "masks" / "s0114_11_vertebrae_T9_000.png", (0, 0, 10, 10))
    mask(home / "masks" / "amos_0504_7_liver_000.png", (0, 0, 10, 10))
    mask(home / "masks" / "s0999_1_liver_000.png", (0, 0, 8, 8))
    picture(home / "images" / "more" / "s0114_1.png", 9)
    train = {"data_demo/images/s0114_1.png": ["data_demo/masks/s0114_1_hip_left_000.png"]}
    test = {"data_demo/masks/s0114_11_vertebrae_T9_000.png": "data_demo/images/s0114_11.png"}
    (home / "image2label_train.json").write_text(json.dumps(train), encoding="utf-8")
    (home / "label2image_test.json").write_text(json.dumps(test), encoding="utf-8")
    return Corpus(
        areas={
            "data_demo/images/s0114_1": (64 + 32,),
            "data_demo/images/s0114_11": (100,),
            "data_demo/images/amos_0504_7": (100,),
        },
        drops={
            "data_demo/images/amos_0507_31.png": "no_mask",
            "data_demo/masks/s0999_1_liver_000.png": "no_image",
            "data_demo/images/more/s0114_1.png": "not_matched",
        },
        rejected={},
    )


def _release(home: Path) -> Corpus:
    slices = ("ct_00--LiTS--case_3--x_0040", "mr_t1--BraTS--p_1--y_0007", "fundus_photography--gamma--7--2d_none")
    for seed, name in enumerate(slices):
        picture(home / "images" / f"{name}.png", 20 + seed)
    mask(home / "masks" / f"{slices[0]}--0000_000.png", (0, 0, 10, 10))
    mask(home / "masks" / f"{slices[0]}--0001_000.png", (20, 20, 24, 24))
    mask(home / "masks" / f"{slices[0]}--0001_001.png", (30, 20, 34, 24))
    mask(home / "masks" / f"{slices[0]}--0002_000.png", (0, 0, 30, 30))
    mask(home / "masks" / f"{slices[1]}--0000_000.png", (0, 0, 10, 10))
    mask(home / "masks" / f"{slices[1]}--0009_000.png", (0, 0, 10, 10))
    mask(home / "masks" / f"{slices[2]}--0000_000.png", (0, 0, 10, 10))
    classes = {
        "LiTS": {"liver": 0, "liver cancer": 1, "union_liver_liver cancer": 2},
        "BraTS": {"edema": 0},
        "gamma": {"optic_disc": 0},
    }
    (home / "SAMed2D_v1_class_mapping_id.json").write_text(json.dumps(classes), encoding="utf-8")
    return Corpus(
        areas={f"SAMed2Dv1/images/{slices[0]}": (100, 32), f"SAMed2Dv1/images/{slices[1]}": (100,)},
        drops={
            f"SAMed2Dv1/masks/{slices[0]}--0002_000.png": "unknown_label",
            f"SAMed2Dv1/masks/{slices[1]}--0009_000.png": "unknown_label",
            f"SAMed2Dv1/images/{slices[2]}.png": "unsupported_modality",
        },
        rejected={},
    )
