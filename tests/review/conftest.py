"""A small build with a review drawn from it, and readers who know what they are doing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.build.command import mmrs
from tests.gallery.conftest import browse, chromium
from tests.once import once

__all__ = ["browse", "chromium"]  # fixtures

NUMBER = 60
Row = dict[str, Any]
Judge = Callable[[Row], str | None]
"""Of an entry of the key: the reason for which it is rejected, or None."""


@pytest.fixture(scope="session")
def drawn(dozen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages and the key of a review of a copy of the twelve phantoms, which lies beside it; never changed."""

    def make(place: Path) -> None:
        shutil.copytree(dozen, place / "shards")
        done = mmrs("review", "sample", place / "shards", "--n", NUMBER, "--to", place / "review")
        assert done.code == 0, done.err

    return once(tmp_path_factory, "review", make) / "review"


@pytest.fixture(scope="session")
def built(drawn: Path) -> Path:
    """What is reviewed."""
    return drawn.with_name("shards")


@pytest.fixture
def desk(built: Path, drawn: Path, tmp_path: Path) -> Path:
    """A copy of both to write into."""
    shutil.copytree(built, tmp_path / "shards")
    shutil.copytree(drawn, tmp_path / "review")
    return tmp_path / "review"


def key_of(folder: Path) -> Row:
    found: Row = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    return found


def verdict(reason: str | None, note: str = "") -> Row:
    return {"verdict": "reject" if reason else "accept", "reason": reason, "note": note}


def saved(folder: Path, reader: str, judge: Judge, entries: Iterable[Row] | None = None) -> Path:
    """What a reader saves who judges every entry of the key so."""
    key = key_of(folder)
    chosen = key["entries"] if entries is None else entries
    decisions = {entry["id"]: verdict(judge(entry)) for entry in chosen}
    path = folder / f"{reader}.json"
    path.write_text(json.dumps({"format": 1, "sample": key["sample"], "reader": reader, "decisions": decisions}))
    return path
