"""Whether the cards of a published folder say what its shards hold: each number counted again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder import statements as say
from mmrs_builder.cards import contents
from mmrs_builder.croissant import description, files_of
from mmrs_builder.digests import sha256
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.review import publish
from mmrs_builder.verify.shards import FOLDERS, UNREADABLE

FILES: Final = {"readme": "README.md", "croissant": "croissant.json", "datasheet": "DATASHEET.md"}


def text_of(out: Path, name: str) -> str:
    """A card of ``FILES``. Raises ``MmrsError`` where it is missing, or says another number than the shards."""
    try:
        texts = {key: (out / file).read_text(encoding="utf-8") for key, file in FILES.items()}
    except (OSError, ValueError) as error:
        raise MmrsError(f"{out} has not all cards: {error}", code=USAGE, hint="Run mmrs build again.") from None
    wrong = list(faults(counted(out), texts))
    if wrong := wrong or list(publish.faults(out, {FILES[key]: text for key, text in texts.items()})):
        raise MmrsError("\n".join(wrong), code=INTEGRITY, hint="Build it again, or fetch it again.")
    return texts[name]


def counted(out: Path) -> dict[str, dict[str, Any]]:
    """Rows, size and digest of every shard by its path. Raises ``MmrsError`` for one that cannot be read."""
    found = {}
    for path in sorted(path for folder in FOLDERS.values() for path in (out / folder).glob("*.parquet")):
        try:
            rows, data = pq.read_metadata(path).num_rows, path.read_bytes()
        except UNREADABLE as error:
            raise MmrsError(f"{path}: {error}", code=INTEGRITY, hint=f"See: mmrs verify {out}") from None
        found[path.relative_to(out).as_posix()] = {"rows": rows, "bytes": len(data), "sha256": sha256(data)}
    return found


def faults(shards: say.Shards, texts: dict[str, str]) -> Iterator[str]:
    """What the texts of the cards, by the names of ``FILES``, say otherwise than the shards."""
    for name in ("readme", "datasheet"):
        if contents(shards) not in texts[name]:
            yield f"{FILES[name]}: views and questions of the splits are not those of the shards"
    try:
        croissant = json.loads(texts["croissant"])
        listed = {item["@id"]: item for item in croissant["distribution"] if item["@type"] == "cr:FileObject"}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        yield f"{FILES['croissant']}: cannot be read: {type(error).__name__}"
        return
    expected = {str(item["@id"]): item for item in files_of(shards)}
    for path in sorted({*expected, *listed}):
        if expected.get(path) != listed.get(path):
            yield f"{FILES['croissant']}: {path} is not as it says"
    if croissant.get("description") != description(shards):
        yield f"{FILES['croissant']}: its description has other numbers than the shards"
