"""What a blind solver may look at, as numbers: words, metadata, and which other questions are asked about the view."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

Matrix: TypeAlias = csr_array
"""(questions, tokens), 1 where a token occurs."""

LONGEST: Final = 3
"""Words of the longest n-gram."""

RAREST: Final = 3
"""Tokens that occur in fewer questions are no features."""

_WORD: Final = re.compile(r"\w+")


def words(frame: pd.DataFrame) -> list[list[str]]:
    """N-grams of the question, and the options as a set."""
    known = {text: _ngrams(text) for text in set(frame["text"])}
    return [
        known[text] + [f"option: {option}" for option in options or ()]
        for text, options in zip(frame["text"], frame["options"], strict=True)
    ]


def _ngrams(text: str) -> list[str]:
    found = _WORD.findall(text.casefold())
    return [" ".join(found[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(found) - n + 1)]


def metadata(frame: pd.DataFrame) -> list[list[str]]:
    """Source, modality, sequence, plane, size of the picture, and what structures are asked about; no other word."""
    columns = ("source", "modality", "sequence", "plane", "width", "height", "labels")
    return [
        [f"{name}: {value}" for name, value in zip(columns, row, strict=True)]
        + [f"structure: {label}" for label in row[-1].split()]
        + [f"{row[0]}, {row[-1]}"]
        for row in frame[list(columns)].itertuples(index=False)
    ]


def siblings(frame: pd.DataFrame, table: pd.DataFrame) -> list[list[str]]:
    """The question itself and the other questions of its view: what they ask, not what they are answered.

    ``table`` holds all questions; ``frame`` some of them.
    """
    asked: dict[str, list[tuple[str, str]]] = {}
    for view, question, program, family in zip(
        table["view"], table["question_id"], table["program"], table["family"], strict=True
    ):
        asked.setdefault(view, []).append((question, program))
        asked[view].append((question, family))
    return [
        [f"this: {program}", f"this: {family}", f"about: {labels}"]
        + sorted({f"also: {said}" for other, said in asked[view] if other != question})
        for view, question, program, family, labels in zip(
            frame["view"], frame["question_id"], frame["program"], frame["family"], frame["labels"], strict=True
        )
    ]


def matrix(lists: Sequence[Sequence[str]]) -> tuple[Matrix, tuple[str, ...]]:
    """Which tokens occur in which question, and the tokens, sorted; those of fewer than ``RAREST`` are left out."""
    counts = Counter(token for tokens in lists for token in set(tokens))
    kept = tuple(sorted(token for token, n in counts.items() if n >= RAREST))
    number = {token: i for i, token in enumerate(kept)}
    cells = [sorted({number[token] for token in tokens if token in number}) for tokens in lists]
    starts = np.cumsum([0, *map(len, cells)])
    columns = np.array([column for row in cells for column in row], dtype=np.int64)
    return csr_array((np.ones(len(columns)), columns, starts), shape=(len(lists), len(kept))), kept


CATEGORIES: Final = ("family", "template", "program", "labels", "kind", "source", "modality", "sequence", "plane")


def categories(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """(questions, 11): categories as numbers in alphabetical order, width and height in px."""
    codes = [pd.Categorical(frame[name]).codes for name in CATEGORIES]
    return np.column_stack([*codes, frame["width"], frame["height"]]).astype(np.float64)
