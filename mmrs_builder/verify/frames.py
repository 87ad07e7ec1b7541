"""The same fact in both frames: pairs of questions of one view (``docs/language.md`` section 7b)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

from mmrs_builder.types import Question, Vector
from mmrs_builder.verify import grammar
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.grid import sound_direction
from mmrs_builder.verify.language import Family, Language
from mmrs_builder.verify.patient import VISIBLE, L, P, S
from mmrs_builder.verify.reading import read_program
from mmrs_builder.verify.rows import StoredView

OTHER_FRAME: Final = "other_frame"
AXES: Final = {"lateral": L, "anteroposterior": P, "craniocaudal": S}
VIEWER: Final = ("horizontal", "vertical")  # in the order of a family's counterparts
KINDS: Final = ("open", "choice")
AHEAD: Final = ("right", "below")  # where pixels are counted to
GROWING: Final = ("left", "posterior", "superior")  # where L, P and S grow


def axis_of(family: Family) -> int | None:
    """Patient axis of the one call that the viewer's frame could put otherwise. Raises ``grammar.BadProgram``."""
    calls = grammar.calls_of(grammar.parse(family.program, slots=True))
    found = [AXES[name] for name, _ in calls if name in AXES]
    return found[0] if len(found) == 1 else None


def in_viewer(program: str, relation: str) -> str:
    """A program with ``horizontal`` or ``vertical`` in place of its patient's call. Raises ``grammar.BadProgram``."""
    tree = grammar.parsed_anew(program, slots=True)
    for name, call in grammar.calls_of(tree):
        if name in AXES:
            call.func = ast.Name(relation)
    return grammar.text_of(tree)


def check_other_frames(view: StoredView, language: Language) -> Iterator[Finding]:
    """Every pair of a view that tells one fact in both frames."""
    pairs: dict[str, list[Question]] = {}
    for question in view.questions:
        if question.pair_kind == OTHER_FRAME and question.pair_id is not None:
            pairs.setdefault(question.pair_id, []).append(question)
    for pair_id, questions in pairs.items():
        try:
            yield from (("pair", f"{pair_id}: {text}") for text in _check_pair(questions, view, language))
        except (grammar.BadProgram, RecursionError) as error:
            yield "pair", f"{pair_id}: {error}"


def _check_pair(questions: Sequence[Question], view: StoredView, language: Language) -> Iterator[str]:
    if len(questions) != 2:
        yield f"{len(questions)} questions of the view instead of two"
        return
    kinds = {question.kind for question in questions}
    if len(kinds) != 1 or not kinds <= set(KINDS):
        yield f"kinds {', '.join(sorted(kinds))}"
    families = language.families
    for patient, viewer in permutations(questions):
        family, counterpart = families.get(patient.family), families.get(viewer.family)
        if family is not None and counterpart is not None and counterpart.id in family.other_frame:
            yield from _check_families(patient, family, viewer, counterpart, sound_direction(view))
            return
    yield f"{' and '.join(question.family for question in questions)} are no counterparts"


def _check_families(
    patient: Question,
    family: Family,
    viewer: Question,
    counterpart: Family,
    direction: tuple[Vector, Vector] | None,
) -> Iterator[str]:
    axis = axis_of(family)
    if axis is None or direction is None:
        yield "nothing of the patient's frame to put otherwise"
        return
    down, right = direction[0][axis], direction[1][axis]
    # in the order of VIEWER
    lying = [place for place, step in enumerate((right, down)) if abs(step) >= VISIBLE]
    if not lying or family.other_frame[lying[0] : lying[0] + 1] != (counterpart.id,):
        yield f"{counterpart.id} is not how {family.id} looks in this view"
        return
    if in_viewer(patient.program, VIEWER[lying[0]]) != viewer.program:
        yield "the programs differ in more than the frame"
    if read_program(patient, family).labels != read_program(viewer, counterpart).labels:
        yield "the labels stand in other slots"
    grows_ahead = (right, down)[lying[0]] > 0
    if (viewer.value in AHEAD) != ((patient.value in GROWING) == grows_ahead):
        yield f"{patient.value} of the patient is not {viewer.value} in this view"
