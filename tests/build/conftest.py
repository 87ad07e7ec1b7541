"""A small corpus, and folders built from it and from phantoms, shared by all tests here; none of them is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import corpus as frames
from tests.build.command import mmrs
from tests.once import once

FRAMES = 30


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kvasir-SEG in small."""
    place = once(tmp_path_factory, "corpus", lambda place: frames.write(place / "Kvasir-SEG", FRAMES))
    return place / "Kvasir-SEG"


@pytest.fixture(scope="session")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as shards of seven views."""

    def make(place: Path) -> None:
        words = ("--source", "kvasir", "--data", corpus, "--rows-per-shard", 7, "--workers", 1)
        done = mmrs("build", *words, "--out", place / "shards")
        assert done.code == 0, done.err

    return once(tmp_path_factory, "built", make) / "shards"
