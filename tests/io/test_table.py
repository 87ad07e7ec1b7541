from __future__ import annotations

from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict

from mmrs_builder.io.raster import read_pair, read_picture, stored_bytes
from mmrs_builder.io.table import cell, columns, items, read_stored, rows
from mmrs_builder.vocab import Rejected
from tests.corpora import picture
from tests.corpora.hf import FEATURES, box, dataset, shot

TWO = [box(0, 0, 8, 8), box(20, 20, 30, 24)]


def three() -> Dataset:
    return dataset([TWO, [], None], ["a", "b", "c"])


def parquet(root: Path) -> str:
    three().to_parquet(root / "t.parquet", batch_size=2)  # two row groups
    return "t.parquet"


def arrow(root: Path) -> str:
    DatasetDict({"train": three()}).save_to_disk(root)
    return "train/data-00000-of-00001.arrow"


@pytest.fixture(params=[parquet, arrow])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path: str = request.param(tmp_path)
    return path


def reason(root: Path, path: str) -> str:
    with pytest.raises(Rejected) as caught:
        read_stored(root, path)
    return caught.value.reason


def test_cells_hold_the_bytes_that_were_put_in(table: str, tmp_path: Path):
    assert rows(tmp_path, table) == 3
    assert columns(tmp_path, table) == tuple(FEATURES)
    assert [read_stored(tmp_path, cell(table, i, "image")) for i in range(3)] == [shot(i)["bytes"] for i in range(3)]
    assert read_stored(tmp_path, cell(table, 0, "masks", 1)) == TWO[1]["bytes"]


def test_a_list_is_as_many_cells_as_it_has_pictures(table: str, tmp_path: Path):
    held = [items(tmp_path, cell(table, i, "masks")) for i in range(3)]
    assert held == [(cell(table, 0, "masks", 0), cell(table, 0, "masks", 1)), (), None]


def test_pictures_in_cells_go_through_the_one_decoder(table: str, tmp_path: Path):
    path = cell(table, 0, "image")
    stored, readings = read_pair(tmp_path, path, [cell(table, 0, "masks", 0), cell(table, 0, "masks", 1)])
    assert [int(reading.mask.sum()) for reading in readings] == [64, 40]
    assert stored.render is None
    assert stored_bytes(tmp_path, path, stored.source_sha256) == stored.data


@pytest.mark.parametrize(
    ("row", "column", "item", "expected"),
    [
        (9, "image", None, "no_image"),
        (0, "nothing", None, "no_image"),
        (2, "masks", None, "no_image"),
        (1, "masks", 0, "no_image"),
        (0, "who", None, "unsupported_mode"),
        (0, "masks", None, "unsupported_mode"),
    ],
)
def test_a_cell_without_a_picture_is_refused(
    table: str, tmp_path: Path, row: int, column: str, item: int | None, expected: str
):
    assert reason(tmp_path, cell(table, row, column, item)) == expected


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_damaged_table_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"PAR1ARROW1 and nothing more")
    assert reason(tmp_path, cell(name, 0, "image")) == "truncated"


def test_a_path_in_a_cell_is_followed_only_inside_the_folder(tmp_path: Path):
    home = tmp_path / "corpus"
    home.mkdir()
    picture(tmp_path / "secret.png", 1)
    picture(home / "own.png", 2)
    told = [{"bytes": None, "path": path} for path in ("own.png", "../secret.png", str(tmp_path / "secret.png"))]
    Dataset.from_dict({"image": told}).to_parquet(home / "t.parquet")
    assert read_picture(home, "t.parquet/0/image").source_sha256 == read_picture(home, "own.png").source_sha256
    assert {reason(home, f"t.parquet/{row}/image") for row in (1, 2)} == {"outside_root"}


def test_a_folder_may_be_called_like_a_table(tmp_path: Path):
    (tmp_path / "a.parquet" / "12").mkdir(parents=True)
    (tmp_path / "a.parquet" / "12" / "image").write_bytes(b"bytes")
    assert read_stored(tmp_path, "a.parquet/12/image") == b"bytes"


def test_a_table_that_changed_is_read_anew(tmp_path: Path):
    parquet(tmp_path)
    before = read_stored(tmp_path, "t.parquet/0/masks/0")
    dataset([[TWO[1]]], ["a"]).to_parquet(tmp_path / "t.parquet")
    assert read_stored(tmp_path, "t.parquet/0/masks/0") == TWO[1]["bytes"] != before
