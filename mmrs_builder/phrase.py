"""Words for a selected question: a keyed choice among the family's wordings."""

from __future__ import annotations

from typing import cast

from mmrs_builder import programs
from mmrs_builder.digests import keyed, sha256
from mmrs_builder.questions import is_claim
from mmrs_builder.select import Selected
from mmrs_builder.structures import units
from mmrs_builder.templates import Family, Language, label_text, render, template_id, value_text
from mmrs_builder.types import Binding, Frame, Question, Scene


def phrase(selected: Selected, scene: Scene, language: Language, seed: int) -> Question:
    """The finished question. Members of a yes/no pair get the same words."""
    c = selected.candidate
    family = next(family for family in language.families if family.id == c.family)
    value_type = programs.value_type(family.program)
    claim = is_claim(c.kind, value_type)
    program = programs.claim(c.program, str(selected.claim)) if claim else c.program
    slots = dict(zip(programs.slots(family.program), c.labels, strict=True))
    identity = sha256(f"{c.view_id}\n{c.kind}\n{program}".encode())[:16]
    wording = _pick(family.claim if claim else family.question, seed, "question", selected.pair_id or identity)
    statement = _pick(family.statement, seed, "statement", identity) if c.kind in ("open", "segment") else ""
    shown = selected.claim if claim else c.token
    value = ("true" if selected.claim == c.token else "false") if claim else c.token
    choices = tuple(_option(token, value_type, language) for token in selected.choices or ())
    return Question(
        question_id=identity,
        question=render(wording, language, slots, shown if claim else None, value_type),
        answer=_answer(selected, family, statement, slots, value, value_type, choices, language),
        kind=c.kind,
        choices=choices or None,
        answer_index=selected.answer_index,
        value=value,
        unit=family.unit if c.kind == "number" else None,
        tolerance=_tolerance(family, c.token) if c.kind == "number" else None,
        family=c.family,
        template_id=template_id(c.family, c.kind, wording, statement),
        program=program,
        target_program=c.target_program,
        target=c.target,
        bindings=tuple(
            Binding(slot=slot, text=label_text(language, label), structures=units(scene.structures, label))
            for slot, label in slots.items()
        ),
        frame=cast(Frame, family.frame),
        margin=c.margin,
        min_margin=family.min_margin,
        pair_id=selected.pair_id,
        pair_kind="opposite" if selected.pair_id else None,
        prior_bound=selected.prior_bound,
        balanced=not selected.prior_bound,
        difficulty=programs.hops(family.program),
    )


def _tolerance(family: Family, token: str) -> float | None:
    """How far a number may be off: a part of the value, at least the step of its last decimal."""
    return None if family.tolerance is None else max(0.1, round(family.tolerance * float(token), 1))


def _pick(wordings: tuple[str, ...], *key: object) -> str:
    return wordings[keyed(*key) % len(wordings)]


def _option(token: str, value_type: str, language: Language) -> str:
    return label_text(language, token) if value_type == "One" else value_text(language, token, value_type)


def _answer(
    selected: Selected,
    family: Family,
    statement: str,
    slots: dict[str, str],
    value: str,
    value_type: str,
    choices: tuple[str, ...],
    language: Language,
) -> str:
    words = language.terms.words
    match selected.candidate.kind:
        case "choice":
            return choices[selected.answer_index or 0]
        case "yes_no":
            return words["yes" if value == "true" else "no"]
        case "number":
            return f"{value} {language.terms.units[family.unit]}" if family.unit else value
    return render(statement, language, slots, value if "{value}" in statement else None, value_type)
