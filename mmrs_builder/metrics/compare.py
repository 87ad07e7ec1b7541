"""A model beside chance, beside itself without the picture, beside its own other answers, and beside another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mmrs_builder.metrics import score
from mmrs_builder.metrics.replies import REFUSABLE
from mmrs_builder.metrics.score import Record
from mmrs_builder.vocab import GEOMETRIC, REFUSALS, VALUES


def chance(records: Iterable[Record]) -> dict[str, float]:
    """What guessing among the declared answers gets right, by kind and of places: 1 of the options, of yes and no, or
    of the type's values. Nothing for numbers, which declare none.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for item in records:
        if (size := _size(item)) and item.correct is not None:
            found[f"{item.kind}_accuracy"].append(1 / size)
            if score.is_place(item):
                found["position_accuracy"].append(1 / size)
    return {name: round(sum(parts) / len(parts), 4) for name, parts in sorted(found.items())}


def _size(item: Record) -> int:
    if item.kind == "choice":
        return item.options
    if item.kind == "yes_no":
        return 2
    return len(VALUES.get(item.value_type, ())) if item.kind == "open" and not item.refused else 0


def by(seen: Iterable[Record], blank: Iterable[Record], name: str) -> dict[str, Any]:
    """The main numbers for each value of a field, beside chance, the blind gap and twins of the same questions."""
    parts, unseen = _grouped(seen, name), _grouped(blank, name)
    return {
        key: {
            "questions": len(part),
            **score.means(part, score.MAIN),
            "blind_gap": gap(part, unseen.get(key, ())),
            "twins": twins(part),
            "chance": chance(part),
        }
        for key, part in sorted(parts.items())
    }


def _grouped(records: Iterable[Record], name: str) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for item in records:
        groups[str(getattr(item, name))].append(item)
    return groups


def gap(seen: Sequence[Record], other: Sequence[Record]) -> dict[str, Any] | None:
    """How much more is right than in ``other`` answers to the same questions, question by question; None where either
    does not answer in words.
    """
    without = {item.question_id: item.correct for item in other if item.correct is not None}
    both = [
        (item.correct - without[item.question_id], item.group_id)
        for item in seen
        if item.correct is not None and item.question_id in without
    ]
    return score.interval([gain for gain, _ in both], [group for _, group in both])


def circular(seen: Sequence[Record]) -> dict[str, Any] | None:
    """The part of choices that are right wherever their options stand (Liu et al. 2023, arXiv 2307.06281); of those
    put in every turn. ``seen`` holds all turns. A turn without an answer is wrong.
    """
    turns: dict[str, list[Record]] = defaultdict(list)
    for item in seen:
        if item.kind == "choice":
            turns[item.question_id].append(item)
    whole = [of for of in turns.values() if len(of) == of[0].options > 1]
    return score.interval([float(all(item.correct for item in of)) for of in whole], [of[0].group_id for of in whole])


def pairs(seen: Sequence[Record]) -> dict[str, Any] | None:
    """The part of pairs with the same words and opposite answers of which both are right; words alone get none."""
    return both_right(item for item in seen if item.pair_kind == "opposite")


def twins(seen: Sequence[Record]) -> dict[str, Any] | None:
    """The same of pairs of an original and its own twin (``docs/twins.md``): one picture, mirrored, turned or cut."""
    told = {item.pair_id for item in seen if item.pair_kind == "opposite" and item.op in GEOMETRIC}
    return both_right(item for item in seen if item.pair_id in told)


def both_right(seen: Iterable[Record]) -> dict[str, Any] | None:
    """The part of whole pairs of which both are right."""
    halves: dict[str | None, list[Record]] = defaultdict(list)
    for item in seen:
        if item.correct is not None:
            halves[item.pair_id].append(item)
    whole = [pair for pair in halves.values() if len(pair) == 2]
    return score.interval([float(all(item.correct for item in pair)) for pair in whole], [p[0].group_id for p in whole])


def refusals(seen: Iterable[Record]) -> dict[str, Any]:
    """Of questions that the view cannot answer, how many are declined for the right reason, and for any; of those that
    it can, how many are declined all the same.
    """
    asked = [item for item in seen if item.kind in REFUSABLE and item.correct is not None]
    none, some = ([item for item in asked if item.refused == refused] for refused in (True, False))
    declined = [[float(item.parsed in REFUSALS) for item in part] for part in (none, some)]
    groups = [[item.group_id for item in part] for part in (none, some)]
    return {
        "right_reason": score.mean(none, "correct"),
        "declined": score.interval(declined[0], groups[0]),
        "declined_wrongly": score.interval(declined[1], groups[1]),
    }
