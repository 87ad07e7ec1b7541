"""Exports of annotation programs: Roboflow's folders by split, and run lengths in a folder ``annotations``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.corpora import Corpus, picture

OPTIONS = {"exhaustive": "yes", "modality": "mri", "labels": "Tumor=tumour,Note=-"}
CATEGORIES = [
    {"id": 0, "name": "Tumor", "supercategory": "none"},
    {"id": 1, "name": "Tumor", "supercategory": "Tumor"},
    {"id": 2, "name": "Left Lung"},
    {"id": 3, "name": "Note"},
    {"id": 4, "name": "Never Used"},
]
WIDTH, HEIGHT = 64, 48


def outline(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    """A rectangle as COCO writes polygons."""
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def runs(x0: int, y0: int, x1: int, y1: int) -> list[int]:
    """The run lengths of a rectangle, down each column."""
    inner = [length for _ in range(x0, x1) for length in (y1 - y0, HEIGHT - (y1 - y0))]
    return [x0 * HEIGHT + y0, *inner[:-1], (WIDTH - x1) * HEIGHT + HEIGHT - y1]


def packed(lengths: Sequence[int]) -> str:
    """Run lengths as COCO compresses them: all but the first three as the difference to the one before the last."""
    text = ""
    for i, length in enumerate(lengths):
        rest = length - (lengths[i - 2] if i > 2 else 0)
        more = True
        while more:
            bits = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if bits & 0x10 else 0)
            text += chr(48 + (bits | 0x20 if more else bits))
    return text


def annotation(shape: Any, category: int = 1, box: Sequence[float] | None = None, **more: object) -> dict[str, object]:
    return {"category_id": category, "segmentation": shape, "bbox": box or [], **more}


def document(annotated: dict[str, list[dict[str, object]]], **sizes: tuple[int, int]) -> dict[str, object]:
    """A COCO file: pictures and their annotations, numbered from 0."""
    images, annotations = [], []
    for image_id, (file, own) in enumerate(annotated.items()):
        width, height = sizes.get(file.partition("_")[0], (WIDTH, HEIGHT))
        images.append({"id": image_id, "file_name": file, "width": width, "height": height})
        annotations += [{"id": len(annotations) + i, "image_id": image_id, **item} for i, item in enumerate(own)]
    return {"images": images, "annotations": annotations, "categories": CATEGORIES}


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    train = {
        "a b_jpg.rf.1f2e.jpg": [
            annotation([outline(4, 4, 14, 14)], 0, [4, 4, 10, 10]),
            annotation([outline(20, 20, 24, 24), outline(22, 22, 30, 30)]),
            annotation([outline(0, 0, 40, 40)], 3),
        ],
        "a b_jpg.rf.9a0b.jpg": [],
        "clipped_png.rf.77.jpg": [annotation([outline(-6.5, 40, 10, 60)], 2, [-6.5, 40, 16.5, 20])],
        "outside_jpg.rf.4.jpg": [annotation([outline(70, 0, 80, 10)])],
        "line_jpg.rf.5.jpg": [annotation([[4, 4, 20, 20]])],
        "turned_jpg.rf.6.jpg": [annotation([outline(4, 4, 14, 14)])],
        "moved_jpg.rf.7.jpg": [annotation([outline(4, 4, 14, 14)], 1, [30, 30, 10, 10])],
        "boxed_jpg.rf.8.jpg": [annotation([], 1, [30, 30, 10, 10])],
        "words_jpg.rf.9.jpg": [annotation([["4", "4", "8", "8", "4", "8"]])],
        "crowd_jpg.rf.10.jpg": [annotation([outline(4, 4, 14, 14)], 1, iscrowd=1)],
        "gone_jpg.rf.11.jpg": [annotation([outline(4, 4, 14, 14)])],
    }
    lengths = runs(10, 8, 30, 20)
    rest = {
        "packed.png": [annotation({"size": [HEIGHT, WIDTH], "counts": packed(lengths)}, 2, [10, 8, 20, 12])],
        "plain.png": [annotation({"size": [HEIGHT, WIDTH], "counts": lengths}, 2)],
        "short.png": [annotation({"size": [HEIGHT, WIDTH], "counts": lengths[:-1]}, 2)],
    }
    for seed, name in enumerate(train):
        if not name.startswith("gone"):
            picture(root / "train" / name, seed)
    for seed, name in enumerate(rest):
        picture(root / "images" / name, 20 + seed)
    picture(root / "train" / "nobody.jpg", 40)
    stray = {**annotation([outline(0, 0, 9, 9)]), "id": 99, "image_id": 99}
    told = document(train, turned=(HEIGHT, WIDTH))
    (root / "train" / "_annotations.coco.json").write_text(
        json.dumps({**told, "annotations": [*told["annotations"], stray]}),
        encoding="utf-8",  # type: ignore[misc]
    )
    (root / "annotations").mkdir()
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(document(rest)), encoding="utf-8")
    (root / "notes.json").write_text('{"images": 3}', encoding="utf-8")
    return Corpus(
        options=OPTIONS,
        areas={
            "train/a b_jpg.rf.1f2e": (100, 16 + 64 - 4),
            "train/a b_jpg.rf.9a0b": (),
            "train/clipped_png.rf.77": (10 * 8,),
            "images/packed": (20 * 12,),
            "images/plain": (20 * 12,),
        },
        drops={
            "train/boxed_jpg.rf.8.jpg": "no_mask",
            "train/words_jpg.rf.9.jpg": "bad_metadata",
            "train/crowd_jpg.rf.10.jpg": "too_many_structures",
            "gone_jpg.rf.11.jpg": "no_image",
            "train/_annotations.coco.json": "no_image",
            "train/nobody.jpg": "not_matched",
            "notes.json": "bad_metadata",
        },
        rejected={
            "train/outside_jpg.rf.4": "bad_outline",
            "train/line_jpg.rf.5": "bad_outline",
            "train/turned_jpg.rf.6": "size_mismatch",
            "train/moved_jpg.rf.7": "boxes_disagree",
            "images/short": "bad_outline",
        },
    )
