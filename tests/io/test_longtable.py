"""Long tables: every row can be found again, and damage is told after the rows before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.io.longtable import read_row, read_rows
from mmrs_builder.vocab import Rejected

CELL = st.text(st.sampled_from('ab,"\nü '), max_size=6)


def written(path: Path, rows: list[list[str]]) -> None:
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["id", "text"], *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


@given(st.lists(st.tuples(CELL, CELL), max_size=5))
def test_every_row_is_found_again_by_its_place(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]):
    root = tmp_path_factory.mktemp("table")
    written(root / "t.csv", [list(row) for row in rows])
    found = list(read_rows(root, "t.csv"))
    assert [(row["id"], row["text"]) for _, row in found] == [(a.strip(), b.strip()) for a, b in rows]
    assert [read_row(root, "t.csv", place) for place, _ in found] == [row for _, row in found]


def test_a_mark_before_the_first_name_and_spaces_around_names_are_no_part_of_them(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfid, text\n1, a\n\n2,b\n")
    found = dict(read_rows(tmp_path, "t.csv"))
    assert list(found.values()) == [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]
    assert read_row(tmp_path, "t.csv", max(found))["id"] == "2"


@pytest.mark.parametrize("tail", [b"2\n", b'2,"b\n', b"2,\xff\n", b"2,b,c\n"], ids=["short", "quote", "bytes", "long"])
def test_rows_before_a_damaged_one_are_read(tmp_path: Path, tail: bytes):
    (tmp_path / "t.csv").write_bytes(b"id,text\n1,a\n" + tail)
    rows = read_rows(tmp_path, "t.csv")
    assert next(rows)[1] == {"id": "1", "text": "a"}
    with pytest.raises(Rejected) as refused:
        next(rows)
    assert refused.value.reason == "bad_metadata"


def test_a_place_beyond_the_end_says_that_the_table_changed(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(b"id,text\n1,a\n")
    with pytest.raises(Rejected) as refused:
        read_row(tmp_path, "t.csv", 999)
    assert refused.value.reason == "changed"


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.csv", "unreadable"), (".", "not_regular"), ("../t", "outside_root")]
)
def test_what_is_no_file_of_the_corpus_is_refused(tmp_path: Path, name: str, reason: str):
    with pytest.raises(Rejected) as refused:
        list(read_rows(tmp_path, name))
    assert refused.value.reason == reason
