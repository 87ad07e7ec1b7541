"""``python -m benchmarks.faults``: all trials of the fault suite (``tests/faults``), as one table in Markdown.

``[--only C1 S3 …] [--first SEED] [--share 1.0] [--out FILE.json] [--print]``. With ``--out`` counts are kept in
a file and a later call goes on with what is missing there; ``--print`` runs nothing. Ends with 1 if a trial was lost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.fault import Fault, Tally, table, tried
from tests.faults.rows import BROKEN, ROWS, UNTESTED

STEP = 10  # trials between two notes of what came of them


def commit() -> str:
    """The commit that is measured, with a sign if files differ from it."""
    words = ["git", "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def load(path: Path | None) -> dict[str, dict[str, Any]]:
    """Counts that were kept, by row."""
    return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else {}


def known(row: Fault, kept: dict[str, Any]) -> Tally:
    """A row's counts as they were kept."""
    lost = {int(seed): why for seed, why in kept.get("lost", {}).items()}
    return Tally(fault=row, tried=kept.get("tried", 0), lost=lost, where=Counter(kept.get("where", {})),
                 untestable=kept.get("untestable"))  # fmt: skip


def noted(tally: Tally, at: str) -> dict[str, Any]:
    return {"commit": at, "tried": tally.tried, "lost": tally.lost, "where": dict(sorted(tally.where.items())),
            "untestable": tally.untestable}  # fmt: skip


def proved(row: Fault, before: Tally, trials: int, first: int, out: Path | None, at: str) -> Tally:
    """Run what is missing of a row, a few trials at a time."""
    tally = before
    with tempfile.TemporaryDirectory(prefix="mmrs-faults-") as place:
        while tally.tried < trials and not tally.untestable:
            seeds = range(first + tally.tried, first + min(tally.tried + STEP, trials))
            more = tried(row, seeds, Path(place))
            tally = Tally(fault=row, tried=tally.tried + more.tried, lost=tally.lost | more.lost,
                          where=tally.where + more.where, untestable=more.untestable)  # fmt: skip
            print(f"{row.id}: {tally.tried} of {trials}, {len(tally.lost)} lost", file=sys.stderr, flush=True)
            if out:
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_text(json.dumps({**load(out), row.id: noted(tally, at)}, indent=1), encoding="utf-8")
    return tally


def page(tallies: list[Tally], kept: dict[str, dict[str, Any]]) -> str:
    """The table, what was lost, on which commit it was measured, and what is not tried at all."""
    commits = sorted({entry["commit"] for entry in kept.values()})
    at = [f"{name}: {', '.join(row for row in kept if kept[row]['commit'] == name)}" for name in commits]
    losses = [
        f"- {tally.fault.id}, seed {seed}: {why}" for tally in tallies for seed, why in sorted(tally.lost.items())
    ]
    open_, missing = ([f"- {name}: {why}." for name, why in listed.items()] for listed in (BROKEN, UNTESTED))
    parts = [table(tallies), "", "Lost:" if losses else "Nothing was lost.", *losses, "", "Measured on commit"]
    return "\n".join([*parts, *(f"- {line}." for line in at), "", "Not survived, and known:", *open_, "",
                      "Untested:", "", *missing])  # fmt: skip


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="*", default=[row.id for row in ROWS])
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--share", type=float, default=1.0, help="of the trials of each row")
    parser.add_argument("--out", type=Path, help="JSON file with counts; goes on where it ends")
    parser.add_argument("--print", action="store_true", help="run nothing")
    args = parser.parse_args()
    kept, at, tallies = load(args.out), commit(), []
    for row in ROWS:
        tally = known(row, kept.get(row.id, {}))
        if row.id in args.only and not args.print:
            tally = tally if kept.get(row.id, {}).get("commit") == at else Tally(fault=row)  # no sums over two commits
            tally = proved(row, tally, max(1, round(args.share * row.trials)), args.first, args.out, at)
        if tally.tried or tally.untestable:
            tallies.append(tally)
    print(page(tallies, load(args.out)))
    return 1 if any(tally.lost for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
