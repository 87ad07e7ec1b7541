"""The language stored with a shard: families, terms and words, read from untrusted JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = 2
MIN_MARGIN: Final = 0.1  # language.md section 7, when a family names none
LONGEST: Final = 1000  # characters of a text: a hostile name in a hostile form in a hostile wording stays small


class BadLanguage(ValueError):
    """The stored language lacks something or has it in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name of a label. ``article`` names the set of its forms."""

    name: str
    plural: str
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTerm:
    """How a label is called, by one name or several, and what kind of structure it is."""

    names: tuple[Name, ...]
    role: str
    side: str | None
    partner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A question family as a shard stores it."""

    id: str
    frame: str
    program: str
    target: str | None
    kinds: tuple[str, ...]
    question: tuple[str, ...]
    claim: tuple[str, ...]
    statement: tuple[str, ...]
    min_margin: float
    choices: int | None
    unit: str | None
    tolerance: float | None
    where: Mapping[str, str]
    symmetric: bool
    unordered: tuple[str, ...]
    other_frame: tuple[str, ...]
    bank: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All that is needed to render the questions and answers of a shard.

    ``forms`` holds patterns by article and form, ``images`` names of pictures by modality, ``refusals`` wordings by
    reason, ``rows`` wordings of question and answer that were made for single rows of a shard, by template id.
    """

    families: Mapping[str, Family]
    labels: Mapping[str, LabelTerm]
    forms: Mapping[str, Mapping[str, str]]
    images: Mapping[str, tuple[str, ...]]
    refusals: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, Mapping[str, str]]
    units: Mapping[str, str]
    words: Mapping[str, str]
    rows: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _short(text: object) -> str:
    words = str(text)
    words.encode()  # raises ValueError for half a character
    if len(words) > LONGEST:
        raise BadLanguage(f"a text of {len(words)} characters, at most {LONGEST} are read")
    return words


def _text(data: Mapping[str, Any], name: str) -> str | None:
    text = data.get(name)
    return None if text is None else _short(text)


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = data.get(name) or []
    if not isinstance(texts, list):
        raise BadLanguage(f"{name} is not a list")
    return tuple(_short(text) for text in texts)


def _family(data: Mapping[str, Any]) -> Family:
    margin, choices, tolerance = data.get("min_margin"), data.get("choices"), data.get("tolerance")
    return Family(
        id=_short(data["id"]),
        frame=_short(data["frame"]),
        program=_short(data["program"]),
        target=_text(data, "target"),
        kinds=_texts(data, "kinds"),
        question=_texts(data, "question"),
        claim=_texts(data, "claim"),
        statement=_texts(data, "statement"),
        min_margin=MIN_MARGIN if margin is None else float(margin),
        choices=None if choices is None else int(choices),
        unit=_text(data, "unit"),
        tolerance=None if tolerance is None else float(tolerance),
        where={str(slot): str(role) for slot, role in (data.get("where") or {}).items()},
        symmetric=bool(data.get("symmetric")),
        unordered=_texts(data, "unordered"),
        other_frame=_texts(data, "other_frame"),
        bank=_texts(data, "bank"),
    )


def _name(data: Mapping[str, Any]) -> Name:
    return Name(name=_short(data["name"]), plural=_short(data["plural"]), article=_short(data["article"]))


def _label(data: Mapping[str, Any]) -> LabelTerm:
    return LabelTerm(
        names=(_name(data), *(_name(item) for item in data.get("also") or [])),
        role=str(data["role"]),
        side=_text(data, "side"),
        partner=_text(data, "partner"),
    )


def _terms(data: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {kind: {str(token): _short(text) for token, text in terms.items()} for kind, terms in data.items()}


def _lists(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: _texts(data, name) for name in data}


def allowed(family: Family, value: str) -> float | None:
    """How far an answer may be off: a part of the value, at least the step of its last decimal."""
    try:
        return None if family.tolerance is None else max(0.1, round(family.tolerance * float(value), 1))
    except ValueError:  # no number is within no tolerance
        return None


def _check_version(version: object) -> None:
    if version == VERSION:
        return
    if version == 1:
        raise BadLanguage(f"version 1 was made by an older version of this project, {VERSION} is known: build again")
    raise BadLanguage(f"version {version!r:.40}, known is {VERSION}")


def read_language(text: str) -> Language:
    """Language from the text of ``mmrs.language``. Raises ``BadLanguage`` when it is not one of this version."""
    try:
        data = json.loads(text)
        _check_version(data["version"])
        families = [_family(item) for item in data["families"]]
        language = Language(
            families={family.id: family for family in families},
            labels={str(name): _label(item) for name, item in data["labels"].items()},
            forms=_terms(data["forms"]),
            images=_lists(data["images"]),
            refusals=_lists(data["refusals"]),
            values=_terms(data["values"]),
            phrases=_terms(data.get("phrases") or {}),
            units={str(name): _short(text) for name, text in (data.get("units") or {}).items()},
            words={str(name): _short(text) for name, text in data["words"].items()},
        )
    except BadLanguage:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadLanguage(f"{type(error).__name__}: {error}") from error
    if len(language.families) != len(families):
        raise BadLanguage("two families share an id")
    return language


def read_rows(text: str) -> dict[str, tuple[str, str]]:
    """Wordings of single rows from the text of ``mmrs.rows``, "" for none. Raises ``BadLanguage``."""
    try:
        data = json.loads(text) if text else {}
        return {_short(name): _pair(_texts({name: pair}, name)) for name, pair in data.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadLanguage(f"words of rows: {error}") from error


def _pair(texts: tuple[str, ...]) -> tuple[str, str]:
    asked, stated = texts
    return asked, stated
