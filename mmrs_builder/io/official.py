"""Official splits, as corpora spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SPELLINGS: Final = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip


def official_split(words: Iterable[str]) -> str | None:
    """The split that the first word naming one stands for; a year may follow it (``val2017``). None if none does."""
    for word in words:
        found = SPELLINGS.get(re.sub(r"20\d\d$", "", word).casefold())
        if found:
            return found
    return None
