"""A small corpus, and folders built from it and from phantoms, shared by all tests here; none of them is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import corpus as frames
from tests.build.command import mmrs

FRAMES = 30


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kvasir-SEG in small."""
    return frames.write(tmp_path_factory.mktemp("corpus") / "Kvasir-SEG", FRAMES)


@pytest.fixture(scope="session")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as shards of seven views."""
    out = tmp_path_factory.mktemp("built") / "shards"
    done = mmrs("build", "--source", "kvasir", "--data", corpus, "--out", out, "--rows-per-shard", 7, "--workers", 1)
    assert done.code == 0, done.err
    return out
