"""A few trials of the quick rows of the fault suite, and one of the others by turns; ``make soak`` runs them all.

``MMRS_FAULT_SEED`` is the first seed of the slice and says whose turn it is; with ``MMRS_FAULT_TRIALS`` every row is
tried as often.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.fault import Fault, tried
from tests.faults.rows import BREAKING, BROKEN, ROWS, UNTESTED

SEED = int(os.environ.get("MMRS_FAULT_SEED", "0"))
TRIALS = int(os.environ.get("MMRS_FAULT_TRIALS", "0"))
SLOW = [row for row in BREAKING if not row.few]
SOME = [row for row in BREAKING if TRIALS or row.few or row is SLOW[SEED % len(SLOW)]]


@pytest.mark.parametrize("row", SOME, ids=[row.id for row in SOME])
def test_no_trial_of_a_fault_is_lost(row: Fault, tmp_path: Path):
    tally = tried(row, range(SEED, SEED + (TRIALS or row.few or 1)), tmp_path)
    if tally.untestable:
        pytest.skip(tally.untestable)
    assert tally.tried
    assert not tally.lost


def test_rows_have_names_of_their_own():
    names = [*(row.id for row in ROWS), *UNTESTED, *BROKEN]
    assert len(set(names)) == len(names)
