"""Which candidates become questions: one decision over all scenes, by keyed hash.

Strata are split x source x family x kind x labels. Within a stratum yes/no questions are made 1:1 by pairing views with
opposite answers to the same words, no answer out of a closed set is asked more than twice as often as the next, and a
stratum with one possible answer is marked ``prior_bound`` and kept out of test. The result does not depend on the
order of the candidates.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.questions import Candidate
from mmrs_builder.templates import Family
from mmrs_builder.vocab import VALUES

RUNNER_UP: Final = 2
"""In a stratum no answer is asked more often than this many times the next most frequent one (or once)."""

VARIETY: Final = 4
"""In a view no kind of question takes more than one part in this many before all kinds had their turn."""

REASONS: Final[dict[str, str]] = {
    "unbalanced": "its answer is already asked often enough in its stratum",
    "view_full": "the view has its number of questions",
    "same_target": "the view is already asked for this mask",
    "over_max_rows": "beyond --max-rows",
    "prior_bound_in_test": "its stratum has one possible answer and the view is in test",
    "split_dropped": "the view was dropped: its group touches an official test set, or a picture that is kept out",
}
"""Why a decided candidate was not asked."""


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
    prior_bound: bool = False


Unit: TypeAlias = tuple[Selected, ...]
"""Questions that are asked together or not at all: one, or a yes/no pair."""

Stratum: TypeAlias = tuple[str, str, str, str, tuple[str, ...]]
Quota: TypeAlias = tuple[str, str, str]


def select(
    found: Iterable[Selected], families: Sequence[Family], *, seed: int, per_view: int, max_rows: int | None
) -> tuple[tuple[Selected, ...], Counter[str]]:
    """The questions to ask, sorted by view and program, and the dropped candidates by reason.

    ``found`` holds candidates with their source and split; ``per_view`` limits the questions of a view.
    """
    closed = {family.id: answer_set(family) for family in families}
    strata: dict[Stratum, list[Selected]] = defaultdict(list)
    for item in found:
        strata[stratum(item)].append(item)
    answers: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for key, items in strata.items():
        answers[key[1:]].update(item.candidate.answer for item in items)
    dropped: Counter[str] = Counter()
    units: list[Unit] = []
    for key in sorted(strata):
        items = sorted(strata[key], key=lambda item: _order(seed, (item,)))
        bound = len(answers[key[1:]]) == 1 and is_closed(items[0], closed)
        chosen = _units(items, closed, seed, bound=bound)
        dropped["unbalanced"] += len(items) - sum(map(len, chosen))
        units += chosen
    units.sort(key=lambda unit: (unit[0].prior_bound, _order(seed, unit)))
    kept, late = _filled(units, closed, per_view, None)
    if max_rows is not None and sum(map(len, kept)) > max_rows:
        kept, late = _filled(units, closed, per_view, _quotas(kept, max_rows))
    dropped.update(late)
    asked = [item for unit in kept for item in unit]
    return _lettered(asked, {family.id: family for family in families}, seed), +dropped


def answer_set(family: Family) -> str:
    """``claims``, ``truth``, ``closed`` or ``open``: what kind of answers a family's program can have.

    A structure chosen out of several named ones is a closed answer, also where it is asked for as a mask.
    """
    value_type = programs.value_type(family.program)
    if value_type == "Bool":
        return "truth"
    if value_type in VALUES:
        return "claims"
    return "closed" if value_type == "Count" or "among(" in family.program else "open"


def is_closed(item: Selected, closed: Mapping[str, str]) -> bool:
    """Whether a question's answer comes from a closed set, so that its frequency can be learnt blind."""
    return closed[item.candidate.family] != "open"


def stratum(item: Selected) -> Stratum:
    """Split, source, family, kind and labels."""
    c = item.candidate
    return item.split, item.source, c.family, c.kind, c.labels


def _order(seed: int, unit: Unit) -> int:
    c = unit[0].candidate
    return keyed(seed, "order", c.family, c.kind, c.program, [item.candidate.view_id for item in unit])


def _units(items: list[Selected], closed: Mapping[str, str], seed: int, *, bound: bool) -> list[Unit]:
    """What is asked together: yes/no pairs, else single questions.

    With one possible answer a claim would be told by its words alone, so it is not made.
    """
    claims = closed[items[0].candidate.family] == "claims"
    if items[0].candidate.kind != "yes_no":
        return [(replace(item, prior_bound=bound),) for item in items]
    if not bound:
        return _pairs(items, seed, claims=claims)
    return [] if claims else [(replace(item, prior_bound=True),) for item in items]


def _pairs(items: list[Selected], seed: int, *, claims: bool) -> list[Unit]:
    """Views with different values, paired so that the same words are true of one and false of the other.

    The two most frequent values are paired first, which leaves as few over as possible.
    """
    queues: dict[str, deque[Selected]] = defaultdict(deque)
    for item in items:
        queues[item.candidate.token].append(item)
    units: list[Unit] = []
    while sum(map(bool, queues.values())) > 1:
        one, other = sorted(queues, key=lambda token: (-len(queues[token]), token))[:2]
        pair = [queues[one].popleft(), queues[other].popleft()]
        pair.sort(key=lambda item: keyed(seed, "yes", item.candidate.view_id, item.candidate.program))
        claim = pair[0].candidate.token if claims else None
        name = f"p{keyed(seed, 'pair', [item.candidate.view_id for item in pair], pair[0].candidate.program):016x}"
        units.append(tuple(replace(item, claim=claim, pair_id=name) for item in pair))
    return units


@dataclass(frozen=True, slots=True, kw_only=True)
class _Board:
    """What was taken so far, and what that leaves room for."""

    per_view: int
    closed: Mapping[str, str]
    quotas: dict[Quota, int] | None
    room: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    families: set[tuple[str, str]] = field(default_factory=set)
    targets: set[tuple[str, tuple[int, ...] | None]] = field(default_factory=set)
    answers: dict[Stratum, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def refusal(self, unit: Unit, *, variety: bool) -> str | None:
        """Why a unit cannot be taken now, or None."""
        c, views = unit[0].candidate, [item.candidate.view_id for item in unit]
        if unit[0].prior_bound and unit[0].split == "test":
            return "prior_bound_in_test"
        if c.kind == "segment" and (c.view_id, c.target) in self.targets:
            return "same_target"
        if self.quotas is not None and self.quotas.get(quota(unit), 0) < len(unit):
            return "over_max_rows"
        share = -(-self.per_view // VARIETY)
        if any(self.room[view] >= self.per_view for view in views):
            return "view_full"
        if variety and any((v, c.family) in self.families or self.kinds[v, c.kind] >= share for v in views):
            return "view_full"
        return "unbalanced" if self._tilts(unit) else None

    def _tilts(self, unit: Unit) -> bool:
        """Whether the unit would make its answer too frequent; pairs hold one of each."""
        if len(unit) > 1 or unit[0].prior_bound or not is_closed(unit[0], self.closed):
            return False
        counts, answer = self.answers[stratum(unit[0])], unit[0].candidate.answer
        others = max((n for other, n in counts.items() if other != answer), default=0)
        return counts[answer] + 1 > max(1, RUNNER_UP * others)

    def take(self, unit: Unit) -> None:
        """Note a unit as asked."""
        for item in unit:
            c = item.candidate
            self.room[c.view_id] += 1
            self.kinds[c.view_id, c.kind] += 1
            self.families.add((c.view_id, c.family))
            self.answers[stratum(item)][c.answer] += 1
            if c.kind == "segment":
                self.targets.add((c.view_id, c.target))
        if self.quotas is not None:
            self.quotas[quota(unit)] -= len(unit)


def quota(unit: Unit) -> Quota:
    """Split, source and kind: what ``--max-rows`` keeps in proportion."""
    return unit[0].split, unit[0].source, unit[0].candidate.kind


def _filled(
    units: Sequence[Unit], closed: Mapping[str, str], per_view: int, quotas: dict[Quota, int] | None
) -> tuple[list[Unit], Counter[str]]:
    """Fill views in the given order: first a variety of families and kinds, then any, until nothing more fits.

    A unit refused for balance is tried again: another answer to its question may have been taken since.
    """
    board = _Board(per_view=per_view, closed=closed, quotas=quotas)
    kept: list[Unit] = []
    waiting, variety = list(units), True
    while True:
        left: list[tuple[str, Unit]] = []
        for unit in waiting:
            if reason := board.refusal(unit, variety=variety or unit[0].prior_bound):
                left.append((reason, unit))
            else:
                board.take(unit)
                kept.append(unit)
        if not variety and len(left) == len(waiting):
            break
        variety, waiting = False, [unit for _, unit in left]
    dropped: Counter[str] = Counter()
    for reason, unit in left:
        dropped[reason] += len(unit)
    return kept, dropped


def _quotas(units: Sequence[Unit], max_rows: int) -> dict[Quota, int]:
    """``max_rows`` shared out in proportion to what was asked without a limit, by largest remainder."""
    sizes: Counter[Quota] = Counter()
    for unit in units:
        sizes[quota(unit)] += len(unit)
    exact = {key: size * max_rows / sizes.total() for key, size in sizes.items()}
    shares = {key: math.floor(share) for key, share in exact.items()}
    spare = max_rows - sum(shares.values())
    for key in sorted(exact, key=lambda key: (shares[key] - exact[key], key))[:spare]:
        shares[key] += 1
    return shares


def _lettered(asked: list[Selected], families: Mapping[str, Family], seed: int) -> tuple[Selected, ...]:
    """Give choice questions their options; the position of the right one is uniform by construction."""
    ranks: Counter[tuple[str, str, str]] = Counter()
    done = []
    for item in sorted(asked, key=lambda item: _order(seed, (item,))):
        if item.candidate.kind != "choice":
            done.append(item)
            continue
        key = (item.split, item.source, item.candidate.family)
        # Every family starts at its own letter, so that small ones together do not favour the first.
        done.append(_choices(item, families[item.candidate.family], keyed(seed, "letter", key) + ranks[key], seed))
        ranks[key] += 1
    return tuple(sorted(done, key=lambda item: (item.candidate.view_id, item.candidate.program, item.candidate.kind)))


def _choices(item: Selected, family: Family, rank: int, seed: int) -> Selected:
    c = item.candidate
    value_type = programs.value_type(family.program)
    pool = c.labels if value_type == "One" else VALUES[value_type]
    others = sorted((o for o in pool if o != c.answer), key=lambda o: keyed(seed, "choice", c.view_id, c.program, o))
    size = min(family.choices or 4, len(pool))
    index = rank % size
    options = others[: size - 1]
    return replace(item, choices=(*options[:index], c.answer, *options[index:]), answer_index=index)
