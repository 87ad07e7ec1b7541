"""What gives answers away: the words whose questions are answered best without a picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmrs_builder.blind import features
from mmrs_builder.blind.table import NUMBER, Floats, best_constant, hits

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
    Yes/no questions, whose answers mean something else in each, count only where there are no others.
    """
    if len(plain := np.flatnonzero(frame["kind"] != "yes_no")):
        frame, gains = frame.iloc[plain], gains[plain]
    matrix, names = features.matrix(features.words(frame))
    dense = matrix.toarray().astype(bool)
    dense = dense[:, common := dense.sum(axis=0) <= len(frame) / 2]
    names = tuple(name for name, kept in zip(names, common, strict=True) if kept)
    left = np.ones(len(frame), dtype=bool)
    found: list[Clue] = []
    while len(found) < SHOWN and left.any():
        inside = dense & left[:, None]
        sizes = inside.sum(axis=0)
        enough = sizes >= features.RAREST
        weights = np.where(enough, (inside * gains[:, None]).sum(axis=0) / np.sqrt(np.maximum(sizes, 1)), -np.inf)
        if not len(weights) or weights.max() <= 0:
            break
        best = max(np.flatnonzero(weights >= weights.max() - 1e-9), key=lambda i: (len(names[i]), names[i]))
        held = np.flatnonzero(inside[:, best])
        answer, share = _commonest(frame.iloc[held])
        found.append(Clue(words=names[best], questions=len(held), answer=answer, share=share))
        left[held] = False
    return tuple(found)


def _commonest(frame: pd.DataFrame) -> tuple[str, float]:
    """The answer that is right most often, and how often; of numbers the best constant."""
    if (frame["space"] == NUMBER).all():
        values, tolerances = (np.array(frame[name], dtype=np.float64) for name in ("answer", "tolerance"))
        said = best_constant(values, tolerances)
        return f"{said:.1f}", float(np.mean(hits(np.full(len(frame), said), values, tolerances)))
    (answer, n), *_ = sorted(Counter[str](frame["answer"]).items(), key=lambda item: (-item[1], item[0]))
    return answer, n / len(frame)
