"""Lies told by one word of a program: another ordinal, another way, another join, a lost "not"; the answer stays.

Where a family of the shard asks the changed program and the definitions of ``docs/language.md`` leave the old answer or
the old target no way to be true of it, the question is told in that family's words, and only its masks betray it.
Elsewhere the program alone is changed, under a family that has another.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from mmrs_builder.verify import grammar
from mmrs_builder.verify.reask import in_other_words, with_program
from mmrs_builder.verify.retell import Changed, Told, with_labels

Names: TypeAlias = Mapping[str, tuple[str, ...]]

ORDINALS: Final[Names] = {
    "largest": ("second_largest",), "second_largest": ("largest", "third_largest"),
    "third_largest": ("second_largest",),
    "smallest": ("second_smallest",), "second_smallest": ("smallest",),
    "leftmost": ("second_leftmost",), "second_leftmost": ("leftmost",),
    "rightmost": ("second_rightmost",), "second_rightmost": ("rightmost",),
    "topmost": ("second_topmost",), "second_topmost": ("topmost",),
    "bottommost": ("second_bottommost",), "second_bottommost": ("bottommost",),
}  # fmt: skip
"""The member at one place is never the member at the next."""

EXTREMES: Final[Names] = {
    "largest": ("smallest",), "smallest": ("largest",), "leftmost": ("rightmost",), "rightmost": ("leftmost",),
    "topmost": ("bottommost",), "bottommost": ("topmost",), "nearest": ("farthest",), "farthest": ("nearest",),
}  # fmt: skip
"""The first of two or more members is never the last."""

JOINS: Final[Names] = {"both": ("either", "neither"), "either": ("both", "neither"), "neither": ("either", "both")}
WAYS: Final = {
    "left": "right", "right": "left", "upper": "lower", "lower": "upper", "above": "below", "below": "above",
}  # fmt: skip
SETS: Final = ("within", "toward")  # of members that there are: those on one side are never those on the other
SIDED: Final = (*SETS, "every", "only")


def wrong_ordinal(told: Told, rng: np.random.Generator) -> Changed:
    """The second largest for the largest, the leftmost for the second from the left, and so on."""
    return _renamed(told, ORDINALS, rng)


def opposite_extreme(told: Told, rng: np.random.Generator) -> Changed:
    """The smallest for the largest, the farthest for the nearest, and so on."""
    return _renamed(told, EXTREMES, rng)


def both_either(told: Told, rng: np.random.Generator) -> Changed:
    """Two programs joined in another way."""
    return _renamed(told, JOINS, rng)


def _renamed(told: Told, names: Names, rng: np.random.Generator) -> Changed:
    tree = grammar.parsed_anew(told.question.program)
    found = [(name, call) for name, call in grammar.calls_of(tree) if name in names]
    if not found:
        return None
    name, call = found[int(rng.integers(len(found)))]
    other = names[name][int(rng.integers(len(names[name])))]
    before = grammar.text_of(call)
    call.func = ast.Name(other)
    denied = names is not JOINS or _denied(name, other, told.question.value)
    return _asked(told, tree, call, before, certain=call is tree and denied)


def _denied(join: str, other: str, value: str) -> bool:
    """Whether a join of this value leaves another join of the same programs no way to have it too."""
    pair = {join, other}
    return pair == {"either", "neither"} or (pair == {"both", "neither"} and value == "true")


def wrong_way(told: Told, rng: np.random.Generator) -> Changed:
    """The members on the other side, or the claim made of the other half."""
    tree = grammar.parsed_anew(told.question.program)
    found = [(name, call) for name, call in grammar.calls_of(tree) if name in SIDED]
    if not found:
        return None
    name, call = found[int(rng.integers(len(found)))]
    before = grammar.text_of(call)
    place = next(item for item in call.args if isinstance(item, ast.Constant))
    place.value = WAYS[str(place.value)]
    certain = call is tree and (name in SETS or told.question.value == "true")
    return _asked(told, tree, call, before, certain=certain)


def _asked(told: Told, tree: ast.expr, call: ast.Call, before: str, *, certain: bool) -> dict[str, Any]:
    """The changed program in the words of another family where that is a lie for certain, else in the old words."""
    closed, after = grammar.text_of(tree), grammar.text_of(call)
    item = in_other_words(told, closed)
    if item is not None:
        # the target is what the changed call named, and it has stayed
        stale = (told.question.target_program, item["target_program"]) == (before, after)
        if certain or stale:
            return item
    return with_program(told, closed)


def drop_not(told: Told, _rng: np.random.Generator) -> Changed:
    """A program for its denial; or, where a family of the shard asks it, the denial for the program."""
    match grammar.parse(told.question.program):
        case ast.Call(func=ast.Name(id="no"), args=[denied]):
            closed = grammar.text_of(denied)
            return in_other_words(told, closed) or with_program(told, closed)
    return in_other_words(told, f"no({told.question.program})") if told.question.kind == "yes_no" else None


def between_middle(told: Told, rng: np.random.Generator) -> Changed:
    """What lies in the middle changes places with one of the others: two angles of a triangle are not both wide."""
    match grammar.parse(told.reading.family.program, slots=True):
        case ast.Call(
            func=ast.Name(id="between"),
            args=[
                ast.Call(func=ast.Name(id="the"), args=[ast.Name(id=middle)]),
                ast.Call(func=ast.Name(id="the"), args=[ast.Name(id=one)]),
                ast.Call(func=ast.Name(id="the"), args=[ast.Name(id=other)]),
            ],
        ) if told.question.value == "true":
            labels, end = told.reading.labels, (one, other)[int(rng.integers(2))]
            return with_labels(told, {**labels, middle: labels[end], end: labels[middle]})
    return None
