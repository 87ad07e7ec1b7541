"""What all tests share: the folder of real samples and the Hypothesis profiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.build.command import mmrs

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, max_examples=50)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder with small extracts of real corpora, one folder per corpus; never written to."""
    folder = os.environ.get("MMRS_SAMPLES")
    if not folder:
        pytest.skip("needs real samples: set MMRS_SAMPLES to the folder that holds them")
    if not Path(folder).is_dir():
        pytest.skip(f"needs real samples: MMRS_SAMPLES={folder} is not a folder")
    return Path(folder)


@pytest.fixture(scope="session")
def free(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of two phantoms, which anybody may pass on; never changed."""
    out = tmp_path_factory.mktemp("free") / "shards"
    done = mmrs("build", "--source", "phantom", "--set", "phantom.count=2", "--out", out, "--workers", 1)
    assert done.code == 0, done.err
    return out


@pytest.fixture(scope="session")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of twelve phantoms; never changed."""
    out = tmp_path_factory.mktemp("dozen") / "shards"
    done = mmrs("build", "--source", "phantom", "--set", "phantom.count=12", "--out", out, "--workers", 1)
    assert done.code == 0, done.err
    return out
