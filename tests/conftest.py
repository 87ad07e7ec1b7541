"""What all tests share: the folder of real samples and the Hypothesis profiles."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.build.command import phantom_shards
from tests.once import once

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, max_examples=50)
settings.load_profile("ci" if os.environ.get("CI") else "default")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a suite in the background; builds are interrupted by tests
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
    return once(tmp_path_factory, "free", lambda place: phantom_shards(place / "shards", 2)) / "shards"


@pytest.fixture(scope="session")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of twelve phantoms; never changed."""
    return once(tmp_path_factory, "dozen", lambda place: phantom_shards(place / "shards", 12)) / "shards"


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of 24 phantoms; never changed."""
    return once(tmp_path_factory, "phantoms", lambda place: phantom_shards(place / "shards", 24)) / "shards"
