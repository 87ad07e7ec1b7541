"""Twins and their originals: how often both of a pair in the same words are answered right without the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmrs_builder.blind.trial import Trial

TEXT_ONLY: Final = ("majority", "letter", "organ prior", "same words", "words")
"""Solvers that see words, options and structures of a question, and nothing of its view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinPairs:
    """``pairs`` of a question of a twin and that of its original with another answer; ``alike`` those with the same
    words and options.

    ``text_only`` and ``any`` are the parts of the pairs that the best solver has both right, among those that see no
    more than the question and among all, under whichever division is best. ``other`` is the part of answers that are
    right where one half's is known and another one is guessed for the other half, ``same`` where that is said again.
    None without pairs.
    """

    pairs: int
    alike: int
    text_only: float | None = None
    any: float | None = None
    other: float | None = None
    same: float | None = None


def twin_pairs(table: pd.DataFrame, tried: Sequence[Trial]) -> TwinPairs:
    """All of it, from the questions and what solvers got right of them."""
    found = _opposites(table)
    if not len(found):
        return TwinPairs(pairs=0, alike=0)
    twin, original = found[:, 0], found[:, 1]
    texts, options = table["text"].to_numpy(), table["options"].to_numpy()
    alike = [texts[a] == texts[b] and options[a] == options[b] for a, b in found]
    answers = table["answer"].to_numpy()
    both = {
        name: max(float(np.mean((trial.right[name][twin] > 0) & (trial.right[name][original] > 0))) for trial in tried)
        for name in tried[0].right
    }
    others = 1 / table["chance"].to_numpy(dtype=np.float64)[twin] - 1
    return TwinPairs(
        pairs=len(found),
        alike=sum(alike),
        text_only=max(both[name] for name in TEXT_ONLY),
        any=max(both.values()),
        other=float(np.mean(1 / others)),
        same=float(np.mean(answers[twin] == answers[original])),
    )


def _opposites(table: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """(n, 2) rows of a twin's question and of its original's in one pair."""
    pair, view, made = (table[name].to_numpy() for name in ("pair", "view", "twin_of"))
    originals = {
        (pair[row], view[row]): row for row in range(len(table)) if pair[row] is not None and made[row] is None
    }
    keys = [(row, (pair[row], made[row])) for row in range(len(table)) if made[row] is not None]
    found = [(row, originals[key]) for row, key in keys if key in originals]
    return np.array(found, dtype=np.intp).reshape(-1, 2)
