"""What a build was asked to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mmrs_builder.digests import sha256
from mmrs_builder.paraphrase.bank import Bank
from mmrs_builder.paraphrase.rows import Rewording
from mmrs_builder.splits import Policy

DATA: Final = "data"
QA: Final = "qa"
PREVIEW: Final = "preview"
CONFIGS: Final = {DATA: "default", QA: "qa", PREVIEW: "preview"}
"""Folders of shards, each with the name of its config."""

STATE: Final = ".mmrs"
LEAKS: Final = "leak-report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """A source, where its files lie (None: embedded in the package) and its options.

    ``adapter`` is the file of a source of one's own, ``code`` its SHA-256.
    """

    name: str
    root: Path | None
    options: tuple[tuple[str, str], ...] = ()
    adapter: Path | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOut:
    """A set of pictures that train and validation must not show: where it lies, and the digest of its files."""

    root: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may change what is published. Paths and worker counts may not, and are no part of ``public``."""

    sources: tuple[SourceChoice, ...]
    seed: int = 0
    limit: int | None = None
    questions_per_view: int = 10
    max_rows: int | None = None
    keep_unbalanced: bool = False
    audit: bool = False
    gate: bool = False
    splits: Policy = "leak-safe"
    language: str = "en"
    families: tuple[str, ...] = ()  # patterns of ids; none: all
    rows_per_shard: int = 1000
    exclude: tuple[str, ...] = ()
    keep_out: tuple[KeptOut, ...] = ()
    bank: Bank | None = None
    rewording: Rewording | None = None
    twins: bool = False

    def public(self) -> dict[str, object]:
        """The settings as they are compared and published."""
        phrased = {"paraphrase": f"bank {self.bank.digest()[:16]}"} if self.bank else {}
        if self.rewording:
            phrased = {"paraphrase": self.rewording.name}
        return {
            **phrased,
            **({"twins": True} if self.twins else {}),
            "sources": [[choice.name, dict(choice.options), choice.code] for choice in self.sources],
            "seed": self.seed,
            "limit": self.limit,
            "questions_per_view": self.questions_per_view,
            "max_rows": self.max_rows,
            "keep_unbalanced": self.keep_unbalanced,
            "audit": self.audit,
            **({"gate": True} if self.gate else {}),
            **({"families": list(self.families)} if self.families else {}),
            "splits": self.splits,
            "language": self.language,
            "rows_per_shard": self.rows_per_shard,
            "exclude": list(self.exclude),
            "keep_out": [kept.digest for kept in self.keep_out],
        }

    def unworded(self) -> Settings:
        """The same without other wordings: what is asked does not depend on them."""
        return replace(self, bank=None, rewording=None)

    def remembered(self) -> dict[str, object]:
        """The same and which folders were read: another folder is another build, though it may give the same bytes."""
        return {**self.public(), "data": [_place(choice.root) for choice in self.sources]}


def _place(root: Path | None) -> str:
    """A folder's identity without its name, which may be nobody else's business."""
    return "embedded" if root is None else f"folder {sha256(os.fsencode(root.resolve()))[:12]}"


def difference(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """The settings that changed, a line each."""
    keys = sorted({*old, *new})
    return [f"{key}: {old.get(key)!r} -> {new.get(key)!r}" for key in keys if old.get(key) != new.get(key)]
