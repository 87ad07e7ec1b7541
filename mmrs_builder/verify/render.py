"""Rendering of questions and answers from the wordings stored with a shard (``docs/language.md`` sections 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from mmrs_builder import digests
from mmrs_builder.verify.language import Family, Language
from mmrs_builder.vocab import VALUES

PLACEHOLDER: Final = re.compile(r"\{(?:(?P<slot>[ABC])(?:\.(?P<form>a|name|plural))?|value)\}")


class NoTerm(KeyError):
    """The stored language has no words for something."""


def the_form(language: Language, label: str) -> str:
    """A label with the definite article."""
    if label not in language.labels:
        raise NoTerm(f"label {label}")
    return f"the {language.labels[label].name}"


def _slot_text(language: Language, label: str, form: str | None) -> str:
    definite = the_form(language, label)
    term = language.labels[label]
    match form:
        case "a":
            return f"{term.article} {term.name}"
        case "name":
            return term.name
        case "plural":
            return term.plural
        case _:
            return definite


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


def fill(wording: str, *, language: Language, labels: Mapping[str, str], value: str) -> str:
    """A wording with its placeholders replaced in one pass, the first letter in upper case."""

    def replace(match: re.Match[str]) -> str:
        slot = match["slot"]
        if slot is None:
            return value
        if slot not in labels:
            raise NoTerm(f"slot {slot}")
        return _slot_text(language, labels[slot], match["form"])

    text = PLACEHOLDER.sub(replace, wording)
    return text[:1].upper() + text[1:]


def wordings(family: Family, kind: str, *, claims: bool) -> Iterator[tuple[str, str]]:
    """All pairs of question and answer wording of a kind; the answer is empty where no statement is used."""
    if kind in ("open", "segment"):
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
