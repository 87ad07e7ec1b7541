"""Checks of single wordings: placeholders, articles, leaking answers, whose left and right, form and length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from mmrs_builder.language import SLOTS, Language, PlaceholderError, Problem, forms, pieces
from mmrs_builder.term_checks import wants_an
from mmrs_builder.vocab import VALUES

MAX_LENGTH: Final = 160
SIDED: Final = frozenset({"Quadrant", "Zone", "Side", "Clock", "Direction", "Fourway", "Horizontal"})
"""Value types whose terms say the viewer's left or right, or the hour of a clock face that might be the patient's."""
PATIENT_SIDED: Final = frozenset({"Lateral"})
"""Value types whose terms say the patient's left or right."""

Finding: TypeAlias = tuple[int | None, str, str]  # column, message, advice

_DETERMINERS: Final = (
    "a|an|the|every|each|any|no|this|largest|smallest|leftmost|rightmost|topmost|bottommost|nearest|farthest"
)
_DOUBLE: Final = re.compile(rf"\b({_DETERMINERS}) $", re.IGNORECASE)
_ARTICLE: Final = re.compile(r"\b(an?) $", re.IGNORECASE)
_LITERAL_ARTICLE: Final = re.compile(r"\b(an?) (?=(\w+))", re.IGNORECASE)
_SIDE_WORD: Final = re.compile(r"\b(left|right|leftmost|rightmost)\b", re.IGNORECASE)
_VIEWER: Final = re.compile(r"\b(image|displayed)\b", re.IGNORECASE)
_PATIENT: Final = re.compile(r"\bpatient", re.IGNORECASE)
_ANATOMICAL: Final = re.compile(
    r"\b(anterior|posterior|superior|inferior|ipsilateral|contralateral|cranial|caudal|medial|lateral|dorsal|ventral)\b",
    re.IGNORECASE,
)
_STATING: Final = re.compile(r"(\{|the\b|there\b|this\b|it\b|an?\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One wording of a family: ``part`` is question, claim or statement, ``number`` counts from 1.

    Or one of a refusal: ``part`` is its reason, and it is of no ``frame``.
    """

    file: str
    owner: str  # the family's id
    frame: str | None
    part: str
    number: int
    text: str
    value_type: str
    slots: tuple[str, ...]
    named: tuple[str, ...]  # the slots it must mention; an among-choice mentions none
    literals: frozenset[str]  # literals and other words of the program, which a question cannot avoid

    @property
    def field(self) -> str:
        """Where it stands: "claim 2"."""
        return f"{self.part} {self.number}"


def normalised(text: str) -> str:
    """What two wordings must differ in: words, not case, spacing, outer punctuation or what the picture is called."""
    plain = unicodedata.normalize("NFKC", text.replace("{image}", "image")).casefold()
    return " ".join(plain.split()).strip(" .?!¿¡")


def wording_problems(wording: Wording, language: Language) -> Iterator[Problem]:
    """Everything wrong with one wording, with the column where that can be told."""
    for column, message, advice in _findings(wording, language):
        yield Problem(
            file=wording.file,
            family=wording.owner,
            field=wording.field,
            column=column,
            message=message,
            advice=advice,
        )


def _findings(wording: Wording, language: Language) -> Iterator[Finding]:
    allowed = f"use only {' '.join(_placeholders(wording, language))}"
    try:
        pieces(wording.text)
    except PlaceholderError as error:
        yield error.column, str(error), allowed
        return
    for _, field, column in pieces(wording.text):
        if field[:1] in tuple(SLOTS) and field[2:] not in ("", *forms(language)):
            yield column, f"the language has no form {{{field}}}", allowed
    yield from _slots(wording)
    yield from _values(wording)
    yield from _form(wording, language)
    if wording.part == "question":
        yield from leaks(wording, language)
    if language.language == "en":
        yield from _whose_sides(wording)
        yield from _articles(wording, language)


def _placeholders(wording: Wording, language: Language) -> Iterator[str]:
    for slot in wording.slots:
        yield f"{{{slot}}}"
        yield from (f"{{{slot}.{form}}}" for form in forms(language))
    yield from ("{image}", "{value}") if wording.frame else ("{image}",)


def _slots(wording: Wording) -> Iterator[Finding]:
    used = {field[0]: column for _, field, column in pieces(wording.text) if field[:1] in tuple(SLOTS)}
    whose = "program" if wording.frame else "refusal"
    for slot in sorted(used.keys() - set(wording.slots)):
        yield used[slot], f"the {whose} has no slot {slot}", f"use {', '.join(wording.slots) or 'no label here'}"
    if not wording.named:
        for slot in sorted(used.keys() & set(wording.slots)):
            yield used[slot], f"{slot} is one of the options of this choice", "do not name the options in the question"
    for slot in sorted(set(wording.named) - used.keys()):
        yield None, f"slot {slot} is not mentioned", f"say what is asked about with {{{slot}}}"


def _values(wording: Wording) -> Iterator[Finding]:
    columns = [column for _, field, column in pieces(wording.text) if field == "value"]
    wanted = wording.part == "claim" or (wording.part == "statement" and wording.value_type in VALUES)
    if wanted and len(columns) != 1:
        yield max(columns, default=None), f"{{value}} stands {len(columns)} times", "write {value} exactly once"
    if not wanted and columns:
        advice = "remove it" if wording.part == "statement" else "a question never holds its answer: remove it"
        yield columns[0], "{value} has no place here", advice


def _form(wording: Wording, language: Language) -> Iterator[Finding]:
    text = wording.text
    ends = {"question": "?.", "claim": "?"}.get(wording.part, ".")
    if not text or text[-1] not in ends:
        yield len(text), "wrong final punctuation", f"end it with {' or '.join(ends)}"
    elif wording.part == "question" and text[-1] == "." and _STATING.match(text):
        yield 1, "a question that states something", "ask with a question mark, or begin with an imperative"
    if text != " ".join(text.split()):
        yield None, "stray spaces", "use single spaces, none at the ends"
    names = [name for names in language.terms.images.values() for name in names]
    longest = len(text.replace("{image}", max(names, key=len, default="image")))
    if longest > MAX_LENGTH:
        yield MAX_LENGTH + 1, f"too long: {longest} characters", f"keep to {MAX_LENGTH} characters"


def _whose_sides(wording: Wording) -> Iterator[Finding]:
    match wording.frame:
        case "viewer":
            yield from _viewer_frame(wording)
        case "patient":
            yield from _patient_frame(wording)


def _viewer_frame(wording: Wording) -> Iterator[Finding]:
    if found := _PATIENT.search(wording.text):
        yield found.start() + 1, "the patient in a family of the viewer frame", "speak of the {image} only"
    if found := _ANATOMICAL.search(wording.text):
        yield found.start() + 1, f"{found[0]!r} in a family of the viewer frame", "say where it lies in the {image}"
    sided = _SIDE_WORD.search(wording.text)
    if (sided or wording.value_type in SIDED) and not _VIEWER.search(wording.text):
        column = sided.start() + 1 if sided else None
        yield column, "left and right could be taken for the patient's", 'say "in the {image}" or "as displayed"'


def _patient_frame(wording: Wording) -> Iterator[Finding]:
    sided = _SIDE_WORD.search(wording.text)
    if not (sided or wording.value_type in PATIENT_SIDED):
        return
    if not _PATIENT.search(wording.text):
        column = sided.start() + 1 if sided else None
        yield column, "left and right could be taken for the viewer's", "say that they are the patient's"
    if found := _VIEWER.search(wording.text):
        yield found.start() + 1, f"{found[0]!r} beside the patient's left and right", "speak of the patient only"


def leaks(wording: Wording, language: Language) -> Iterator[Finding]:
    """Words of a possible answer in a question."""
    plain = re.sub(r"\{[^}]*\}", lambda found: "\0" * len(found.group()), wording.text).casefold()
    for word in sorted(_answer_words(wording.value_type, language) - wording.literals):
        if found := re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain):
            yield found.start() + 1, f"the question holds the possible answer {word!r}", "ask without naming it"


def _answer_words(value_type: str, language: Language) -> set[str]:
    """Terms and phrases of a closed type, and the telling words of its tokens ("upper", "left", "15")."""
    texts: set[str] = set()
    for table in (language.terms.values, language.terms.phrases):
        texts.update(text.casefold() for text in table.get(value_type, {}).values())
    tokens = VALUES.get(value_type, ())
    return texts | {word for token in tokens for word in token.split("_") if len(word) > 2 or word.isdigit()}


def _articles(wording: Wording, language: Language) -> Iterator[Finding]:
    for literal, field, column in pieces(wording.text):
        for said in _LITERAL_ARTICLE.finditer(literal):
            if (said[1].casefold() == "an") != wants_an(said[2]):
                start = column - len(literal) + said.start()
                yield start, f"{said[1]!r} before {said[2]!r}", "use a or an, by the sound"
        if field[:1] in wording.slots and field[1:] in ("", ".a") and (before := _DOUBLE.search(literal)):
            yield column, f"{before[1]!r} before {{{field}}} gives two articles", f"use {{{field[0]}.name}}"
        if field == "image" and (before := _ARTICLE.search(literal)):
            yield column, f"{before[1]!r} cannot fit every name of a picture", "use the, this or each"
        elif field and (article := _ARTICLE.search(literal)):
            yield from _article_before(article[1].casefold(), field, column, wording.value_type, language)


def _article_before(article: str, field: str, column: int, value_type: str, language: Language) -> Iterator[Finding]:
    if field.endswith((".name", ".plural")):
        yield column, f"{article!r} cannot fit every label", f"use {{{field[0]}.a}}"
    if field != "value":
        return
    tables = (language.terms.phrases, language.terms.values)
    table = next((table[value_type] for table in tables if value_type in table), {})
    for text in table.values():
        if (article == "an") != wants_an(text):
            yield column, f"{article!r} before {text!r}", "write the wording without an article before {value}"
            return
