"""Questions that mean more beside another: refusals with their positives, one fact in two frames.

They are offered to the board before all others, since a refusal alone is not asked, and a view has at most one of
either. What is asked together stays together: a positive brings all of its round, and a round in the patient's frame is
told again as a whole, so that neither changes how often answers are asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mmrs_builder.board import Board, PairKind, Selected, Unit, identity
from mmrs_builder.digests import keyed
from mmrs_builder.types import Kind

TRIES: Final = 16
"""Questions that are tried as the positive of one refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a view comes from: the patient, lesion or study it is grouped by, and the picture's width and height."""

    group: str
    size: tuple[int, int]


Words: TypeAlias = tuple[str, str, str, tuple[str, ...]]
Fact: TypeAlias = tuple[str, str, Kind, tuple[str, ...]]
"""View, family, kind and labels of a question."""


def counterparts(units: Iterable[Unit], found: Iterable[Selected]) -> dict[Fact, Selected]:
    """Those of the candidates that say in the viewer's frame what a question of ``units`` says in the patient's."""
    wanted = {_counterpart(item) for unit in units for item in unit if item.candidate.counterpart}
    return {key: item for item in found if (key := _fact(item)) in wanted}


def link(
    units: Sequence[Unit],
    refusals: Sequence[Selected],
    others: Mapping[Fact, Selected],
    origins: Mapping[str, Origin],
    board: Board,
    seed: int,
) -> None:
    """Take as many linked questions as the board has room for: refusals first, which have the fewest partners.

    ``origins`` may tell, by view, where pictures come from.
    """
    alone = [unit for unit in units if all(item.pair_id is None for item in unit)]
    _refuse(alone, refusals, origins, board, seed)
    _tell_again(alone, others, board, seed)


def _refuse(
    units: Sequence[Unit], refusals: Sequence[Selected], origins: Mapping[str, Origin], board: Board, seed: int
) -> None:
    wanted = {_words(refusal) for refusal in refusals}
    positives: dict[Words, list[tuple[Selected, Unit]]] = defaultdict(list)
    for unit in units:
        for item in unit:
            if _words(item) in wanted:
                positives[_words(item)].append((item, unit))
    refused: set[str] = set()
    for refusal in _by_turns([item for item in refusals if _words(item) in positives], seed):
        if refusal.candidate.view_id not in refused:
            for positive, unit in _positives(refusal, positives[_words(refusal)], origins, seed):
                if _taken(positive, unit, (refusal,), board):
                    _pair(board, positive, refusal, "negative", seed)
                    refused.add(refusal.candidate.view_id)
                    break


def _taken(positive: Selected, unit: Unit, partners: Unit, board: Board) -> bool:
    """Whether a question is asked already and free to be linked, or can be taken with its unit, beside its partners."""
    asked = board.asked.get(identity(positive))
    if asked is not None and asked.pair_id is not None:
        return False
    new = (*(() if asked else unit), *partners)
    if any(identity(item) in board.asked for item in new) or board.refusal(
        new, variety=not positive.prior_bound, leave=_left(board)
    ):
        return False
    board.take(new)
    return True


def _left(board: Board) -> int:
    """Questions of a view that are kept for what stands alone: nearly half, so that every family has a first turn."""
    return (board.per_view - 1) // 2


def _tell_again(units: Sequence[Unit], others: Mapping[Fact, Selected], board: Board, seed: int) -> None:
    told: set[str] = set()
    framed = [unit for unit in units if all(item.candidate.counterpart for item in unit)]
    for unit in sorted(framed, key=lambda unit: keyed(seed, "link", *map(identity, unit))):
        again = tuple(other for item in unit if (other := others.get(_counterpart(item))) is not None)
        views = {item.candidate.view_id for item in unit}
        new = (*unit, *again)
        if len(again) < len(unit) or views & told or any(identity(item) in board.asked for item in new):
            continue
        if unit[0].prior_bound and not again[0].prior_bound:  # it would tilt the other stratum
            continue
        if not board.refusal(new, variety=False, leave=_left(board)):
            board.take(new)
            told |= views
            for item, other in zip(unit, again, strict=True):
                _pair(board, item, other, "other_frame", seed)


def _pair(board: Board, one: Selected, other: Selected, kind: PairKind, seed: int) -> None:
    """Link two questions that are asked."""
    c, views = one.candidate, sorted((one.candidate.view_id, other.candidate.view_id))
    name = f"p{keyed(seed, kind, c.kind, c.program, views):016x}"
    for item in (one, other):
        key = identity(item)
        board.asked[key] = replace(board.asked[key], pair_id=name, pair_kind=kind)


def _fact(item: Selected) -> Fact:
    c = item.candidate
    return c.view_id, c.family, c.kind, c.labels


def _counterpart(item: Selected) -> Fact:
    c = item.candidate
    return c.view_id, str(c.counterpart), c.kind, c.labels


def _words(item: Selected) -> Words:
    """What two questions must share to be asked in the same words, in one split."""
    c = item.candidate
    return item.split, c.family, c.kind, c.labels


def _by_turns(refusals: Sequence[Selected], seed: int) -> list[Selected]:
    """In an order in which the reasons of a view take turns; absent structures come last, there are most of them."""
    turns: Counter[tuple[str, str | None]] = Counter()
    ranked = []
    for item in sorted(refusals, key=lambda item: keyed(seed, "link", *identity(item))):
        key = (item.candidate.view_id, item.candidate.reason)
        ranked.append((turns[key], item.candidate.reason == "absent", item))
        turns[key] += 1
    ranked.sort(key=lambda entry: entry[:2])
    return [item for *_, item in ranked]


def _positives(
    refusal: Selected, found: Sequence[tuple[Selected, Unit]], origins: Mapping[str, Origin], seed: int
) -> Iterator[tuple[Selected, Unit]]:
    """Questions of other views in the same words, first of what is told apart by the picture alone: of the same source,
    and there of as large a picture and of the same patient; then where words do not tell."""
    c = refusal.candidate
    own = origins.get(c.view_id)
    start = keyed(seed, "positive", c.view_id, c.kind, c.program)
    turned = [found[(start + i) % len(found)] for i in range(len(found))]

    def unlike(entry: tuple[Selected, Unit]) -> tuple[bool, bool, bool, bool]:
        item = entry[0]
        other = origins.get(item.candidate.view_id)
        apart = (other.size != own.size, other.group != own.group) if own and other else (False, False)
        return item.source != refusal.source, *apart, item.prior_bound

    yield from [entry for entry in sorted(turned, key=unlike) if entry[0].candidate.view_id != c.view_id][:TRIES]
