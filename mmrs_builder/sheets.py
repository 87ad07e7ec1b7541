"""What there is to build with: tables and sheets of sources and question families."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from mmrs_builder import programs, sources
from mmrs_builder.template_checks import check
from mmrs_builder.templates import Family, Language, TemplateError, shipped


def source_rows() -> list[dict[str, Any]]:
    """One row per source."""
    return [
        {
            "name": source.name,
            "title": source.title,
            "modality": source.modality,
            "license": source.license,
            "license_class": source.license_class,
            "size": source.size,
            "access": source.access,
            "patient_ids": source.patient_ids,
        }
        for source in sources.catalogue()
    ]


def source_sheet(name: str) -> dict[str, Any]:
    """All that is known of one source, with its options. Raises ``ValueError`` for an unknown name."""
    source = sources.find(name)
    facts = ("name", "title", "version", "modality", "license", "license_class", "access", "url", "labels",
             "exhaustive", "patient_ids", "minimum_area", "mask_rule", "size", "steps")  # fmt: skip
    return {
        **{fact: getattr(source, fact) for fact in facts},
        "options": [asdict(option) for option in sources.options(name)],
    }


def print_sources(found: Any) -> None:
    """A table of sources, or the sheet of one."""
    console = Console()
    if isinstance(found, dict):
        for key, value in found.items():
            if key != "options":
                console.print(f"[bold]{key:13}[/bold] ", end="")
                console.print(", ".join(value) if isinstance(value, tuple) else str(value), markup=False)
        for option in found["options"]:
            console.print(f"--set {found['name']}.{option['name']}={option['default']!r}", markup=False)
            console.print(f"      {option['help']}", markup=False)
        return
    console.print(_table(found, ("name", "title", "modality", "license_class", "size", "access", "patient_ids")))
    console.print("mmrs sources NAME shows licence, options and how to obtain a corpus.")


def family_rows(language: str) -> list[dict[str, Any]]:
    """One row per question family; ``hops`` is the number of relations in its program.

    Raises ``MmrsError`` for an unknown language.
    """
    return [_family(family) for family in shipped(language).families]


def family_sheet(name: str, language: str) -> dict[str, Any]:
    """One family with its wordings. Raises ``ValueError`` for an unknown id, ``MmrsError`` for an unknown language."""
    return asdict(family_named(shipped(language), name))


def family_named(language: Language, name: str) -> Family:
    """The family of that id. Raises ``ValueError``, saying which is close, for an unknown one."""
    families = {family.id: family for family in language.families}
    if name not in families:
        close = difflib.get_close_matches(name, families, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"no family {name!r}{hint} (`mmrs families` lists them)")
    return families[name]


def print_families(found: Any) -> None:
    """A table of families, or the sheet of one."""
    console = Console()
    if isinstance(found, dict):
        for key, value in found.items():
            for line in value if isinstance(value, tuple) else (value,):
                console.print(f"[bold]{key:11}[/bold] ", end="")
                console.print(str(line), markup=False)
        return
    console.print(_table(found, ("id", "kinds", "wordings", "hops")))
    console.print(f"{len(found)} families, {sum(row['wordings'] for row in found)} wordings")


def check_families(language: str) -> list[str]:
    """Every problem in the templates of a language, a line each. Raises ``MmrsError`` for an unknown language."""
    try:
        return [str(problem) for problem in check(shipped(language))]
    except TemplateError as error:
        return [str(problem) for problem in error.problems]


def _family(family: Family) -> dict[str, Any]:
    return {
        "id": family.id,
        "program": family.program,
        "kinds": list(family.kinds),
        "wordings": len(family.question) + len(family.claim) + len(family.statement),
        "hops": programs.hops(family.program),
        "frame": family.frame,
    }


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    table = Table()
    for name in columns:
        table.add_column(name.replace("_", " "), no_wrap=name == columns[0])
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    return table


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
