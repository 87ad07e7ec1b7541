"""Which candidates become questions: one decision over all scenes, by keyed hash.

Strata are split x source x family x kind x labels. In a stratum every answer is asked equally often (``even``), so that
nobody who knows the words, the source and all other questions is better than chance: yes/no questions in pairs of views
with opposite answers, others in rounds of one view for each answer. A twin's question stands there beside that of its
original or not at all. A stratum with one possible answer is marked ``prior_bound`` and kept out of test. What cannot
be asked evenly is left out, or marked if it is wanted all the same. Families are asked in proportion to the root of how
often they could be. The result does not depend on the order of the candidates.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from mmrs_builder import programs
from mmrs_builder.board import Board, Quota, Selected, Stratum, Unit, identity, quota, stratum
from mmrs_builder.digests import keyed
from mmrs_builder.even import counted, evened
from mmrs_builder.links import counterparts, link
from mmrs_builder.templates import Family
from mmrs_builder.twin_questions import Sorted, echoed, sort
from mmrs_builder.vocab import GEOMETRIC, VALUES

__all__ = ["REASONS", "Selected", "select", "stratum"]

REASONS: Final[dict[str, str]] = {
    "uneven": "its stratum has not enough of the other answers to ask all equally often",
    "view_full": "the view has its number of questions",
    "same_target": "the view is already asked for this mask",
    "over_max_rows": "beyond --max-rows",
    "prior_bound_in_test": "its stratum has one possible answer and the view is in test",
    "unpaired": "the view cannot answer it, and there is no room for it beside one of another view that can",
    "twin_alone": "a twin's, and no question of its original is asked in the same words beside it",
    "excluded": "named in the exclusion list, or the same fact in other words or as another kind",
    "split_dropped": "the view was dropped: its group touches an official test set, or a picture that is kept out",
}
"""Why a decided candidate was not asked."""


def select(
    found: Iterable[Selected],
    families: Sequence[Family],
    *,
    seed: int,
    per_view: int,
    max_rows: int | None,
    keep_unbalanced: bool = False,
) -> tuple[tuple[Selected, ...], Counter[str]]:
    """The questions to ask, sorted by view and program, and the dropped candidates by reason.

    ``found`` holds candidates with their source and split; ``per_view`` limits the questions of a view.
    ``keep_unbalanced`` fills what room is left with questions whose answers are not even, marked so.
    """
    known = {family.id: family for family in families}
    twins = sort(found)
    strata: dict[Stratum, list[Selected]] = defaultdict(list)
    refusals: list[Selected] = []
    for item in twins.plain:
        (refusals if item.candidate.reason else strata[stratum(item)]).append(item)
    units, uneven, decided, pools = _evened(strata, twins, known, seed)
    units = _in_turn(units, seed)
    late = _in_turn(uneven, seed) if keep_unbalanced else []
    others = counterparts(units, decided)
    board = Board(per_view=per_view)
    link(units, refusals, others, board, seed)
    why = _filled(units, late, board)
    if max_rows is not None and len(board.asked) > max_rows:
        quotas, spare = _quotas(board.asked.values(), max_rows)
        board = Board(per_view=per_view, rows=max_rows, quotas=quotas)
        link(units, refusals, others, board, seed)
        _filled(units, late, board)
        for rounded in spare:  # what pairs and rounds could not use up
            quotas[rounded] += 1
        why = _filled(units, late, board)
    left_out = Counter(
        why.get(identity(item), "uneven")
        for items in strata.values()
        for item in items
        if identity(item) not in board.asked
    )
    left_out["unpaired"] += sum(identity(item) not in board.asked for item in refusals)
    beside = (*twins.opposites.values(), *twins.echoes.values())
    left_out.update(why.get(identity(item), "twin_alone") for item in beside if identity(item) not in board.asked)
    left_out["twin_alone"] += len(twins.alone)
    return _lettered(list(board.asked.values()), known, pools, seed), +left_out


def _evened(
    strata: Mapping[Stratum, Sequence[Selected]], twins: Sorted, known: Mapping[str, Family], seed: int
) -> tuple[list[Unit], list[Unit], list[Selected], dict[Stratum, tuple[str, ...]]]:
    """Units of all strata; what is left of them, marked; every candidate; and the answers that each stratum asks."""
    answers: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for item in (*(one for items in strata.values() for one in items), *twins.opposites.values()):
        answers[stratum(item)[1:]].add(item.candidate.answer)
    counting: dict[str, list[Sequence[Selected]]] = defaultdict(list)
    for key, items in strata.items():
        if programs.value_type(known[key[2]].program) == "Count":
            counting[key[2]].append(items)
    counts = {name: counted(some) for name, some in counting.items()}
    units: list[Unit] = []
    uneven: list[Unit] = []
    decided: list[Selected] = []
    pools: dict[Stratum, tuple[str, ...]] = {}
    for key in sorted(strata):
        items = sorted(strata[key], key=lambda item: _order(seed, (item,)))
        bound = len(answers[key[1:]]) == 1
        decided += [replace(item, prior_bound=bound) for item in items]
        rounds, left, pools[key] = evened(
            items,
            known[key[2]],
            seed,
            counts=counts.get(key[2], frozenset()),
            bound=bound,
            opposites=twins.opposites,
        )
        units += [echoed(unit, twins.echoes, seed) for unit in rounds]
        uneven += [(replace(item, balanced=False),) for item in left if item.candidate.kind != "yes_no"]
    return units, uneven, decided, pools


def _order(seed: int, unit: Unit) -> int:
    c = unit[0].candidate
    return keyed(seed, "order", c.family, c.kind, c.program, [item.candidate.view_id for item in unit])


def _in_turn(units: Sequence[Unit], seed: int) -> list[Unit]:
    """All units in the order in which they are tried: every family's first ones before others' many.

    The r-th of the n units that a family has of a kind stands at r²/n: four times as many are asked twice as often.
    """
    of_family: dict[tuple[bool, str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        of_family[unit[0].prior_bound, unit[0].candidate.family, unit[0].candidate.kind].append(unit)
    placed = [
        (bound, rank * rank / len(some), order, unit)
        for (bound, *_), some in of_family.items()
        for rank, (order, unit) in enumerate(
            sorted(((_order(seed, unit), unit) for unit in some), key=lambda it: it[0])
        )
    ]
    return [unit for *_, unit in sorted(placed, key=lambda entry: entry[:3])]


def _filled(units: Sequence[Unit], late: Sequence[Unit], board: Board) -> dict[tuple[str, str, str, str], str]:
    """Fill views in the given order: first with a variety of families and kinds, then with any, then with ``late``
    ones. Why each unit was left out, by identity of its questions; one is left out too where a question of it is asked
    already, as the other half of a fact in two frames.
    """
    why: dict[tuple[str, str, str, str], str] = {}
    for tried, variety in ((units, True), (units, False), (late, False)):
        for unit in tried:
            if any(identity(item) in board.asked for item in unit):
                continue
            reason = board.refusal(unit, variety=variety or unit[0].prior_bound)
            if reason is None:
                board.take(unit)
            else:
                why.update((identity(item), reason) for item in unit)
    return why


def _quotas(asked: Iterable[Selected], max_rows: int) -> tuple[dict[Quota, int], list[Quota]]:
    """``max_rows`` shared out in proportion to what was asked without a limit, by largest remainder.

    And those whose share was rounded down: they may have one more where others cannot use theirs.
    """
    sizes = Counter(map(quota, asked))
    exact = {key: size * max_rows / sizes.total() for key, size in sizes.items()}
    shares = {key: math.floor(share) for key, share in exact.items()}
    ranked = sorted(exact, key=lambda key: (shares[key] - exact[key], key))
    spare = max_rows - sum(shares.values())
    for key in ranked[:spare]:
        shares[key] += 1
    return shares, [key for key in ranked[spare:] if shares[key] < exact[key]]


def _lettered(
    asked: list[Selected], families: Mapping[str, Family], pools: Mapping[Stratum, tuple[str, ...]], seed: int
) -> tuple[Selected, ...]:
    """Give choice questions their options; the position of the right one is uniform by construction.

    A question and its twin's get the same options in the same order, so that nothing but the picture tells them apart.
    """
    ranks: Counter[tuple[str, str, str]] = Counter()
    partners = {item.pair_id: item for item in asked if item.op in GEOMETRIC and item.candidate.kind == "choice"}
    done = []
    for item in sorted(asked, key=lambda item: _order(seed, (item,))):
        if item.candidate.kind != "choice":
            done.append(item)
            continue
        if item.op in GEOMETRIC:
            continue  # with its original
        key = (item.split, item.source, item.candidate.family)
        other = partners.get(item.pair_id) if item.pair_id else None
        # Every family starts at its own letter, so that small ones together do not favour the first.
        rank = keyed(seed, "letter", key) + ranks[key]
        even = pools.get(stratum(item), ())
        done += _choices(item, other, families[item.candidate.family], even, rank, seed)
        ranks[key] += 1 if other is None else 2
    return tuple(sorted(done, key=lambda item: (item.candidate.view_id, item.candidate.program, item.candidate.kind)))


def _choices(item: Selected, other: Selected | None, family: Family, even: Sequence[str], rank: int, seed: int) -> Unit:
    """Options out of the answers that are asked equally often: any other would be known for a wrong one."""
    c = item.candidate
    value_type = programs.value_type(family.program)
    pool = even or (c.labels if value_type == "One" else VALUES[value_type])
    size = min(family.choices or 4, len(pool))
    right = {rank % size: item} | ({} if other is None else {(rank + 1) % size: other})
    told = {it.candidate.answer for it in right.values()}
    others = iter(sorted({*pool} - told, key=lambda o: keyed(seed, "choice", c.view_id, c.program, o)))
    options = tuple(right[place].candidate.answer if place in right else next(others) for place in range(size))
    return tuple(replace(it, choices=options, answer_index=place) for place, it in right.items())
