"""Medical Segmentation Decathlon, task 1: four sequences per file, the parts of a brain tumour."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (18, 18, 36, 64)  # enhancing, not enhancing, tumour, oedema


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(
        root,
        "Task01_BrainTumour",
        "BRATS",
        AREAS,
        count=3,
        channels=4,
        alone=(100,),
        absent=("non_enhancing_tumour", "enhancing_tumour"),
    )
