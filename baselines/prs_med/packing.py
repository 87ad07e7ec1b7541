"""Several questions about one picture in one sequence: [picture] [question 1] [question 2] ..., sharing the picture.

A question sees the picture and itself, never its siblings, and its positions restart where the picture ends, so every
state is what it would be in a sequence of its own. That is exact for a causal model, because picture tokens do not see
what follows them.

Shapes: B pictures, T tokens of a row, K questions at most, L words at most that condition a mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from baselines.prs_med.config import Condition

IGNORE: Final = -100
"""Label of a token that carries no loss."""

PAD: Final = 0
SHARED: Final = 1
FIRST: Final = 2
"""Segments of a row: padding, the shared picture, and from here on one segment per question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One question as token ids: what is asked, and the answer with its end token (empty when it is to be found)."""

    prompt: Sequence[int]
    answer: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Rows of packed questions.

    ``labels`` stand at the position that predicts them: position t is asked for ``labels[t]``. ``words`` are positions
    of the tokens that condition each question's mask, ``known`` which of them exist; ``last`` is the last position of
    each prompt.
    """

    ids: Tensor  # (B, T)
    positions: Tensor  # (B, T)
    segment: Tensor  # (B, T)
    labels: Tensor  # (B, T)
    words: Tensor  # (B, K, L)
    known: Tensor  # (B, K, L) bool
    last: Tensor  # (B, K)

    def to(self, device: torch.device) -> Packed:
        """The same on another device."""
        return Packed(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})


def pack(shared: Sequence[Sequence[int]], asked: Sequence[Sequence[Words]], condition: Condition) -> Packed:
    """Rows of a batch: the picture's tokens of each view, and the questions asked of it."""
    rows = [_row(list(prefix), questions) for prefix, questions in zip(shared, asked, strict=True)]
    b, t = len(rows), max(len(row) for row in rows)
    table = torch.zeros(4, b, t, dtype=torch.long)
    table[3] = IGNORE
    for i, row in enumerate(rows):
        table[:, i, : len(row)] = torch.tensor(row).T
    ids, positions, segment, labels = table
    k = max(map(len, asked))
    spans = [[_span(asked[i], len(shared[i]), j) for j in range(len(asked[i]))] for i in range(b)]
    width = max(stop - start for row in spans for start, stop in row)
    before = max(map(len, shared)) if condition == "image+question" else 0
    words = torch.zeros(b, k, before + width, dtype=torch.long)
    known = torch.zeros(b, k, before + width, dtype=torch.bool)
    known[..., 0] = True  # a question that does not exist attends to something: its mask is finite, and unused
    last = torch.zeros(b, k, dtype=torch.long)
    for i, row in enumerate(spans):
        for j, (start, stop) in enumerate(row):
            chosen = [*range(len(shared[i]) if before else 0), *range(start, stop)]
            words[i, j, : len(chosen)] = torch.tensor(chosen)
            known[i, j, : len(chosen)] = True
            last[i, j] = stop - 1
    return Packed(ids=ids, positions=positions, segment=segment, labels=labels, words=words, known=known, last=last)


def _row(prefix: list[int], questions: Sequence[Words]) -> list[tuple[int, int, int, int]]:
    """(id, position, segment, label) of every token; the last answer token predicts nothing and is left out."""
    row = [(token, i, SHARED, IGNORE) for i, token in enumerate(prefix)]
    for k, words in enumerate(questions):
        tokens = [*words.prompt, *words.answer[:-1]]
        labels = [*[IGNORE] * (len(words.prompt) - 1), *(words.answer or [IGNORE])]
        row += [(token, len(prefix) + i, FIRST + k, labels[i]) for i, token in enumerate(tokens)]
    return row


def _span(questions: Sequence[Words], start: int, index: int) -> tuple[int, int]:
    """Where the prompt of question ``index`` starts and stops in its row."""
    before = start + sum(len(w.prompt) + max(0, len(w.answer) - 1) for w in questions[:index])
    return before, before + len(questions[index].prompt)


def visible(query: Tensor, key: Tensor) -> Tensor:
    """Which tokens a token may see but for order: (B, S) and (B, T) segments to (B, 1, S, T) bool.

    Padding sees padding, so that no row is empty.
    """
    return ((key[:, None, :] == SHARED) | (key[:, None, :] == query[:, :, None]))[:, None]


def block_mask(segment: Tensor, *, both_ways: Tensor | None = None) -> Tensor:
    """Attention mask of packed rows, (B, T) to (B, 1, T, T) bool; True where attention is allowed.

    ``both_ways`` (B, T): tokens of the picture that see each other whatever their order, as in Gemma 3.
    """
    size = segment.shape[1]
    causal = torch.ones(size, size, dtype=torch.bool, device=segment.device).tril()
    mask = visible(segment, segment) & causal
    if both_ways is not None:
        mask |= (both_ways[:, :, None] & both_ways[:, None, :])[:, None]
    return mask
