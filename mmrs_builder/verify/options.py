"""Options of multiple-choice questions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from mmrs_builder.types import Question
from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.naming import Naming
from mmrs_builder.verify.reading import Reading
from mmrs_builder.verify.values import One, Value, value_text
from mmrs_builder.vocab import VALUES

MOST: Final = 4  # options, unless the family says otherwise


def check_choices(
    question: Question, reading: Reading, naming: Naming, value: Value, wording: str, board: Board, language: Language
) -> Iterator[Finding]:
    """Options are distinct terms of the value's type, the right one at its index, none given away by the question."""
    choices, index = question.choices, question.answer_index
    if choices is None or index is None or not 0 <= index < len(choices):
        yield "choices", f"options {choices}, index {index}"
        return
    known = _terms(question, reading.kind, naming, value, language)
    if len(set(choices)) != len(choices) or not set(choices) <= known:
        yield "choices", f"{list(choices)} are not distinct terms out of {sorted(known)}"
    limit = reading.family.choices or MOST
    fewest = 2 if isinstance(value, One) else min(limit, len(known))
    if not fewest <= len(choices) <= limit:
        yield "choices", f"{len(choices)} options instead of {fewest}"
    right = _right(reading.kind, naming, value, board, language)
    if choices[index] != right:
        yield "choices", f"{choices[index]!r} at index {index}, derived {right!r}"
    if question.answer != right:
        yield "answer", f"{question.answer!r}, derived {right!r}"
    if all(_spoken_in(choice, wording) for choice in choices):
        yield "options_in_question", f"{wording!r} names all options"


def _terms(question: Question, kind: str, naming: Naming, value: Value, language: Language) -> set[str]:
    """Everything that may be offered: the terms of the type, or the labels the program chooses among."""
    if isinstance(value, One):
        return {naming.the(language, label) for label in _candidates(question.program)}
    return {render.value_term(language, kind, token) for token in VALUES.get(kind, ())}


def _candidates(program: str) -> list[str]:
    """Labels named in the ``among`` of a program."""
    calls = [node for node in ast.walk(grammar.parse(program)) if isinstance(node, ast.Call)]
    sets = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "among"]
    return [str(item.value) for call in sets for item in call.args if isinstance(item, ast.Constant)]


def _right(kind: str, naming: Naming, value: Value, board: Board, language: Language) -> str:
    if isinstance(value, One):
        return naming.the(language, board.labels[value.index])
    return render.value_term(language, kind, value_text(value))


def _spoken_in(option: str, wording: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", wording, re.IGNORECASE) is not None
