"""Asking every answer of a stratum equally often: pairs for yes and no, else rounds of one question for each answer.

Blind answers are to be no better than chance, 1/k of the k answers that the question's words leave open, by more than
``MARGIN``. Open questions leave open all values of their type, or all labels that they name, so that nearly all must be
asked. A choice leaves open its options, which are taken from the answers that are asked. A count leaves open the counts
that its family is asked for, the same ones of every label; other numbers lie in ranges that are as wide as their
tolerance, and many must be asked.
"""

from __future__ import annotations

import ast
import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.language import Family
from mmrs_builder.questions import Candidate
from mmrs_builder.selected import Asked, Selected, Unit, identity
from mmrs_builder.twin_questions import linked
from mmrs_builder.vocab import VALUES

MARGIN: Final = 0.03
"""What blind answers may be better than chance by: the margin of ``mmrs audit``."""

RANGES: Final = 8
"""Ranges of numbers that must be asked equally often, so that no one number is within the tolerance of many."""


def evened(
    items: Sequence[Selected],
    family: Family,
    seed: int,
    *,
    counts: frozenset[str],
    bound: bool,
    opposites: Mapping[Asked, Selected],
) -> tuple[list[Unit], list[Selected], tuple[str, ...]]:
    """Units of a stratum, in its order, that ask its answers equally often; what is left; and the answers.

    ``counts`` are those that a family which counts is asked for. ``bound``: there is one possible answer; questions are
    marked so, and claims, which their words would tell, are not made. ``opposites`` are questions of twins, by what
    they are asked beside or not at all.
    """
    value_type = programs.value_type(family.program)
    claims = value_type in VALUES and value_type != "Bool"
    if not is_closed(family, items[0].candidate.kind):
        return [(item,) for item in items], [], ()
    if bound:
        if claims and items[0].candidate.kind == "yes_no":
            return [], [], ()
        return [(item._replace(prior_bound=True),) for item in items], [], ()
    if items[0].candidate.kind == "yes_no":
        return _pairs(items, seed, opposites, claims=claims)
    if value_type == "Count":
        asked = {item.candidate.answer for item in items}
        ways = [tuple(sorted(counts)) if counts and counts <= asked else ()]
    else:
        ways = _ways(items, family, opposites)
    rounds = {chosen: _rounds(items, family, opposites, chosen, seed) for chosen in ways}
    chosen = max(rounds, key=lambda chosen: sum(map(len, rounds[chosen])))
    units = rounds[chosen]
    kept = {identity(item) for unit in units for item in unit}
    return units, [item for item in items if identity(item) not in kept], chosen


def _ways(items: Sequence[Selected], family: Family, opposites: Mapping[Asked, Selected]) -> list[tuple[str, ...]]:
    """Sets of answers that could be asked equally often: the one that promises the most questions with twins, the one
    without, and where two answers will do those of a question and its twin, since twins do not fit into every round.
    """
    twins = [(item, opposites[identity(item)]) for item in items if identity(item) in opposites]
    least = fewest(items[0].candidate, family)
    every = [*items, *(twin for _, twin in twins)]
    ways = [most(_classes(some, family), least) for some in (every, items)]
    halves = {tuple(sorted(half.candidate.answer for half in pair)) for pair in twins} if least == 2 else set()
    return list(dict.fromkeys([*ways, *sorted(halves)]))


def _rounds(
    items: Sequence[Selected], family: Family, opposites: Mapping[Asked, Selected], chosen: Sequence[str], seed: int
) -> list[Unit]:
    """Rounds of one question for each answer: first those in which a question and its twin's give two of them."""
    pairs: dict[tuple[str, ...], deque[Unit]] = defaultdict(deque)
    alone: dict[str, deque[Selected]] = defaultdict(deque)
    for item in items:
        answer, twin = answer_class(item.candidate, family), opposites.get(identity(item))
        if twin is not None and {answer, twin.candidate.answer} <= {*chosen}:
            pairs[tuple(sorted((answer, twin.candidate.answer)))].append(linked(item, twin, "opposite", seed))
        else:
            alone[answer].append(item)
    units: list[Unit] = []
    while chosen and (taken := _matching(pairs, alone, chosen)) is not None:
        halves = [half for answers in taken for half in pairs[answers].popleft()]
        told = {half.candidate.answer for half in halves}
        units.append((*halves, *(alone[answer].popleft() for answer in chosen if answer not in told)))
    kept = {identity(item) for unit in units for item in unit}
    rest = _classes([item for item in items if identity(item) not in kept], family)
    return units + list(zip(*(rest[name] for name in chosen), strict=False))


def _classes(items: Sequence[Selected], family: Family) -> dict[str, list[Selected]]:
    """Questions by what counts as the same answer."""
    classes: dict[str, list[Selected]] = defaultdict(list)
    for item in items:
        classes[answer_class(item.candidate, family)].append(item)
    return classes


def _matching(
    pairs: Mapping[tuple[str, ...], Sequence[Unit]], alone: Mapping[str, Sequence[Selected]], chosen: Sequence[str]
) -> list[tuple[str, ...]] | None:
    """Pairs of answers for one round, those with the most questions first; None where others cannot complete it."""
    free, taken = {*chosen}, []
    for answers in sorted(pairs, key=lambda answers: (-len(pairs[answers]), answers)):
        if pairs[answers] and {*answers} <= free:
            free -= {*answers}
            taken.append(answers)
    return taken if taken and all(alone.get(answer) for answer in free) else None


def counted(counts: Collection[Counter[str]]) -> frozenset[str]:
    """The answers that all strata of a family are asked for: those that allow the most questions.

    ``counts`` are how often each answer could be asked, stratum by stratum.
    """
    every = sum(counts, Counter[str]())
    ranked = sorted(every, key=lambda answer: (-every[answer], answer))
    sizes = {n: n * sum(min(count[a] for a in ranked[:n]) for count in counts) for n in range(2, len(ranked) + 1)}
    return frozenset(ranked[: max(sizes, key=lambda n: (sizes[n], n))]) if sizes else frozenset()


def is_closed(family: Family, kind: str) -> bool:
    """Whether answers come from a set that can be learnt without the picture; a mask does not, unless it is chosen
    among structures that the question names."""
    value_type = programs.value_type(family.program)
    if value_type in ("One", "Set"):
        return "among(" in family.program
    return kind != "segment" and (value_type != "Number" or family.tolerance is not None)


def answer_class(candidate: Candidate, family: Family) -> str:
    """What counts as the same answer: the answer itself, or a range of numbers twice as wide as the tolerance."""
    if programs.value_type(family.program) != "Number" or family.tolerance is None:
        return candidate.answer
    number = float(candidate.token)
    return str(math.floor(math.log(max(number, 0.1)) / math.log1p(2 * family.tolerance)))


def fewest(candidate: Candidate, family: Family) -> int:
    """How many answers must be asked equally often, so that blind ones are no more than ``MARGIN`` above chance."""
    value_type = programs.value_type(family.program)
    if value_type == "One":
        return _named(candidate.program)
    if value_type == "Number":
        return RANGES
    if candidate.kind == "choice" or value_type not in VALUES:
        return 2
    declared = len(VALUES[value_type])
    return next(number for number in range(2, declared + 1) if 1 / number <= 1 / declared + MARGIN)


def most(classes: Mapping[str, Sequence[Selected]], least: int) -> tuple[str, ...]:
    """At least so many answers, sorted, that allow the most questions when all are asked equally often; or none."""
    ranked = sorted(classes, key=lambda name: (-len(classes[name]), name))
    sizes = {number: number * len(classes[ranked[number - 1]]) for number in range(max(least, 2), len(ranked) + 1)}
    if not sizes:
        return ()
    return tuple(sorted(ranked[: max(sizes, key=lambda number: (sizes[number], number))]))


def _named(program: str) -> int:
    """Number of labels that a closed program chooses among."""
    calls = [node for node in ast.walk(programs.parse(program)) if isinstance(node, ast.Call)]
    return max(len(call.args) for call in calls if programs.call_name(call) == "among")


def _pairs(
    items: Sequence[Selected], seed: int, opposites: Mapping[Asked, Selected], *, claims: bool
) -> tuple[list[Unit], list[Selected], tuple[str, ...]]:
    """Views with different values, paired so that the same words are true of one and false of the other.

    A view and its twin first, then the two most frequent values, which leaves as few over as possible.
    """
    queues: dict[str, deque[Selected]] = defaultdict(deque)
    units: list[Unit] = []
    for item in items:
        twin = opposites.get(identity(item))
        if twin is None:
            queues[item.candidate.token].append(item)
        else:
            first = keyed(seed, "yes", item.candidate.view_id, item.candidate.program) % 2
            claim = (item, twin)[first].candidate.token if claims else None
            units.append(linked(item, twin, "opposite", seed, claim))
    while sum(map(bool, queues.values())) > 1:
        one, other = sorted(queues, key=lambda token: (-len(queues[token]), token))[:2]
        pair = [queues[one].popleft(), queues[other].popleft()]
        pair.sort(key=lambda item: keyed(seed, "yes", item.candidate.view_id, item.candidate.program))
        claim = pair[0].candidate.token if claims else None
        name = f"p{keyed(seed, 'pair', [item.candidate.view_id for item in pair], pair[0].candidate.program):016x}"
        units.append(tuple(item._replace(claim=claim, pair_id=name, pair_kind="opposite") for item in pair))
    return units, [item for queue in queues.values() for item in queue], ()
