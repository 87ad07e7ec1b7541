"""Reading the template files: ``labels.toml``, ``<language>/terms.toml`` and one file of families per theme.

Only the form is judged here (keys, types, terms for every label); ``template_checks`` judges the content.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from mmrs_builder import resources
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.language import (
    Family,
    Language,
    PlaceholderError,
    Problem,
    TemplateError,
    Terms,
    image_names,
    name_text,
    phrase_text,
    render,
    template_id,
    to_json,
    unworded,
    value_text,
    with_terms,
)
from mmrs_builder.types import Label, Name, Synonym, Term

__all__ = [
    "DEFAULT",
    "Family",
    "Language",
    "PlaceholderError",
    "Problem",
    "TemplateError",
    "Terms",
    "image_names",
    "languages",
    "load",
    "name_text",
    "only",
    "phrase_text",
    "render",
    "shipped",
    "template_id",
    "to_json",
    "unworded",
    "value_text",
    "with_terms",
]

DEFAULT: Final = "en"
"""The language of a build that names none."""

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "text": str,
    "list of texts": list,
    "list of tables": list,
    "number": (int, float),
    "whole number": int,
    "true or false": bool,
    "table": dict,
}
_FAMILY: Final = {
    "id": "text",
    "frame": "text",
    "program": "text",
    "kinds": "list of texts",
    "target": "text",
    "question": "list of texts",
    "claim": "list of texts",
    "statement": "list of texts",
    "min_margin": "number",
    "choices": "whole number",
    "unit": "text",
    "tolerance": "number",
    "where": "table",
    "symmetric": "true or false",
    "unordered": "list of texts",
    "other_frame": "list of texts",
}
_LABEL: Final = {
    "id": "text", "role": "text", "side": "text", "partner": "text", "aliases": "list of texts",
    "codes": "list of texts",
}  # fmt: skip
_NAME: Final = {"name": "text", "plural": "text", "article": "text"}
_TERM: Final = {**_NAME, "also": "list of tables"}
_SYNONYM: Final = {**_NAME, "register": "text"}
_TABLES: Final = ("label", "marker", "form", "image", "refusal", "value", "phrase", "unit", "word")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A folder being read, and the problems found so far."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, file: str, family: str | None, where: str, message: str, advice: str) -> None:
        self.problems.append(
            Problem(file=file, family=family, field=where, column=None, message=message, advice=advice)
        )


def languages(folder: Path) -> tuple[str, ...]:
    """The languages of a template folder, sorted: its folders with a ``terms.toml``."""
    return tuple(sorted(file.parent.name for file in folder.glob("*/terms.toml")))


def shipped(language: str = DEFAULT) -> Language:
    """A language of this project. Raises ``MmrsError`` if there is none of that name, else as ``load`` does."""
    folder = resources.path("templates")
    if language not in languages(folder):
        hint = f"There is {', '.join(languages(folder))}: the folders in {folder}."
        raise MmrsError(f"no language {language!r}", code=USAGE, hint=hint)
    return load(folder, language)


def only(language: Language, patterns: Sequence[str]) -> Language:
    """A language with those of its families whose ids fit one of the patterns (``locate.*``); without any, with all.

    A family keeps its counterparts in the other frame if both fit.

    Raises ``MmrsError`` for a pattern that fits no family.
    """
    for pattern in patterns:
        if not any(fnmatchcase(family.id, pattern) for family in language.families):
            hint = "`mmrs families` lists them; 'locate.*' means all of a theme."
            raise MmrsError(f"--families {pattern}: no family fits", code=USAGE, hint=hint)
    if not patterns:
        return language
    wanted = [family for family in language.families if any(fnmatchcase(family.id, pattern) for pattern in patterns)]
    ids = {family.id for family in wanted}
    paired = (it if ids.issuperset(it.other_frame) else replace(it, other_frame=()) for it in wanted)
    return replace(language, families=tuple(paired))


def load(folder: Path, language: str = DEFAULT) -> Language:
    """All families and terms of a language.

    Raises ``TemplateError`` with every problem of form: a file that is missing or is not TOML, an unknown or missing
    key, a value of the wrong type, a label without a term.
    """
    reading = _Reading(folder=folder)
    terms = _terms(reading, language)
    themes = sorted(path.stem for path in (folder / language).glob("*.toml") if path.stem != "terms")
    families = [family for theme in themes for family in _families(reading, language, theme)]
    if not families and not reading.problems:
        reading.wrong(f"{language}/", None, "families", "there are none", "write at least one [[family]] block")
    if reading.problems:
        raise TemplateError(reading.problems)
    return Language(language=language, families=tuple(sorted(families, key=lambda family: family.id)), terms=terms)


def _families(reading: _Reading, language: str, theme: str) -> Iterator[Family]:
    file = f"{language}/{theme}.toml"
    for block in _blocks(reading, file, "family"):
        name = str(block.get("id", "a family without id"))
        fields = _fields(reading, file, name, block, _FAMILY, ("id", "frame", "program", "kinds"))
        if fields is not None:
            yield Family(theme=theme, **fields)


def _terms(reading: _Reading, language: str) -> Terms:
    labels = {}
    for block in _blocks(reading, "labels.toml", "label"):
        fields = _fields(reading, "labels.toml", str(block.get("id")), block, _LABEL, ("id", "role"))
        if fields is not None and fields["id"] in labels:
            reading.wrong("labels.toml", fields["id"], "id", "a label of this id stands above", "remove one of the two")
        elif fields is not None:
            labels[fields["id"]] = Label(**fields)
    file = f"{language}/terms.toml"
    tables = _toml(reading, file)
    _known(reading, file, None, tables, _TABLES)
    texts = {name: _table(reading, file, name, tables.get(name, {})) for name in _TABLES}
    return Terms(
        labels=_named(reading, file, labels, texts["label"]),
        forms={name: _texts(reading, file, name, table) for name, table in texts["form"].items()},
        images=_lists(reading, file, "image", texts["image"]),
        refusals=_lists(reading, file, "refusal", texts["refusal"]),
        values={name: _texts(reading, file, name, table) for name, table in texts["value"].items()},
        phrases={name: _texts(reading, file, name, table) for name, table in texts["phrase"].items()},
        units=_texts(reading, file, "unit", texts["unit"]),
        words=_texts(reading, file, "word", texts["word"]),
        markers=_signs(reading, file, texts["marker"]),
    )


def _signs(reading: _Reading, file: str, tables: Mapping[str, Any]) -> dict[str, Name]:
    """The name of what each sign is drawn on."""
    found = {}
    for sign, value in tables.items():
        fields = _fields(reading, file, sign, _table(reading, file, sign, value), _NAME, tuple(_NAME))
        if fields is not None:
            found[sign] = Name(**fields)
    return found


def _named(
    reading: _Reading, file: str, labels: Mapping[str, Label], tables: Mapping[str, Any]
) -> dict[str, tuple[Label, Term]]:
    for unknown in sorted(tables.keys() - labels.keys()):
        reading.wrong(file, unknown, "label", "labels.toml has no such label", "add it there or remove the term")
    named = {}
    for label in labels.values():
        if label.id not in tables:
            reading.wrong(file, label.id, "label", "the label has no term", f"add [label.{label.id}] with a name")
            continue
        table = _table(reading, file, label.id, tables[label.id])
        fields = _fields(reading, file, label.id, table, _TERM, tuple(_NAME))
        if fields is not None:
            also = _synonyms(reading, file, label.id, fields.pop("also", ()))
            named[label.id] = (label, Term(**fields, also=also))
    return named


def _synonyms(reading: _Reading, file: str, name: str, tables: Sequence[Mapping[str, Any]]) -> tuple[Synonym, ...]:
    found = (_fields(reading, file, name, table, _SYNONYM, tuple(_SYNONYM)) for table in tables)
    return tuple(Synonym(**fields) for fields in found if fields is not None)


def _fields(
    reading: _Reading,
    file: str,
    name: str,
    block: Mapping[str, Any],
    known: Mapping[str, str],
    required: tuple[str, ...],
) -> dict[str, Any] | None:
    """The block's values as tuples and scalars; None, with the problems noted, when a key or a type is wrong."""
    before = len(reading.problems)
    _known(reading, file, name, block, tuple(known))
    for key in required:
        if key not in block:
            reading.wrong(file, name, key, "the key is missing", f"add {key} ({known[key]})")
    for key, value in block.items():
        if key in known and not _fits(value, known[key]):
            reading.wrong(file, name, key, f"{value!r} is not a {known[key]}", f"write a {known[key]}")
    return None if len(reading.problems) > before else {key: _frozen(value) for key, value in block.items()}


def _fits(value: object, kind: str) -> bool:
    if isinstance(value, bool) and kind != "true or false":
        return False
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    wanted = dict if kind == "list of tables" else str
    return isinstance(value, _TYPES[kind]) and all(isinstance(item, wanted) for item in items)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value


def _known(reading: _Reading, file: str, name: str | None, block: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in block:
        if key not in known:
            reading.wrong(file, name, key, "unknown key", f"use one of {', '.join(known)}")


def _blocks(reading: _Reading, file: str, name: str) -> list[dict[str, Any]]:
    """The [[name]] tables of a file that may hold nothing else."""
    content = _toml(reading, file)
    _known(reading, file, None, content, (name,))
    blocks = content.get(name, [])
    if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
        return blocks
    reading.wrong(file, None, name, "not a list of tables", f"write [[{name}]] with double brackets")
    return []


def _table(reading: _Reading, file: str, name: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    reading.wrong(file, None, name, f"{value!r} is not a table", f"write [{name}.…] and one line per term below it")
    return {}


def _texts(reading: _Reading, file: str, name: str, value: object) -> dict[str, str]:
    table = _table(reading, file, name, value)
    for key, text in table.items():
        if not isinstance(text, str):
            reading.wrong(file, name, key, f"{text!r} is not a text", "write the term between double quotes")
    return {key: str(text) for key, text in table.items()}


def _lists(reading: _Reading, file: str, name: str, table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    for key, texts in table.items():
        if not _fits(texts, "list of texts"):
            reading.wrong(file, name, key, f"{texts!r} is not a list of texts", 'write ["…", "…"]')
    return {key: tuple(texts) for key, texts in table.items() if _fits(texts, "list of texts")}


def _toml(reading: _Reading, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads((reading.folder / file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        reading.wrong(file, None, "file", f"not found in {reading.folder}", "restore it or check the template folder")
    except UnicodeDecodeError as error:
        reading.wrong(file, None, "file", f"not UTF-8 text ({error.reason})", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        reading.wrong(file, None, "file", f"not TOML: {error}", "correct the syntax at that line and column")
    return {}
