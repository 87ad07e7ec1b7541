"""One view row against itself: pictures, structures, questions. No file is opened here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mmrs_builder import digests
from mmrs_builder.types import Question
from mmrs_builder.verify import anatomy, pictures
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.asked import check_question
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.frames import check_other_frames
from mmrs_builder.verify.grid import check_grid, sound_direction, sound_spacing
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.measure import Shape, measure
from mmrs_builder.verify.report import Fault, Tally
from mmrs_builder.verify.rows import Malformed, Row, StoredView, read_view
from mmrs_builder.verify.twins import check_twin

BLIND: Final = frozenset({"family", "kind", "program"})  # codes after which nothing of a question is derived
UNDERIVED: Final = {
    "values": BLIND | {"value", "bindings", "terms"},
    "targets": BLIND | {"value", "target", "terms"},
    "question_texts": BLIND | {"value", "template", "terms", "question"},
    "answer_texts": BLIND | {"value", "template", "terms", "answer", "choices"},
}
"""Fault codes that keep a question from counting as derived again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewReport:
    """Faults and counts of one view."""

    faults: tuple[Fault, ...]
    tally: Tally


def check_view(row: Row, language: Language, *, recipe: bool = False) -> ViewReport:
    """Everything a view row says, derived again from its own picture and masks.

    A row of a ``recipe`` may lack the picture, or picture and masks: what needs them is not looked at, and counted.
    """
    view_id = str(row.get("view_id"))
    try:
        view = read_view(row)
    except Malformed as error:
        return ViewReport(faults=(Fault(code="row", where=view_id, detail=str(error)),), tally=Tally(views=1))
    lacking = [name for name, found in (("image", view.image), ("masks", view.masks)) if found is None]
    if lacking and (not recipe or lacking == ["masks"]):
        detail = f"null: {', '.join(lacking)}"
        return ViewReport(faults=(Fault(code="row", where=view_id, detail=detail),), tally=Tally(views=1))
    if view.masks is None:
        return _unmasked(view, language)
    shapes, findings = _shapes(view, view.masks)
    findings += [*_check_picture(view, view.masks), *check_grid(view)]
    findings += _check_structures(view, view.masks, shapes, language)
    faults = [Fault(code=code, where=view_id, detail=detail) for code, detail in findings]
    tally = Tally(
        views=1,
        structures=len(view.structures),
        masks=len(view.masks),
        views_without_picture=int(view.image is None),
    )
    if shapes is None or len(shapes) != len(view.structures):
        return ViewReport(faults=tuple(faults), tally=tally)
    faults += [Fault(code=code, where=view_id, detail=detail) for code, detail in check_twin(view, shapes, language)]
    asked, counted = _check_questions(view, shapes, language)
    return ViewReport(faults=(*faults, *asked), tally=tally + counted)


def _unmasked(view: StoredView, language: Language) -> ViewReport:
    """What a view without masks says in words, as far as words and programs alone can tell."""
    findings = [(view.view_id, *finding) for finding in (*check_grid(view), *anatomy.check_absent(view))]
    seen = set[str]()
    for question in view.questions:
        where = f"{view.view_id}/{question.question_id}"
        findings += [(where, *finding) for finding in check_question(question, view, None, language)]
        if question.question_id in seen:
            findings.append((where, "question_id", "occurs twice in the view"))
        seen.add(question.question_id)
    faults = tuple(Fault(code=code, where=where, detail=detail) for where, code, detail in findings)
    tally = Tally(views=1, questions=len(view.questions), views_without_picture=1, views_without_masks=1)
    return ViewReport(faults=faults, tally=tally)


def _shapes(view: StoredView, stored: Sequence[bytes]) -> tuple[list[Shape] | None, list[Finding]]:
    """Measured masks, or the findings why there are none."""
    try:
        masks = [pictures.read_mask(data, view.width, view.height) for data in stored]
        return [measure(mask) for mask in masks], []
    except pictures.BadPicture as error:
        return None, [(error.code, str(error))]
    except ValueError as error:
        return None, [("mask", str(error))]


def _check_picture(view: StoredView, masks: Sequence[bytes]) -> Iterator[Finding]:
    for data in masks if view.image is None else (view.image, *masks):
        for name in pictures.metadata(data):
            yield "metadata", name
    if view.image is None:
        return
    if digests.sha256(view.image) != view.image_sha256:
        yield "image_sha256", "differs from the stored bytes"
    try:
        pixels = pictures.read_pixels(view.image)
    except pictures.BadPicture as error:
        yield error.code, str(error)
        return
    if pixels.shape[:2] != (view.height, view.width):
        yield "size", f"{view.width} x {view.height}, the picture is {pixels.shape[1]} x {pixels.shape[0]}"
    if digests.pixels_sha256(pixels) != view.pixels_sha256:
        yield "pixels_sha256", "differs from the decoded picture"


def _check_structures(
    view: StoredView, masks: Sequence[bytes], shapes: list[Shape] | None, language: Language
) -> Iterator[Finding]:
    if len(masks) != len(view.structures):
        yield "mask_count", f"{len(masks)} masks, {len(view.structures)} structures"
    yield from anatomy.check_absent(view)
    for stored in view.structures:
        yield from anatomy.check_label(stored, language)
    if shapes is None or len(shapes) != len(view.structures):
        return
    for index, (stored, shape) in enumerate(zip(view.structures, shapes, strict=True)):
        for code, detail in anatomy.check_measurements(stored, shape):
            yield code, f"structure {index}: {detail}"
    yield from anatomy.check_parts(view.structures, [shape.mask for shape in shapes])


def boarded(view: StoredView, shapes: Sequence[Shape], language: Language) -> Board:
    """A view as its programs see it, with a shape for each of its structures."""
    return Board(
        width=view.width,
        height=view.height,
        shapes=shapes,
        labels=[stored.label for stored in view.structures],
        parts=[stored.part for stored in view.structures],
        absent=view.absent,
        sides=[stored.side for stored in view.structures],
        partners={label: term.partner for label, term in language.labels.items()},
        direction=sound_direction(view),
        spacing=sound_spacing(view),
    )


def _check_questions(view: StoredView, shapes: list[Shape], language: Language) -> tuple[list[Fault], Tally]:
    board = boarded(view, shapes, language)
    faults, tally, seen = [], Tally(), set[str]()
    for question in view.questions:
        findings = list(check_question(question, view, board, language))
        if question.question_id in seen:
            findings.append(("question_id", "occurs twice in the view"))
        seen.add(question.question_id)
        where = f"{view.view_id}/{question.question_id}"
        faults += [Fault(code=code, where=where, detail=detail) for code, detail in findings]
        tally += _count(question, {code for code, _ in findings})
    paired = check_other_frames(view, language)
    faults += [Fault(code=code, where=view.view_id, detail=detail) for code, detail in paired]
    return faults, tally


def _count(question: Question, codes: set[str]) -> Tally:
    derived = {name: int(not codes & blocking) for name, blocking in UNDERIVED.items()}
    return Tally(questions=1, **{**derived, "targets": derived["targets"] * (question.target is not None)})
