"""The finish stage: cards and manifest are made from the finished shards, and whole folders are renamed into place.

Taking the old version away and putting the new one in happens in an order in which a reader finds the old version, the
new one, or none, and never a part: the README goes first and comes last, ``data`` is the last to go and the first to
come.
An interrupted publication is finished by running it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mmrs_builder import cards, diversity
from mmrs_builder.build.settings import CONFIGS, DATA, PREVIEW, QA, STATE, Settings
from mmrs_builder.build.stage import discard, flush_folder, put, read_json, write_json
from mmrs_builder.build.versions import versions
from mmrs_builder.croissant import croissant
from mmrs_builder.datasheet import datasheet
from mmrs_builder.digests import sealed, sha256
from mmrs_builder.schema import SCHEMA_VERSION
from mmrs_builder.statements import Facts

RETIRED: Final = f"{STATE}/retired"

PLOT: Final = "audit.png"
"""What `mmrs audit --card` adds; no new version has it."""

REVIEW: Final = "review.json"
"""What `mmrs review merge` adds; no new version has it."""

CARDS: Final = ("croissant.json", "DATASHEET.md", "README.md")
"""Generated from the finished shards, never typed."""

ARRIVE: Final = (DATA, QA, PREVIEW, PLOT, REVIEW, *CARDS)
"""The order in which a new version comes; an old one leaves in the opposite order."""


def publish(out: Path, staged: Path, settings: Settings, facts: Facts) -> None:
    """Publish the shards under ``staged`` as ``out``. ``facts`` are what the build counted."""
    if not (staged / "manifest.json").exists():
        shards = finished(staged)
        texts = (croissant(facts, shards), datasheet(facts, shards))
        readme = cards.readme(facts, shards, diversity.measure(staged / QA))
        beside = {name: text.encode() for name, text in zip(CARDS, (*texts, readme), strict=True)}
        complete(staged, beside, {"key": facts.key, "settings": settings.public(), "report": facts.counts})
    arrive(out, staged)


def complete(staged: Path, beside: Mapping[str, bytes], told: Mapping[str, object]) -> None:
    """Add to finished shards the files that lie ``beside`` them, and the manifest, with what is ``told`` in it."""
    for name, data in beside.items():
        put(staged / name, data)
    write_json(staged / "manifest.json", sealed({**_manifest(finished(staged), beside), **told}))


def arrive(out: Path, staged: Path) -> None:
    """Put what is complete under ``staged`` in the place of what ``out`` holds."""
    manifest = out / STATE / "manifest.json"
    retired = out / RETIRED
    manifest.unlink(missing_ok=True)  # a manifest never speaks of files that are not there
    flush_folder(manifest.parent)
    known = (read_json(staged / "manifest.json") or {"files": {}})["files"]
    assert isinstance(known, dict)
    coming = {name.split("/")[0] for name in known}
    for name in reversed(ARRIVE):
        if (staged / name).exists() or name not in coming:  # else it has arrived already
            _retire(out / name, retired)
    for name in ARRIVE:
        if (staged / name).exists():
            (staged / name).replace(out / name)
            flush_folder(out)
    (staged / "manifest.json").replace(manifest)
    discard(retired)
    discard(staged)


def is_waiting(out: Path, staged: Path) -> bool:
    """Whether a publication of ``staged`` was interrupted and all of it is there, in one place or the other.

    If not, its shards may be kept but card and manifest are made again.
    """
    manifest = read_json(staged / "manifest.json") or {"files": {}}
    files = manifest["files"]
    assert isinstance(files, dict)
    whole = all(entry["sha256"] in (_sha256(staged / name), _sha256(out / name)) for name, entry in files.items())
    if not whole:
        (staged / "manifest.json").unlink(missing_ok=True)
    return bool(files) and whole


def is_published(out: Path, key: str) -> bool:
    """Whether ``out`` holds, complete, the version with this write key."""
    manifest = read_json(out / STATE / "manifest.json")
    if manifest is None or manifest.get("key") != key:
        return False
    files = manifest["files"]
    assert isinstance(files, dict)
    return all(_size(out / name) == entry["bytes"] for name, entry in files.items())


def _retire(old: Path, retired: Path) -> None:
    """Move an old file or folder out of the way."""
    if old.exists():
        retired.mkdir(parents=True, exist_ok=True)
        discard(retired / old.name)
        (retired / old.name).unlink(missing_ok=True)
        old.replace(retired / old.name)


def finished(staged: Path) -> dict[str, dict[str, Any]]:
    """Facts of every finished shard by its path below the output folder."""
    found: dict[str, dict[str, Any]] = {}
    for config in CONFIGS:
        for sidecar in sorted((staged / "sidecars" / config).glob("*.json")):
            found[f"{config}/{sidecar.stem}.parquet"] = dict(read_json(sidecar) or {})
    return found


def _manifest(shards: Mapping[str, Mapping[str, Any]], beside: Mapping[str, bytes]) -> dict[str, object]:
    files: dict[str, Mapping[str, object]] = {
        name: {field: entry[field] for field in ("sha256", "bytes", "rows")} for name, entry in shards.items()
    }
    return {
        "format": 1,
        "schema_version": SCHEMA_VERSION,
        "files": {**files, **{name: {"sha256": sha256(data), "bytes": len(data)} for name, data in beside.items()}},
        "logical_rows_sha256": {config: _logical(shards, folder) for folder, config in CONFIGS.items()},
        "versions": versions(),
    }


def _logical(shards: Mapping[str, Mapping[str, Any]], folder: str) -> str:
    digests = [row for name, entry in shards.items() if name.startswith(f"{folder}/") for row in entry["row_digests"]]
    return sha256("\n".join(sorted(digests)).encode())


def _sha256(path: Path) -> str | None:
    return sha256(path.read_bytes()) if path.exists() else None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
