"""A language: families of questions with their wordings, and what labels and values are called.

Wordings are filled, never assembled: a placeholder is replaced by a term, the first letter is made upper case, and
nothing else happens to the text (``docs/language.md`` sections 7 and 8).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from string import Formatter
from typing import Final

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.types import Label, Name, Term

SLOTS: Final = "ABC"
DEFINITE: Final = "the"
"""The form that ``{A}`` takes: "the polyp"."""

PLAIN: Final = ("name", "plural")
"""Forms that every name has without a pattern: ``{A.name}`` "polyp", ``{A.plural}`` "polyps"."""

ANY: Final = "any"
"""Names of pictures that fit every modality."""

_PLACEHOLDER: Final = re.compile(rf"value|image|[{SLOTS}](?:\.[a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A program and the sentences that ask for its value. ``theme`` is the stem of the file it stands in."""

    id: str
    theme: str
    frame: str
    program: str
    target: str | None = None
    kinds: tuple[str, ...]
    question: tuple[str, ...] = ()
    claim: tuple[str, ...] = ()
    statement: tuple[str, ...] = ()
    min_margin: float = 0.1
    choices: int | None = None
    unit: str | None = None
    tolerance: float | None = None
    where: tuple[tuple[str, str], ...] = ()  # (slot, role its label must have)
    symmetric: bool = False  # all slots may change places
    unordered: tuple[str, ...] = ()  # these slots may
    bank: tuple[str, ...] = ()  # those of its wordings that come out of a paraphrase bank
    other_frame: tuple[str, ...] = ()  # families that ask the same in the viewer's frame: along rows, along columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What labels, pictures and values are called.

    ``forms`` maps an article to form -> pattern with ``{name}``; ``images`` a modality or ``ANY`` to names of its
    pictures; ``refusals`` a reason to wordings; ``values`` and ``phrases`` a value type to token -> text; ``markers`` a
    sign of ``vocab.GLYPHS`` to the name of what it is drawn on.
    """

    labels: Mapping[str, tuple[Label, Term]]
    forms: Mapping[str, Mapping[str, str]]
    images: Mapping[str, tuple[str, ...]]
    refusals: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, Mapping[str, str]]
    units: Mapping[str, str]
    words: Mapping[str, str]
    markers: Mapping[str, Name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All families of one language, sorted by id, and its terms."""

    language: str
    families: tuple[Family, ...]
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong in a template file, and what to do about it. ``column`` counts from 1 inside the field."""

    file: str
    family: str | None  # family id, or the label or value type of a term
    field: str
    column: int | None
    message: str
    advice: str

    def __str__(self) -> str:
        column = f"column {self.column}" if self.column else None
        place = ", ".join(part for part in (self.family, self.field, column) if part)
        return f"{self.file}: {place}: {self.message}; {self.advice}"


class TemplateError(MmrsError):
    """Templates that cannot be used; ``problems`` holds every reason, and the message prints one per line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), code=USAGE)


class PlaceholderError(ValueError):
    """A wording whose braces or placeholders are wrong; ``column`` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@lru_cache(maxsize=4096)
def pieces(wording: str) -> tuple[tuple[str, str, int], ...]:
    """A wording as (literal text, name of the placeholder after it or "", column of that placeholder).

    Only ``{value}``, ``{image}`` and ``{A}``, ``{A.form}`` (B and C likewise) are placeholders; the language says which
    forms there are. Raises ``PlaceholderError`` for any other field, for conversions, format specifications and stray
    braces.
    """
    return tuple(_pieces(wording))


@lru_cache(maxsize=4096)
def fields(*wordings: str) -> frozenset[str]:
    """The placeholders of some wordings: ``A.name``, ``image``. Raises ``PlaceholderError`` as ``pieces`` does."""
    return frozenset(field for wording in wordings for _, field, _ in pieces(wording) if field)


def render(
    wording: str,
    language: Language,
    names: Mapping[str, Name],
    value: str | None,
    value_type: str,
    *,
    image: str | None = None,
    sentence: bool = True,
) -> str:
    """A wording with its placeholders filled; the first letter is made upper case if it is a ``sentence``.

    ``names`` maps slots to names of their labels; ``value`` is the program's value as text, ``image`` what the picture
    is called. Raises ``KeyError`` for a slot without a name, a form that its article lacks, and ``{value}`` or
    ``{image}`` without one; ``PlaceholderError`` as ``pieces`` does.
    """
    filled = {"value": None if value is None else phrase_text(language, value, value_type), "image": image}
    text = ""
    for literal, field, _ in pieces(wording):
        text += literal
        if field in filled:
            text += _given(field, filled[field])
        elif field:
            text += name_text(language, names[field[0]], field[2:] or DEFINITE)
    return capitalised(text) if sentence else text


def capitalised(text: str) -> str:
    """The text with its first letter in upper case, also behind the mark that opens a Spanish question."""
    start = 1 if text[:1] in ("¿", "¡") else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def name_text(language: Language, name: Name, form: str = DEFINITE) -> str:
    """A name in one of its forms: "the polyp" by default, which is also how a choice names it.

    Raises ``KeyError`` for an article or a form that the language lacks.
    """
    if form in PLAIN:
        return name.name if form == "name" else name.plural
    return language.terms.forms[name.article][form].replace("{name}", name.name)


def forms(language: Language) -> tuple[str, ...]:
    """The forms that a placeholder may ask for besides the plain ``{A}``: a, name, plural, and what else there is."""
    known = dict.fromkeys(form for patterns in language.terms.forms.values() for form in patterns if form != DEFINITE)
    return (*known, *PLAIN)


def image_names(language: Language, modality: str | None) -> tuple[str, ...]:
    """What pictures of a modality may be called, those names first that fit any; only these where it is None."""
    images = language.terms.images
    return (*images.get(ANY, ()), *(images.get(modality, ()) if modality else ()))


def value_text(language: Language, value: str, value_type: str) -> str:
    """What the value of a program is called on its own, as in the options of a choice; numbers stand for themselves."""
    return language.terms.values[value_type][value] if value_type in language.terms.values else value


def phrase_text(language: Language, value: str, value_type: str) -> str:
    """What ``{value}`` becomes inside a sentence."""
    phrases = language.terms.phrases.get(value_type)
    return phrases[value] if phrases else value_text(language, value, value_type)


@lru_cache(maxsize=4096)
def template_id(family_id: str, kind: str, question_wording: str, answer_wording: str) -> str:
    """Family id and eight digits that change with the wording. ``answer_wording`` is "" where no statement is used."""
    key = "\n".join((kind, question_wording, answer_wording))
    return f"{family_id}/{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def unworded(language: Language) -> Language:
    """The language without the wordings of its families: all that decides what is asked, in whatever words."""
    bare = (replace(family, question=(), claim=(), statement=(), bank=()) for family in language.families)
    return replace(language, families=tuple(bare))


def with_terms(language: Language, terms: Iterable[tuple[Label, Term]]) -> Language:
    """The language with the own labels of sources added; a label that the vocabulary knows keeps its meaning there.

    Raises ``TemplateError`` if two sources give one new label two meanings, two labels share a name, or the language
    has no forms for the article of a name, as Spanish has none for "a".
    """
    added: dict[str, tuple[Label, Term]] = {}
    problems = []
    for label, term in terms:
        if label.id in language.terms.labels:
            continue
        if added.setdefault(label.id, (label, term)) != (label, term):
            advice = "give one of the two another id"
            problems.append(_own(label, "term", f"two sources name {label.id!r} differently", advice))
    labels = {**added, **language.terms.labels}
    owners = {name.name.casefold(): owner.id for owner, term in labels.values() for name in term.names}
    for label, term in added.values():
        if (owner := owners[term.name.casefold()]) != label.id:
            advice = f"map it to {owner}, or give it another noun"
            problems.append(_own(label, "name", f"{term.name!r} is a name of {owner} too", advice))
        if term.article not in language.terms.forms:
            message = f"{term.name!r} has the article {term.article!r}, which the language {language.language!r} lacks"
            advice = (
                "give its noun, plural and article in that language where the source has these options, or add it to "
                f"labels.toml and {language.language}/terms.toml"
            )
            problems.append(_own(label, "article", message, advice))
    if problems:
        raise TemplateError(problems)
    return replace(language, terms=replace(language.terms, labels=labels))


def _own(label: Label, field: str, message: str, advice: str) -> Problem:
    return Problem(file="own labels", family=label.id, field=field, column=None, message=message, advice=advice)


def to_json(language: Language, families_used: Iterable[str], labels_used: Iterable[str]) -> dict[str, object]:
    """The ``mmrs.language`` object of a shard: used families with their counterparts in the other frame, and used
    labels, sorted by id, and all other terms.
    """
    used = set(families_used)
    used |= {other for family in language.families if family.id in used for other in family.other_frame}
    terms = language.terms
    return {
        "version": 2,
        "language": language.language,
        "families": [_family_json(family) for family in language.families if family.id in used],
        "labels": {label: _label_json(*terms.labels[label]) for label in sorted(set(labels_used))},
        "forms": {article: dict(patterns) for article, patterns in terms.forms.items()},
        "images": {modality: list(names) for modality, names in terms.images.items()},
        "refusals": {reason: list(wordings) for reason, wordings in terms.refusals.items()},
        "values": {name: dict(table) for name, table in terms.values.items()},
        "phrases": {name: dict(table) for name, table in terms.phrases.items()},
        "units": dict(terms.units),
        "words": dict(terms.words),
    }


def _family_json(family: Family) -> dict[str, object]:
    entries = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(family).items()}
    del entries["theme"]
    return {**entries, "where": dict(family.where)}


def _label_json(label: Label, term: Term) -> dict[str, object]:
    also = [asdict(synonym) for synonym in term.also]
    return {**asdict(term), "also": also, "role": label.role, "side": label.side, "partner": label.partner}


def _given(field: str, text: str | None) -> str:
    if text is None:
        raise KeyError(field)
    return text


def _pieces(wording: str) -> Iterator[tuple[str, str, int]]:
    try:
        parsed = list(Formatter().parse(wording))
    except ValueError:
        raise PlaceholderError("unbalanced brace", _stray_brace(wording)) from None
    column = 1
    for literal, field, _, _ in parsed:
        if "{" in literal or "}" in literal:
            raise PlaceholderError("escaped brace", column + min(literal.find(b) for b in "{}" if b in literal))
        column += len(literal)
        if field is None:
            yield literal, "", column
            continue
        # A conversion or format specification shows in the text between the name and the closing brace.
        if not wording.startswith(f"{{{field}}}", column - 1):
            raise PlaceholderError(f"conversion or format after {{{field}", column)
        if not _PLACEHOLDER.fullmatch(field):
            raise PlaceholderError(f"unknown placeholder {{{field}}}", column)
        yield literal, field, column
        column += len(field) + 2


def _stray_brace(wording: str) -> int:
    """Column of the first brace that does not open or close a plain placeholder."""
    rest = re.sub(r"\{[^{}]*\}", lambda found: "-" * len(found.group()), wording)
    return 1 + min(rest.find(brace) for brace in "{}" if brace in rest)
