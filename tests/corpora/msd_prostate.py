"""Medical Segmentation Decathlon, task 5: two sequences per file, the zones of the prostate."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (64, 36)  # peripheral zone, transition zone


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(root, "Task05_Prostate", "prostate", AREAS, count=2, channels=2, alone=(100,))
