"""A stored program, worked out call by call from the masks, by the verifier's own evaluation."""

from __future__ import annotations

import ast
from typing import Any

from mmrs_builder import programs
from mmrs_builder.examples import calls
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.grammar import BadProgram
from mmrs_builder.verify.values import NoValue, One, indices, value_text


def worked(program: str, board: Board) -> list[dict[str, Any]]:
    """Each call of a program from the inside out: its text, function, value, margin, and the structures it names.

    ``of`` are the structures that a call's arguments name one by one, by which a relation can be drawn. A program
    that cannot be read has no steps.
    """
    try:
        nodes = {programs.text_of(node): node for node in calls(programs.parse(program))}
    except (programs.ProgramError, RecursionError):
        return []
    return [_step(text, node, board) for text, node in nodes.items()]


def _step(text: str, node: ast.expr, board: Board) -> dict[str, Any]:
    call = node.left if isinstance(node, ast.Compare) else node
    function = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
    places = [item.value for item in getattr(call, "args", []) if isinstance(item, ast.Constant)]
    step = {"program": text, "function": function, "places": places, "of": _named(call, board)}
    try:
        value, margin = evaluate(text, board)
    except (BadProgram, NoValue, RecursionError, KeyError) as missing:
        return {**step, "value": None, "why": str(missing), "margin": None, "structures": []}
    found = indices(value)
    return {**step, "value": None if found is not None else value_text(value), "why": None, "margin": margin,
            "structures": list(found or ())}  # fmt: skip


def _named(call: ast.expr, board: Board) -> list[int]:
    found = []
    for argument in [*getattr(call, "args", []), *(k.value for k in getattr(call, "keywords", []))]:
        if isinstance(argument, ast.Call):
            try:
                value, _ = evaluate(programs.text_of(argument), board)
            except (BadProgram, NoValue, RecursionError, KeyError):
                continue
            if isinstance(value, One):
                found.append(value.index)
    return found
