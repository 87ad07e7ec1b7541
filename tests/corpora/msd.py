"""A task of the Medical Segmentation Decathlon in small: what all ten have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import Box, numbers, save, scan

BOXES: Mapping[int, Box] = {1: (2, 4, 2, 12, 14, 3), 2: (4, 6, 2, 10, 12, 3), 3: (4, 6, 2, 7, 12, 3)}
"""Each inside the one before: of three numbers 64, 18 and 18 pixels are seen; of two 64 and 36; of one 100."""


def write_task(
    root: Path,
    folder: str,
    stem: str,
    areas: tuple[int, ...],
    *,
    count: int,
    channels: int = 1,
    alone: tuple[int, ...],
    absent: tuple[str, ...] = (),
) -> Corpus:
    """Write it below ``root``, with ``count`` numbers and ``channels`` volumes per file.

    ``areas`` are the pixels of each annotation where all numbers are there; ``alone`` and ``absent`` are those and the
    absent labels where number 1 is alone.
    """
    home = root / folder
    parts = {number: BOXES[number] for number in range(1, count + 1)}
    for number, boxes in ((1, parts), (2, {1: BOXES[1]}), (3, {9: BOXES[1]}), (4, {}), (5, None)):
        image(home / "imagesTr" / f"{stem}_{number:03d}.nii.gz", number, channels)
        if boxes is not None:
            save(home / "labelsTr" / f"{stem}_{number:03d}.nii.gz", numbers(boxes))
    save(home / "labelsTr" / f"{stem}_006.nii.gz", numbers(parts))
    image(home / "imagesTs" / f"{stem}_007.nii.gz", 7, channels)
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (home / part / f"._{stem}_001.nii.gz").write_bytes(b"junk")
    (home / "._dataset.json").write_bytes(b"junk")
    (home / "dataset.json").write_text(json.dumps(facts(stem)), encoding="utf-8")
    image(root / "Task99_Other" / "imagesTr" / "other_001.nii.gz", 8, channels)
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={f"{stem}_001": areas, f"{stem}_002": alone},
        drops={f"{stem}_005": "no_mask", f"{stem}_006": "no_image", f"imagesTs/{stem}_007.nii.gz": "companion"},
        rejected={f"{stem}_003": "unknown_label", f"{stem}_004": "no_slice"},
        absent={f"{stem}_002": absent} if absent else {},
    )


def image(path: Path, seed: int, channels: int) -> None:
    """A scan, in 4-D for several channels."""
    volumes = [scan(10 * seed + channel) for channel in range(channels)]
    save(path, np.stack(volumes, axis=3) if channels > 1 else volumes[0])


def facts(stem: str) -> dict[str, object]:
    """What the organisers write into ``dataset.json``."""
    pairs = [{"image": f"./imagesTr/{stem}_001.nii.gz", "label": f"./labelsTr/{stem}_001.nii.gz"}]
    return {"name": stem, "numTraining": 1, "numTest": 1, "training": pairs, "test": [f"./imagesTs/{stem}_007.nii.gz"]}
