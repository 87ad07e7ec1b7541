"""Medical Segmentation Decathlon, task 3: the liver, and tumours in it."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.msd import write_task

AREAS = (100, 36)  # liver with its tumour, tumour


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    return write_task(root, "Task03_Liver", "liver", AREAS, count=2, alone=(100,), absent=("liver_tumour",))
