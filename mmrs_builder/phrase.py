"""Words for a selected question: keyed choices among the family's wordings and the names of what it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias, TypeVar, cast

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.language import fields
from mmrs_builder.questions import Candidate, is_claim, question_id, tolerated
from mmrs_builder.select import Selected
from mmrs_builder.structures import units
from mmrs_builder.templates import Family, Language, image_names, name_text, render, template_id, value_text
from mmrs_builder.types import Binding, Frame, Kind, Name, Question, Scene

_T = TypeVar("_T")

Meant: TypeAlias = Callable[[str], tuple[int, ...]]
"""The structures of a scene that count as one of a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The names that one question uses throughout: ``slots`` maps its slots to labels, ``names`` labels to names.

    ``image`` is what it calls the picture, None if it does not speak of it.
    """

    slots: Mapping[str, str]
    names: Mapping[str, Name]
    image: str | None

    @property
    def by_slot(self) -> dict[str, Name]:
        """The name for each slot."""
        return {slot: self.names[label] for slot, label in self.slots.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The wordings of a question and of its answer, that one "" where it is no sentence.

    ``unit`` is the id of the pair, else of the question. ``reworded``: one of the wordings was made for this row.
    """

    question_id: str
    unit: str
    family: str
    kind: Kind
    program: str
    claim: bool
    question: str
    statement: str
    reworded: bool = False

    @property
    def template_id(self) -> str:
        """Identity of the wordings."""
        return template_id(self.family, self.kind, self.question, self.statement)


def choose(selected: Selected, family: Family, language: Language, seed: int) -> Chosen:
    """The wordings of the family, or of the reason of a refusal, that a question gets; members of a pair the same."""
    c = selected.candidate
    claim = is_claim(c.kind, programs.value_type(family.program))
    program = programs.claim(c.program, str(selected.claim)) if claim else c.program
    identity = question_id(c.view_id, c.kind, program)
    unit = selected.pair_id or identity
    return Chosen(
        question_id=identity,
        unit=unit,
        family=c.family,
        kind=c.kind,
        program=program,
        claim=claim,
        question=_pick(family.claim if claim else family.question, seed, "question", unit),
        statement=_statement(c, family, language, (seed, "statement", identity)),
    )


def phrase(selected: Selected, scene: Scene, language: Language, seed: int) -> Question:
    """The finished question, in the wordings of ``choose``."""
    return phrase_all((selected,), scene, language, seed, {})[0]


def phrase_all(
    asked: Iterable[Selected], scene: Scene, language: Language, seed: int, own: Mapping[str, Chosen]
) -> list[Question]:
    """The finished questions about a scene, in the words that they have as their ``own``, else in those of ``choose``.

    ``own`` is by the ids of questions.
    """
    families = {family.id: family for family in language.families}
    meant = cache(partial(units, scene.structures))
    found = []
    for selected in asked:
        family = families[selected.candidate.family]
        plain = choose(selected, family, language, seed)
        words = own.get(plain.question_id, plain)
        found.append(_finished(selected, family, words, scene, meant, language, seed))
    return found


def _finished(
    selected: Selected, family: Family, words: Chosen, scene: Scene, meant: Meant, language: Language, seed: int
) -> Question:
    c = selected.candidate
    value_type = programs.value_type(family.program)
    claim, wording, statement = words.claim, words.question, words.statement
    said = _said(selected, family, words, scene, language, seed)
    shown = selected.claim if claim else c.token
    value = ("true" if selected.claim == c.token else "false") if claim else c.token
    choices = tuple(_option(token, value_type, said, language) for token in selected.choices or ())
    return Question(
        question_id=words.question_id,
        question=render(wording, language, said.by_slot, shown if claim else None, value_type, image=said.image),
        answer=(
            _refusal(statement, said, scene, language)
            if c.reason
            else _answer(selected, family, statement, said, value, value_type, choices, language)
        ),
        kind=c.kind,
        choices=choices or None,
        answer_index=selected.answer_index,
        value=value,
        unit=family.unit if c.kind == "number" and not c.reason else None,
        tolerance=tolerated(family.tolerance, c.token) if c.kind == "number" and not c.reason else None,
        family=c.family,
        template_id=words.template_id,
        program=words.program,
        target_program=c.target_program,
        target=c.target,
        bindings=tuple(_bindings(said, meant, language)),
        frame=cast(Frame, family.frame),
        margin=c.margin,
        min_margin=family.min_margin,
        pair_id=selected.pair_id,
        pair_kind=selected.pair_kind,
        prior_bound=selected.prior_bound,
        balanced=selected.balanced and not selected.prior_bound,
        difficulty=programs.hops(family.program),
        text_source="row" if words.reworded else "bank" if {wording, statement} & {*family.bank} else "template",
    )


def _said(selected: Selected, family: Family, words: Chosen, scene: Scene, language: Language, seed: int) -> Said:
    """One name for each label and for the picture. The views of a pair may be of two modalities: names for any fit."""
    c = selected.candidate
    # One draw for all: who says "eighth left rib" says "ninth left rib", and not "left ninth rib", beside it.
    drawn = keyed("name", seed, words.unit)
    image = None
    if "image" in fields(words.question, words.statement):
        images = image_names(language, None if selected.pair_id else scene.modality)
        image = _name(images, keyed("image", seed, words.unit))
    return Said(
        slots=dict(zip(programs.slots(family.program), c.labels, strict=True)),
        names={label: _name(language.terms.labels[label][1].names, drawn) for label in c.labels},
        image=image,
    )


def _name(names: Sequence[_T], drawn: int) -> _T:
    """The main name in one question of two; the others share the rest."""
    return names[0] if len(names) == 1 or drawn % 2 else names[1 + drawn // 2 % (len(names) - 1)]


def _bindings(said: Said, meant: Meant, language: Language) -> Iterator[Binding]:
    for slot, label in said.slots.items():
        yield Binding(slot=slot, text=name_text(language, said.names[label]), structures=meant(label))
    if said.image is not None:
        yield Binding(slot="image", text=said.image, structures=())


def _statement(c: Candidate, family: Family, language: Language, key: tuple[object, ...]) -> str:
    """The wording of an answer that is a sentence, "" for any other."""
    if c.reason:
        return _pick(language.terms.refusals[c.reason], *key)
    return _pick(family.statement, *key) if c.kind in ("open", "segment") else ""


def _pick(wordings: tuple[str, ...], *key: object) -> str:
    return wordings[keyed(*key) % len(wordings)]


def _option(token: str, value_type: str, said: Said, language: Language) -> str:
    return name_text(language, said.names[token]) if value_type == "One" else value_text(language, token, value_type)


def _refusal(wording: str, said: Said, scene: Scene, language: Language) -> str:
    """Why there is no answer. ``{A}`` is the label that the view lacks, in whatever slot it stands."""
    lacking = [name for label, name in said.names.items() if label in scene.absent]
    return render(wording, language, dict(zip("A", lacking, strict=False)), None, "", image=said.image)


def _answer(
    selected: Selected,
    family: Family,
    statement: str,
    said: Said,
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
    stated = value if "value" in fields(statement) else None
    return render(statement, language, said.by_slot, stated, value_type, image=said.image)
