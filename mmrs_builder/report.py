"""What a person sees of a build: progress on stderr, and a closing table whose sums agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from mmrs_builder import evaluate, select
from mmrs_builder.build import Reach, Report
from mmrs_builder.build.measure import Indexed, batched_refs
from mmrs_builder.vocab import REASONS


@contextmanager
def bars(console: Console) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """Progress bars, one per stage, on a console (stderr)."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:

        def stage(name: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(name, total=total)
            return lambda n: progress.advance(task, n)

        yield stage


@contextmanager
def transfers(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """Progress bars of downloads in bytes, on a console (stderr). Told a name, bytes done, and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(escape(name), total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield told


def print_plan(found: Sequence[Indexed], downloads: Mapping[str, Sequence[str]], *, as_json: bool) -> None:
    """What a build would read, source by source, and ``downloads``: addresses of sources that are not there yet."""
    rows: list[dict[str, Any]] = [
        {
            "source": item.choice.name,
            "cases": len(item.refs),
            "masks": sum(len(ref.masks) for ref in item.refs),
            "parts": len(batched_refs(item.refs)),
            "rejected": [asdict(drop) for drop in item.drops],
        }
        for item in found
    ]
    unknown: dict[str, Any] = {"cases": None, "masks": None, "parts": None, "rejected": []}
    rows += [{"source": name, **unknown, "download": list(urls)} for name, urls in downloads.items()]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for row in rows:
        if "download" in row:
            print(f"{row['source']}: would be downloaded from {', '.join(row['download'])}")
            continue
        print(f"{row['source']}: {row['cases']} cases, {row['masks']} masks, {len(row['rejected'])} files rejected")
        for drop in row["rejected"]:
            print(f"  {drop['reason']}: {drop['what']} {drop['detail']}".rstrip())
    print(f"{sum(row['parts'] or 0 for row in rows)} parts to measure. Nothing was written.")


def print_reach(reach: Reach, *, as_json: bool) -> None:
    """What one stage did, and of how much; what comes after it."""
    span = f"{reach.first}:{reach.last}"
    if as_json:
        print(json.dumps({"stage": reach.stage, reach.unit: reach.total, "done": span}))
        return
    print(
        {
            "measure": f"Parts {span} of {reach.total} are measured. When all are: --stage ask.",
            "ask": f"It is decided what is asked; {reach.total} shards are to be written. Next: --stage write.",
            "write": f"Shards {span} of {reach.total} are written. When all are: --stage finish.",
        }[reach.stage]
    )


def print_build(report: Report, console: Console) -> None:
    """The closing tables of a build."""
    console.print(_cases(report))
    console.print(_questions(report.counts))
    if copies := sum(report.counts["duplicates"]["pairs"].values()):
        where = report.out / ".mmrs" / "leak-report.json"
        console.print(f"{copies} pairs of views show one picture; their groups were joined. See {where}.")
    if report.judged:
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in report.judged.pools.items())
        console.print(f"Audit of what is published, pools: {verdicts or 'none'} (UNDECIDED is no pass).")
    for family in report.counts["guessed"]:
        console.print(f"Left out, answered without the picture too often: {family}")
    if unproven := report.counts.get("unproven"):
        console.print(f"Left out, too few or too uneven to prove that they cannot be: {', '.join(unproven)}")
    if report.drops:
        console.print(f"Every rejected file is listed in {report.out / '.mmrs' / 'rejects.jsonl'}.")
    console.print(f"{'Unchanged' if report.unchanged else 'Published'}: {report.out}")


def _cases(report: Report) -> Table:
    table = Table(title="files: found = used + rejected", title_justify="left")
    for name in ("source", "found", "used", "rejected", "why"):
        table.add_column(name, justify="left" if name in ("source", "why") else "right")
    for source, entry in report.counts["cases"].items():
        why = "; ".join(f"{n} {code}: {REASONS[code]}" for code, n in report.counts["rejected"][source].items())
        table.add_row(escape(source), *(str(entry[key]) for key in ("found", "used", "rejected")), why)
    return table


def _questions(counts: Mapping[str, Any]) -> Table:
    table = Table(title="views and questions", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    views, candidates = counts["views"], counts["candidates"]
    for label, n in (
        ("views measured", views["measured"]),
        ("  dropped: their group touches an official test set", -views["leaks_into_test"]),
        ("  dropped: their group holds a picture that is kept out", -views["kept_out"]),
        ("views published", views["published"]),
        ("  of these without questions", views["without_questions"]),
        ("slices left out: more structures than can be told apart", counts["masks"].get("views_left_out", 0)),
        ("views in which burnt-in marks are suspected", sum(n["suspected"] for n in counts["overlays"].values())),
        ("structures", counts["masks"].get("structures", 0)),
        ("specks removed from masks", counts["masks"].get("specks", 0)),
        ("doubtful mask pixels decided by threshold", counts["masks"].get("doubtful_px", 0)),
    ):
        if n or not label.startswith(("slices", "  dropped: their group holds")):
            table.add_row(label, str(n))
    table.add_section()
    table.add_row("candidate questions", str(candidates["evaluated"]))
    for code, n in counts["refused"].items():
        table.add_row(f"  not decided: {evaluate.REASONS[code]}", str(-n))
    table.add_row("decided by the masks (one per kind of question)", str(candidates["decided"]))
    table.add_row("questions that the view cannot answer", str(candidates["unanswerable"]))
    for code, n in counts["dropped"].items():
        table.add_row(f"  not asked: {select.REASONS[code]}", str(-n))
    table.add_row("questions asked", str(candidates["asked"]))
    if told := counts.get("reworded"):
        table.add_section()
        table.add_row("sentences that a model was asked to reword", str(told["sentences"]))
        for code, n in told["kept"].items():
            table.add_row(f"  kept as they were: {code.replace('_', ' ')}", str(-n))
        table.add_row("sentences reworded", str(told["reworded"]))
    return table
