"""Rows and files of a published shard: one function per row kind, one Parquet writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.schema import IMAGE, QUESTION_FIELDS, SCALAR_VIEW_FIELDS
from mmrs_builder.types import Marker, Question, Scene, Structure, Twin

ROW_GROUP: Final = 100
"""Rows per row group: the plateau of shuffled and sequential reading for pictures of some 50 KB."""


def shard_name(split: str, index: int, total: int) -> str:
    """``train-00000-of-00003.parquet``: the pattern that ``load_dataset`` recognises."""
    return f"{split}-{index:05d}-of-{total:05d}.parquet"


def view_row(
    scalars: Mapping[str, object], scene: Scene, image: bytes, masks: Sequence[bytes], questions: Sequence[Question]
) -> dict[str, object]:
    """A row of config ``default``. ``scalars`` are the fields of ``SCALAR_VIEW_FIELDS``."""
    grid = scene.grid
    return {
        **scalars,
        "image": {"bytes": image, "path": None},
        "origin_mm": list(grid.origin) if grid.origin else None,
        "spacing_mm": list(grid.spacing) if grid.spacing else None,
        "direction": [list(axis) for axis in grid.direction] if grid.direction else None,
        "transform": None if scene.twin is None else transform_item(scene.twin),
        "markers": [marker_item(marker) for marker in scene.twin.markers] if scene.twin else [],
        "absent": list(scene.absent),
        "structures": [structure_item(s, grid.width * grid.height) for s in scene.structures],
        "masks": [{"bytes": mask, "path": None} for mask in masks],
        "qa": [question_item(question) for question in questions],
    }


def transform_item(twin: Twin) -> dict[str, object]:
    """How a twin was made, as it is stored."""
    return {"op": twin.op, "params": [{"name": name, "value": float(value)} for name, value in twin.params]}


def marker_item(marker: Marker) -> dict[str, object]:
    """A sign drawn on a twin, as it is stored."""
    return {"glyph": marker.glyph, "x": float(marker.x), "y": float(marker.y), "structure": marker.structure}


def structure_item(s: Structure, picture_px: int) -> dict[str, object]:
    """A structure as it is stored; what is missing can be measured from its mask."""
    return {
        "label": s.label,
        "role": s.role,
        "side": s.side,
        "part": s.part,
        "parent": s.parent,
        "bbox": list(s.box),
        "centroid": list(s.centroid),
        "area_px": s.area_px,
        "area_fraction": s.area_px / picture_px,
        "touches_border": s.border_px > 0,
    }


def question_item(question: Question) -> dict[str, object]:
    """A question as it is stored: tuples become lists."""
    raw: dict[str, Any] = {name: getattr(question, name) for name, _ in QUESTION_FIELDS}  # asdict copies deeply
    for name in ("choices", "target"):
        raw[name] = None if raw[name] is None else list(raw[name])
    raw["bindings"] = [
        {"slot": it.slot, "text": it.text, "structures": list(it.structures)} for it in question.bindings
    ]
    return raw


def qa_rows(scalars: Mapping[str, object], questions: Sequence[Question]) -> list[dict[str, object]]:
    """The rows of config ``qa``: every question field and every scalar view field."""
    view = {name: scalars[name] for name, _ in SCALAR_VIEW_FIELDS}
    return [{**question_item(question), **view} for question in questions]


def write_shard(to: Path | pa.NativeFile, rows: Iterable[Mapping[str, object]], schema: pa.Schema) -> None:
    """Write a shard: text zstd, image bytes as they are, page checksums and page index on."""
    coded = [field.name for field in schema if _holds_images(field.type)]
    plain = {column: "NONE" if column.split(".")[0] in coded else "ZSTD" for column in _leaves(schema)}
    writer = pq.ParquetWriter(
        to,
        schema,
        compression=plain,
        use_dictionary=[column for column, codec in plain.items() if codec == "ZSTD"],
        write_statistics=[column for column, codec in plain.items() if codec == "ZSTD"],
        write_page_checksum=True,
        write_page_index=True,
    )
    rest = iter(rows)
    with writer:
        while group := list(islice(rest, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _holds_images(kind: pa.DataType) -> bool:
    return kind == IMAGE or (pa.types.is_list(kind) and _holds_images(kind.value_type))


def _leaves(schema: pa.Schema) -> list[str]:
    """Parquet column paths of a schema."""
    return [path for field in schema for path in _paths(field.name, field.type)]


def _paths(name: str, kind: pa.DataType) -> list[str]:
    if pa.types.is_list(kind):
        return _paths(f"{name}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [path for field in kind for path in _paths(f"{name}.{field.name}", field.type)]
    return [name]
