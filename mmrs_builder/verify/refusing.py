"""Refusals: why a view cannot answer what is asked of it (``docs/language.md`` section 7a)."""

from __future__ import annotations

import ast
from typing import Final

from mmrs_builder.verify import grammar
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.patient import L, P, S
from mmrs_builder.verify.values import Many, NoValue, Result

ABSENT: Final = "absent"
NO_SCALE: Final = "no_scale"
HIDDEN_AXES: Final = {"no_left_right": L, "no_front_back": P, "no_head_foot": S}
REFUSALS: Final = (ABSENT, *HIDDEN_AXES, NO_SCALE)
REFUSED_KINDS: Final = ("open", "number", "segment")
ALONG: Final = {"lateral": L, "body_side": L, "laterality": L, "anteroposterior": P, "craniocaudal": S}
LENGTHS: Final = ("distance_mm", "gap_mm")
HIDDEN: Final = 0.2  # of an axis, along either side of the picture


def refuse(reason: str, program: str, board: Board, *, scaled: bool) -> Result:
    """The reason and its margin. Raises ``NoValue`` when the view does not give this reason.

    ``scaled`` says whether the view states the size of its pixels.
    """
    if reason == ABSENT:
        return _absent(program, board)
    if reason == NO_SCALE:
        _, call = _only_call(program, LENGTHS)
        if scaled:
            raise NoValue("the view says how large its pixels are")
        return reason, _of_arguments(call, board)
    name, call = _only_call(program, tuple(ALONG))
    axis = HIDDEN_AXES[reason]
    if ALONG[name] != axis:
        raise NoValue(f"the program asks nothing along the {'LPS'[axis]} axis")
    if board.direction is None:
        raise NoValue("the view does not say how it lies in the patient")
    shown = max(abs(vector[axis]) for vector in board.direction)
    if shown >= HIDDEN:
        raise NoValue(f"the {'LPS'[axis]} axis does not run through the picture, {shown:.3g} of it lies in the plane")
    return reason, min(1 - shown / HIDDEN, _of_arguments(call, board))


def absent_label(program: str, board: Board) -> str:
    """The one label of a closed program that the view lacks. Raises ``NoValue`` unless it alone is missing."""
    labels = grammar.labels_of(grammar.parse(program))
    missing = [label for label in sorted(labels) if label in board.absent]
    if len(missing) != 1:
        raise NoValue(f"absent are {missing}, not exactly one label")
    without = [label for label in sorted(labels) if label not in missing and not board.units(label)]
    if without:
        raise NoValue(f"{without[0]} is neither annotated nor absent")
    return missing[0]


def _absent(program: str, board: Board) -> Result:
    if absent_label(program, board) == grammar.counted_label(grammar.parse(program)):
        raise NoValue("of what is absent there are none, in whatever part of the picture")
    try:
        value, _ = evaluate(program, board)
    except NoValue:
        return ABSENT, 1.0
    if isinstance(value, Many) and not value.members:
        return ABSENT, 1.0
    raise NoValue("the view can answer although a label is absent")


def _only_call(program: str, names: tuple[str, ...]) -> tuple[str, ast.Call]:
    calls = [(name, call) for name, call in grammar.calls_of(grammar.parse(program)) if name in names]
    if len(calls) != 1:
        raise NoValue(f"the program has {len(calls)} calls of {', '.join(names)}, not one")
    return calls[0]


def _of_arguments(call: ast.Call, board: Board) -> float:
    """Smallest margin of a call's arguments, each of which needs a value."""
    return min((evaluate(grammar.text_of(argument), board)[1] for argument in call.args), default=0.0)
