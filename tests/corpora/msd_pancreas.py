"""Medical Segmentation Decathlon, task 7: the pancreas, and tumours in it."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (100, 36)  # pancreas with its tumour, tumour


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(root, "Task07_Pancreas", "pancreas", AREAS, count=2, alone=(100,), absent=("pancreas_tumour",))
