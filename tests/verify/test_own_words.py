"""Words that were made for one row are derived like any others, and only where the row says that it has them."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from mmrs_builder.verify import verify
from mmrs_builder.verify.language import BadLanguage, Language, read_language, read_rows
from mmrs_builder.verify.mutants import mutate_row
from mmrs_builder.verify.mutations import OF_QUESTION
from mmrs_builder.verify.render import template_id
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]
OWN = ("Say in which quadrant {A} can be seen.", "It is the {value} one that holds {A}.")
TEXTS = ("Say in which quadrant the liver can be seen.", "It is the upper left one that holds the liver.")


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def reworded(rows: list[Row], language: Language, own: tuple[str, str] = OWN, **other: object) -> tuple[Row, Language]:
    """The first view with words of its own in its first question, and the language that knows them."""
    row = copy.deepcopy(rows[0])
    item = row["qa"][0]
    name = template_id(language.families[item["family"]], item["kind"], *own)
    item |= {"template_id": name, "question": TEXTS[0], "answer": TEXTS[1], "text_source": "row", **other}
    return row, replace(language, rows={name: own})


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def test_a_row_in_its_own_words_is_sound(rows: list[Row], language: Language) -> None:
    assert codes(*reworded(rows, language)) == set()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text_source": "template"}, "provenance"),
        ({"text_source": "bank"}, "provenance"),
        ({"question": TEXTS[0].upper()}, "question"),
        ({"answer": "It is the upper right one that holds the liver."}, "answer"),
        ({"template_id": "locate.quadrant/00000000"}, "template"),
    ],
)
def test_a_row_that_differs_from_its_own_words_is_a_fault(
    changed: Row, code: str, rows: list[Row], language: Language
) -> None:
    assert code in codes(*reworded(rows, language, **changed))


def test_words_under_a_name_that_is_not_theirs_are_none(rows: list[Row], language: Language) -> None:
    row, spoken = reworded(rows, language)
    assert codes(row, replace(spoken, rows={name: (pair[1], pair[0]) for name, pair in spoken.rows.items()})) == {
        "template"
    }


def test_a_family_s_own_words_do_not_come_from_a_row(rows: list[Row], language: Language) -> None:
    item = rows[0]["qa"][0]
    family = language.families[item["family"]]
    known = {template_id(family, "open", q, s): (q, s) for q in family.question for s in family.statement}
    name = item["template_id"]
    row = copy.deepcopy(rows[0])
    row["qa"][0]["text_source"] = "row"
    assert "template" in codes(row, replace(language, rows={name: known[name]}))


def test_an_answer_of_one_word_has_no_sentence_of_its_own(rows: list[Row], language: Language) -> None:
    row = copy.deepcopy(rows[0])
    item = row["qa"][1]
    assert item["kind"] == "choice"
    name = template_id(language.families[item["family"]], "choice", *OWN)
    item |= {"template_id": name, "question": TEXTS[0], "text_source": "row"}
    assert "template" in codes(row, replace(language, rows={name: OWN}))


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "[1]", '{"a": 1}', '{"a": ["x"]}', '{"a": ["x", "y", "z"]}', '{"a": ["' + "x" * 1001 + '", ""]}'],
)
def test_rows_of_another_shape_are_refused(text: str) -> None:
    with pytest.raises(BadLanguage):
        read_rows(text)


def test_a_shard_with_damaged_rows_is_a_fault_and_no_crash(folder: Path) -> None:
    path = next((folder / "data").glob("*.parquet"))
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, b"mmrs.rows": b'{"a": 1}'}
    pq.write_table(table.replace_schema_metadata(metadata), path, write_page_checksum=True)
    assert any(fault.code == "language" and "words of rows" in fault.detail for fault in verify(folder).faults)


@pytest.mark.parametrize("kind", sorted(OF_QUESTION))
def test_a_lie_about_a_row_in_its_own_words_is_noticed(kind: str, rows: list[Row], language: Language) -> None:
    row, spoken = reworded(rows, language)
    row = {**row, "qa": row["qa"][:1]}
    changed = mutate_row(row, spoken, kind, np.random.default_rng(0))
    if changed is not None:
        assert codes(changed, spoken)
