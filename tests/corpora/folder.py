"""A folder as a clinic might keep it: pictures and PNG masks of several lesions side by side, by patient."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

OPTIONS = {
    "images": "*/*/*.*",
    "masks": "{parent}/{stem}_mask*.png",
    "instances": "yes",
    "exhaustive": "yes",
    "patient": "/(pat[0-9]+)",
    "split": "^([a-z]+)/",
    "label": "wart",
    "noun": "wart",
    "plural": "warts",
}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    for seed, image in enumerate(("train/pat2 [x]/a (1).png", "train/pat10/b.PNG", "val/pat7/c.tif", "val/pat7/d.png")):
        picture(root / image, seed)
    mask(root / "train/pat2 [x]/a (1)_mask_10.png", (0, 0, 8, 8))
    mask(root / "train/pat2 [x]/a (1)_mask_2.png", (16, 16, 32, 20))
    mask(root / "train/pat2 [x]/a (1)_mask.png", (40, 40, 50, 44))
    mask(root / "train/pat10/b_mask.png")
    mask(root / "val/pat7/c_mask.png", (4, 4, 8, 8), size=(32, 48))
    mask(root / "val/pat7/gone_mask.png", (4, 4, 8, 8))
    picture(root / "other/nobody/e.png", 9)
    mask(root / "other/nobody/e_mask.png", (4, 4, 8, 8))
    (root / "train" / "pat10" / "notes.txt").write_text("not a picture", encoding="utf-8")
    picture(root / "overview.png", 10)
    (root / "val" / "volume.nii.gz").write_bytes(b"a volume")
    picture(root / "val" / "pat7" / "two\nlines.png", 11)
    return Corpus(
        options=OPTIONS,
        areas={"train/pat2 [x]/a (1)": (40, 64, 64), "train/pat10/b": ()},
        drops={
            "val/pat7/d.png": "no_mask",
            "val/pat7/gone_mask.png": "no_image",
            "other/nobody/e.png": "bad_metadata",
            "overview.png": "not_matched",
            "val/volume.nii.gz": "not_matched",
            "val/pat7/two\\nlines.png": "bad_name",
        },
        rejected={"val/pat7/c": "size_mismatch"},
    )
