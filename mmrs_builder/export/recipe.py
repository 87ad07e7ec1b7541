"""A recipe: the build's own shards without what the corpora's terms do not let pass on (``withholding``).

It lies in the folder as a build does, with the same splits, files, ids and questions; ``mmrs rehydrate`` makes it
whole.
Rows of sources that may be passed on stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.digests import digest, sealed, sha256
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Shards
from mmrs_builder.recipe_cards import CROISSANT, DATASHEET, README, recarded
from mmrs_builder.schema import RECIPE
from mmrs_builder.shards import write_shard
from mmrs_builder.types import LicenseClass
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.withholding import content, is_whole, license_classes, spared

BATCH: Final = 64
"""Rows read at a time."""

CARDS: Final = (README, CROISSANT, DATASHEET)


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write shards, cards and manifest.

    Raises ``MmrsError`` for a build without a manifest, and for one of which nothing has to be left out.
    """
    out = shards.files[0].path.parent.parent
    manifest = _manifest(out)
    classes = license_classes({name for shard in shards.files for name in _column(shard.path, "source")})
    withheld = {name: known != "masks-allowed" for name, known in classes.items() if known != "redistributable"}
    if not withheld:
        hint = f"It can be passed on as it is: mmrs push {out} REPO"
        raise MmrsError(f"{out}: all its sources may be passed on with pictures and masks", code=USAGE, hint=hint)
    files: dict[str, dict[str, Any]] = {}
    logical = {"qa": manifest["logical_rows_sha256"]["qa"]}
    digests: list[str] = []
    for shard in shards.files:
        digests += _write_views(shard.path, draft, shard.split, classes, files)
    logical["default"] = sha256("\n".join(sorted(digests)).encode())
    logical["preview"] = _write_previews(out, draft, withheld, files)
    for name in sorted(set(manifest["files"]) - set(CARDS)):
        if name.partition("/")[0] not in ("data", "preview"):
            draft.put(name, (out / name).read_bytes())
            files[name] = manifest["files"][name]
    texts = {name: (out / name).read_text(encoding="utf-8") for name in CARDS}
    listed = {name: entry for name, entry in files.items() if "rows" in entry}
    for name, text in recarded(texts, listed, withheld, lacking=True).items():
        draft.put(name, text.encode())
        files[name] = {"sha256": sha256(text.encode()), "bytes": len(text.encode())}
    recipe = {"logical_rows_sha256": manifest["logical_rows_sha256"], "without_masks": withheld}
    draft.put_json(MANIFEST, sealed({**manifest, "files": files, "logical_rows_sha256": logical, "recipe": recipe}))


def _manifest(out: Path) -> dict[str, Any]:
    """The manifest, whose files have been checked. Raises ``MmrsError`` where there is none."""
    try:
        return dict(json.loads((out / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        hint = "Export the folder that mmrs build made."
        raise MmrsError(f"{out} has no {MANIFEST}, which says what was built", code=USAGE, hint=hint) from None


def _write_views(
    path: Path,
    draft: Draft,
    split: str,
    classes: Mapping[str, LicenseClass | None],
    files: dict[str, dict[str, Any]],
) -> list[str]:
    """Write a shard of views; the digests of its rows."""
    rows, whole = [], {}
    for row in _rows(path):
        left = spared(row, classes[row["source"]])
        if not is_whole(left):
            whole[row["view_id"]] = content(row)
        draft.count(
            split,
            views=1,
            without_picture=int(left["image"] is None),
            without_masks=int(left["masks"] is None),
            questions=len(row["qa"]),
        )
        rows.append(left)
    schema = pq.read_schema(path)
    if whole:
        schema = schema.with_metadata({**schema.metadata, RECIPE: json.dumps(whole, sort_keys=True)})
    _write(f"data/{path.name}", rows, schema, draft, files)
    return [digest(row) for row in rows]


def _write_previews(out: Path, draft: Draft, withheld: Mapping[str, bool], files: dict[str, dict[str, Any]]) -> str:
    """Write the previews that may be passed on; the digest of their rows."""
    digests: list[str] = []
    for path in sorted((out / "preview").glob("*.parquet")):
        if rows := [row for row in _rows(path) if row["source"] not in withheld]:
            _write(f"preview/{path.name}", rows, pq.read_schema(path), draft, files)
            digests += [digest(row) for row in rows]
    return sha256("\n".join(sorted(digests)).encode())


def _write(
    name: str, rows: list[dict[str, Any]], schema: pa.Schema, draft: Draft, files: dict[str, dict[str, Any]]
) -> None:
    path = draft.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_shard(path, rows, schema)
    data = path.read_bytes()
    files[name] = {"sha256": sha256(data), "bytes": len(data), "rows": len(rows)}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


def _column(path: Path, name: str) -> list[str]:
    found: list[str] = pq.read_table(path, columns=[name])[name].to_pylist()
    return found
