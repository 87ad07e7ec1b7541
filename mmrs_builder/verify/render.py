"""Rendering of questions and answers from the wordings stored with a shard (``docs/language.md`` sections 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mmrs_builder import digests
from mmrs_builder.verify.language import Family, Language, Name
from mmrs_builder.vocab import VALUES

PLACEHOLDER: Final = re.compile(r"\{(?:(?P<slot>[ABC])(?:\.(?P<form>\w+))?|(?P<word>value|image))\}")
IN_FORM: Final = re.compile(r"\{(name|plural)\}")
OPENING: Final = ("¿", "¡")
IMAGE: Final = "{image}"


class NoTerm(KeyError):
    """The stored language has no words for something."""


def names_of(language: Language, label: str) -> tuple[Name, ...]:
    """All names of a label. Raises ``NoTerm``."""
    if label not in language.labels:
        raise NoTerm(f"label {label}")
    return language.labels[label].names


def form_of(language: Language, name: Name, form: str) -> str:
    """One form of a name; ``name`` and ``plural`` stand for themselves. Raises ``NoTerm``."""
    if form in ("name", "plural"):
        return name.name if form == "name" else name.plural
    pattern = language.forms.get(name.article, {}).get(form)
    if pattern is None:
        raise NoTerm(f"form {name.article}.{form}")
    return IN_FORM.sub(lambda match: name.name if match[1] == "name" else name.plural, pattern)


def the_form(language: Language, name: Name) -> str:
    """A name with the definite article."""
    return form_of(language, name, "the")


def image_names(language: Language, modality: str | None) -> tuple[str, ...]:
    """What a picture of a modality may be called."""
    return (*language.images.get(modality or "any", ()), *language.images.get("any", ()))


def value_term(language: Language, kind: str, token: str) -> str:
    """Text of a token on its own, as an option; counts and numbers are their own text."""
    if kind not in VALUES:
        return token
    try:
        return language.values[kind][token]
    except KeyError as error:
        raise NoTerm(f"value {kind}.{token}") from error


def value_phrase(language: Language, kind: str, token: str) -> str:
    """Text of a token inside a sentence."""
    return language.phrases.get(kind, {}).get(token) or value_term(language, kind, token)


def fill(wording: str, *, language: Language, slots: Mapping[str, Name], image: str | None, value: str | None) -> str:
    """A wording with its placeholders replaced in one pass, the first letter in upper case.

    Raises ``NoTerm`` for a placeholder that nothing stands for.
    """

    def replace(match: re.Match[str]) -> str:
        slot = match["slot"]
        if slot is None:
            text = value if match["word"] == "value" else image
            if text is None:
                raise NoTerm(f"{match['word']} of {wording!r}")
            return text
        if slot not in slots:
            raise NoTerm(f"slot {slot} of {wording!r}")
        return form_of(language, slots[slot], match["form"] or "the")

    return _capital(PLACEHOLDER.sub(replace, wording))


def _capital(text: str) -> str:
    start = 1 if text.startswith(OPENING) else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def wordings(
    family: Family, kind: str, *, claims: bool, refusals: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """All pairs of question and answer wording of a kind; the answer is empty where no statement is used.

    ``refusals`` are the wordings of the reason where the question is refused: they take the place of the statements.
    """
    if refusals is not None:
        yield from ((question, refusal) for question in family.question for refusal in refusals)
    elif kind in ("open", "segment"):
        yield from ((question, statement) for question in family.question for statement in family.statement)
    else:
        yield from ((question, "") for question in (family.claim if claims else family.question))


def template_id(family: Family, kind: str, question: str, answer: str) -> str:
    """Family and digest of the wording."""
    wording = f"{kind}\n{question}\n{answer}"
    return f"{family.id}/{digests.sha256(wording.encode())[:8]}"


def question_id(view_id: str, kind: str, program: str) -> str:
    """Identity of a question, whatever its wording."""
    return digests.sha256(f"{view_id}\n{kind}\n{program}".encode())[:16]
