"""The language stored with a shard: families, terms and words, read from untrusted JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = 1
MIN_MARGIN: Final = 0.1  # language.md section 7, when a family names none


class BadLanguage(ValueError):
    """The stored language lacks something or has it in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTerm:
    """How a label is called, and what kind of structure it is. Shards of before 4a know no ``partner``."""

    name: str
    plural: str
    article: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All that is needed to render the questions and answers of a shard."""

    families: Mapping[str, Family]
    labels: Mapping[str, LabelTerm]
    values: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, Mapping[str, str]]
    units: Mapping[str, str]
    words: Mapping[str, str]


def _text(data: Mapping[str, Any], name: str) -> str | None:
    text = data.get(name)
    return None if text is None else str(text)


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = data.get(name) or []
    if not isinstance(texts, list):
        raise BadLanguage(f"{name} is not a list")
    return tuple(str(text) for text in texts)


def _family(data: Mapping[str, Any]) -> Family:
    margin, choices, tolerance = data.get("min_margin"), data.get("choices"), data.get("tolerance")
    return Family(
        id=str(data["id"]),
        frame=str(data["frame"]),
        program=str(data["program"]),
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
    )


def _label(data: Mapping[str, Any]) -> LabelTerm:
    return LabelTerm(
        name=str(data["name"]),
        plural=str(data["plural"]),
        article=str(data["article"]),
        role=str(data["role"]),
        side=_text(data, "side"),
        partner=_text(data, "partner"),
    )


def _terms(data: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {kind: {str(token): str(text) for token, text in terms.items()} for kind, terms in data.items()}


def allowed(family: Family, value: str) -> float | None:
    """How far an answer may be off: a part of the value, at least the step of its last decimal."""
    return None if family.tolerance is None else max(0.1, round(family.tolerance * float(value), 1))


def read_language(text: str) -> Language:
    """Language from the text of ``mmrs.language``. Raises ``BadLanguage`` when it is not one of this version."""
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise BadLanguage(f"version {data['version']!r}, known is {VERSION}")
        families = [_family(item) for item in data["families"]]
        language = Language(
            families={family.id: family for family in families},
            labels={str(name): _label(item) for name, item in data["labels"].items()},
            values=_terms(data["values"]),
            phrases=_terms(data.get("phrases") or {}),
            units={str(name): str(text) for name, text in (data.get("units") or {}).items()},
            words={str(name): str(text) for name, text in data["words"].items()},
        )
    except BadLanguage:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadLanguage(f"{type(error).__name__}: {error}") from error
    if len(language.families) != len(families):
        raise BadLanguage("two families share an id")
    return language
