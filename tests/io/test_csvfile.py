"""Tables in text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.vocab import Rejected


def rows(root: Path, text: str | bytes, *columns: str, delimiter: str = ",") -> list[dict[str, str]]:
    (root / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return [dict(row) for row in read_csv(root, "t.csv", columns, delimiter)]


def test_columns_are_found_by_name_and_stripped(tmp_path: Path):
    text = '\ufeffImageId, EncodedPixels ,x\r\na.1, 3 4 ,\r\n\r\n"b,2",-1,y\r\n'
    assert rows(tmp_path, text, "EncodedPixels", "ImageId") == [
        {"EncodedPixels": "3 4", "ImageId": "a.1"},
        {"EncodedPixels": "-1", "ImageId": "b,2"},
    ]


def test_another_delimiter_can_be_told(tmp_path: Path):
    assert rows(tmp_path, "image_id;split\ns1;train\n", "split", delimiter=";") == [{"split": "train"}]


def test_a_cell_may_be_as_long_as_the_run_lengths_of_a_film(tmp_path: Path):
    assert len(rows(tmp_path, f"a\n{'7 ' * 200_000}\n", "a")[0]["a"]) == 399_999


@pytest.mark.parametrize(
    ("text", "what"), [("a,b\n1\n", "cells"), ("a\n1\n", "no column 'b'"), (b"b\n\xff\n", "UTF-8"), ('b\n"x\n', "")]
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str | bytes, what: str):
    with pytest.raises(Rejected) as caught:
        rows(tmp_path, text, "b")
    assert caught.value.reason == "bad_metadata"
    assert what in caught.value.detail
