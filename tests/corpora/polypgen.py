"""PolypGen in miniature: single frames, positive and negative sequences, JPEG masks, and the rest of the archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture, save

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    top = root / "PolypGen2021_MultiCenterData_v3"
    _single(top)
    _sequences(top / "sequenceData")
    picture(top / "imagesAll_positive" / "100H0050.jpg", 1)
    for text in ("readme.md", "dataDetails_PolypGen_SingleFrames/dataDetails_C1.csv", "codes/extract_PolypBoxes.py"):
        (top / text).parent.mkdir(exist_ok=True)
        (top / text).write_text("no picture", encoding="utf-8")
    polyp, second = 24 * 24, 8 * 8
    home = "PolypGen2021_MultiCenterData_v3"
    areas: dict[str, tuple[int, ...]] = {
        "C1_100H0050": (polyp,),
        "C1_100S0001": (),
        "C2_EndoCV2021_001000": (polyp + second,),
        "C3_C3_EndoCV2021_00489": (polyp,),
        "C5_EndoCV2021_C5_50000279": (polyp,),
        "seq1_frame_10": (polyp,),
        "seq2_frame_10": (second,),
        "seq1_neg_frame_10": (),
        "seq1_neg_frame_11": (),
        "seq2_neg_frame_10": (),
    }
    empty = "seq1_frame_9"
    groups = {case: case.split("_")[0] for case in (*areas, empty)}
    groups |= {case: "_".join(case.split("_")[:2]) for case in areas if "_neg_" in case}
    return Corpus(
        areas=areas,
        drops={
            "C4_18_endocv2021_positive_1492": "no_mask",
            "C6_EndoCV2021_C6_0100045": "no_image",
            "seq2_frame_11": "no_mask",
            f"{home}/data_C1/bbox_image_C1/957OLCV1_100H0002_mask_bbox.jpg": "companion",
            f"{home}/data_C6/bbox_images_C6/EndoCV2021_C6_0100045_mask_bbox.jpg": "companion",
            f"{home}/sequenceData/positive/seq1/bbox_image_seq1/frame_10_bbox.jpg": "companion",
            f"{home}/imagesAll_positive/100H0050.jpg": "companion",
        },
        rejected={empty: "mask_empty"},
        groups=groups,
        absent={case: ("polyp",) for case, pixels in areas.items() if not pixels},
    )


def _single(top: Path) -> None:
    """Frames of the centres: an empty mask, one of three channels with JPEG's greys, and names that do not agree."""
    picture(top / "data_C1/images_C1/100H0050.jpg", 1)
    mask(top / "data_C1/masks_C1/100H0050_mask.jpg", POLYP)
    picture(top / "data_C1/images_C1/100S0001.jpg", 2)
    mask(top / "data_C1/masks_C1/100S0001_mask.jpg")
    _boxes(top / "data_C1/bbox_C1/100H0050_mask.txt", POLYP)
    _boxes(top / "data_C1/bbox_C1/100S0001_mask.txt")
    picture(top / "data_C1/bbox_image_C1/957OLCV1_100H0002_mask_bbox.jpg", 3)
    picture(top / "data_C2/images_C2/EndoCV2021_001000.jpg", 4)
    greys = np.zeros((48, 64, 3), np.uint8)
    greys[8:32, 16:40] = 255
    greys[32:40, 48:56] = 250
    greys[40:48, :8] = 14
    save(top / "data_C2/masks_C2/EndoCV2021_001000_mask.jpg", greys)
    _boxes(top / "data_C2/bbox_C2/EndoCV2021_001000.txt", POLYP, SECOND)
    picture(top / "data_C3/images_C3/C3_EndoCV2021_00489_.jpg", 5)
    mask(top / "data_C3/masks_C3/C3_EndoCV2021_00489_mask.jpg", POLYP)
    picture(top / "data_C4/images_C4/18_endocv2021_positive_1492.jpg", 6)
    picture(top / "data_C5/images_C5/EndoCV2021_C5_50000279.jpg", 7)
    mask(top / "data_C5/masks_C5/EndoCV2021_C5_50000279.jpg", POLYP)
    mask(top / "data_C6/masks_C6/EndoCV2021_C6_0100045_mask.jpg", POLYP)
    picture(top / "data_C6/bbox_images_C6/EndoCV2021_C6_0100045_mask_bbox.jpg", 8)


def _sequences(top: Path) -> None:
    """One name in four sequences; a positive sequence with a frame of no polyp and one whose mask is missing."""
    first, second = top / "positive/seq1", top / "positive/seq2"
    for number in (9, 10):
        picture(first / f"images_seq1/frame_{number}.jpg", 10 + number)
    mask(first / "masks_seq1/frame_9_mask.jpg")
    mask(first / "masks_seq1/frame_10_mask.jpg", POLYP)
    picture(first / "bbox_image_seq1/frame_10_bbox.jpg", 21)
    _boxes(first / "bbox_seq1/frame_9.txt")
    for number in (10, 11):
        picture(second / f"images_seq2/frame_{number}.jpg", 20 + number)
    mask(second / "masks_seq2/frame_10_mask.jpg", SECOND)
    _boxes(second / "masks_seq2/frame_10.txt", SECOND)
    for number, place in enumerate(("seq1_neg/frame_10", "seq1_neg/frame_11", "seq2_neg/frame_10"), start=40):
        picture(top / "negativeOnly" / f"{place}.jpg", number)


def _boxes(path: Path, *boxes: tuple[int, int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"polyp {x0} {y0} {x1} {y1}\n" for x0, y0, x1, y1 in boxes), encoding="utf-8")
