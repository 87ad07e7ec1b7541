"""Telling a question in other words: its texts rendered for another value, other labels, another claim or name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from mmrs_builder.types import Question
from mmrs_builder.verify import grammar, render
from mmrs_builder.verify.language import Language, allowed
from mmrs_builder.verify.naming import IMAGE, Naming, read_naming
from mmrs_builder.verify.reading import Reading, read_program, worded
from mmrs_builder.verify.rows import Row, StoredView, read_view

Changed: TypeAlias = dict[str, Any] | None  # a changed question or row, or nothing to change


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sound question of a view with all that is needed to tell it otherwise. ``item`` is its row item."""

    view: StoredView
    index: int
    item: Mapping[str, Any]
    question: Question
    reading: Reading
    naming: Naming
    asked: str
    stated: str
    language: Language

    @property
    def is_claim(self) -> bool:
        """Whether the question is a claim about a token."""
        return self.reading.claim is not None

    @property
    def is_refused(self) -> bool:
        """Whether the answer says why there is none."""
        return self.reading.refusal is not None

    @property
    def has_own_words(self) -> bool:
        """Whether a wording was made for this row: there is no other to put in its place."""
        return self.question.template_id in self.language.rows

    def fill(self, wording: str, labels: Mapping[str, str], value: str | None = None) -> str:
        """A wording with labels by slot, in the names that the question uses."""
        slots = {slot: self.naming.name(self.language, label) for slot, label in labels.items()}
        return render.fill(wording, language=self.language, slots=slots, image=self.naming.image, value=value)


def told(row: Row, language: Language) -> list[Told]:
    """The questions of a view that verified without a fault."""
    view = read_view(row)
    found = []
    for index, question in enumerate(view.questions):
        reading = read_program(question, language.families[question.family])
        wording = worded(question, reading, language)
        if wording is None:
            raise ValueError(f"{question.question_id}: no wording")
        found.append(
            Told(
                view=view, index=index, item=row["qa"][index], question=question, reading=reading,
                naming=read_naming(question, reading.labels, language),
                asked=wording[0], stated=wording[1], language=language,
            )
        )  # fmt: skip
    return found


def with_value(told: Told, value: str) -> dict[str, Any]:
    """The question with another value, its answer and its options changed to agree."""
    item, question, language = dict(told.item), told.question, told.language
    item["value"] = value
    match question.kind:
        case "yes_no":
            item["answer"] = language.words["yes" if value == "true" else "no"]
        case "choice":
            item |= _other_choice(told, value)
        case "number":
            item["answer"] = question.answer.replace(question.value, value, 1)
            item["tolerance"] = allowed(language.families[question.family], value)
        case "open":
            text = spoken(told, value, render.value_phrase(language, told.reading.kind, value))
            item["answer"] = told.fill(told.stated, told.reading.labels, text)
    return item


def spoken(told: Told, value: str, token_text: str) -> str:
    """What stands for ``{value}``: the label of a structure, else the text of the token."""
    if told.reading.kind == "One":
        return told.naming.the(told.language, told.view.structures[int(value)].label)
    return token_text


def _other_choice(told: Told, value: str) -> dict[str, Any]:
    choices, index = list(told.question.choices or ()), told.question.answer_index or 0
    term = spoken(told, value, render.value_term(told.language, told.reading.kind, value))
    if term in choices:
        index = choices.index(term)
    choices[index] = term
    return {"choices": choices, "answer_index": index, "answer": term}


def with_claim(told: Told, token: str) -> dict[str, Any]:
    """The question claiming another token; its answer stays."""
    return reworded(told, told.reading.labels, token)


def with_labels(told: Told, labels: Mapping[str, str]) -> dict[str, Any]:
    """The question with its labels in other slots; value, options and index stay."""
    item = reworded(told, labels, told.reading.claim)
    item["bindings"] = rebound(told, labels, told.asked + told.stated)
    family = told.reading.family
    if family.target is not None:
        item["target_program"] = grammar.close(family.target, labels)
        item["target"] = _moved_target(told, item["bindings"])
    if told.question.kind == "open":
        phrase = render.value_phrase(told.language, told.reading.kind, told.question.value)
        item["answer"] = told.fill(told.stated, labels, phrase)
    return item


def rebound(told: Told, labels: Mapping[str, str], worded: str) -> list[dict[str, Any]]:
    """The bindings of a question with its labels in other slots, and with the picture where a wording speaks of it."""
    bound = {told.reading.labels.get(binding["slot"]): binding for binding in told.item["bindings"]}
    slots = [{**bound[label], "slot": slot} for slot, label in sorted(labels.items())]
    picture: dict[str, Any] = {"slot": IMAGE, "text": told.naming.image, "structures": []}
    return [*slots, picture] if render.IMAGE in worded else slots


def pictured(told: Told) -> Told:
    """The question with a name for its picture, whether it speaks of it or not; none where the language has none."""
    fitting = render.image_names(told.language, told.view.modality)
    image = told.naming.image or next(iter(fitting), None)
    return replace(told, naming=replace(told.naming, image=image))


def _moved_target(told: Told, bindings: list[dict[str, Any]]) -> list[int]:
    """The target when it is the structures of one slot; any other target stays."""
    for before, after in zip(told.item["bindings"], bindings, strict=True):
        if before["structures"] == told.item["target"]:
            return list(after["structures"])
    return list(told.item["target"])


def reworded(told: Told, labels: Mapping[str, str], claim: str | None) -> dict[str, Any]:
    """Program, id and question of a family with other labels and another claim; everything else stays."""
    item, language, reading = dict(told.item), told.language, told.reading
    item["program"] = grammar.close(reading.family.program, labels) + ("" if claim is None else f' == "{claim}"')
    item["question_id"] = render.question_id(told.view.view_id, told.question.kind, item["program"])
    phrase = None if claim is None else render.value_phrase(language, reading.kind, claim)
    item["question"] = told.fill(told.asked, labels, phrase)
    return item
