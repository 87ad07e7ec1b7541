"""Lies about what a view can answer: a refusal where it can, an answer where it cannot, another reason.

By ``docs/language.md`` section 7a none of them has a way to be true: reasons hold only where a program has no value.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.language import allowed
from mmrs_builder.verify.pairs import NEGATIVE
from mmrs_builder.verify.refusing import ABSENT, ALONG, HIDDEN_AXES, LENGTHS, NO_SCALE, REFUSALS, REFUSED_KINDS
from mmrs_builder.verify.retell import Changed, Told, pictured, rebound, spoken
from mmrs_builder.vocab import VALUES

COUNTS: Final = ("1", "2", "3")
LENGTH: Final = "12.5"  # as good a number as any


def refuse_answerable(told: Told, rng: np.random.Generator) -> Changed:
    """A value and its answer replaced by a reason why there is none."""
    question = told.question
    if question.kind not in REFUSED_KINDS or (question.kind == "segment" and not question.value):
        return None
    item = _refused(told, _suited(told, rng), rng)
    if item is None:
        return None
    return {**item, "pair_kind": NEGATIVE, "pair_id": question.pair_id or question.question_id}


def answer_refusal(told: Told, rng: np.random.Generator) -> Changed:
    """A value and an answer in the place of a refusal."""
    value = _invented(told, rng) if told.is_refused and not told.has_own_words else None
    if value is None:
        return None
    family, question = told.reading.family, told.question
    anew = pictured(told)
    pairs = render.wordings(family, question.kind, claims=False)
    stated = next(stated for asked, stated in pairs if asked == told.asked)
    item = {**told.item, "value": value, "unit": family.unit, "tolerance": allowed(family, value)}
    if question.kind == "number":
        item["answer"] = value + ("" if family.unit is None else f" {told.language.units[family.unit]}")
    else:
        phrase = spoken(told, value, render.value_phrase(told.language, told.reading.kind, value))
        item["answer"] = anew.fill(stated, told.reading.labels, phrase)
    if question.kind == "segment":
        item["target"] = [int(value)]
    return {**item, **_named(anew, stated)}


def wrong_reason(told: Told, rng: np.random.Generator) -> Changed:
    """Another reason than the one there is."""
    if not told.is_refused or not _outermost(told):
        return None
    reasons = [reason for reason in REFUSALS if reason != told.reading.refusal and told.language.refusals.get(reason)]
    return _refused(told, reasons[int(rng.integers(len(reasons)))], rng) if reasons else None


def wrong_absentee(told: Told, rng: np.random.Generator) -> Changed:
    """Said to be absent is what the view shows."""
    shown = sorted(label for label in told.reading.labels.values() if label not in told.view.absent)
    if told.reading.refusal != ABSENT or not shown:
        return None
    answer = told.fill(told.stated, {"A": shown[int(rng.integers(len(shown)))]})
    return {**told.item, "answer": answer} if answer != told.question.answer else None


def _suited(told: Told, rng: np.random.Generator) -> str:
    """A reason that a program of this kind could have, were it another view."""
    names = {name for name, _ in grammar.calls_of(grammar.parse(told.question.program))}
    axes = {ALONG[name] for name in names if name in ALONG}
    reasons = [ABSENT, *(reason for reason, axis in HIDDEN_AXES.items() if axis in axes)]
    if names & set(LENGTHS):
        reasons.append(NO_SCALE)
    return reasons[int(rng.integers(len(reasons)))]


def _refused(told: Told, reason: str, rng: np.random.Generator) -> dict[str, Any] | None:
    """The question refused for a reason, of some label where one is absent. ``None`` without words for it."""
    labels = sorted(told.reading.labels.values())
    absent = {"A": labels[int(rng.integers(len(labels)))]} if reason == ABSENT else {}
    wordings, anew = told.language.refusals.get(reason, ()), pictured(told)
    if not wordings or told.has_own_words:
        return None
    wording = wordings[int(rng.integers(len(wordings)))]
    item = {**told.item, "value": reason, "unit": None, "tolerance": None, "margin": 1.0}
    item["answer"] = anew.fill(wording, absent)
    return {**item, **_named(anew, wording)}


def _named(told: Told, stated: str) -> dict[str, Any]:
    """Template id of a question with another answer wording, and the picture's binding where one speaks of it."""
    bindings = rebound(told, told.reading.labels, told.asked + stated)
    identity = render.template_id(told.reading.family, told.question.kind, told.asked, stated)
    return {"template_id": identity, "bindings": bindings}


def _outermost(told: Told) -> bool:
    """Whether a program asks one thing of references: then a label is absent or all arguments have a value."""
    names = [name for name, _ in grammar.calls_of(grammar.parse(told.question.program))]
    return not {*ALONG, *LENGTHS} & set(names[1:])


def _invented(told: Told, rng: np.random.Generator) -> str | None:
    """Some value of the program's type."""
    kind = told.reading.kind
    if kind in ("One", "Set"):
        return str(int(rng.integers(len(told.view.structures)))) if told.view.structures else None
    tokens = VALUES.get(kind) or (COUNTS if kind == "Count" else (LENGTH,))
    return tokens[int(rng.integers(len(tokens)))]
