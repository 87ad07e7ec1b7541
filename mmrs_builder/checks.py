"""``mmrs verify`` for people: runs the verifier and prints what it found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from mmrs_builder.verify import verify


def run(out: Path, *, mutants: int, seed: int, as_json: bool) -> bool:
    """Verify a folder, print the outcome, and say whether all is well."""
    report = verify(out)
    console = Console()
    if as_json:
        print(report.to_json())
    else:
        counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in asdict(report.tally).items())
        console.print(f"derived again: {counts}", markup=False)
        for fault in report.faults[:50]:
            console.print(str(fault), markup=False)
        console.print(
            "everything agrees" if report.ok else f"{len(report.faults)} faults", style="green" if report.ok else "red"
        )
    return report.ok
