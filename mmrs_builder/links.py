"""Questions that mean more beside another: refusals with their positives, one fact in two frames.

They are offered to the board before all others, since a refusal alone is not asked, and a view has at most one of
either. A question that no pair takes is asked as any other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mmrs_builder.board import Board, PairKind, Selected, Unit, identity
from mmrs_builder.digests import keyed

TRIES: Final = 16
"""Questions of a source that are tried as the positive of one refusal."""

Words: TypeAlias = tuple[str, str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkable:
    """Refusals in the order in which they are tried, and the questions that could stand beside them, by source."""

    refusals: tuple[Selected, ...]
    positives: Mapping[Words, Mapping[str, Sequence[Selected]]]
    frames: tuple[Unit, ...]


def linkable(refusals: Sequence[Selected], singles: Sequence[Selected], seed: int) -> Linkable:
    """What could be linked, whatever the order in which it is given. ``singles`` are questions without a pair."""
    positives: dict[Words, dict[str, list[Selected]]] = defaultdict(lambda: defaultdict(list))
    wanted = {_words(item) for item in refusals}
    for item in _ordered(singles, seed):
        if _words(item) in wanted:
            positives[_words(item)][item.source].append(item)
    return Linkable(
        refusals=_by_turns([item for item in refusals if _words(item) in positives], seed),
        positives=positives,
        frames=_in_two_frames(singles, seed),
    )


def link(found: Linkable, board: Board, seed: int) -> list[Unit]:
    """Take as many pairs as the board has room for: negatives first, which have the fewest partners."""
    kept = []
    for refusal in found.refusals:
        if (refusal.candidate.view_id, "negative") in board.linked:
            continue
        for positive in _positives(refusal, found.positives[_words(refusal)], seed):
            pair = _paired((refusal, positive), "negative", seed)
            if identity(positive) not in board.asked and not board.refusal(pair, variety=True):
                board.take(pair)
                kept.append(pair)
                break
    for unit in found.frames:
        view = unit[0].candidate.view_id
        free = (view, "other_frame") not in board.linked and not any(identity(item) in board.asked for item in unit)
        if free and not board.refusal(unit, variety=False):
            board.take(unit)
            kept.append(unit)
    return kept


def _words(item: Selected) -> Words:
    """What two questions must share to be asked in the same words, in one split."""
    c = item.candidate
    return item.split, c.family, c.kind, c.labels


def _by_turns(refusals: Sequence[Selected], seed: int) -> tuple[Selected, ...]:
    """In an order in which the reasons of a view take turns; absent structures come last, there are most of them."""
    turns: Counter[tuple[str, str | None]] = Counter()
    ranked = []
    for item in _ordered(refusals, seed):
        key = (item.candidate.view_id, item.candidate.reason)
        ranked.append((turns[key], item.candidate.reason == "absent", item))
        turns[key] += 1
    ranked.sort(key=lambda entry: entry[:2])
    return tuple(item for *_, item in ranked)


def _positives(refusal: Selected, found: Mapping[str, Sequence[Selected]], seed: int) -> Iterator[Selected]:
    """Questions of other views in the same words: of the same source, then of others, where words do not tell first."""
    c = refusal.candidate
    start = keyed(seed, "positive", c.view_id, c.kind, c.program)
    for source in sorted(found, key=lambda name: (name != refusal.source, found[name][0].prior_bound, name)):
        items = found[source]
        for i in range(min(TRIES, len(items))):
            positive = items[(start + i) % len(items)]
            if positive.candidate.view_id != c.view_id:
                yield positive


def _in_two_frames(singles: Sequence[Selected], seed: int) -> tuple[Unit, ...]:
    """Questions of a view in the patient's frame, each with the one that says the same in the viewer's."""
    asked = {(c.view_id, c.family, c.kind, c.labels): item for item in singles for c in (item.candidate,)}
    units = []
    for item in _ordered([item for item in singles if item.candidate.counterpart], seed):
        c = item.candidate
        other = asked.get((c.view_id, str(c.counterpart), c.kind, c.labels))
        if other is not None:
            units.append(_paired((item, other), "other_frame", seed))
    return tuple(units)


def _paired(unit: Unit, kind: PairKind, seed: int) -> Unit:
    c = unit[0].candidate
    name = f"p{keyed(seed, kind, c.kind, c.program, [item.candidate.view_id for item in unit]):016x}"
    return tuple(replace(item, pair_id=name, pair_kind=kind) for item in unit)


def _ordered(items: Sequence[Selected], seed: int) -> list[Selected]:
    return sorted(items, key=lambda item: keyed(seed, "link", *identity(item)))
