"""BiomedParse in small: sets with train and test, RGBA files without real transparency, nested targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.corpora import Corpus, mask, picture

OPTIONS = {"labels": "vessel=-,postcava=inferior vena cava", "group": "/([^/]+)-[0-9]+_"}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    abdomen, heart = root / "amos22" / "CT", root / "ACDC"
    for seed, image in enumerate(
        (
            abdomen / "train" / "amos_0004-75_CT_abdomen.png",
            abdomen / "test" / "amos_0009-3_CT_abdomen.png",
            heart / "train" / "patient1-2_MRI-T2_heart.png",
            heart / "train" / "patient1-3_MRI_heart.png",
            heart / "train" / "eye-1_fundus_retinal.png",
            heart / "train" / "odd_CT_heart.png",
        )
    ):
        picture(image, seed)
        with_alpha(image)
    train = abdomen / "train_mask"
    mask(train / "amos_0004-75_CT_abdomen_kidney.png", (0, 0, 8, 8), (40, 0, 48, 8))
    mask(train / "amos_0004-75_CT_abdomen_left+kidney.png", (40, 0, 48, 8))
    mask(train / "amos_0004-75_CT_abdomen_postcava.png", (20, 20, 24, 24))
    mask(train / "amos_0004-75_CT_abdomen_vessel.png", (20, 20, 24, 24))
    mask(train / "amos_9999-1_CT_abdomen_kidney.png", (0, 0, 8, 8))
    mask(train / "absent.png")
    mask(abdomen / "test_mask" / "amos_0009-3_CT_abdomen_kidney.png", (0, 0, 8, 8))
    mask(heart / "train_mask" / "patient1-2_MRI-T2_heart_myocardium.png", (0, 0, 10, 10))
    mask(heart / "train_mask" / "eye-1_fundus_retinal_optic+disc.png", (0, 0, 10, 10))
    mask(heart / "train_mask" / "odd_CT_heart_aorta.png", (0, 0, 10, 10))
    for path in root.glob("*/**/*_mask/*.png"):
        with_alpha(path)
    picture(root / "overview.png", 9)
    return Corpus(
        options=OPTIONS,
        areas={
            "amos22/CT/train/amos_0004-75_CT_abdomen": (128, 64, 16),
            "amos22/CT/test/amos_0009-3_CT_abdomen": (64,),
            "ACDC/train/patient1-2_MRI-T2_heart": (100,),
        },
        drops={
            "amos22/CT/train_mask/amos_9999-1_CT_abdomen_kidney.png": "no_image",
            "ACDC/train/patient1-3_MRI_heart.png": "no_mask",
            "ACDC/train/eye-1_fundus_retinal.png": "unsupported_modality",
            "ACDC/train/odd_CT_heart.png": "bad_metadata",
            "overview.png": "not_matched",
        },
        rejected={},
    )


def with_alpha(path: Path) -> None:
    """Store a picture again with an alpha channel that is 255 everywhere."""
    Image.fromarray(np.asarray(Image.open(path).convert("RGBA"))).save(path)
