"""The stored language against its own rules (``docs/language.md`` sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Iterator

from mmrs_builder.verify import grammar
from mmrs_builder.verify.frames import VIEWER, axis_of, in_viewer
from mmrs_builder.verify.language import Family, Language


def check_language(language: Language) -> Iterator[str]:
    """What makes a language ambiguous or incomplete: shared names, uneven forms, counterparts that do not fit."""
    yield from _check_names(language)
    yield from _check_forms(language)
    for family in language.families.values():
        if family.other_frame:
            try:
                yield from _check_counterparts(family, language)
            except (grammar.BadProgram, RecursionError) as error:
                yield f"{family.id}: {error}"


def _check_names(language: Language) -> Iterator[str]:
    owners: dict[str, str] = {}
    for label, term in language.labels.items():
        for name in term.names:
            if name.name in owners:
                yield f"{label} and {owners[name.name]} are both called {name.name}"
            owners[name.name] = label


def _check_forms(language: Language) -> Iterator[str]:
    sets = {article: frozenset(forms) for article, forms in language.forms.items()}
    for article, forms in sets.items():
        for missing in sorted({"the", "a"} - forms):
            yield f"form.{article} lacks {missing}"
        for reserved in sorted({"name", "plural"} & forms):
            yield f"form.{article} calls a form {reserved}"
    for label, term in language.labels.items():
        for name in term.names:
            if name.article not in sets:
                yield f"{label}: no forms for the article {name.article} of {name.name}"
    if len(set(sets.values())) > 1:
        yield f"the forms of {', '.join(sorted(sets))} are not the same"


def _check_counterparts(family: Family, language: Language) -> Iterator[str]:
    if family.frame != "patient" or axis_of(family) is None or len(family.other_frame) != len(VIEWER):
        yield f"{family.id} has no counterparts in the other frame"
        return
    for relation, name in zip(VIEWER, family.other_frame, strict=True):
        counterpart = language.families.get(name)
        if counterpart is None:
            yield f"{name}, the counterpart of {family.id}, is missing"
            continue
        told = grammar.text_of(grammar.parse(counterpart.program, slots=True))
        if told != in_viewer(family.program, relation):
            yield f"{name} asks {told}, not what {family.id} asks in the other frame"
