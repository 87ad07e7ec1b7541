"""Artefacts of the stages under ``OUT/.mmrs``: written whole, by rename, and recognised by a build key."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.types import Grid, Jitter, Marker, Pair, Scene, Structure, Twin

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a disk says that takes no more."""

GROUP: Final = 64
"""Rows of a table that are kept together, to be read without the others."""

MEASURED: Final = pa.schema(
    [
        ("view_id", pa.string()),
        ("case_id", pa.string()),
        ("source", pa.string()),
        ("modality", pa.string()),
        ("sequence", pa.string()),
        ("patient_id", pa.string()),
        ("group", pa.string()),
        ("split_official", pa.string()),
        ("home", pa.string()),
        ("image_path", pa.string()),
        ("source_sha256", pa.string()),
        ("image_sha256", pa.string()),
        ("pixels_sha256", pa.string()),
        ("picture", pa.string()),
        ("thumbnail", pa.binary()),
        ("render", pa.string()),
        ("scene", pa.string()),
        ("rendered", pa.binary()),
        ("masks", pa.list_(pa.binary())),
    ]
)
"""A measured view: the scene as JSON, its masks as 1-bit PNG, and the picture where it is a rendering.

``home`` is the corpus folder below the one that was named, ``image_path`` lies below it; ``picture`` is the digest of
the pixels in colour, the same for a grey picture and its colour copy; ``thumbnail`` is its small grey picture, row by
row (see ``likeness``).
"""

ASKED: Final = pa.schema(
    [
        ("view_id", pa.string()),
        ("source", pa.string()),
        ("part", pa.string()),
        ("row", pa.int32()),
        ("split", pa.string()),
        ("group_id", pa.string()),
        ("questions", pa.int32()),
        ("selected", pa.string()),
    ]
)
"""A view that will be published: where its measurement lies, its split, and the questions chosen for it as JSON."""


def put(path: Path, data: bytes | memoryview, draft: Path | None = None) -> None:
    """Write a file whole and flush it to disk, or leave what was there.

    It is written as a neighbour of ``path``, or of ``draft`` where a killed process may leave nothing beside ``path``,
    and renamed. Raises ``MmrsError`` with the bytes that are needed and free where the disk is full.
    """
    try:
        # Processes of two machines may have the same number.
        _put(path, data, (draft or path).with_name(f"{path.name}.{os.uname().nodename}.{os.getpid()}.tmp"))
    except OSError as error:
        if error.errno not in FULL:
            raise
        there = next(folder for folder in path.parents if folder.is_dir())
        raise MmrsError(
            f"{path}: the disk is full: {len(data):,} bytes are needed, {shutil.disk_usage(there).free:,} are free",
            code=ENVIRONMENT,
            hint="Make room, then run the same command again; what is finished is kept.",
        ) from error


def _put(path: Path, data: bytes | memoryview, temporary: Path) -> None:
    try:
        for folder in (path.parent, temporary.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(folder: Path) -> None:
    """Remove a stage folder of ours."""
    shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, value: object) -> None:
    """Write JSON whole, sorted and readable."""
    put(path, f"{json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)}\n".encode())


def read_json(path: Path) -> dict[str, object] | None:
    """A JSON object, or None where there is none or only part of one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_table(path: Path, rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> None:
    """Write rows as Parquet, whole."""
    coded, table = pa.BufferOutputStream(), pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, coded, compression="zstd", row_group_size=GROUP)
    put(path, coded.getvalue())


def read_group(path: Path, group: int, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows ``group * GROUP`` and on, so many as are kept together, of what ``write_table`` wrote."""
    with pq.ParquetFile(path) as file:
        rows: list[dict[str, Any]] = file.read_row_group(group, columns=columns, use_threads=False).to_pylist()
    return rows


def scene_to_json(scene: Scene) -> str:
    """A scene as two lines of text, records as objects: what is published of it, and what only asking looks at.

    ``dataclasses.asdict`` would copy every number first. Pairs that another hand left as they were are null.
    """
    published = {name: getattr(scene, name) for name in scene.__slots__ if name not in ("pairs", "jitter")}
    hands = [[it.way, it.structures, None if it.pairs == scene.pairs else it.pairs] for it in scene.jitter]
    return f"{_json(published)}\n{_json([scene.pairs, hands])}"


def scene_from_json(text: str) -> Scene:
    """The scene that ``scene_to_json`` wrote."""
    published, asked = text.split("\n")
    raw_pairs, hands = json.loads(asked)
    pairs = _pairs(raw_pairs)
    jitter = tuple(
        Jitter(way=way, structures=_structures(structures), pairs=pairs if moved is None else _pairs(moved))
        for way, structures, moved in hands
    )
    return _scene(json.loads(published), pairs, jitter)


def scene_published(text: str) -> Scene:
    """The same without pairs and jitter: most of the text, which nobody needs who does not ask about it."""
    return _scene(json.loads(text.partition("\n")[0]), (), ())


def _json(value: object) -> str:
    return json.dumps(value, default=lambda record: {name: getattr(record, name) for name in record.__slots__})


def _scene(raw: dict[str, Any], pairs: tuple[Pair, ...], jitter: tuple[Jitter, ...]) -> Scene:
    return Scene(
        view_id=raw["view_id"],
        case_id=raw["case_id"],
        source=raw["source"],
        modality=raw["modality"],
        grid=Grid(**{name: _tuples(value) for name, value in raw["grid"].items()}),
        structures=_structures(raw["structures"]),
        pairs=pairs,
        absent=tuple(raw["absent"]),
        incomplete=tuple(raw["incomplete"]),
        jitter=jitter,
        twin=None if raw["twin"] is None else _twin(raw["twin"]),
    )


def _twin(raw: Mapping[str, Any]) -> Twin:
    markers = tuple(Marker(**item) for item in raw["markers"])
    return Twin(
        of=raw["of"], op=raw["op"], params=tuple((name, value) for name, value in raw["params"]), markers=markers
    )


def _structures(raw: Sequence[dict[str, Any]]) -> tuple[Structure, ...]:
    for item in raw:
        for name in ("box", "centroid", "quarters", "ninths"):
            item[name] = tuple(item[name])
    return tuple(Structure(**item) for item in raw)


def _pairs(raw: Sequence[dict[str, Any]]) -> tuple[Pair, ...]:
    return tuple(Pair(**item) for item in raw)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
