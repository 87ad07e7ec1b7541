"""How often free answers are misread: two tables of answers with what they should be read as, both written before any
of them was tried. The first has been mended since, the second never: it says what to expect of answers yet unseen.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import pytest

from mmrs_builder import programs
from mmrs_builder.metrics import Words
from mmrs_builder.metrics.replies import read

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[1] / "docs" / "benchmark.md"


def rows(name: str) -> list[dict[str, str]]:
    """Kind, type of value, options, the token expected (none: states nothing), what is said, and why it is in."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables name types of values where questions name programs."""
    monkeypatch.setattr(programs, "value_type", lambda program: program)


def mistakes(name: str, words: Words) -> tuple[int, int, int]:
    """How many answers there are, how many are read as something else, and how many are not understood."""
    table = rows(name)
    wrong = lost = 0
    for row in table:
        choices = row["options"].split("|") if row["options"] else None
        found = read(row["said"], {"kind": row["kind"], "program": row["type"], "choices": choices}, words) or ""
        wrong += found not in ("", row["expected"])
        lost += found == "" != row["expected"]
    return len(table), wrong, lost


@pytest.mark.parametrize(("name", "most"), [("variants.tsv", (424, 2, 5)), ("variants_held_out.tsv", (100, 0, 13))])
def test_no_more_answers_are_misread_than_the_page_says(name: str, most: tuple[int, int, int], words: Words):
    total, wrong, lost = mistakes(name, words)
    assert total == most[0]
    assert wrong <= most[1]
    assert lost <= most[2]
    assert f"| {total} | {most[1]} | {most[2]} |" in PAGE.read_text("utf-8")


def test_every_kind_of_trouble_is_in_the_table():
    seen = {row["why"] for row in rows("variants.tsv")}
    assert seen >= {"synonym", "order", "negation", "hedge", "frame", "several", "letter", "name", "nothing"}
    assert sum(row["expected"] == "" for row in rows("variants.tsv")) > 80  # much must not be understood


def test_a_language_without_a_table_is_read_by_its_terms_alone(words: Words):
    from dataclasses import replace

    foreign = replace(words, spoken=None)
    question = {"kind": "open", "program": "Quadrant", "choices": None}
    assert read("upper left", question, foreign) == "upper_left"
    assert read("top left", question, foreign) is None
