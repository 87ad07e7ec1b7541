"""Commands that read finished shards name a damaged one, and what to do, instead of ending with a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.build.command import mmrs


def without_end(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-100])


def with_damaged_pages(shard: Path) -> None:
    """The last data page of every column is overwritten; the footer is as it was."""
    group = pq.ParquetFile(shard).metadata.row_group(0)
    data = bytearray(shard.read_bytes())
    for column in map(group.column, range(group.num_columns)):
        end = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
        data[end - min(12, column.total_compressed_size) : end] = b"\xff" * min(12, column.total_compressed_size)
    shard.write_bytes(data)


@pytest.mark.parametrize("damage", [without_end, with_damaged_pages])
@pytest.mark.parametrize(
    ("words", "config"),
    [
        (("stats",), "qa"),
        (("stats",), "data"),
        (("audit",), "qa"),
        (("audit",), "data"),
        (("view", "--out", "page.html"), "data"),
        (("view", "--contact", "sheet.png"), "data"),
    ],
    ids=["stats, questions", "stats, views", "audit, questions", "audit, views", "page", "sheet"],
)
def test_a_damaged_shard_is_named(
    built: Path, tmp_path: Path, words: tuple[str, ...], config: str, damage: Callable[[Path], None]
):
    out = tmp_path / "shards"
    shutil.copytree(built, out)
    for shard in (out / config).glob("*.parquet"):
        damage(shard)
    name, *options = words
    done = mmrs(name, out, *(tmp_path / word if "." in word else word for word in options))
    assert done.code == 5
    assert f"{config}/" in done.err
    assert "mmrs verify" in done.err
    assert not list(tmp_path.glob("page.html")) + list(tmp_path.glob("sheet.png"))
