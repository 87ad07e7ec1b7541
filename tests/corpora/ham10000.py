"""HAM10000 in small: two folders of pictures, masks of a later version, several pictures of one lesion, no suffix."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LESION = (16, 8, 40, 32)
ROWS = {
    "ISIC_0024306": "HAM_0000118", "ISIC_0024307": "HAM_0000118", "ISIC_0029306": "HAM_0000118",
    "ISIC_0024308": "HAM_0002730",
}  # fmt: skip
"""Picture: lesion."""


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    first, second = root / "HAM10000_images_part_1", root / "HAM10000_images_part_2"
    masks = root / "HAM10000_segmentations_lesion_tschandl"
    for seed, name in enumerate((*ROWS, "ISIC_0024309", "ISIC_0024310", "ISIC_0024311")):
        picture((second if name == "ISIC_0029306" else first) / f"{name}.jpg", seed)
    for name in (*ROWS, "ISIC_0024309", "ISIC_0024320"):
        mask(masks / f"{name}_segmentation.png", LESION)
    mask(masks / "ISIC_0024310_segmentation.png")
    picture(root / "mirror" / "ham10000_images_part_1" / "ISIC_0024306.jpg", 0)
    picture(root / "ISIC2018_Task3_Test_Images" / "ISIC_0034524.jpg", 30)
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "._ISIC_0024306_segmentation.png").write_bytes(b"junk")
    lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization,dataset"]
    lines += [f"{lesion},{name},bkl,histo,80.0,male,scalp,vidir_modern" for name, lesion in ROWS.items()]
    (root / "HAM10000_metadata").write_text("\n".join(lines), encoding="utf-8")
    return Corpus(
        areas=dict.fromkeys((*ROWS, "ISIC_0024309"), (24 * 24,)),
        drops={
            "ISIC_0024311": "no_mask",
            "ISIC_0024320": "no_image",
            "mirror/ham10000_images_part_1/ISIC_0024306.jpg": "second_copy",
            "ISIC2018_Task3_Test_Images/ISIC_0034524.jpg": "companion",
        },
        rejected={"ISIC_0024310": "mask_empty"},
        groups=ROWS,
    )
