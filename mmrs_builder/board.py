"""What was asked so far, and what that leaves room for: limits of a view, balance of answers, rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from mmrs_builder.questions import Candidate

RUNNER_UP: Final = 2
"""In a stratum no answer is asked more often than this many times the next most frequent one (or once)."""

VARIETY: Final = 4
"""In a view no kind of question takes more than one part in this many before all kinds had their turn."""

PairKind: TypeAlias = Literal["opposite", "negative", "other_frame"]
"""What two linked questions have in common: the words and opposite answers; the words, and only one has an answer; the
fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A candidate that will be asked. ``claim`` is the stated token of a yes/no claim; ``choices`` are tokens."""

    candidate: Candidate
    source: str
    split: str
    claim: str | None = None
    choices: tuple[str, ...] | None = None
    answer_index: int | None = None
    pair_id: str | None = None
    pair_kind: PairKind | None = None
    prior_bound: bool = False


Unit: TypeAlias = tuple[Selected, ...]
"""Questions that are asked together or not at all: one, or a pair."""

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
    """What was taken so far. ``closed`` says of a family what kind of answers it has (``select.answer_set``)."""

    per_view: int
    closed: Mapping[str, str]
    quotas: dict[Quota, int] | None
    asked: set[Asked] = field(default_factory=set)
    linked: set[tuple[str, PairKind]] = field(default_factory=set)  # views with a refusal, and with two frames
    room: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    families: set[tuple[str, str]] = field(default_factory=set)
    targets: set[tuple[str, tuple[int, ...] | None]] = field(default_factory=set)
    answers: dict[Stratum, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def refusal(self, unit: Unit, *, variety: bool) -> str | None:
        """Why a unit cannot be taken now, or None."""
        if any(item.prior_bound and item.split == "test" for item in unit):
            return "prior_bound_in_test"
        found = [item.candidate for item in unit]
        if any(c.kind == "segment" and (c.view_id, c.target) in self.targets for c in found):
            return "same_target"
        if self.quotas is not None and any(self.quotas.get(q, 0) < n for q, n in Counter(map(quota, unit)).items()):
            return "over_max_rows"
        views = Counter(c.view_id for c in found)
        if any(self.room[view] + n > self.per_view for view, n in views.items()):
            return "view_full"
        share = -(-self.per_view // VARIETY)
        if variety and any(
            (c.view_id, c.family) in self.families or self.kinds[c.view_id, c.kind] >= share for c in found
        ):
            return "view_full"
        return "unbalanced" if any(map(self._tilts, unit)) else None

    def _tilts(self, item: Selected) -> bool:
        """Whether a question would make its answer too frequent; opposite pairs hold one of each."""
        c = item.candidate
        if item.pair_kind == "opposite" or item.prior_bound or c.reason or self.closed[c.family] == "open":
            return False
        counts = self.answers[stratum(item)]
        others = max((n for other, n in counts.items() if other != c.answer), default=0)
        return counts[c.answer] + 1 > max(1, RUNNER_UP * others)

    def take(self, unit: Unit) -> None:
        """Note a unit as asked. A refusal is no answer to its question: it balances none."""
        for item in unit:
            c = item.candidate
            self.asked.add(identity(item))
            self.room[c.view_id] += 1
            self.kinds[c.view_id, c.kind] += 1
            self.families.add((c.view_id, c.family))
            if not c.reason:
                self.answers[stratum(item)][c.answer] += 1
            if c.kind == "segment":
                self.targets.add((c.view_id, c.target))
            if item.pair_kind == "other_frame" or c.reason:
                self.linked.add((c.view_id, "negative" if c.reason else "other_frame"))
            if self.quotas is not None:
                self.quotas[quota(item)] -= 1
