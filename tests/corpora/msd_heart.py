"""Medical Segmentation Decathlon, task 2: the left atrium."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (100,)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(root, "Task02_Heart", "la", AREAS, count=1, alone=(100,))
