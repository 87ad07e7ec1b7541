"""A stored program understood: what of its family's it asks, in which words it is asked, and why it is refused."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mmrs_builder.types import Question
from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.language import Family, Language
from mmrs_builder.verify.refusing import REFUSALS
from mmrs_builder.vocab import VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A stored program understood.

    Its labels by slot, its type without a claim, the token it claims, the reason of a refusal.
    """

    family: Family
    labels: dict[str, str]
    kind: str  # value type of the family's program
    claim: str | None
    refusal: str | None


def read_program(question: Question, family: Family) -> Reading:
    """Match the stored program with the family's. Raises ``grammar.BadProgram``."""
    pattern, stored = grammar.parse(family.program, slots=True), grammar.parse(question.program)
    kind = grammar.result_type(pattern)
    claim: str | None = None
    if question.kind == "yes_no" and kind != "Bool":
        stored, claim = _claim(stored, kind)
    labels = grammar.unify(pattern, stored)
    closed = grammar.close(family.program, labels) + ("" if claim is None else f' == "{claim}"')
    if question.program != closed:
        raise grammar.BadProgram(f"written otherwise than {closed}")
    refusal = question.value if question.value in REFUSALS else None
    return Reading(family=family, labels=labels, kind=kind, claim=claim, refusal=refusal)


def _claim(stored: ast.expr, kind: str) -> tuple[ast.expr, str]:
    """Program and token of ``program == "token"``."""
    match stored:
        case ast.Compare(left=left, comparators=[ast.Constant(value=str(token))]) if token in VALUES.get(kind, ()):
            return left, token
        case _:
            raise grammar.BadProgram(f"a claim compares with a token of {kind}")


def worded(question: Question, reading: Reading, language: Language) -> tuple[str, str] | None:
    """Wordings of question and answer that have the template id, ``None`` where none have."""
    family, kind = reading.family, question.kind
    refusals = None if reading.refusal is None else language.refusals.get(reading.refusal, ())
    pairs = render.wordings(family, kind, claims=reading.claim is not None, refusals=refusals)
    if (own := language.rows.get(question.template_id)) is not None:
        return own if _fits(own, question, reading, tuple(pairs)) else None
    return next((pair for pair in pairs if render.template_id(family, kind, *pair) == question.template_id), None)


def _fits(own: tuple[str, str], question: Question, reading: Reading, others: tuple[tuple[str, str], ...]) -> bool:
    """Whether wordings made for a row have its template id, are none of the family's, and answer as it does.

    A refusal is worded as the language says, and where the family has no statement there is none.
    """
    stated = {stated for _, stated in others}
    told = own[1] in stated if reading.refusal is not None or stated == {""} else own[1] != ""
    return (
        told and own not in others and render.template_id(reading.family, question.kind, *own) == question.template_id
    )
