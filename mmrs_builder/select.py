"""Which candidates become questions: one decision over all scenes, by keyed hash.

Strata are split x source x modality x plane x sequence x family x kind x labels. In a stratum every answer is asked
equally often (``even``), so that nobody who knows the words, how the picture was taken and all other questions is
better than chance: yes/no questions in pairs of views with opposite answers, others in rounds of one view for each
answer. A twin's question stands there beside that of its original or not at all. A stratum with one possible answer is
marked ``prior_bound`` and kept out of test. What cannot be asked evenly is left out, or marked if it is wanted all the
same. Families are asked in proportion to the root of how often they could be. The result does not depend on the order
of the candidates.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder import programs
from mmrs_builder.board import Board, Marks, Quota, Taken, empty, marked
from mmrs_builder.digests import keyed
from mmrs_builder.links import link
from mmrs_builder.pool import Pool, Viewed, pooled
from mmrs_builder.selected import Selected, identity
from mmrs_builder.strata import Strata, order, strata
from mmrs_builder.templates import Family
from mmrs_builder.twin_questions import Beside, sort
from mmrs_builder.units import Units, Wide, windows
from mmrs_builder.vocab import GEOMETRIC, VALUES

__all__ = ["REASONS", "Selected", "choose", "select"]

REASONS: Final[dict[str, str]] = {
    "uneven": "its stratum has not enough of the other answers to ask all equally often",
    "view_full": "the view has its number of questions",
    "same_target": "the view is already asked for this mask",
    "over_max_rows": "beyond --max-rows",
    "prior_bound_in_test": "its stratum has one possible answer and the view is in test",
    "unpaired": "the view cannot answer it, and there is no room for it beside one of another view that can",
    "twin_alone": "a twin's, and no question of its original is asked in the same words beside it",
    "excluded": "named in the exclusion list (or the same fact in other words, or as another kind), or for the audit",
    "split_dropped": "the view was dropped: its group touches an official test set, or a picture that is kept out",
}
"""Why a decided candidate was not asked."""

CODES: Final = {reason: code for code, reason in enumerate(REASONS)}
ASKED: Final = len(CODES)


def select(
    found: Iterable[Selected],
    families: Sequence[Family],
    *,
    seed: int,
    per_view: int,
    max_rows: int | None,
    keep_unbalanced: bool = False,
    views: Mapping[str, Viewed] | None = None,
) -> tuple[tuple[Selected, ...], Counter[str]]:
    """The questions to ask, sorted by view and program, and the dropped candidates by reason: see ``choose``.

    ``found`` are candidates with their source and split; ``views`` may tell more of where they come from.
    """
    items = sorted(found, key=identity)
    asked, left_out = choose(
        pooled(items, views or {}),
        families,
        seed=seed,
        per_view=per_view,
        max_rows=max_rows,
        keep_unbalanced=keep_unbalanced,
    )
    return tuple(sorted((marked(items[number], how) for number, how in asked.items()), key=place_in_view)), left_out


def place_in_view(item: Selected) -> tuple[str, str, str, str]:
    """What questions are sorted by."""
    return item.candidate.view_id, item.candidate.program, item.candidate.kind, item.candidate.family


def choose(
    pool: Pool,
    families: Sequence[Family],
    *,
    seed: int,
    per_view: int,
    max_rows: int | None,
    keep_unbalanced: bool,
    excluded: npt.NDArray[np.bool_] | None = None,
) -> tuple[dict[int, Marks], Counter[str]]:
    """The candidates to ask, by number, with what marks them, and the dropped ones by reason.

    ``per_view`` limits the questions of a view. ``keep_unbalanced`` fills what room is left with questions whose
    answers are not even, marked so. ``excluded`` flags candidates that are not wanted. A refusal stands beside a
    question of a view of like origin.
    """
    known = {family.id: family for family in families}
    out = np.zeros(len(pool.view), np.bool_) if excluded is None else excluded
    beside = sort(pool, out)
    roles = _roles(pool, beside)
    roles[out] = CODES["excluded"]
    plain = roles == CODES["uneven"]
    found = strata(pool, plain, beside, known, seed=seed, keep=keep_unbalanced)
    refusals, others = (np.flatnonzero(some).astype(np.int32) for some in (roles == CODES["unpaired"], plain))

    def linked(board: Board) -> Board:
        link(found.even, refusals, others, lambda number: found.words(number) in found.bound, board, seed)
        return board

    board = linked(empty(pool, per_view))
    why = _filled(found, board, roles)
    if max_rows is not None and len(board.asked) > max_rows:
        quotas, spare = _quotas(map(board.quota, board.asked), max_rows)
        board = linked(empty(pool, per_view, max_rows, quotas))
        _filled(found, board, roles)
        for rounded in spare:  # what pairs and rounds could not use up
            quotas[rounded] += 1
        why = _filled(found, board, roles)
    why[board.taken] = ASKED
    left_out = [int(np.count_nonzero(why == code)) for code in CODES.values()]  # bincount makes eight bytes of each
    _letter(board, known, lambda number: found.answers.get(found.place(number), ()), seed)
    return board.asked, +Counter(dict(zip(CODES, left_out, strict=True)))


def _roles(pool: Pool, beside: Beside) -> npt.NDArray[np.uint8]:
    """Why each candidate is not asked if nothing else is found."""
    dropped = np.array([not view.split for view in pool.views], np.bool_)[pool.view]
    refused = np.array([value.reason is not None for value in pool.values], np.bool_)[pool.value]
    roles = np.full(len(pool.view), CODES["uneven"], np.uint8)
    roles[~beside.plain] = CODES["twin_alone"]
    roles[beside.plain & refused] = CODES["unpaired"]
    roles[dropped] = CODES["split_dropped"]
    return roles


def _filled(found: Strata, board: Board, roles: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Fill views: first with a variety of families and kinds, then with any, then with what is left.

    Why each candidate was left out, as a code; a unit is left out too where a question of it is asked already, as the
    other half of a fact in two frames.
    """
    why = roles.copy()
    for groups, variety in ((found.even, True), (found.even, False), (found.left, False)):
        for bound in (False, True):
            for unit in _in_turn([units for units in groups if units.bound == bound], board, why):
                if any(board.taken[number] for number, _ in unit):
                    continue
                reason = board.refusal(unit, variety=variety or bound)
                if reason is None:
                    board.take(unit)
                else:
                    why[[number for number, _ in unit]] = CODES[reason]
    return why


def _in_turn(groups: Sequence[Units], board: Board, why: npt.NDArray[np.uint8]) -> Iterator[Taken]:
    """Units in the order in which they are tried, without those whose views are full as the column shows."""
    for window in windows([len(units) for units in groups]):
        tried = [
            (group, start + _open(units, start, stop, board, why), len(units))
            for group, (units, (start, stop)) in enumerate(zip(groups, window, strict=True))
            if start < stop
        ]
        of = np.concatenate([np.full(len(ranks), group) for group, ranks, _ in tried])
        at = np.concatenate([ranks for _, ranks, _ in tried])
        place = np.concatenate([ranks.astype(np.float64) ** 2 / size for _, ranks, size in tried])
        keys = np.concatenate([groups[group].keys[ranks] for group, ranks, _ in tried])
        for i in np.lexsort((keys, place)).tolist():
            yield groups[of[i]].unit(at[i])


def _open(units: Units, start: int, stop: int, board: Board, why: npt.NDArray[np.uint8]) -> Wide:
    """Which units of a range are still to be tried, counted from its start; of others it is noted why not."""
    first, last = units.span(start)[0], units.span(stop - 1)[1]
    items = units.items[first:last]
    taken = units.any_of(board.taken[items], start, stop)
    if units.bound:  # what may not be asked at all is to be told from what has no room
        return np.flatnonzero(~taken)
    full = units.any_of(board.room[board.pool.view[items]] >= board.per_view, start, stop) & ~taken
    why[items[np.repeat(full, np.diff(units.ends[start:stop], prepend=first))]] = CODES["view_full"]
    return np.flatnonzero(~taken & ~full)


def _quotas(asked: Iterable[Quota], max_rows: int) -> tuple[dict[Quota, int], list[Quota]]:
    """``max_rows`` shared out in proportion to what was asked without a limit, by largest remainder.

    And those whose share was rounded down: they may have one more where others cannot use theirs.
    """
    sizes = Counter(asked)
    exact = {key: size * max_rows / sizes.total() for key, size in sizes.items()}
    shares = {key: math.floor(share) for key, share in exact.items()}
    ranked = sorted(exact, key=lambda key: (shares[key] - exact[key], key))
    spare = max_rows - sum(shares.values())
    for key in ranked[:spare]:
        shares[key] += 1
    return shares, [key for key in ranked[spare:] if shares[key] < exact[key]]


def _letter(board: Board, families: Mapping[str, Family], answers: Callable[[int], Sequence[str]], seed: int) -> None:
    """Give choice questions their options; the position of the right one is uniform by construction.

    A question and its twin's get the same options in the same order, so that nothing but the picture tells them apart.
    """
    choice = [(number, how) for number, how in board.asked.items() if board.quota(number)[2] == "choice"]
    asked = [(number, how, board.pool.item(number)) for number, how in choice]
    partners = {how.pair_id: (number, item) for number, how, item in asked if item.op in GEOMETRIC}
    ranks: Counter[tuple[str, str, str]] = Counter()
    for number, how, item in sorted(asked, key=lambda entry: order(seed, (entry[2],))):
        if item.op in GEOMETRIC:
            continue  # with its original
        key = (item.split, item.source, item.candidate.family)
        twin = partners.get(how.pair_id) if how.pair_id else None
        # Every family starts at its own letter, so that small ones together do not favour the first.
        rank = keyed(seed, "letter", key) + ranks[key]
        right = [(number, item)] if twin is None else [(number, item), twin]
        options = _options([it for _, it in right], families[key[2]], answers(number), rank, seed)
        for one, it in right:
            index = options.index(it.candidate.answer)
            board.asked[one] = board.asked[one]._replace(choices=options, answer_index=index)
        ranks[key] += len(right)


def _options(right: Sequence[Selected], family: Family, even: Sequence[str], rank: int, seed: int) -> tuple[str, ...]:
    """Options out of the answers that are asked equally often: any other would be known for a wrong one.

    The ``right`` one stands at ``rank``, a twin's next to it.
    """
    c = right[0].candidate
    value_type = programs.value_type(family.program)
    pool = even or (c.labels if value_type == "One" else VALUES[value_type])
    size = min(family.choices or 4, len(pool))
    placed = {(rank + turn) % size: item.candidate.answer for turn, item in enumerate(right)}
    others = iter(sorted({*pool} - {*placed.values()}, key=lambda o: keyed(seed, "choice", c.view_id, c.program, o)))
    return tuple(placed[place] if place in placed else next(others) for place in range(size))
