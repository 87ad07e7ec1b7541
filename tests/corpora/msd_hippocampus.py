"""Medical Segmentation Decathlon, task 4: the two parts of the hippocampus."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (64, 36)  # anterior, posterior


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(
        root, "Task04_Hippocampus", "hippocampus", AREAS, count=2, alone=(100,), absent=("hippocampus_posterior",)
    )
