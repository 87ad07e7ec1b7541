"""What a question calls its labels and the picture: its bindings say it (``docs/language.md`` section 7, Names)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mmrs_builder.types import Question
from mmrs_builder.verify import render
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.language import Language, Name
from mmrs_builder.verify.rows import StoredView

IMAGE: Final = "image"  # slot of the picture's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The name that a question uses of each label, by label, and of the picture, ``None`` where it has no binding."""

    labels: Mapping[str, Name]
    image: str | None

    def name(self, language: Language, label: str) -> Name:
        """The name the question uses of a label, its first where no slot is bound to it. Raises ``NoTerm``."""
        return self.labels.get(label) or render.names_of(language, label)[0]

    def the(self, language: Language, label: str) -> str:
        """A label with the definite article, by the name the question uses. Raises ``NoTerm``."""
        return render.the_form(language, self.name(language, label))

    def slots(self, labels: Mapping[str, str]) -> dict[str, Name]:
        """The name that stands in each slot, for labels by slot."""
        return {slot: self.labels[label] for slot, label in labels.items()}


def read_naming(question: Question, labels: Mapping[str, str], language: Language) -> Naming:
    """The names that the bindings tell, for labels by slot; a label's first where they tell none of its names.

    Raises ``render.NoTerm`` for a label that the language does not know.
    """
    texts = {binding.slot: binding.text for binding in question.bindings}
    names = {label: _called(texts.get(slot), label, language) for slot, label in labels.items()}
    return Naming(labels=names, image=texts.get(IMAGE))


def _called(text: str | None, label: str, language: Language) -> Name:
    names = render.names_of(language, label)
    return next((name for name in names if render.the_form(language, name) == text), names[0])


def check_bindings(
    question: Question, labels: Mapping[str, str], naming: Naming, view: StoredView, board: Board, language: Language
) -> Iterator[Finding]:
    """Each slot is bound to one of its label's names and to its units, and the picture to a name that fits it."""
    expected = {slot: (naming.the(language, label), board.units(label)) for slot, label in labels.items()}
    bound = [binding for binding in question.bindings if binding.slot != IMAGE]
    found = {binding.slot: (binding.text, binding.structures) for binding in bound}
    if found != expected or len(found) != len(bound):
        yield "bindings", f"{found}, expected {expected}"
    known = render.image_names(language, view.modality)
    for binding in question.bindings[len(labels) :]:
        if binding.slot == IMAGE and (binding.text not in known or binding.structures):
            yield "bindings", f"a picture of {view.modality} is called {binding.text!r}, known are {list(known)}"


def check_image(question: Question, labels: Mapping[str, str], *worded: str) -> Iterator[Finding]:
    """The picture is bound once, after the slots, where a wording speaks of it, and else not at all."""
    spoken = any(render.IMAGE in wording for wording in worded)
    places = [place for place, binding in enumerate(question.bindings) if binding.slot == IMAGE]
    if places != [len(labels)] * spoken:
        yield "bindings", f"the picture is bound at {places}, expected {[len(labels)] * spoken}"
