"""Checks of labels and terms: one vocabulary without holes, contradictions or two things of one name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from mmrs_builder.language import Language, Problem
from mmrs_builder.types import Label, Term
from mmrs_builder.vocab import ROLES, VALUES

WORDS: Final = ("yes", "no")
SIDES: Final = {"left": "right", "right": "left"}

_CODE: Final = re.compile(r"SCT:\d{6,18}|RID:\d+|UBERON:\d{7}")
_AN: Final = re.compile(r"(?!u(ni|re|ri|te|se)|eu|one\b)[aeiou]|ho(ur|nou?r|nest)|heir", re.IGNORECASE)


def wants_an(text: str) -> bool:
    """Whether English puts "an" before this text, judged by its first letters ("an upper", "a unilateral")."""
    return _AN.match(text) is not None


def vocabulary_problems(language: Language) -> Iterator[Problem]:
    """Everything wrong with the labels, and with their names in this language."""
    labels = {name: label for name, (label, _) in language.terms.labels.items()}
    names = Counter(term.name for _, term in language.terms.labels.values())
    for label, term in language.terms.labels.values():
        yield from _label_problems(label, labels)
        for field, message, advice in _name_problems(term, names, language.language):
            yield _problem(f"{language.language}/terms.toml", label.id, field, message, advice)


def value_problems(language: Language) -> Iterator[Problem]:
    """Missing, unknown and indistinguishable terms of values, units and words."""
    file, terms = f"{language.language}/terms.toml", language.terms
    for kind in VALUES:
        if kind not in terms.values:
            yield _problem(file, f"value.{kind}", "value", "the type has no terms", f"add [value.{kind}]")
    for section, tables in (("value", terms.values), ("phrase", terms.phrases)):
        for kind, table in tables.items():
            yield from _table_problems(file, f"{section}.{kind}", table, VALUES.get(kind))
    yield from _table_problems(file, "word", terms.words, WORDS)


def _label_problems(label: Label, labels: Mapping[str, Label]) -> Iterator[Problem]:
    def problem(field: str, message: str, advice: str) -> Problem:
        return _problem("labels.toml", label.id, field, message, advice)

    if not (label.id.isascii() and label.id.isidentifier() and label.id.islower()):
        yield problem("id", f"{label.id!r} cannot stand in a program", "use lower-case letters, digits and _")
    if label.role not in ROLES:
        yield problem("role", f"unknown role {label.role!r}", f"use one of {', '.join(ROLES)}")
    if label.side is not None and label.side not in SIDES:
        yield problem("side", f"unknown side {label.side!r}", "use left or right, or leave it out")
    partner = labels.get(label.partner) if label.partner else None
    if label.partner and partner is None:
        yield problem("partner", f"there is no label {label.partner!r}", "name the label of the other side")
    elif partner and (partner.partner != label.id or SIDES.get(str(label.side)) != partner.side):
        yield problem("partner", f"{partner.id!r} is not its opposite", "make both partners, with opposite sides")
    for alias in label.aliases:
        others = [other.id for other in labels.values() if alias == other.id or alias in other.aliases]
        if others != [label.id]:
            yield problem("aliases", f"{alias!r} is a name of {' and '.join(others)}", "give it to one label, once")
    for code in label.codes:
        if not _CODE.fullmatch(code):
            yield problem("codes", f"{code!r} is not a code", "write SCT:…, RID:… or UBERON:…")


def _name_problems(term: Term, names: Counter[str], language: str) -> Iterator[tuple[str, str, str]]:
    for field, text in (("name", term.name), ("plural", term.plural)):
        if not text or text != " ".join(text.split()) or "{" in text or "}" in text:
            yield field, f"{text!r} is not a plain name", "write words with single spaces and no braces"
    if names[term.name] > 1:
        yield "name", f"another label is called {term.name!r} too", "give each label a name of its own"
    if language == "en" and term.article != ("an" if wants_an(term.name) else "a"):
        yield "article", f"{term.article!r} does not fit {term.name!r}", "use a or an, by the sound of the name"


def _table_problems(
    file: str, name: str, table: Mapping[str, str], tokens: tuple[str, ...] | None
) -> Iterator[Problem]:
    if tokens is None:
        yield _problem(file, name, "type", "unknown value type", f"use one of {', '.join(VALUES)}")
        return
    for token in tokens:
        if not table.get(token):
            yield _problem(file, name, token, "the value has no term", f'add {token} = "…"')
    for token in table.keys() - set(tokens):
        yield _problem(file, name, token, "unknown value", f"use {', '.join(tokens)}")
    for text, times in Counter(text.casefold() for text in table.values()).items():
        if times > 1:
            yield _problem(file, name, "terms", f"{text!r} stands for {times} values", "give each value its own term")


def _problem(file: str, name: str, field: str, message: str, advice: str) -> Problem:
    return Problem(file=file, family=name, field=field, column=None, message=message, advice=advice)
