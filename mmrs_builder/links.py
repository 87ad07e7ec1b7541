"""Questions that mean more beside another: refusals with their positives, one fact in two frames.

They are offered to the board before all others, since a refusal alone is not asked, and a view has at most one of
either. What is asked together stays together: a positive brings all of its round, and a round in the patient's frame is
told again as a whole, so that neither changes how often answers are asked. Nearly half of a view is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmrs_builder.board import Board, Marks, Taken
from mmrs_builder.digests import keyed
from mmrs_builder.pool import Codebook, Codes, Narrow, Pool, narrow
from mmrs_builder.selected import PairKind
from mmrs_builder.units import Keys, Units

TRIES: Final = 16
"""Questions that are tried as the positive of one refusal."""


def link(
    groups: Sequence[Units], refusals: Codes, others: Codes, bound: Callable[[int], bool], board: Board, seed: int
) -> None:
    """Take as many linked questions as the board has room for: refusals first, which have the fewest partners.

    ``others`` are candidates that may say in the viewer's frame what one of the groups says in the patient's; ``bound``
    whether one's stratum has one possible answer.
    """
    _refuse(groups, refusals, board, seed)
    _tell_again(groups, others, bound, board, seed)


def _left(board: Board) -> int:
    """Questions of a view that are kept for what stands alone, so that every family has a first turn."""
    return (board.per_view - 1) // 2


def _alone(units: Units) -> Iterator[tuple[int, int, int]]:
    """Units that are linked to nothing: their number, and where their candidates lie."""
    start = 0
    for number, stop in enumerate(units.ends.tolist()):
        if not units.names[start:stop].any():
            yield number, start, stop
        start = stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Positives:
    """Questions that can stand beside refusals, by their words, then by how alike their pictures are.

    Of each there is the candidate, the group of its unit, and the unit's number there; ``keys`` are six columns:
    words, modality, plane and sequence, source, size and group of the picture.
    """

    keys: tuple[Narrow, ...]
    numbers: Codes
    groups: Narrow
    units: Codes

    def like(self, key: Sequence[int], least: int, start: int, own: int, pool: Pool) -> Iterator[tuple[int, int, int]]:
        """Up to ``TRIES`` of other views than ``own`` that share the ``least`` first parts of the key, the most alike
        first; ``start`` turns equally alike ones."""
        low, high, tried = 0, len(self.numbers), 0
        ranges = [(low, high)]
        for column, value in zip(self.keys, key, strict=True):
            same = column.dtype.type(value)  # of the column's own type, or all of it would be converted each time
            first, last = (int(np.searchsorted(column[low:high], same, side)) for side in ("left", "right"))
            low, high = low + first, low + last
            ranges.append((low, high))
        inner = (0, 0)
        for low, high in reversed(ranges[least:]):
            for turn in range(high - low):
                i = low + (start + turn) % (high - low)
                if inner[0] <= i < inner[1] or pool.view[self.numbers[i]] == own:
                    continue
                yield int(self.numbers[i]), int(self.groups[i]), int(self.units[i])
                tried += 1
                if tried == TRIES:
                    return
            inner = (low, high) if high > low else inner


def _likeness(pool: Pool) -> tuple[Narrow, ...]:
    """Codes of all views' split, modality, plane and sequence, source, size and group."""
    parts: tuple[list[object], ...] = (
        [view.split for view in pool.views],
        [view.modality for view in pool.views],
        [view.shown for view in pool.views],
        [view.source for view in pool.views],
        [view.size for view in pool.views],
        [view.group for view in pool.views],
    )
    coded = [Codebook[object]().codes(part) for part in parts]
    return tuple(narrow(codes, int(codes.max(initial=0)) + 1) for codes in coded)


def _words(pool: Pool, splits: Narrow, numbers: Codes) -> Codes:
    """What two questions must share to be asked in the same words, in one split; there are far fewer than 2**31."""
    words: Codes = splits[pool.view[numbers]].astype(np.int32) * len(pool.forms) + pool.form[numbers]
    return words


def _positives(groups: Sequence[Units], wanted: Codes, likeness: Sequence[Narrow], pool: Pool) -> Positives:
    parts = []
    for group, units in enumerate(groups):
        sizes = np.diff(units.ends, prepend=0)
        of = np.repeat(np.arange(len(units), dtype=np.int32), sizes)
        linked = np.zeros(len(units), np.bool_)
        linked[of[units.names != 0]] = True
        words = _words(pool, likeness[0], units.items)
        kept = np.flatnonzero(np.isin(words, wanted) & ~linked[of])
        parts.append((words[kept], units.items[kept], narrow(np.full(len(kept), group), len(groups)), of[kept]))
    words, numbers, where, of = (np.concatenate(column) for column in zip(*parts, strict=True))
    keys = (words, *(part[pool.view[numbers]] for part in likeness[1:]))
    order = np.lexsort((pool.view[numbers], *keys[::-1])).astype(np.int32)
    return Positives(
        keys=tuple(column[order] for column in keys), numbers=numbers[order], groups=where[order], units=of[order]
    )


def _refuse(groups: Sequence[Units], refusals: Codes, board: Board, seed: int) -> None:
    if not groups or not len(refusals):
        return
    pool = board.pool
    likeness = _likeness(pool)
    words = _words(pool, likeness[0], refusals)
    positives = _positives(groups, np.unique(words), likeness, pool)
    refusals = refusals[np.isin(words, positives.keys[0])]
    refused = np.zeros(len(pool.views), np.bool_)
    for number in map(int, _by_turns(refusals, pool, seed)):
        view = int(pool.view[number])
        if refused[view] or board.room[view] >= board.per_view - _left(board):
            continue
        form = pool.forms[pool.form[number]]
        start = keyed(seed, "positive", pool.views[view].view_id, form.kind, form.program)
        key = [
            int(likeness[0][view]) * len(pool.forms) + int(pool.form[number]),
            *(int(part[view]) for part in likeness[1:]),
        ]
        # Its modality tells whether a picture can answer, but for what no picture shows: the size of its pixels.
        least = 1 if pool.values[pool.value[number]].reason == "no_scale" else 2
        for positive, group, unit in positives.like(key, least, start, view, pool):
            if _taken(positive, groups[group].unit(unit), number, board):
                _pair(board, positive, number, "negative", seed)
                refused[view] = True
                break


def _taken(positive: int, unit: Taken, refusal: int, board: Board) -> bool:
    """Whether a question is asked already and free to be linked, or can be taken with its unit, beside a refusal."""
    asked = board.asked.get(positive)
    if asked is not None and asked.pair_id is not None:
        return False
    new = [*(() if asked else unit), (refusal, Marks())]
    bound = any(number == positive and mark.prior_bound for number, mark in unit)
    if any(number in board.asked for number, _ in new) or board.refusal(new, variety=not bound, leave=_left(board)):
        return False
    board.take(new)
    return True


def _tell_again(groups: Sequence[Units], others: Codes, bound: Callable[[int], bool], board: Board, seed: int) -> None:
    pool = board.pool
    again = _counterparts(pool, others)
    framed: list[tuple[int, Units, int, list[int]]] = []
    for units in groups:
        if not any(pool.values[code].counterpart for code in np.unique(pool.value[units.items])):
            continue
        for unit, start, stop in _alone(units):
            beside = [again(number) for number in units.items[start:stop].tolist()]
            found = [number for number in beside if number is not None]
            if len(found) == len(beside):
                of = [pool.identity(number) for number in units.items[start:stop].tolist()]
                framed.append((keyed(seed, "link", *of), units, unit, found))
    told = np.zeros(len(pool.views), np.bool_)
    for _, units, at, found in sorted(framed, key=lambda entry: entry[0]):
        first = units.unit(at)
        second = [(other, Marks(prior_bound=bound(other))) for other in found]
        new, views = [*first, *second], pool.view[[number for number, _ in first]]
        if told[views].any() or any(number in board.asked for number, _ in new):
            continue
        if first[0][1].prior_bound and not second[0][1].prior_bound:  # it would tilt the other stratum
            continue
        if not board.refusal(new, variety=False, leave=_left(board)):
            board.take(new)
            told[views] = True
            for (one, _), (other, _) in zip(first, second, strict=True):
                _pair(board, one, other, "other_frame", seed)


def _counterparts(pool: Pool, others: Codes) -> Callable[[int], int | None]:
    """What tells, by number, the candidate that says the same in the viewer's frame."""
    forms = {(form.family, form.kind, form.labels): code for code, form in enumerate(pool.forms)}
    wanted = {value.counterpart for value in pool.values}
    of = np.array([form.family in wanted for form in pool.forms], np.bool_)
    some = others[of[pool.form[others]]]
    keys = pool.view[some].astype(np.int64) * len(pool.forms) + pool.form[some]
    order = np.argsort(keys)
    keys, some = keys[order], some[order]

    def counterpart(number: int) -> int | None:
        family, form = pool.values[pool.value[number]].counterpart, pool.forms[pool.form[number]]
        code = forms.get((family or "", form.kind, form.labels))
        if family is None or code is None:
            return None
        key = int(pool.view[number]) * len(pool.forms) + code
        i = int(np.searchsorted(keys, key))
        return int(some[i]) if i < len(keys) and keys[i] == key else None

    return counterpart


def _pair(board: Board, one: int, other: int, kind: PairKind, seed: int) -> None:
    """Link two questions that are asked."""
    pool = board.pool
    form = pool.forms[pool.form[one]]
    views = sorted(pool.views[pool.view[number]].view_id for number in (one, other))
    name = f"p{keyed(seed, kind, form.kind, form.program, views):016x}"
    for number in (one, other):
        board.asked[number] = board.asked[number]._replace(pair_id=name, pair_kind=kind)


def _by_turns(refusals: Codes, pool: Pool, seed: int) -> Codes:
    """In an order in which the reasons of a view take turns; absent structures come last, there are most of them."""
    keys: Keys = np.fromiter((keyed(seed, "link", *pool.identity(n)) for n in refusals), np.uint64, len(refusals))
    reasons = [value.reason for value in pool.values]
    absent = np.array([reason == "absent" for reason in reasons])[pool.value[refusals]]
    same = Codebook[str | None]().codes(reasons)[pool.value[refusals]] + pool.view[refusals] * len(set(reasons))
    order = np.lexsort((keys, same)).astype(np.int32)
    first = np.flatnonzero(np.diff(same[order], prepend=np.int32(-1))).astype(np.int32)
    turns = np.empty_like(order)
    turns[order] = np.arange(len(order), dtype=np.int32) - np.repeat(first, np.diff(first, append=np.int32(len(order))))
    ranked: Codes = refusals[np.lexsort((keys, absent, turns))]
    return ranked
