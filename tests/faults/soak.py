"""The whole garbage half of the fault suite, or a part of it: ``python -m tests.faults.soak [ID …] [--trials N]``.

Prints one table in Markdown and ends with 1 if a trial was lost. Heavy trials run in processes that may take 2 GB and
30 seconds of processor each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import archives, downloads, garbage, hostile_shards, names, pages, privacy
from tests.faults.fault import Fault, table, tried

FAULTS: tuple[Fault, ...] = (
    *garbage.FAULTS, *hostile_shards.FAULTS, *names.FAULTS, *archives.FAULTS, *downloads.FAULTS, *privacy.FAULTS,
    *pages.FAULTS,
)  # fmt: skip


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("ids", nargs="*", help="rows of the table; all if none is named")
    parser.add_argument("--trials", type=int, help="at most so many of each")
    parser.add_argument("--first", type=int, default=0, help="seed of the first trial")
    args = parser.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="mmrs-soak-") as place:
        for fault in (fault for fault in FAULTS if not args.ids or fault.id in args.ids):
            count = min(fault.trials, args.trials or fault.trials)
            tallies.append(tried(fault, range(args.first, args.first + count), Path(place)))
            for seed, lost in tallies[-1].lost.items():
                print(f"{fault.id} seed {seed}: {lost}", file=sys.stderr, flush=True)  # noqa: T201
    print(table(tallies))  # noqa: T201
    return 1 if any(tally.lost for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
