"""The files of an output folder against its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mmrs_builder import digests
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.shards import FOLDERS, Shard, rows_of

MANIFEST: Final = ".mmrs/manifest.json"
PUSHED: Final = "manifest.json"
"""What the manifest is called on the Hub, where nothing of ``.mmrs`` is sent, and so in what was fetched from there."""

FORMAT: Final = 1


class BadManifest(ValueError):
    """The manifest cannot be used."""


def place(out: Path) -> Path:
    """Where the manifest of an output folder lies, or should lie."""
    return next((path for path in (out / MANIFEST, out / PUSHED) if path.is_file()), out / MANIFEST)


def read_manifest(out: Path) -> Mapping[str, Any]:
    """The manifest of an output folder. Raises ``BadManifest``."""
    try:
        manifest = json.loads(place(out).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadManifest(str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadManifest(f"format is not {FORMAT}")
    files, hashes = manifest.get("files"), manifest.get("logical_rows_sha256")
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        raise BadManifest("files is not an object of objects")
    if not isinstance(hashes, dict):
        raise BadManifest("logical_rows_sha256 is not an object")
    return manifest


def check_files(out: Path, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Each listed file is there with its size and SHA-256; no shard is unlisted; the list is as it was sealed."""
    seal = digests.sealed(manifest)["seal"]
    if manifest.get("seal", seal) != seal:
        yield Fault(code="manifest", where=MANIFEST, detail="was changed after it was sealed")
    for name, entry in sorted(manifest["files"].items()):
        yield from _check_file(out, name, entry)
    for folder in FOLDERS.values():
        for path in sorted((out / folder).rglob("*")):
            name = path.relative_to(out).as_posix()
            if not path.is_dir() and name not in manifest["files"]:
                yield Fault(code="file_unlisted", where=name, detail="not in the manifest")


def _check_file(out: Path, name: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\x00" in name:
        yield Fault(code="manifest", where=name, detail="leads out of the folder")
        return
    try:
        with (out / name).open("rb") as file:
            found = (hashlib.file_digest(file, "sha256").hexdigest(), file.tell())
    except OSError as error:
        yield Fault(code="file_missing", where=name, detail=error.strerror or "cannot be opened")
        return
    if found != (entry.get("sha256"), entry.get("bytes")):
        yield Fault(code="file_digest", where=name, detail=f"{found[1]} bytes, sha256 {found[0]}")


def check_rows(shards: list[Shard], manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Row counts and the logical hash of each config."""
    for shard in shards:
        listed = manifest["files"].get(shard.name, {}).get("rows")
        if listed != shard.rows:
            yield Fault(code="shard_empty", where=shard.name, detail=f"{shard.rows} rows, the manifest has {listed}")
    for config in FOLDERS:
        # a shard that cannot be read is reported once, where its rows are checked
        unread: list[Fault] = []
        rows = (row for shard in shards if shard.config == config for row in rows_of(shard, unread))
        found, listed = digests.logical_hash(rows), manifest["logical_rows_sha256"].get(config)
        if config == "preview" and listed is None and not any(shard.config == config for shard in shards):
            continue  # a folder made before there were previews
        if found != listed:
            yield Fault(code="logical_hash", where=FOLDERS[config], detail=f"{found}, the manifest has {listed}")
