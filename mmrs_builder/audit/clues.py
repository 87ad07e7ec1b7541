"""What gives answers away: the words whose questions are answered best without a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmrs_builder.blind import features
from mmrs_builder.blind.table import Floats

SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """Words, the number of judged questions with them, and how often the commonest answer to these is right."""

    words: str
    questions: int
    answer: str
    share: float


def clues(frame: pd.DataFrame, gains: Floats) -> tuple[Clue, ...]:
    """Up to ``SHOWN`` n-grams of a unit's questions, those first that explain most of its advantage.

    ``gains`` (n,) are the scores less chance. N-grams of at most half of the questions are ranked by the sum of gains
    of the questions that hold them and no n-gram before, over the root of their number; the longest of equals is taken.
    """
    matrix, names = features.matrix(features.words(frame))
    dense = matrix.toarray().astype(bool)
    dense = dense[:, common := dense.sum(axis=0) <= len(frame) / 2]
    names = tuple(name for name, kept in zip(names, common, strict=True) if kept)
    left = np.ones(len(frame), dtype=bool)
    found: list[Clue] = []
    while len(found) < SHOWN and left.any():
        inside = dense & left[:, None]
        sizes = inside.sum(axis=0)
        weights = np.where(sizes > 0, (inside * gains[:, None]).sum(axis=0) / np.sqrt(np.maximum(sizes, 1)), -np.inf)
        if not len(weights) or weights.max() <= 0:
            break
        best = max(np.flatnonzero(weights >= weights.max() - 1e-9), key=lambda i: (len(names[i]), names[i]))
        held = np.flatnonzero(inside[:, best])
        answers = frame["answer"].iloc[held].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        found.append(
            Clue(
                words=names[best],
                questions=len(held),
                answer=str(answers.index[0]),
                share=float(answers.iloc[0] / len(held)),
            )
        )
        left[held] = False
    return tuple(found)
