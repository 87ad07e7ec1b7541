"""Asking another program with the answer kept: in the words of the family that asks it, or in the old ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.reading import Reading, read_program
from mmrs_builder.verify.retell import Changed, Told, pictured, rebound, reworded, spoken


def with_program(told: Told, closed: str) -> dict[str, Any]:
    """The question with another program, under the same family and in the same words."""
    item = dict(told.item)
    if item["target_program"] == item["program"]:
        item["target_program"] = closed
    item["program"] = closed
    item["question_id"] = render.question_id(told.view.view_id, told.question.kind, closed)
    return item


def in_other_words(told: Told, closed: str) -> Changed:
    """The question with another program, as a family of the language asks it. ``None`` where no family does."""
    kind, value = told.question.kind, told.question.value
    for reading, asked, stated in _askings(told, closed):
        family, labels = reading.family, reading.labels
        anew = replace(pictured(told), reading=reading, asked=asked, stated=stated)
        item = reworded(anew, labels, reading.claim) | {
            "family": family.id,
            "template_id": render.template_id(family, kind, asked, stated),
            "frame": family.frame,
            "min_margin": family.min_margin,
            "difficulty": grammar.steps(grammar.parse(family.program, slots=True)),
        }
        if stated:
            text = spoken(anew, value, render.value_phrase(told.language, reading.kind, value))
            item["answer"] = anew.fill(stated, labels, text)
        item["bindings"] = rebound(replace(anew, reading=told.reading), labels, asked + stated)
        return item | _target(told, reading, closed)
    return None


def _askings(told: Told, closed: str) -> Iterator[tuple[Reading, str, str]]:
    """The families that ask a program, each with its first wordings."""
    question = replace(told.question, program=closed)
    for family in told.language.families.values():
        try:
            reading = read_program(question, family)
        except grammar.BadProgram:
            continue
        if question.kind in family.kinds and _fits(reading, told.language):
            for asked, stated in render.wordings(family, question.kind, claims=reading.claim is not None):
                yield reading, asked, stated
                break


def _fits(reading: Reading, language: Language) -> bool:
    """Whether a family takes the labels in these slots."""
    family, labels = reading.family, reading.labels
    bound = [labels[slot] for slot in (sorted(labels) if family.symmetric else family.unordered)]
    roles = {slot: language.labels[label].role for slot, label in labels.items()}
    return bound == sorted(bound) and all(roles.get(slot) == role for slot, role in family.where.items())


def _target(told: Told, reading: Reading, closed: str) -> dict[str, Any]:
    """The other family's target program beside the old target."""
    if reading.family.target is not None:
        program = grammar.close(reading.family.target, reading.labels)
        return {"target_program": program, "target": told.item["target"]}
    kept = told.question.kind == "segment"
    return {"target_program": closed if kept else None, "target": told.item["target"] if kept else None}
