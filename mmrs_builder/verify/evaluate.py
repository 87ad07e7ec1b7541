"""Evaluation of closed programs on one view: value, and the smallest margin met on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from mmrs_builder.verify import double, groups, joins, patient, single, triple
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.grammar import BadProgram, parse
from mmrs_builder.verify.values import Many, NoValue, One, Result, Value, value_text

MEANINGS: Final[dict[str, tuple[Callable[..., Result], tuple[str, ...]]]] = {
    "quadrant": (single.quadrant, ("One",)),
    "zone": (single.zone, ("One",)),
    "side": (single.side, ("One",)),
    "level": (single.level, ("One",)),
    "near_centre": (single.near_centre, ("One",)),
    "covers_centre": (single.covers_centre, ("One",)),
    "border": (single.border, ("One",)),
    "aspect": (single.aspect, ("One",)),
    "extent": (single.extent, ("One",)),
    "share": (single.share, ("One",)),
    "clock": (single.clock, ("One",)),
    "direction": (double.direction, ("One", "One")),
    "horizontal": (double.horizontal, ("One", "One")),
    "vertical": (double.vertical, ("One", "One")),
    "main_direction": (double.main_direction, ("One", "One")),
    "aligned": (double.aligned, ("One", "One")),
    "between": (triple.between, ("One", "One", "One")),
    "topology": (double.topology, ("One", "One")),
    "larger": (double.larger, ("One", "One")),
    "gap": (double.gap, ("One", "One")),
    "lateral": (patient.lateral, ("One", "One")),
    "anteroposterior": (patient.anteroposterior, ("One", "One")),
    "craniocaudal": (patient.craniocaudal, ("One", "One")),
    "body_side": (patient.body_side, ("One",)),
    "laterality": (patient.laterality, ("One", "One")),
    "distance_mm": (patient.distance_mm, ("One", "One")),
    "gap_mm": (patient.gap_mm, ("One", "One")),
    "all": (groups.everything, ("Label",)),
    "the": (groups.the, ("Label",)),
    "among": (groups.among, ("Label",)),
    "within": (groups.within, ("Set", "Half")),
    "toward": (groups.toward, ("Set", "Way", "to")),
    "largest": (groups.largest, ("Set",)),
    "smallest": (groups.smallest, ("Set",)),
    "leftmost": (groups.leftmost, ("Set",)),
    "rightmost": (groups.rightmost, ("Set",)),
    "topmost": (groups.topmost, ("Set",)),
    "bottommost": (groups.bottommost, ("Set",)),
    "second_largest": (groups.second_largest, ("Set",)),
    "second_smallest": (groups.second_smallest, ("Set",)),
    "third_largest": (groups.third_largest, ("Set",)),
    "second_leftmost": (groups.second_leftmost, ("Set",)),
    "second_rightmost": (groups.second_rightmost, ("Set",)),
    "second_topmost": (groups.second_topmost, ("Set",)),
    "second_bottommost": (groups.second_bottommost, ("Set",)),
    "nearest": (groups.nearest, ("Set", "to")),
    "farthest": (groups.farthest, ("Set", "to")),
    "count": (groups.count, ("Set",)),
    "exists": (groups.exists, ("Label",)),
    "every": (groups.every, ("Set", "Half")),
    "only": (groups.only, ("One", "Set", "Half")),
    "both": (joins.both, ("Bool", "Bool")),
    "either": (joins.either, ("Bool", "Bool")),
    "neither": (joins.neither, ("Bool", "Bool")),
    "no": (joins.no, ("Bool",)),
}
"""Function and argument types of every call; ``among`` takes one label or more."""


def _fits(kind: str, value: Value) -> bool:
    match kind:
        case "One" | "to":
            return isinstance(value, One)
        case "Set":
            return isinstance(value, Many)
        case "Bool":
            return isinstance(value, bool)
        case "Half":
            return value in ("left", "right", "upper", "lower")
        case "Way":
            return value in ("left", "right", "above", "below")
        case _:
            return isinstance(value, str)


def _equals(value: Value, literal: Value | float) -> bool:
    """A value against a literal: numbers by number, everything else by its text."""
    if isinstance(value, One | Many):
        raise BadProgram("structures are not compared with literals")
    if isinstance(value, bool | str):
        return isinstance(literal, str) and value_text(value) == literal
    if isinstance(value, Decimal):
        return isinstance(literal, int | float) and float(value) == literal
    return isinstance(literal, int | float) and value == literal


def _literal(node: ast.Constant) -> Any:
    return node.value


def _call(node: ast.Call, name: str, board: Board, margins: list[float]) -> Value:
    function, kinds = MEANINGS[name]
    if name == "among":
        kinds *= len(node.args)
    values = [_value(argument, board, margins) for argument in node.args]
    values += [_value(keyword.value, board, margins) for keyword in node.keywords]
    expected_keywords = kinds.count("to")
    if len(values) != len(kinds) or len(node.keywords) != expected_keywords or not values:
        raise BadProgram(f"{name} takes {len(kinds)} arguments")
    if not all(_fits(kind, value) for kind, value in zip(kinds, values, strict=True)):
        raise BadProgram(f"{name} takes ({', '.join(kinds)})")
    value, margin = function(board, *(value.index if isinstance(value, One) else value for value in values))
    if margin <= 0:
        raise NoValue(f"{name} is not decided (margin {margin:.3g})")
    margins.append(margin)
    return value


def _value(node: ast.expr, board: Board, margins: list[float]) -> Value:
    match node:
        case ast.Constant():
            literal: Value = _literal(node)
            return literal
        case ast.Compare(left=left, comparators=[ast.Constant() as right]):
            return _equals(_value(left, board, margins), _literal(right))
        case ast.Call(func=ast.Name(id=name)):
            return _call(node, name, board, margins)
        case _:
            raise BadProgram(f"{type(node).__name__} has no value")


def evaluate(program: str, board: Board) -> Result:
    """Value and margin of a closed program. Raises ``BadProgram``, or ``NoValue`` when nothing can be asked."""
    tree = parse(program)
    if isinstance(tree, ast.Constant):
        raise BadProgram("a program is a call or a comparison")
    margins: list[float] = []
    value = _value(tree, board, margins)
    return value, min(margins)
