"""What is added to a published build: sections of its cards, files beside them, and a manifest that knows all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock, Timeout

from mmrs_builder.build.publish import CARDS, PLOT
from mmrs_builder.build.settings import STATE
from mmrs_builder.build.stage import put, read_json, write_json
from mmrs_builder.digests import sealed, sha256
from mmrs_builder.errors import LOCKED, USAGE, MmrsError

Texts: TypeAlias = Mapping[str, str]
"""The cards of a build by the names of their files."""


def add(out: Path, changed: Callable[[Texts], Mapping[str, bytes]]) -> None:
    """Write the files that ``changed`` makes of the cards.

    Raises ``MmrsError`` for a folder without cards or manifest, and for one that is being built.
    """
    try:
        with FileLock(out / STATE / "lock", timeout=0):
            manifest = read_json(out / STATE / "manifest.json")
            if manifest is None or not all((out / name).is_file() for name in CARDS):
                raise MmrsError(f"{out} has no cards and manifest to add to", code=USAGE, hint="Run mmrs build again.")
            files = manifest["files"]
            assert isinstance(files, dict)
            for name, data in changed({name: (out / name).read_text(encoding="utf-8") for name in CARDS}).items():
                put(out / name, data)
                files[name] = {"sha256": sha256(data), "bytes": len(data)}
            write_json(out / STATE / "manifest.json", sealed(manifest))
    except Timeout:
        raise MmrsError(f"{out} is being built by another process", code=LOCKED, hint="Wait for it.") from None


def publish_audit(out: Path, title: str, section: str, plot: bytes) -> None:
    """Put a section, which begins with ``title``, and a plot into the card. Raises ``MmrsError`` as ``add`` does."""
    add(out, lambda texts: {PLOT: plot, "README.md": with_section(texts["README.md"], title, section).encode()})


def with_section(card: str, title: str, section: str) -> str:
    """The card with a section, which begins with ``title``, before its limits, in place of an earlier one."""
    before, limits, after = _without(card, title).rpartition("\n## Limits\n")
    return f"{before}\n{section}{limits}{after}" if limits else f"{after}\n{section}"


def _without(card: str, title: str) -> str:
    before, found, after = card.partition(f"\n{title}\n")
    if not found:
        return card
    _, following, rest = after.partition("\n## ")
    return f"{before}\n{following.lstrip()}{rest}" if following else before
