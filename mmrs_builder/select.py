"""Which candidates become questions: one decision over all scenes, by keyed hash.

Strata are split x source x family x kind x labels. Within a stratum yes/no questions are made 1:1 by pairing views with
opposite answers to the same words, closed answer sets are flattened, and a stratum with one possible answer is marked
``prior_bound`` and kept out of test. The result does not depend on the order of the candidates.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.questions import Candidate, is_claim
from mmrs_builder.templates import Family
from mmrs_builder.vocab import VALUES

RUNNER_UP: Final = 2
"""In a flattened stratum the most frequent answer is asked at most this many times as often as the runner-up."""

REASONS: Final[dict[str, str]] = {
    "unbalanced": "its answer is already asked often enough in its stratum",
    "view_full": "the view has its number of questions",
    "over_max_rows": "beyond --max-rows",
    "prior_bound_in_test": "its stratum has one possible answer and the view is in test",
    "split_dropped": "the view was dropped because its group touches an official test set",
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


def select(
    found: Iterable[Selected], families: Sequence[Family], *, seed: int, per_view: int, max_rows: int | None
) -> tuple[tuple[Selected, ...], Counter[str]]:
    """The questions to ask, sorted by view and program, and the dropped candidates by reason.

    ``found`` holds candidates with their source and split; ``per_view`` limits the questions of a view.
    """
    kinds = {family.id: programs.value_type(family.program) for family in families}
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
        bound = len(answers[key[1:]]) == 1 and _closed(items[0], kinds)
        chosen = _bound(items, kinds) if bound else _balanced(items, kinds, seed)
        dropped["unbalanced"] += len(items) - sum(map(len, chosen))
        units += chosen
    fitting, late = _fit(sorted(units, key=lambda unit: _order(seed, unit)), per_view)
    dropped.update(late)
    if max_rows is not None and sum(map(len, fitting)) > max_rows:
        kept = _apportion(fitting, max_rows)
        dropped["over_max_rows"] += sum(map(len, fitting)) - sum(map(len, kept))
        fitting = kept
    asked = [item for unit in fitting for item in unit]
    return _lettered(asked, {family.id: family for family in families}, kinds, seed), +dropped


def stratum(item: Selected) -> Stratum:
    """Split, source, family, kind and labels."""
    c = item.candidate
    return item.split, item.source, c.family, c.kind, c.labels


def _order(seed: int, unit: Unit) -> int:
    c = unit[0].candidate
    return keyed(seed, "order", c.family, c.kind, c.program, [item.candidate.view_id for item in unit])


def _closed(item: Selected, kinds: Mapping[str, str]) -> bool:
    value_type = kinds[item.candidate.family]
    return item.candidate.kind != "segment" and (value_type in VALUES or value_type in ("Count", "One"))


def _bound(items: list[Selected], kinds: Mapping[str, str]) -> list[Unit]:
    """A stratum with one possible answer. A claim about it would be told by its words alone, so it is not made."""
    if is_claim(items[0].candidate.kind, kinds[items[0].candidate.family]):
        return []
    return [(replace(item, prior_bound=True),) for item in items]


def _balanced(items: list[Selected], kinds: Mapping[str, str], seed: int) -> list[Unit]:
    first = items[0]
    value_type = kinds[first.candidate.family]
    if first.candidate.kind == "yes_no":
        return _pairs(items, seed, claims=is_claim("yes_no", value_type))
    if _closed(first, kinds):
        return _flat(items)
    return [(item,) for item in items]


def _pairs(items: list[Selected], seed: int, *, claims: bool) -> list[Unit]:
    """Views with different values, paired so that the same words are true of one and false of the other.

    The two most frequent values are paired first, which leaves as few over as possible.
    """
    queues: dict[str, list[Selected]] = defaultdict(list)
    for item in items:
        queues[item.candidate.token].append(item)
    units: list[Unit] = []
    while sum(map(bool, queues.values())) > 1:
        one, other = sorted(queues, key=lambda token: (-len(queues[token]), token))[:2]
        pair = [queues[one].pop(0), queues[other].pop(0)]
        pair.sort(key=lambda item: keyed(seed, "yes", item.candidate.view_id, item.candidate.program))
        claim = pair[0].candidate.token if claims else None
        name = f"p{keyed(seed, 'pair', [item.candidate.view_id for item in pair], pair[0].candidate.program):016x}"
        units.append(tuple(replace(item, claim=claim, pair_id=name) for item in pair))
    return units


def _flat(items: list[Selected]) -> list[Unit]:
    counts = Counter(item.candidate.answer for item in items)
    if len(counts) < 2:
        return []
    limit = RUNNER_UP * sorted(counts.values())[-2]
    seen: Counter[str] = Counter()
    units: list[Unit] = []
    for item in items:
        seen[item.candidate.answer] += 1
        if seen[item.candidate.answer] <= limit:
            units.append((item,))
    return units


def _fit(units: list[Unit], per_view: int) -> tuple[list[Unit], Counter[str]]:
    """Fill views in keyed order: first a variety of families and kinds, then any, then what has one possible answer."""
    room: Counter[str] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    met: set[tuple[str, str]] = set()
    share = -(-per_view // 4)
    kept: list[Unit] = []
    dropped: Counter[str] = Counter()

    def fits(unit: Unit, fresh: bool) -> bool:
        views = [item.candidate.view_id for item in unit]
        c = unit[0].candidate
        new = all((view, c.family) not in met and kinds[view, c.kind] < share for view in views)
        return (new or not fresh) and all(room[view] < per_view for view in views)

    def take(unit: Unit) -> None:
        kept.append(unit)
        for item in unit:
            room[item.candidate.view_id] += 1
            kinds[item.candidate.view_id, item.candidate.kind] += 1
            met.add((item.candidate.view_id, item.candidate.family))

    waiting: list[Unit] = []
    for unit in units:
        if unit[0].prior_bound:
            waiting.append(unit)
        elif fits(unit, fresh=True):
            take(unit)
        else:
            waiting.append(unit)
    for unit in sorted(waiting, key=lambda unit: unit[0].prior_bound):
        if unit[0].prior_bound and unit[0].split == "test":
            dropped["prior_bound_in_test"] += len(unit)
        elif fits(unit, fresh=unit[0].prior_bound):
            take(unit)
        else:
            dropped["view_full"] += len(unit)
    return kept, dropped


def _apportion(units: list[Unit], max_rows: int) -> list[Unit]:
    """Cut every stratum by the same factor (largest remainder), keeping its first units in keyed order."""
    strata: dict[Stratum, list[Unit]] = defaultdict(list)
    for unit in units:
        strata[stratum(unit[0])].append(unit)
    sizes = {key: sum(map(len, members)) for key, members in strata.items()}
    exact = {key: size * max_rows / sum(sizes.values()) for key, size in sizes.items()}
    quota = {key: math.floor(share) for key, share in exact.items()}
    spare = max_rows - sum(quota.values())
    for key in sorted(exact, key=lambda key: (quota[key] - exact[key], key))[:spare]:
        quota[key] += 1
    kept: list[Unit] = []
    for key in sorted(strata):
        used = 0
        for unit in strata[key]:
            if used + len(unit) <= quota[key]:
                kept.append(unit)
                used += len(unit)
    return kept


def _lettered(
    asked: list[Selected], families: Mapping[str, Family], kinds: Mapping[str, str], seed: int
) -> tuple[Selected, ...]:
    """Give choice questions their options; the position of the right one is uniform by construction."""
    ranks: Counter[tuple[str, str, str]] = Counter()
    done = []
    for item in sorted(asked, key=lambda item: _order(seed, (item,))):
        if item.candidate.kind != "choice":
            done.append(item)
            continue
        key = (item.split, item.source, item.candidate.family)
        done.append(_choices(item, families[item.candidate.family], kinds, ranks[key], seed))
        ranks[key] += 1
    return tuple(sorted(done, key=lambda item: (item.candidate.view_id, item.candidate.program, item.candidate.kind)))


def _choices(item: Selected, family: Family, kinds: Mapping[str, str], rank: int, seed: int) -> Selected:
    c = item.candidate
    pool = c.labels if kinds[c.family] == "One" else VALUES[kinds[c.family]]
    others = sorted((o for o in pool if o != c.answer), key=lambda o: keyed(seed, "choice", c.view_id, c.program, o))
    size = min(family.choices or 4, len(pool))
    index = rank % size
    options = others[: size - 1]
    return replace(item, choices=(*options[:index], c.answer, *options[index:]), answer_index=index)
