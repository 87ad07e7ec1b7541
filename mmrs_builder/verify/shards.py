"""Shard files as found on disk: names, schema, page checksums, rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder import schema
from mmrs_builder.verify.report import Fault

FOLDERS: Final = {"default": "data", "qa": "qa", "preview": "preview"}
NAME: Final = re.compile(r"(train|validation|test)-(\d{5})-of-(\d{5})\.parquet")
BATCH: Final = {"default": 8, "qa": 4096, "preview": 8}  # rows held at a time; a view row carries its pictures
UNREADABLE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard whose schema has been accepted; ``language`` is its unread JSON, ``own_words`` that of its rows.

    ``recipe`` says that it declares to lack pictures or masks.
    """

    config: str
    split: str
    path: Path
    rows: int
    language: str
    own_words: str
    recipe: bool

    @property
    def name(self) -> str:
        """Path relative to the output folder."""
        return f"{self.path.parent.name}/{self.path.name}"


def check_names(out: Path) -> Iterator[Fault]:
    """Every file in a folder of ``FOLDERS`` is named as a shard, and each split is a complete 0..N-1 set."""
    for folder in FOLDERS.values():
        names = sorted(path.name for path in (out / folder).glob("*"))
        splits: dict[tuple[str, str], set[int]] = {}
        for name in names:
            match = NAME.fullmatch(name)
            if match is None:
                yield Fault(code="shard_name", where=f"{folder}/{name}", detail="not a shard")
                continue
            splits.setdefault((match[1], match[3]), set()).add(int(match[2]))
        for (split, total), numbers in splits.items():
            # compared by count first: a hostile total must not become a range in memory
            if len(numbers) != int(total) or max(numbers) != int(total) - 1:
                detail = f"{len(numbers)} of {int(total)} shards of {split}"
                yield Fault(code="shard_set", where=folder, detail=detail)
        for split in sorted({split for split, total in splits if sum(s == split for s, _ in splits) > 1}):
            yield Fault(code="shard_set", where=folder, detail=f"{split} has sets of different length")


def open_shards(out: Path) -> tuple[list[Shard], list[Fault]]:
    """Shards that can be read and have the frozen schema, and the faults of the others."""
    shards, faults = [], []
    for config, folder in FOLDERS.items():
        for path in sorted((out / folder).glob("*.parquet")):
            match = NAME.fullmatch(path.name)
            if match is None:
                continue
            found = _open(config, match[1], path)
            faults += [found] if isinstance(found, Fault) else []
            shards += [found] if isinstance(found, Shard) else []
    return shards, faults


def _open(config: str, split: str, path: Path) -> Shard | Fault:
    name = f"{path.parent.name}/{path.name}"
    try:
        with pq.ParquetFile(path) as file:
            arrow, rows = file.schema_arrow, file.metadata.num_rows
    except UNREADABLE as error:
        return Fault(code="parquet", where=name, detail=str(error))
    found = {key.decode(errors="replace"): text for key, text in (arrow.metadata or {}).items()}
    version = found.get("mmrs.schema_version", b"").decode(errors="replace")
    if version != str(schema.SCHEMA_VERSION):
        return Fault(code="schema_version", where=name, detail=f"{version!r}, known is {schema.SCHEMA_VERSION}")
    different = _differences(config, arrow, found)
    if different:
        return Fault(code="schema", where=name, detail="; ".join(different))
    if rows == 0:
        return Fault(code="shard_empty", where=name, detail="no rows")
    language = found.get("mmrs.language", b"").decode(errors="replace")
    own = found.get("mmrs.rows", b"").decode(errors="replace")
    return Shard(
        config=config, split=split, path=path, rows=rows, language=language, own_words=own,
        recipe=schema.RECIPE in found,
    )  # fmt: skip


def _differences(config: str, arrow: pa.Schema, metadata: dict[str, bytes]) -> list[str]:
    expected = schema.arrow_schema(config, {})
    if arrow.names != expected.names:
        return [f"fields {arrow.names}"]
    different = [
        f"{one.name} is {one.type}, not {other.type}"
        for one, other in zip(arrow, expected, strict=True)
        if one.type != other.type or one.nullable != other.nullable
    ]
    try:
        features = json.loads(metadata.get("huggingface", b"null"))
    except (ValueError, RecursionError):
        features = None
    if features != json.loads(expected.metadata[b"huggingface"]):
        different.append("huggingface features")
    return different


def rows_of(shard: Shard, faults: list[Fault]) -> Iterator[dict[str, Any]]:
    """Rows of a shard as Python dicts, page checksums verified; what cannot be read is added to ``faults``."""
    try:
        with pq.ParquetFile(shard.path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=BATCH[shard.config]):
                yield from batch.to_pylist()
    except UNREADABLE as error:
        faults.append(Fault(code="parquet", where=shard.name, detail=str(error)))
