"""What needs no model: the most frequent answer and the mean mask, of all questions or of the same question.

They say how far one comes without looking: a model is worth what it adds to them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from baselines.prs_med import data
from mmrs_builder import programs

SIDE = 64
"""Mean masks are kept in SIDE x SIDE cells."""

Key = Callable[[Mapping[str, Any]], tuple[str, ...]]


def anything(question: Mapping[str, Any]) -> tuple[str, ...]:
    """Kind and type of answer: what the majority row knows."""
    return question["kind"], programs.value_type(question["program"])


def same_question(question: Mapping[str, Any]) -> tuple[str, ...]:
    """The program that a question asks for: what the question-only row knows, whatever the wording."""
    return question["kind"], question["program"]


class Frequent:
    """Answers and masks of training questions with the same key; of ``anything`` where a key was never met."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.answers: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self.sums: dict[tuple[str, ...], npt.NDArray[np.float64]] = {}
        self.counts: Counter[tuple[str, ...]] = Counter()

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> Frequent:
        """Look at training views, all their questions and masks."""
        for row in rows:
            item = data.sample(row, range(len(row["qa"])))
            for question, mask in zip(item.questions, item.masks, strict=True):
                small = None if mask is None else _small(mask)
                for key in {self.key(question), anything(question)}:
                    self.answers[key][question["value"]] += 1
                    if small is not None:
                        self.sums[key] = self.sums.get(key, 0.0) + small
                        self.counts[key] += 1
        return self

    def _known(self, question: Mapping[str, Any]) -> tuple[str, ...]:
        key = self.key(question)
        return key if key in self.answers else anything(question)

    def value(self, question: Mapping[str, Any], tokens: list[str] | None) -> str | None:
        """The most frequent value, among ``tokens`` for a choice; ties go to the first in the alphabet."""
        counts = self.answers.get(self._known(question), Counter())
        allowed = sorted(counts if tokens is None else tokens, key=lambda token: (-counts[token], token))
        return allowed[0] if allowed else None

    def mask(self, question: Mapping[str, Any], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """The mean mask (H, W), cut at half of its highest value."""
        key = self._known(question)
        if key not in self.sums:
            return np.zeros(shape, dtype=bool)
        mean = (self.sums[key] / self.counts[key]).astype(np.float32)
        grown = np.asarray(Image.fromarray(mean).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
        return grown > max(1e-6, float(mean.max()) / 2)


def _small(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    image = Image.fromarray(mask.astype(np.uint8) * 255).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float64) / 255
