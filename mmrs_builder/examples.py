"""What a question family asks, shown on a generated picture: the question, its answer, and its program step by step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from mmrs_builder import programs, sources
from mmrs_builder.evaluate import Measured, NoValue, evaluate, measured
from mmrs_builder.language import Family, Language
from mmrs_builder.naming import vocabulary
from mmrs_builder.phrase import phrase
from mmrs_builder.questions import Candidate, candidates, indices, value_text
from mmrs_builder.select import Selected, select
from mmrs_builder.structures import scene
from mmrs_builder.types import CaseRef, Mask, Pixels, Question, Source

PHANTOMS: Final = {"count": "180", "volumes": "4"}
"""Among so many generated pictures every family finds one to be asked about."""

ENOUGH: Final = 12
"""Pictures out of which one is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call of a program, its value in words, and the structures that it names."""

    program: str
    value: str
    structures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture (H, W) or (H, W, 3), its masks (H, W), the question about it, and what each part of its program gives.

    ``shown`` are the structures of the answer's mask.
    """

    family: str
    pixels: Pixels
    masks: tuple[Mask, ...]
    names: tuple[str, ...]
    question: Question
    steps: tuple[Step, ...]
    shown: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """A generated picture and what was measured in it."""

    pixels: Pixels
    masks: tuple[Mask, ...]
    on: Measured


def example(family: Family, language: Language) -> Example | None:
    """The clearest question that a build of generated pictures would ask of the family; None if there is none."""
    labels = {name: label for name, (label, _) in language.terms.labels.items()}
    met: dict[str, Phantom] = {}
    found: list[Selected] = []
    for phantom in phantoms():
        decided = [item for item in candidates(phantom.on, (family,), labels) if isinstance(item, Candidate)]
        found += [Selected(candidate=item, source="phantom", split="train") for item in decided]
        met |= {phantom.on.scene.view_id: phantom} if decided else {}
        if len(met) == ENOUGH:
            break
    asked, _ = select(found, (family,), seed=0, per_view=1, max_rows=None)
    if not asked:
        return None
    best = max(asked, key=lambda item: (item.candidate.kind in ("open", "segment"), item.candidate.margin))
    return _worked(best, language, met[best.candidate.view_id])


def phantoms() -> Iterator[Phantom]:
    """Generated pictures with their masks, measured, one after the other; each is drawn once, when it is looked at."""
    for ref in _generated().index(Path()):
        if isinstance(ref, CaseRef):
            yield from _measured(ref)


@cache
def _generated() -> Source:
    return sources.find("phantom", PHANTOMS)


@cache
def _measured(ref: CaseRef) -> tuple[Phantom, ...]:
    labels = vocabulary()
    found = []
    for view in _generated().load(ref).views:
        measured_scene, masks = scene(view, "phantom", ref.modality, labels, exhaustive=True)
        found.append(Phantom(pixels=view.picture.pixels, masks=masks, on=measured(measured_scene, labels)))
    return tuple(found)


def steps(program: str, on: Measured) -> tuple[Step, ...]:
    """Each call of a closed program from the inside out, and its value: structures by their numbers, from 1."""
    spelled = dict.fromkeys(programs.text_of(node) for node in calls(programs.parse(program)))
    return tuple(_step(text, on) for text in spelled)


def _step(program: str, on: Measured) -> Step:
    try:
        outcome = evaluate(program, on)
    except NoValue as missing:  # a part that has no value by itself, of a whole that has one
        return Step(program=program, value=f"no value: {missing.reason}")
    if programs.value_type(program) in ("One", "Set"):
        found = indices(outcome)
        numbers = ", ".join(str(i + 1) for i in found)
        return Step(program=program, value=f"structure {numbers}" if found else "none", structures=found)
    return Step(program=program, value=f"{value_text(outcome)} (margin {outcome.margin:.2f})")


def calls(node: ast.expr) -> Iterator[ast.expr]:
    """The calls and comparisons of a program, from the inside out."""
    children: list[ast.expr] = []
    if isinstance(node, ast.Call):
        children = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Compare):
        children = [node.left]
    for child in children:
        yield from calls(child)
    if isinstance(node, ast.Call | ast.Compare):
        yield node


def _worked(chosen: Selected, language: Language, phantom: Phantom) -> Example:
    named = chosen.candidate.target
    return Example(
        family=chosen.candidate.family,
        pixels=phantom.pixels,
        masks=phantom.masks,
        names=tuple(s.label for s in phantom.on.scene.structures),
        question=phrase(chosen, phantom.on.scene, language, 0),
        steps=steps(chosen.candidate.program, phantom.on),
        shown=named or (),
    )
