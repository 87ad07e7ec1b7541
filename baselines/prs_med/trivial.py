"""What needs no model: the most frequent answer and the mean mask, of questions that are alike in some way.

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
from mmrs_builder import metrics, programs
from mmrs_builder.blind.table import best_constant, hits
from mmrs_builder.vocab import REFUSALS

SIDE = 64
"""Mean masks are kept in SIDE x SIDE cells."""

View = Mapping[str, Any]
Question = Mapping[str, Any]
Key = Callable[[Question, View], tuple[str, ...]]


def anything(question: Question, _view: View) -> tuple[str, ...]:
    """Kind and type of answer: what the majority row knows."""
    return question["kind"], programs.value_type(question["program"])


def same_question(question: Question, _view: View) -> tuple[str, ...]:
    """The program that a question asks for: what the question-only row knows, whatever the wording."""
    return question["kind"], question["program"]


def same_family(question: Question, _view: View) -> tuple[str, ...]:
    """The kind of program, of whatever structures."""
    return question["kind"], question["family"]


def same_metadata(question: Question, view: View) -> tuple[str, ...]:
    """What is known of the picture without opening it: what the metadata row knows, with the kind of answer."""
    known = (str(view.get(name)) for name in ("source", "modality", "sequence", "plane", "width", "height"))
    return (*known, *anything(question, view))


def same_metadata_and_structures(question: Question, view: View) -> tuple[str, ...]:
    """The same, and the structures that are asked about; no other word."""
    return (*same_metadata(question, view), *programs.labels(question["program"]))


class Frequent:
    """Answers and masks of training questions with the same key: the first of some keys that was ever met, the last of
    which is always ``anything``.
    """

    def __init__(self, *keys: Key) -> None:
        self.keys = (*keys, anything)
        self.answers: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self.tolerances: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        self.sums: dict[tuple[str, ...], npt.NDArray[np.float64]] = {}
        self.counts: Counter[tuple[str, ...]] = Counter()

    def learn(self, rows: Iterable[View]) -> Frequent:
        """Look at training views, all their questions and masks."""
        for row in rows:
            item = data.sample(row, range(len(row["qa"])))
            for question, mask in zip(item.questions, item.masks, strict=True):
                small = None if mask is None else _small(mask)
                for key in {key(question, row) for key in self.keys}:
                    self.answers[key][question["value"]] += 1
                    self.tolerances[key][question["value"]] = question["tolerance"] or 0.0
                    if small is not None:
                        self.sums[key] = self.sums.get(key, 0.0) + small
                        self.counts[key] += 1
        return self

    def _met(self, question: Question, view: View, among: Mapping[tuple[str, ...], Any]) -> tuple[str, ...] | None:
        return next((found for key in self.keys if (found := key(question, view)) in among), None)

    def value(self, question: Question, tokens: list[str] | None, view: View | None = None) -> str | None:
        """The most frequent value, among ``tokens`` for a choice; ties go to the first in the alphabet. Of numbers the
        one within whose tolerance most lie.
        """
        key = self._met(question, view or {}, self.answers)
        counts = self.answers[key] if key else Counter[str]()
        if tokens is None and question["kind"] == "number":
            return _constant(counts, self.tolerances[key]) if key else None
        allowed = sorted(counts if tokens is None else tokens, key=lambda token: (-counts[token], token))
        return allowed[0] if allowed else None

    def mask(self, question: Question, shape: tuple[int, int], view: View | None = None) -> npt.NDArray[np.bool_]:
        """The mean mask (H, W), cut at half of its highest value."""
        key = self._met(question, view or {}, self.sums)
        if key is None:
            return np.zeros(shape, dtype=bool)
        mean = (self.sums[key] / self.counts[key]).astype(np.float32)
        grown = np.asarray(Image.fromarray(mean).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
        return grown > max(1e-6, float(mean.max()) / 2)


def chosen(frequent: Frequent, question: Question, words: metrics.Words, view: View | None = None) -> str | None:
    """The answer in the terms of ``metrics.correct``: of a choice, the index of an option."""
    if question["kind"] != "choice":
        return frequent.value(question, None, view)
    value_type = programs.value_type(question["program"])
    named = [metrics.value_said(str(i), "choice", value_type, question["choices"], words)
             for i in range(len(question["choices"]))]  # fmt: skip
    tokens = [token for token in named if token is not None]
    value = frequent.value(question, tokens, view) if tokens else None
    return str(named.index(value)) if value in named and value is not None else "0"  # structures: one is as good as any


def _constant(counts: Counter[str], tolerances: Mapping[str, float]) -> str:
    """The number that most answers allow, or the reason for which more have none."""
    numbers = [value for value in counts.elements() if value not in REFUSALS]
    refused = max(sorted(set(counts) & {*REFUSALS}), key=lambda reason: counts[reason], default=None)
    if not numbers:
        return str(refused)
    values, near = np.array(numbers, dtype=np.float64), np.array([tolerances[value] for value in numbers])
    said = best_constant(values, near)
    if refused is not None and counts[refused] > hits(np.full(len(values), said), values, near).sum():
        return refused
    return f"{round(said, 4):g}"


def _small(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    image = Image.fromarray(mask.astype(np.uint8) * 255).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float64) / 255
