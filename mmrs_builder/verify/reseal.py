"""Making a changed row or folder look untouched: measurements, digests, checksums, projection, manifest.

Mutants are resealed so that only deriving the answers again can tell them from the truth.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder import digests, schema
from mmrs_builder.types import Mask
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.language import read_rows
from mmrs_builder.verify.measure import border_pixels, measure
from mmrs_builder.verify.pictures import read_mask
from mmrs_builder.verify.preview import sealed
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import FOLDERS, Shard, open_shards, rows_of


def encode_mask(mask: Mask) -> bytes:
    """A mask (H, W) as a 1-bit PNG."""
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, format="PNG")
    return buffer.getvalue()


def measurements(mask: Mask) -> dict[str, Any]:
    """The measured fields of a structure, as a row stores them."""
    shape = measure(mask)
    return {
        "bbox": list(shape.box),
        "centroid": [shape.x, shape.y],
        "area_px": shape.area,
        "area_fraction": shape.area / mask.size,
        "touches_border": border_pixels(mask) > 0,
    }


def reseal_masks(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every structure measured again on its mask."""
    masks = [read_mask(item["bytes"], row["width"], row["height"]) for item in row["masks"]]
    pairs = zip(row["structures"], masks, strict=True)
    return {**row, "structures": [{**stored, **measurements(mask)} for stored, mask in pairs]}


def write_shard(
    path: Path,
    config: str,
    language: Mapping[str, object],
    rows: list[dict[str, Any]],
    own_words: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write rows as a shard with page checksums."""
    table = pa.Table.from_pylist(rows, schema=schema.arrow_schema(config, language, own_words))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, write_page_checksum=True)


def write_manifest(out: Path, other: Mapping[str, object]) -> None:
    """Describe the shards of a folder in its manifest; ``other`` keeps what the rows do not decide."""
    shards, _ = open_shards(out)
    files = {shard.name: {**_entry(shard.path), "rows": shard.rows} for shard in shards}
    hashes = {
        config: digests.logical_hash(row for shard in shards if shard.config == config for row in rows_of(shard, []))
        for config in FOLDERS
    }
    kept = {name: _entry(out / name) for name in _files(other) if name not in files and (out / name).is_file()}
    manifest = digests.sealed({**other, "format": 1, "files": {**kept, **files}, "logical_rows_sha256": hashes})
    (out / MANIFEST).parent.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def _files(manifest: Mapping[str, object]) -> list[str]:
    files = manifest.get("files")
    return sorted(files) if isinstance(files, dict) else []


def _entry(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {"sha256": digests.sha256(data), "bytes": len(data)}


def replace_view(out: Path, row: dict[str, Any]) -> None:
    """Put a changed view in place of the one with its id, and seal shards, projection, preview and manifest again.

    The questions of the view are as many as before and in the same order. Raises ``LookupError`` without such a view.
    """
    shards, _ = open_shards(out)
    views = [shard for shard in shards if shard.config == "default"]
    found = (old for shard in views for old in rows_of(shard, []) if old["view_id"] == row["view_id"])
    before = next(found, None)
    if before is None:
        raise LookupError(row["view_id"])
    new = {("default", row["view_id"]): row, ("preview", row["view_id"]): sealed(row)}
    for old, changed in zip(project(before), project(row), strict=True):
        new["qa", old["question_id"]] = changed
    for shard in shards:
        _rewrite(shard, new)
    write_manifest(out, json.loads((out / MANIFEST).read_bytes()))


def _rewrite(shard: Shard, new: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    key = "question_id" if shard.config == "qa" else "view_id"
    rows = list(rows_of(shard, []))
    if any((shard.config, row[key]) in new for row in rows):
        changed = [new.get((shard.config, row[key]), row) for row in rows]
        write_shard(shard.path, shard.config, json.loads(shard.language), changed, read_rows(shard.own_words))
