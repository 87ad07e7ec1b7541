"""How often free answers are misread: a table of answers written by hand before the parser was tried on them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import pytest

from mmrs_builder.metrics import Words
from mmrs_builder.metrics.replies import read

TABLE: Final = Path(__file__).parent / "variants.tsv"
PROGRAMS: Final = {"One": 'largest(union(all("kidney"), all("liver")))', "Count": 'count(all("polyp"))'}


def table() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def question(row: dict[str, str]) -> dict[str, Any]:
    choices = row["options"].split("|") if row["options"] else None
    return {"kind": row["kind"], "program": row["type"], "choices": choices}


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table names types of values; a program of each stands in no place here."""
    monkeypatch.setattr("mmrs_builder.programs.value_type", lambda program: program)
