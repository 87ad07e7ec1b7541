"""What gives answers away: the commonest answer, and words that go with another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmrs_builder.blind import features
from mmrs_builder.blind.table import NUMBER, Flags, best_constant, hits

SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """Words (none: whatever is asked), the number of questions with them, the answer that is most often right for
    these, and how often it is."""

    words: str
    questions: int
    answer: str
    share: float


def clues(frame: pd.DataFrame) -> tuple[Clue, ...]:
    """The commonest answer to a unit's questions, and up to ``SHOWN`` words whose own is right more often.

    Words are n-grams, for numbers the structures asked about. Those come first that gain most right answers, among
    questions that hold none before; the longest of equals is taken. Yes/no questions, whose answers mean something else
    in each, count only where there are no others.
    """
    if len(plain := np.flatnonzero(frame["kind"] != "yes_no")):
        frame = frame.iloc[plain]
    answer, share = _commonest(frame)
    found = [Clue(words="", questions=len(frame), answer=answer, share=share)]
    while len(frame) and len(found) <= SHOWN:
        gains = {words: (gain, len(words), words) for words, gain, _ in _gains(frame, answer)}
        if not gains or max(gains.values())[0] < features.RAREST:
            break
        best = max(gains, key=lambda words: gains[words])
        held = next(rows for words, _, rows in _gains(frame, answer) if words == best)
        own, part = _commonest(frame[held])
        found.append(Clue(words=best, questions=int(held.sum()), answer=own, share=part))
        frame = frame[~held]
    return tuple(found)


def _gains(frame: pd.DataFrame, answer: str) -> Iterator[tuple[str, float, Flags]]:
    """Words, by how many more of their questions are right with their own commonest answer, and which these are."""
    if _numeric(frame):
        for labels in sorted(set(frame["labels"])):
            held = np.asarray(frame["labels"] == labels)
            yield labels, held.sum() * (_commonest(frame[held])[1] - _right(frame[held], answer)), held
        return
    matrix, names = features.matrix(features.words(frame))
    classes = sorted(set(frame["answer"]))
    right = np.array([[given == name for name in classes] for given in frame["answer"]], dtype=np.float64)
    counts = matrix.T @ right
    common = counts[:, classes.index(answer)] if answer in classes else np.zeros(len(names))
    dense = matrix.toarray().astype(bool)
    for i, name in enumerate(names):
        yield name, float(counts[i].max() - common[i]), dense[:, i]


def _numeric(frame: pd.DataFrame) -> bool:
    return bool((frame["space"] == NUMBER).all())


def _commonest(frame: pd.DataFrame) -> tuple[str, float]:
    """The answer that is right most often, and how often; of numbers the best constant."""
    if _numeric(frame):
        values, tolerances = (np.array(frame[name], dtype=np.float64) for name in ("answer", "tolerance"))
        said = f"{best_constant(values, tolerances):.1f}"
        return said, _right(frame, said)
    answer, n = min(Counter[str](frame["answer"]).items(), key=lambda item: (-item[1], item[0]))
    return answer, n / len(frame)


def _right(frame: pd.DataFrame, said: str) -> float:
    values, tolerances = (np.array(frame[name], dtype=np.float64) for name in ("answer", "tolerance"))
    return float(np.mean(hits(np.full(len(frame), float(said)), values, tolerances)))
