"""What of a build may leave."""

from __future__ import annotations

from pathlib import Path

from tests.build.command import sha256


def expected(out: Path) -> dict[str, str]:
    """SHA-256 of shards, cards, and the manifest, without which nothing of it can be verified."""
    cards = [out / name for name in ("README.md", "DATASHEET.md", "croissant.json")]
    paths = [*cards, *(path for folder in ("data", "qa", "preview") for path in sorted((out / folder).iterdir()))]
    manifest = {"manifest.json": sha256(out / ".mmrs" / "manifest.json")}
    return manifest | {path.relative_to(out).as_posix(): sha256(path) for path in paths}
