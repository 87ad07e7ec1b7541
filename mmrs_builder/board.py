"""What was asked so far, and what that leaves room for: limits of views and of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from mmrs_builder.questions import Candidate

VARIETY: Final = 4
"""In a view no kind of question takes more than one part in this many before all kinds had their turn."""

PairKind: TypeAlias = Literal["opposite", "same", "negative", "other_frame"]
"""What two linked questions have in common: the words and opposite answers; the words and the answer; the words, and
only one has an answer; the fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
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

Stratum: TypeAlias = tuple[str, str, str, str, tuple[str, ...]]
Quota: TypeAlias = tuple[str, str, str]
Asked: TypeAlias = tuple[str, str, str, str]


def stratum(item: Selected) -> Stratum:
    """Split, source, family, kind and labels."""
    c = item.candidate
    return item.split, item.source, c.family, c.kind, c.labels


def quota(item: Selected) -> Quota:
    """Split, source and kind: what ``--max-rows`` keeps in proportion."""
    return item.split, item.source, item.candidate.kind


def identity(item: Selected) -> Asked:
    """What a question is told by, whatever it is linked to."""
    c = item.candidate
    return c.view_id, c.family, c.kind, c.program


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What was taken so far, by identity, and how much of a view and of its kinds and families that is."""

    per_view: int
    rows: int | None = None
    quotas: dict[Quota, int] | None = None
    asked: dict[Asked, Selected] = field(default_factory=dict)
    room: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    families: set[tuple[str, str]] = field(default_factory=set)
    targets: set[tuple[str, tuple[int, ...] | None]] = field(default_factory=set)

    def refusal(self, unit: Unit, *, variety: bool, leave: int = 0) -> str | None:
        """Why a unit cannot be taken now, or None. ``leave`` is how many questions of a view are kept for others."""
        if any(item.prior_bound and item.split == "test" for item in unit):
            return "prior_bound_in_test"
        found = [item.candidate for item in unit]
        if any(c.kind == "segment" and (c.view_id, c.target) in self.targets for c in found):
            return "same_target"
        if self.quotas is not None and any(self.quotas.get(q, 0) < n for q, n in Counter(map(quota, unit)).items()):
            return "over_max_rows"
        if self.rows is not None and len(self.asked) + len(unit) > self.rows:
            return "over_max_rows"
        views = Counter(c.view_id for c in found)
        if any(self.room[view] + n > self.per_view - leave for view, n in views.items()):
            return "view_full"
        share = -(-self.per_view // VARIETY)
        if variety and any(
            (c.view_id, c.family) in self.families or self.kinds[c.view_id, c.kind] >= share for c in found
        ):
            return "view_full"
        return None

    def take(self, unit: Unit) -> None:
        """Note a unit as asked."""
        for item in unit:
            c = item.candidate
            self.asked[identity(item)] = item
            self.room[c.view_id] += 1
            self.kinds[c.view_id, c.kind] += 1
            self.families.add((c.view_id, c.family))
            if c.kind == "segment":
                self.targets.add((c.view_id, c.target))
            if self.quotas is not None:
                self.quotas[quota(item)] -= 1
