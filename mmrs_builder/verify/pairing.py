"""Lies about what belongs together: the other frame's fact turned round, another kind of pair, a half left alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from mmrs_builder.verify.frames import OTHER_FRAME
from mmrs_builder.verify.pairs import NEGATIVE, OPPOSITE, SAME
from mmrs_builder.verify.retell import Changed, Told, with_value
from mmrs_builder.vocab import VALUES

PAIR_KINDS: Final = (OPPOSITE, SAME, NEGATIVE, OTHER_FRAME)


def other_frame_way(told: Told, _rng: np.random.Generator) -> Changed:
    """One of two frames tells the opposite of the other."""
    tokens = VALUES.get(told.reading.kind, ())
    if told.question.pair_kind != OTHER_FRAME or len(tokens) != 2:
        return None
    return with_value(told, tokens[told.question.value == tokens[0]])


def pair_kind_swap(told: Told, rng: np.random.Generator) -> Changed:
    """A half of one kind of pair is called a half of another."""
    if told.question.pair_kind not in PAIR_KINDS:
        return None
    others = [kind for kind in PAIR_KINDS if kind != told.question.pair_kind]
    return {**told.item, "pair_kind": others[int(rng.integers(len(others)))]}


def leave_partner(told: Told, _rng: np.random.Generator) -> Changed:
    """A half whose sense lies in the other is asked as if there were no other."""
    if told.question.pair_kind not in PAIR_KINDS:
        return None
    return {**told.item, "pair_id": None, "pair_kind": None}
