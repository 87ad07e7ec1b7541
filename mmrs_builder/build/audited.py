"""The card of a published build with its audit: a section, a picture, and a manifest that knows both."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from mmrs_builder.build.publish import PLOT
from mmrs_builder.build.settings import STATE
from mmrs_builder.build.stage import put, read_json, write_json
from mmrs_builder.digests import sealed, sha256
from mmrs_builder.errors import LOCKED, USAGE, MmrsError

CARD: Final = "README.md"


def publish_audit(out: Path, title: str, section: str, plot: bytes) -> None:
    """Put a section, which begins with ``title``, before the card's limits, in place of an earlier one.

    Raises ``MmrsError`` for a folder without a manifest, and for one that is being built.
    """
    try:
        with FileLock(out / STATE / "lock", timeout=0):
            manifest = read_json(out / STATE / "manifest.json")
            if manifest is None or not (out / CARD).is_file():
                raise MmrsError(f"{out} has no card and manifest to add to", code=USAGE, hint="Run mmrs build again.")
            card = _with(_without((out / CARD).read_text(encoding="utf-8"), title), section)
            files = manifest["files"]
            assert isinstance(files, dict)
            for name, data in ((PLOT, plot), (CARD, card.encode())):
                put(out / name, data)
                files[name] = {"sha256": sha256(data), "bytes": len(data)}
            write_json(out / STATE / "manifest.json", sealed(manifest))
    except Timeout:
        raise MmrsError(f"{out} is being built by another process", code=LOCKED, hint="Wait for it.") from None


def _without(card: str, title: str) -> str:
    before, found, after = card.partition(f"\n{title}\n")
    if not found:
        return card
    _, following, rest = after.partition("\n## ")
    return f"{before}\n{following.lstrip()}{rest}" if following else f"{before}\n"


def _with(card: str, section: str) -> str:
    before, limits, after = card.rpartition("\n## Limits\n")
    return f"{before}\n{section}{limits}{after}" if limits else f"{card}\n{section}"
