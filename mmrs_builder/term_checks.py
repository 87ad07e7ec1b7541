"""Checks of labels and terms: one vocabulary without holes, contradictions or two things of one name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from mmrs_builder.language import ANY, DEFINITE, PLAIN, Language, Problem, Terms
from mmrs_builder.types import Label, Name, Synonym, Term
from mmrs_builder.vocab import MODALITIES, REGISTERS, ROLES, VALUES

WORDS: Final = ("yes", "no")
SIDES: Final = {"left": "right", "right": "left"}

PLAINLY: Final = "write words with single spaces and no braces"

_CODE: Final = re.compile(r"SCT:\d{6,18}|RID:\d+|UBERON:\d{7}")
_SPELT: Final = re.compile(r"([A-Z]{2,3}|[A-Z]\d+)\b")
_AN: Final = re.compile(r"(?!u(ni|re|ri|te|se)|eu|one\b)[aeiou]|ho(ur|nou?r|nest)|heir", re.IGNORECASE)


def wants_an(text: str) -> bool:
    """Whether English puts "an" before this text, judged by its sound: "an upper", "a unilateral", "an L1 vertebra"."""
    if _SPELT.match(text):  # letter by letter
        return text[0] in "AEFHILMNORSX"
    return _AN.match(text) is not None


def vocabulary_problems(language: Language) -> Iterator[Problem]:
    """Everything wrong with the labels, and with their names in this language."""
    labels = {name: label for name, (label, _) in language.terms.labels.items()}
    owners: dict[str, set[str]] = defaultdict(set)
    for label, term in language.terms.labels.values():
        for name in term.names:
            for text in (name.name, name.plural):
                owners[text.casefold()].add(label.id)
    for label, term in language.terms.labels.values():
        yield from _label_problems(label, labels)
        for field, message, advice in _term_problems(label, term, owners, language):
            yield _problem(f"{language.language}/terms.toml", label.id, field, message, advice)


def form_problems(language: Language) -> Iterator[Problem]:
    """Articles whose names lack a form that others have, and patterns that do not hold the name."""
    file, forms = f"{language.language}/terms.toml", language.terms.forms
    if not forms:
        advice = 'add [form.ARTICLE] with the = "… {name}" and a = "… {name}" for each article'
        yield _problem(file, "form", "form", "the language has no forms of names", advice)
    known = {DEFINITE, "a", *(form for patterns in forms.values() for form in patterns)}
    for article, patterns in forms.items():
        for form in sorted(known - patterns.keys()):
            advice = f'add {form} = "… {{name}}"; every article has the same forms'
            yield _problem(file, f"form.{article}", form, "the form is missing", advice)
        for form, pattern in patterns.items():
            if form in PLAIN or not re.fullmatch(r"[a-z]+", form):
                advice = f"use small letters, and not {' or '.join(PLAIN)}, which stand for themselves"
                yield _problem(file, f"form.{article}", form, "no name for a form", advice)
            if pattern.count("{name}") != 1 or not _is_plain(pattern.replace("{name}", "name")):
                advice = "write words with single spaces, {name} once, and no other braces"
                yield _problem(file, f"form.{article}", form, f"{pattern!r} is no pattern of a name", advice)


def image_problems(language: Language) -> Iterator[Problem]:
    """Pictures without a name, and names that could be taken for something else."""
    file, images = f"{language.language}/terms.toml", language.terms.images
    if not images.get(ANY):
        yield _problem(file, "image", ANY, "pictures have no name", f'add {ANY} = ["…"], which fits every modality')
    for modality in images:
        if modality not in (ANY, *MODALITIES):
            advice = f"use {ANY}, {', '.join(MODALITIES)}"
            yield _problem(file, "image", modality, f"unknown modality {modality!r}", advice)
        elif modality != ANY and not images[modality]:
            advice = f"name one, or leave {modality} out: its pictures are then called as any"
            yield _problem(file, "image", modality, "the list is empty", advice)
    every = [(modality, name) for modality, names in images.items() for name in names]
    times = Counter(name.casefold() for _, name in every)
    for modality, name in every:
        if not _is_plain(name):
            yield _problem(file, "image", modality, f"{name!r} is not a plain name", PLAINLY)
        if times[name.casefold()] > 1:
            yield _problem(file, "image", modality, f"{name!r} stands twice", "remove it from one place")
        if found := _answer_in(name, language.terms):
            yield _problem(file, "image", modality, f"{name!r} holds the possible answer {found!r}", "leave it out")
        if language.language == "en" and not re.search(r"\bimage\b", name):
            advice = "end it with image: the left of a scan could be the patient's"
            yield _problem(file, "image", modality, f"{name!r} is not called an image", advice)


def _answer_in(name: str, terms: Terms) -> str | None:
    """A term or phrase of a value that a name holds as a whole word."""
    texts = {text for tables in (terms.values, terms.phrases) for table in tables.values() for text in table.values()}
    found = (text for text in sorted(texts) if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", name, re.IGNORECASE))
    return next(found, None)


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


def _term_problems(
    label: Label, term: Term, owners: Mapping[str, set[str]], language: Language
) -> Iterator[tuple[str, str, str]]:
    for number, name in enumerate(term.names):
        for field, message, advice in _name_problems(name, language):
            yield f"also {number}, {field}" if number else field, message, advice
        if others := sorted({*owners[name.name.casefold()], *owners[name.plural.casefold()]} - {label.id}):
            message = f"another label is called {name.name!r} too: {', '.join(others)}"
            yield f"also {number}, name" if number else "name", message, "give each label names of its own"
    for text, times in Counter(name.name.casefold() for name in term.names).items():
        if times > 1:
            yield "also", f"{text!r} stands {times} times", "give each name once"


def _name_problems(name: Name, language: Language) -> Iterator[tuple[str, str, str]]:
    for field, text in (("name", name.name), ("plural", name.plural)):
        if not _is_plain(text):
            yield field, f"{text!r} is not a plain name", PLAINLY
    if name.article not in language.terms.forms:
        advice = f"use {', '.join(language.terms.forms) or 'an article'}, or add [form.{name.article}]"
        yield "article", f"{name.article!r} has no forms", advice
    elif language.language == "en" and name.article != ("an" if wants_an(name.name) else "a"):
        yield "article", f"{name.article!r} does not fit {name.name!r}", "use a or an, by the sound of the name"
    if isinstance(name, Synonym) and name.register not in REGISTERS:
        yield "register", f"unknown register {name.register!r}", f"use {', '.join(REGISTERS)}"


def _is_plain(text: str) -> bool:
    return bool(text) and text == " ".join(text.split()) and "{" not in text and "}" not in text


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
