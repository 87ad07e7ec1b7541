"""One question against its family, the masks and the wordings: every field derived again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmrs_builder.types import Question
from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.language import Family, Language, Name, allowed
from mmrs_builder.verify.naming import Naming, check_bindings, check_image, read_naming
from mmrs_builder.verify.options import check_choices
from mmrs_builder.verify.reading import Reading, read_program, worded
from mmrs_builder.verify.refusing import ABSENT, REFUSALS, REFUSED_KINDS, absent_label, refuse
from mmrs_builder.verify.rows import StoredView
from mmrs_builder.verify.values import NoValue, One, Result, Value, indices, value_text
from mmrs_builder.vocab import KINDS

MARGIN_TOLERANCE: Final = 1e-9
PAIR_KINDS: Final = (None, "opposite", "same", "other_frame", "negative")
TEXT_SOURCES: Final = ("template", "bank", "row")


def check_question(question: Question, view: StoredView, board: Board | None, language: Language) -> Iterator[Finding]:
    """All findings on one question of a view; without masks (``board`` is None) those that need none: program, id,
    frame, wording, and the question's text."""
    family = language.families.get(question.family)
    if family is None:
        yield "family", f"{question.family} is unknown"
        return
    yield from _check_plain(question, view, family)
    try:
        reading, naming, findings = _read(question, view, family, language)
        yield from findings
        if board is None:
            yield from _check_words(question, reading, naming, language)
            return
        yield from check_bindings(question, reading.labels, naming, view, board, language)
        value, margin = _derive(question, reading, view, board)
        yield from _check_value(question, reading, value, margin)
        yield from _check_target(question, reading, value, board)
        yield from _check_text(question, reading, naming, value, board, language)
    except (grammar.BadProgram, RecursionError) as error:
        yield "program", str(error)
    except NoValue as error:
        yield "value", f"none: {error}"
    except render.NoTerm as error:
        yield "terms", f"{error.args[0]}"


def _read(
    question: Question, view: StoredView, family: Family, language: Language
) -> tuple[Reading, Naming, list[Finding]]:
    """Program and names of a question, and what is wrong with them. Raises ``BadProgram``, ``NoTerm``."""
    reading = read_program(question, family)
    findings = [*_check_frame(question, view, reading), *_check_identity(question, view, reading)]
    naming = read_naming(question, reading.labels, language)
    return reading, naming, [*findings, *_check_slots(reading, language)]


def _check_plain(question: Question, view: StoredView, family: Family) -> Iterator[Finding]:
    if question.kind not in KINDS or question.kind not in family.kinds:
        yield "kind", f"{family.id} does not offer {question.kind}"
    if question.min_margin != family.min_margin:
        yield "min_margin", f"{question.min_margin}, the family's is {family.min_margin}"
    yield from _check_answered(question, family)
    if question.frame != family.frame or question.frame not in grammar.FRAMES:
        yield "frame", f"{question.frame}, the family's is {family.frame}"
    if question.prior_bound and view.split == "test":
        yield "prior_bound", "in the test split"
    if question.pair_kind not in PAIR_KINDS or (question.pair_id is None) != (question.pair_kind is None):
        yield "provenance", f"pair {question.pair_id}, {question.pair_kind}"
    if question.text_source not in TEXT_SOURCES:
        yield "provenance", f"text source {question.text_source}"


def _check_answered(question: Question, family: Family) -> Iterator[Finding]:
    """What a question has only where it is answered, and only where it is refused."""
    derived: tuple[str | None, float | None] = family.unit, allowed(family, question.value)
    if question.value in REFUSALS:
        derived = None, None
        if question.kind not in REFUSED_KINDS:
            yield "kind", f"{question.kind} is not refused"
        if question.pair_kind != "negative":
            yield "pair", "a refusal without its positive"
    if (question.unit, question.tolerance) != derived:
        yield "unit", f"{question.unit}, {question.tolerance}; derived are {', '.join(map(str, derived))}"


def _check_frame(question: Question, view: StoredView, reading: Reading) -> Iterator[Finding]:
    """The frame is that of the program's words; the patient's is known and was not turned with the picture."""
    spoken = grammar.frames_of(grammar.parse(reading.family.program, slots=True))
    if not spoken <= {question.frame}:
        yield "frame", f"{question.frame}, the program speaks of the frame of {' and '.join(sorted(spoken))}"
    if question.frame != "patient" and "patient" not in spoken:
        return
    if view.direction is None or view.evidence is None:
        yield "frame", "patient frame on a view without direction or evidence"
    if view.transform is not None:
        yield "frame", f"patient frame on a view made by {view.transform}"


def _check_identity(question: Question, view: StoredView, reading: Reading) -> Iterator[Finding]:
    if question.question_id != render.question_id(view.view_id, question.kind, question.program):
        yield "question_id", "does not follow from view, kind and program"
    hops = grammar.steps(grammar.parse(reading.family.program, slots=True))
    if question.difficulty != hops:
        yield "difficulty", f"{question.difficulty}, the program has {hops}"


def _check_slots(reading: Reading, language: Language) -> Iterator[Finding]:
    labels, family = reading.labels, reading.family
    if len(set(labels.values())) != len(labels):
        yield "bindings", "two slots share a label"
    if family.symmetric and [labels[slot] for slot in sorted(labels)] != sorted(labels.values()):
        yield "bindings", "slots of a symmetric family are not in sorted order"
    pair = [labels[slot] for slot in family.unordered if slot in labels]
    if pair != sorted(pair):
        yield "bindings", f"slots {', '.join(family.unordered)} are not in sorted order"
    for slot, role in family.where.items():
        if slot in labels and language.labels[labels[slot]].role != role:
            yield "bindings", f"slot {slot} must be a {role}"


def _derive(question: Question, reading: Reading, view: StoredView, board: Board) -> Result:
    """Value and margin, of a refusal its reason and margin. Raises ``NoValue``."""
    if reading.refusal is None:
        return evaluate(question.program, board)
    return refuse(reading.refusal, question.program, board, scaled=view.spacing is not None)


def _check_value(question: Question, reading: Reading, value: Value, margin: float) -> Iterator[Finding]:
    if question.value != value_text(value):
        yield "value", f"{question.value!r}, derived {value_text(value)!r}"
    if not abs(question.margin - margin) <= MARGIN_TOLERANCE:
        yield "margin", f"{question.margin}, derived {margin}"
    if margin < reading.family.min_margin - MARGIN_TOLERANCE:
        yield "margin", f"{margin} is below the minimum {reading.family.min_margin}"


def _check_target(question: Question, reading: Reading, value: Value, board: Board) -> Iterator[Finding]:
    """A family's target, else for kind ``segment`` the program itself."""
    family = reading.family
    program = None if family.target is None else grammar.close(family.target, reading.labels)
    if program is None and question.kind == "segment":
        program = question.program
    if question.target_program != program:
        yield "target", f"program {question.target_program!r}, expected {program!r}"
    try:
        derived = None if program is None else indices(evaluate(program, board)[0])
    except NoValue as error:
        if reading.refusal is None:
            yield "target", f"none: {error}"
            return
        derived = ()
    if program is not None and derived is None:
        yield "target", "the target program does not name structures"
    if question.kind == "segment" and reading.refusal is None:
        if derived != indices(value):
            yield "target", "the target of a segmentation is not the program's value"
        if derived == ():
            yield "target", "a segmentation of nothing is not asked"
    if question.target != derived:
        yield "target", f"{question.target}, derived {derived}"


def _spoken(reading: Reading, naming: Naming, value: Value, board: Board, language: Language) -> str:
    """What stands for ``{value}``: the claimed token in a claim, else the value."""
    if reading.claim is not None:
        return render.value_phrase(language, reading.kind, reading.claim)
    if isinstance(value, One):
        return naming.the(language, board.labels[value.index])
    return render.value_phrase(language, reading.kind, value_text(value))


def _refused_slots(question: Question, naming: Naming, board: Board, language: Language) -> dict[str, Name]:
    """What a refusal speaks of: in its wording, A is the absent label, whatever slot that label fills."""
    if question.value != ABSENT:
        return {}
    return {"A": naming.name(language, absent_label(question.program, board))}


def _check_words(question: Question, reading: Reading, naming: Naming, language: Language) -> Iterator[Finding]:
    """What is asked, where no mask is there to tell what is to be answered."""
    wording = worded(question, reading, language)
    yield from _check_wording(question, reading, wording, language)
    if wording is not None:
        claimed = None if reading.claim is None else render.value_phrase(language, reading.kind, reading.claim)
        yield from _check_asked(question, reading, naming, wording[0], claimed, language)


def _check_wording(
    question: Question, reading: Reading, wording: tuple[str, str] | None, language: Language
) -> Iterator[Finding]:
    if wording is None:
        yield "template", f"{question.template_id} is no wording of {reading.family.id}"
        return
    source = "bank" if {*wording} & {*reading.family.bank} else "template"
    source = "row" if question.template_id in language.rows else source
    if question.text_source != source:
        yield "provenance", f"text source {question.text_source}, its wording is of the {source}"
    yield from check_image(question, reading.labels, *wording)


def _check_asked(
    question: Question, reading: Reading, naming: Naming, asked: str, spoken: str | None, language: Language
) -> Iterator[Finding]:
    slots = naming.slots(reading.labels)
    text = render.fill(asked, language=language, slots=slots, image=naming.image, value=spoken)
    if question.question != text:
        yield "question", f"{question.question!r}, rendered {text!r}"


def _check_text(
    question: Question, reading: Reading, naming: Naming, value: Value, board: Board, language: Language
) -> Iterator[Finding]:
    wording = worded(question, reading, language)
    yield from _check_wording(question, reading, wording, language)
    if wording is None:
        return
    asked, stated = wording
    speaks = reading.refusal is None and "{value}" in asked + stated
    spoken = _spoken(reading, naming, value, board, language) if speaks else None
    yield from _check_asked(question, reading, naming, asked, spoken, language)
    if question.kind == "choice":
        yield from check_choices(question, reading, naming, value, asked, board, language)
        return
    if question.choices is not None or question.answer_index is not None:
        yield "choices", f"options on a question of kind {question.kind}"
    refused = reading.refusal is not None
    slots = _refused_slots(question, naming, board, language) if refused else naming.slots(reading.labels)
    if refused or question.kind in ("open", "segment"):
        answer = render.fill(stated, language=language, slots=slots, image=naming.image, value=spoken)
    else:
        answer = _answer(question, reading, value, language)
    if question.answer != answer:
        yield "answer", f"{question.answer!r}, rendered {answer!r}"


def _answer(question: Question, reading: Reading, value: Value, language: Language) -> str:
    """Answer that is no sentence: a word, or a number with its unit."""
    if question.kind == "yes_no":
        word = "yes" if value is True else "no"
        if word not in language.words:
            raise render.NoTerm(f"word {word}")
        return language.words[word]
    unit = reading.family.unit
    if unit is not None and unit not in language.units:
        raise render.NoTerm(f"unit {unit}")
    return value_text(value) + ("" if unit is None else f" {language.units[unit]}")
