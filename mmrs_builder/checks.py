"""``mmrs verify`` for people: runs the verifier and prints what it found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from mmrs_builder.errors import MANUAL, MmrsError
from mmrs_builder.verify import VerifyReport, verify
from mmrs_builder.verify.mutants import MutantTally, run_mutants
from mmrs_builder.withholding import rehydrate_first, require_whole

SHOWN = 50
"""Faults printed; ``--json`` lists them all."""


def run(out: Path, *, mutants: int, seed: int, as_json: bool) -> bool:
    """Verify a folder, print the outcome, and say whether all is well.

    ``mutants`` above 0 also damages and seals again that many copies of views per kind; one that goes unnoticed and is
    not equivalent to the original counts as a failure.
    Raises ``MmrsError`` for a sound recipe whose answers cannot be derived, as it has no masks.
    """
    if mutants:
        require_whole(out, "--mutants")
    report = _verified(out)
    tallies = run_mutants(out, mutants, seed) if mutants and report.ok else []
    if as_json:
        body = {**json.loads(report.to_json()), "mutants": [asdict(tally) for tally in tallies]}
        Console(soft_wrap=True).print_json(json.dumps(body, ensure_ascii=False))
    else:
        _print(report, tallies)
    if report.ok and (unmasked := report.tally.views_without_masks):
        of = f"{unmasked} of {report.tally.views} views"
        raise MmrsError(
            f"{out} is a recipe without the masks of {of}: their answers cannot be derived from it",
            code=MANUAL,
            hint=f"{rehydrate_first(out)}\nThen: mmrs verify FULL",
        )
    return report.ok and not any(tally.missed for tally in tallies)


def _verified(out: Path) -> VerifyReport:
    with Progress(console=Console(stderr=True)) as progress:
        bar: TaskID = progress.add_task("verify", total=None)
        return verify(out, progress=lambda done, total: progress.update(bar, completed=done, total=total))


def _print(report: VerifyReport, tallies: Sequence[MutantTally]) -> None:
    console = Console()
    console.print("Derived again from the shards alone:")
    for name, n in asdict(report.tally).items():
        if n == 0 and name.startswith("views_without"):
            continue  # only recipes have such views
        console.print(f"{n:>9} {name.replace('_', ' ')}", highlight=False)
    for fault in report.faults[:SHOWN]:
        console.print(str(fault), markup=False)
    if tallies:
        console.print(_table(tallies))
    console.print(_outcome(report))


def _outcome(report: VerifyReport) -> str:
    if not report.ok:
        return f"{len(report.faults)} faults"
    lacking, views = report.tally.views_without_picture, report.tally.views
    if not lacking:
        return "everything agrees"
    return f"all that is here agrees; {lacking} of {views} views have no picture here (`mmrs rehydrate` puts them back)"


def _table(tallies: Sequence[MutantTally]) -> Table:
    table = Table(title="mutants: small lies, sealed again", title_justify="left")
    for name in ("kind", "made", "caught", "equivalent", "missed"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for tally in tallies:
        cells = (tally.made, tally.caught, tally.equivalent, len(tally.missed))
        table.add_row(tally.kind, *(str(cell) for cell in cells))
    return table
