"""What all tests share: the folder of real samples and the Hypothesis profiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
