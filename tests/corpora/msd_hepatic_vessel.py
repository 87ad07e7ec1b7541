"""Medical Segmentation Decathlon, task 8: vessels and tumours of the liver."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (64, 36)  # vessel, tumour


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(root, "Task08_HepaticVessel", "hepaticvessel", AREAS, count=2, alone=(100,))
