"""DDTI as it was released: an XML file per case with outlines as JSON text, and the masks made of them beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.corpora import Corpus, mask, picture

Box = tuple[int, int, int, int]
NODULE = (16, 8, 40, 32)
WITHIN = (20, 12, 30, 22)
OTHER = (48, 32, 56, 40)


def outlined(boxes: Sequence[Box]) -> str:
    """The text of a mark: box by box the corners, half a pixel outside of the centres that are inside."""
    corners = [
        [(x0 - 0.5, y0 - 0.5), (x1 - 0.5, y0 - 0.5), (x1 - 0.5, y1 - 0.5), (x0 - 0.5, y1 - 0.5)]
        for x0, y0, x1, y1 in boxes
    ]
    regions = [
        {"points": [{"x": x, "y": y} for x, y in points], "annotation": {}, "regionType": "freehand"}
        for points in corners
    ]
    return json.dumps(regions)


def case(path: Path, marks: dict[int, str]) -> None:
    """The XML file of a case. Ages and ratings are as free as in the corpus."""
    found = "".join(f"<mark><image>{number}</image><svg>{text}</svg></mark>" for number, text in marks.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<case><number>1</number><age></age><tirads>4a</tirads>{found}</case>", encoding="utf-8")


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "DDTI"
    for seed, stem in enumerate(("1_1", "1_2", "10_1", "2_1", "3_1", "4_1", "5_1", "7_1")):
        picture(home / f"{stem}.jpg", seed)
    case(home / "1.xml", {1: outlined([NODULE]), 2: outlined([NODULE, WITHIN, OTHER])})
    case(home / "10.xml", {1: outlined([NODULE]).replace('"', "&quot;")})
    case(home / "2.xml", {1: ""})
    case(home / "3.xml", {1: outlined([NODULE])[:-9]})
    case(home / "4.xml", {2: outlined([NODULE])})
    case(home / "5.xml", {1: outlined([NODULE]).replace("15.5", "NaN")})
    case(home / "6.xml", {1: outlined([NODULE])})
    picture(home / "1_or_data" / "image" / "1.PNG", 1)
    mask(home / "1_or_data" / "mask" / "1.PNG", NODULE)
    nodule, other = 24 * 24, 8 * 8
    return Corpus(
        areas={"1_1": (nodule,), "1_2": (nodule + other,), "10_1": (nodule,)},
        drops={
            "DDTI/6.xml": "no_image",
            "7_1": "no_mask",
            "DDTI/1_or_data/image/1.PNG": "companion",
            "DDTI/1_or_data/mask/1.PNG": "companion",
        },
        rejected={"2_1": "mask_empty", "3_1": "bad_metadata", "4_1": "mask_empty", "5_1": "bad_outline"},
        groups={"1_1": "1", "1_2": "1", "10_1": "10", "2_1": "2", "3_1": "3", "4_1": "4", "5_1": "5"},
    )
