"""Questions that mean more beside another: refusals with their positives, one fact in two frames.

A question that is asked already gets its partner: a refusal in the same words of another view, or the same fact in the
other frame. A view has at most one of either. A refusal is no answer and leaves the balance of answers as it is; the
fact in the other frame is as balanced as the one it repeats, as far as views have room for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from mmrs_builder.board import Board, PairKind, Selected, identity
from mmrs_builder.digests import keyed
from mmrs_builder.types import Kind

Words: TypeAlias = tuple[str, str, str, tuple[str, ...]]
Decided: TypeAlias = Mapping[tuple[str, str, Kind, tuple[str, ...]], Selected]
"""Questions by view, family, kind and labels: those that might be the same fact in the other frame."""


def spared(refusals: Sequence[Selected], decided: Decided) -> dict[str, int]:
    """How many questions a view is to leave room for: a refusal, and a fact in the other frame."""
    wanted = {item.candidate.view_id: 1 for item in refusals}
    framed = {item.candidate.view_id for item in decided.values() if item.candidate.counterpart}
    return {view: wanted.get(view, 0) + (view in framed) for view in {*wanted, *framed}}


def link(refusals: Sequence[Selected], decided: Decided, board: Board, seed: int) -> None:
    """Take as many partners of asked questions as the board has room for."""
    _refuse(refusals, board, seed)
    _turn(decided, board, seed)


def _refuse(refusals: Sequence[Selected], board: Board, seed: int) -> None:
    positives: dict[Words, list[Selected]] = defaultdict(list)
    for item in _ordered(list(board.asked.values()), seed):
        if item.pair_id is None:
            positives[_words(item)].append(item)
    refused: set[str] = set()
    for refusal in _by_turns([item for item in refusals if _words(item) in positives], seed):
        view = refusal.candidate.view_id
        if view not in refused and not board.refusal((refusal,), variety=False):
            positive = next(_positives(refusal, positives[_words(refusal)]), None)
            if positive is not None:
                positives[_words(refusal)].remove(positive)
                refused.add(view)
                _pair(board, positive, refusal, "negative", seed)


def _turn(decided: Decided, board: Board, seed: int) -> None:
    turned: set[str] = set()
    for item in _ordered([item for item in board.asked.values() if item.candidate.counterpart], seed):
        c = item.candidate
        other = decided.get((c.view_id, str(c.counterpart), c.kind, c.labels))
        if other is None or c.view_id in turned or item.pair_id is not None:
            continue
        already = board.asked.get(identity(other))
        if already is None and board.refusal((other,), variety=False):
            continue
        if already is None or already.pair_id is None:
            turned.add(c.view_id)
            _pair(board, item, already or other, "other_frame", seed)


def _pair(board: Board, asked: Selected, partner: Selected, kind: PairKind, seed: int) -> None:
    c, views = asked.candidate, sorted((asked.candidate.view_id, partner.candidate.view_id))
    name = f"p{keyed(seed, kind, c.kind, c.program, views):016x}"
    if identity(partner) not in board.asked:
        board.take((partner,))
    for item in (asked, partner):
        board.asked[identity(item)] = replace(item, pair_id=name, pair_kind=kind)


def _words(item: Selected) -> Words:
    """What two questions must share to be asked in the same words, in one split."""
    c = item.candidate
    return item.split, c.family, c.kind, c.labels


def _by_turns(refusals: Sequence[Selected], seed: int) -> list[Selected]:
    """In an order in which the reasons of a view take turns; absent structures come last, there are most of them."""
    turns: Counter[tuple[str, str | None]] = Counter()
    ranked = []
    for item in _ordered(refusals, seed):
        key = (item.candidate.view_id, item.candidate.reason)
        ranked.append((turns[key], item.candidate.reason == "absent", item))
        turns[key] += 1
    ranked.sort(key=lambda entry: entry[:2])
    return [item for *_, item in ranked]


def _positives(refusal: Selected, found: Sequence[Selected]) -> Iterator[Selected]:
    """Questions of other views in the same words: of the same source first, then of others."""
    for same in (True, False):
        for item in found:
            if (item.source == refusal.source) == same and item.candidate.view_id != refusal.candidate.view_id:
                yield item


def _ordered(items: Sequence[Selected], seed: int) -> list[Selected]:
    return sorted(items, key=lambda item: keyed(seed, "link", *identity(item)))
