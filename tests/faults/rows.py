"""All rows of the suite, and what it cannot try on one Linux machine."""

from __future__ import annotations

from typing import Final

from tests.faults import archives, downloads, garbage, hostile_shards, names, pages, privacy
from tests.faults.crash import CRASHES
from tests.faults.disk import DISK
from tests.faults.fault import Fault
from tests.faults.integrity import INTEGRITY
from tests.faults.nodes import NODES
from tests.faults.sameness import SAMENESS
from tests.faults.sharing import SHARING
from tests.faults.training import TRAINING

BREAKING: Final[tuple[Fault, ...]] = (*CRASHES, *SAMENESS, *DISK, *INTEGRITY, *SHARING, *TRAINING, *NODES)
"""What happens to a build and to what it made."""

GARBAGE: Final[tuple[Fault, ...]] = (
    *garbage.FAULTS, *hostile_shards.FAULTS, *names.FAULTS, *archives.FAULTS, *downloads.FAULTS, *privacy.FAULTS,
    *pages.FAULTS,
)  # fmt: skip
"""What it is fed, and what must not come out of it."""

ROWS: Final = (*BREAKING, *GARBAGE)

BROKEN: Final = {
    "P2m": "a reader that has opened one shard when a version is replaced opens the next one of the new version, if it "
    "has the same name, and notices nothing; one that begins before or after is not concerned (P2)",
}
"""Known not to hold."""

UNTESTED: Final = {
    "C6": "loss of power: the order of what reached the disk is not tried, only a process that ends",
    "D2s": "Windows and macOS",
    "D3": "a clock that is set back or forward while a build runs",
    "N3": "NFS and other network disks, and disks without locks",
    "S6": "a disk that returns wrong bytes without an error while a build runs",
}
"""Never claimed."""
