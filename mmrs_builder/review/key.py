"""What the readers must not see: which questions their items are, and which of them were made wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mmrs_builder.digests import digest
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.verify.integrity import BadManifest, read_manifest

FORMAT: Final = 1
NAME: Final = "key.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item: the stored question it is, or, where ``planted`` names a kind of lie, was made from.

    ``question`` and ``answer`` are what the readers saw.
    """

    id: str
    view_id: str
    question_id: str
    source: str
    kind: str
    family: str
    question: str
    answer: str
    planted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A sample: the folder it was drawn from, relative to the key's own, the digests of its rows, and its items."""

    build: str
    rows: Mapping[str, str]
    seed: int
    entries: tuple[Entry, ...]

    @property
    def sample(self) -> str:
        """Identity of the sample. It tells nothing of what was planted."""
        return digest([FORMAT, self.rows, self.seed, [asdict(entry) for entry in self.entries]])[:16]


def drawn(out: Path, folder: Path, seed: int, entries: Iterable[Entry]) -> Key:
    """The key of a sample of ``out`` that lies in ``folder``."""
    build = Path(os.path.relpath(out.resolve(), folder.resolve())).as_posix()
    return Key(build=build, rows=rows_of(out), seed=seed, entries=tuple(sorted(entries, key=lambda entry: entry.id)))


def rows_of(out: Path) -> dict[str, str]:
    """The digests of a build's rows by config, whatever its shard sizes. Raises ``MmrsError`` without a manifest."""
    try:
        return {str(name): str(value) for name, value in read_manifest(out)["logical_rows_sha256"].items()}
    except BadManifest as error:
        hint = "Build it again, or fetch it again with its folder .mmrs."
        raise MmrsError(f"the manifest of {out} cannot be used: {error}", code=USAGE, hint=hint) from None


def write(key: Key, path: Path) -> None:
    """Write a key."""
    body = {"format": FORMAT, "sample": key.sample, **asdict(key)}
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Key:
    """A key that ``write`` wrote. Raises ``MmrsError`` for anything else."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(Entry(**entry) for entry in found["entries"])
        key = Key(build=found["build"], rows=found["rows"], seed=found["seed"], entries=entries)
        if found["format"] != FORMAT or found["sample"] != key.sample:
            raise ValueError("it was changed")
    except OSError as error:
        hint = "`mmrs review sample` wrote it beside the pages; name it with --key."
        raise MmrsError(f"cannot read {path}: {error.strerror}", code=USAGE, hint=hint) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MmrsError(f"{path} is no key of a review: {error}", code=USAGE, hint="Draw the sample again.") from None
    return key
