"""What the number of rows in a row group costs: reading one after another, and reaching for one view."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq

from benchmarks.builds import peak, spent
from mmrs_builder import shards

SIZES = (1, 10, 32, 100, 1000)
ROWS = 1000
REACHED = 20
"""Views that are reached for one by one."""


class Counted(io.FileIO):
    """A file that counts how often it is asked for bytes, and for how many: what a server would be asked for."""

    requests = 0
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(-1 if size is None else size)
        self.requests += 1
        self.taken += len(found)
        return found


def rewrite(files: list[Path], size: int, out: Path, rows: int = ROWS) -> None:
    """One shard of the views of others, again from the first when they are used up, with ``size`` rows in a group."""
    schema = pq.read_schema(files[0])
    found = [row for path in files for row in pq.read_table(path).to_pylist()]
    with mock.patch.object(shards, "ROW_GROUP", size):
        shards.write_shard(out, [found[i % len(found)] for i in range(rows)], schema)


def measured(file: Path) -> dict[str, Any]:
    """Milliseconds of the processors and MB for a shard with one size of groups, in this process."""
    from datasets import Image, List, load_dataset

    rows = pq.read_metadata(file).num_rows
    stream = load_dataset("parquet", data_files={"train": [str(file)]}, split="train", streaming=True)
    stream = stream.cast_column("image", Image(decode=False)).cast_column("masks", List(Image(decode=False)))
    before = spent()
    assert sum(1 for _ in stream) == rows
    streamed, most = spent() - before, peak()
    before, taken, requests = spent(), 0, 0
    for view in range(REACHED):
        counted = Counted(file)
        group = pq.ParquetFile(counted, pre_buffer=True)
        first = taken_row(group, rows * view // REACHED)
        assert first["image"]["bytes"]
        taken, requests = taken + counted.taken, requests + counted.requests
        counted.close()
    return {
        "bytes": file.stat().st_size / rows,
        "streamed_ms": 1000 * streamed / rows,
        "peak_mb": most,
        "reached_ms": 1000 * (spent() - before) / REACHED,
        "reached_bytes": taken / REACHED,
        "requests": requests / REACHED,
    }


def taken_row(file: pq.ParquetFile, row: int) -> dict[str, Any]:
    """One row, by the group that holds it."""
    for group in range(file.num_row_groups):
        held = file.metadata.row_group(group).num_rows
        if row < held:
            return dict(file.read_row_group(group).slice(row, 1).to_pylist()[0])
        row -= held
    raise IndexError(row)
