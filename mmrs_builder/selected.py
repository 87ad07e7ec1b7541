"""A question that will be asked, and what it is told by."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from mmrs_builder.questions import Candidate

PairKind: TypeAlias = Literal["opposite", "same", "negative", "other_frame"]
"""What two linked questions have in common: the words and opposite answers; the words and the answer; the words, and
only one has an answer; the fact."""


class Selected(NamedTuple):
    """A candidate that will be asked. ``claim`` is the stated token of a yes/no claim; ``choices`` are tokens.

    Of a twin's, ``twin_of`` is the view it was made from and ``op`` the operation, else None.
    """

    candidate: Candidate
    source: str
    split: str
    claim: str | None = None
    choices: tuple[str, ...] | None = None
    answer_index: int | None = None
    pair_id: str | None = None
    pair_kind: PairKind | None = None
    prior_bound: bool = False
    balanced: bool = True
    twin_of: str | None = None
    op: str | None = None


Unit: TypeAlias = tuple[Selected, ...]
"""Questions that are asked together or not at all: one, a pair, or one of each answer of a stratum."""

Asked: TypeAlias = tuple[str, str, str, str]


def identity(item: Selected) -> Asked:
    """What a question is told by, whatever it is linked to."""
    c = item.candidate
    return c.view_id, c.family, c.kind, c.program
