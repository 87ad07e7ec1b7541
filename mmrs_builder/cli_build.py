"""The command ``mmrs build``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mmrs_builder import options as opt
from mmrs_builder.cli_paraphrase import GO_ON_ROWS, Asking, Bank, Phrasing
from mmrs_builder.errors import BUDGET, QUARANTINE, MmrsError

if TYPE_CHECKING:
    from mmrs_builder.build import Reach, Report, Settings, SourceChoice
    from mmrs_builder.types import Source

Done = TypeVar("Done")


def build(
    out: Annotated[Path, typer.Option("--out", help="Folder to publish into: new, empty, or made by mmrs build.")],
    source: opt.Sources = None,
    data: opt.Data = None,
    option: opt.Set = None,
    adapter: opt.Adapter = None,
    recipe: opt.Recipe = None,
    exclude: opt.Exclude = None,
    allow: opt.Allow = None,
    sha256: opt.Sha256 = None,
    seed: opt.Seed = None,
    limit: opt.Limit = None,
    questions_per_view: opt.PerView = None,
    max_rows: opt.MaxRows = None,
    keep_unbalanced: opt.Unbalanced = False,
    audit: opt.Audit = False,
    gate: opt.Proven = False,
    splits: opt.Splits = None,
    twins: opt.Twins = False,
    language: opt.Language = None,
    only: opt.Families = None,
    keep_out: opt.KeepOut = None,
    rows_per_shard: opt.PerShard = None,
    phrasing: Phrasing = None,
    bank: Bank = None,
    asking: Asking = None,
    workers: opt.Workers = opt.CPUS,
    executor: opt.Executor = opt.Engine.LOCAL,
    address: opt.Address = None,
    step: opt.OneStage = None,
    shards: opt.Shards = None,
    read_seconds: opt.ReadSeconds = 120,
    read_memory: opt.ReadMemory = 8,
    quarantine_max: opt.Quarantine = 0.01,
    dry_run: opt.DryRun = False,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
) -> None:
    """Turn corpora into shards that `datasets.load_dataset` opens.

    Example: mmrs build --source kvasir --data corpora/kvasir-seg --out shards/
    """
    from mmrs_builder import build as building
    from mmrs_builder import recipe as recipes
    from mmrs_builder import request

    given = {
        "seed": seed, "limit": limit, "questions_per_view": questions_per_view, "max_rows": max_rows,
        "splits": splits, "language": language, "rows_per_shard": rows_per_shard, "paraphrase": phrasing, "bank": bank,
        "keep_unbalanced": keep_unbalanced or None, "audit": audit or None, "gate": gate or None,
        "twins": twins or None, "families": tuple(only or ()) or None, "llm": asking,
    }  # fmt: skip
    cluster, span = opt.cluster(executor, address), opt.span(step, shards, executor)
    chosen, known = recipes.choices(source or [], data or [], option or [], adapter, recipe)
    settings = request.settings(chosen, known, given, exclude, keep_out or [])
    request.check_licences(settings.sources, allow)
    absent, pinned = request.missing(settings.sources), request.pins(sha256 or [], settings.sources)
    if dry_run:
        _tell_plan(settings, absent, as_json=as_json)
        return
    fetch(absent, pinned)
    how = {"workers": workers, "overwrite": overwrite, "limits": _limits(read_seconds, read_memory)}
    go = partial(building.build, cluster=cluster) if step is None else partial(building.build_stage, step.value, span)
    _told(_watched(partial(go, settings, out, **how)), quarantine_max, as_json=as_json)


def _limits(seconds: float, gib: float) -> Any:
    from mmrs_builder.build import Limits

    return Limits(seconds=seconds, memory=int(gib * 2**30))


def _tell_plan(settings: Settings, absent: Sequence[SourceChoice], *, as_json: bool) -> None:
    """Print what would be read, and from where it would be downloaded first."""
    from mmrs_builder import build as building
    from mmrs_builder import report as reporting
    from mmrs_builder import request

    there = replace(settings, sources=tuple(choice for choice in settings.sources if choice not in absent))
    reporting.print_plan(building.plan_only(there), request.addresses(absent), as_json=as_json)


def _watched(go: Callable[..., Done]) -> Done:
    """Do it with progress bars, and say of an interruption that it costs little."""
    from rich.console import Console

    from mmrs_builder import report as reporting

    try:
        with reporting.bars(Console(stderr=True)) as stage:
            return go(stage=stage)
    except (KeyboardInterrupt, SystemExit):
        typer.echo("mmrs: interrupted; finished parts are kept, the same command goes on from there", err=True)
        raise


def _told(done: Reach | Report, quarantine_max: float, *, as_json: bool) -> None:
    """Say what was done. Raises ``MmrsError`` for a build that is published with something amiss."""
    from rich.console import Console

    from mmrs_builder import report as reporting
    from mmrs_builder.build import Reach

    if isinstance(done, Reach):
        reporting.print_reach(done, as_json=as_json)
        return
    if as_json:
        typer.echo(json.dumps(done.counts, indent=1, ensure_ascii=False))
    else:
        reporting.print_build(done, Console())
    _check_complete(done, quarantine_max)


def _check_complete(done: Report, part: float) -> None:
    from mmrs_builder import build as building

    if done.quarantined > max(part * done.found, 3):
        raise MmrsError(
            f"{done.quarantined} of {done.found} files could not be read; the others are published",
            code=QUARANTINE,
            hint=f"See {done.out / '.mmrs' / 'rejects.jsonl'}; mend the files or raise --quarantine-max.",
        )
    if done.stopped:
        raise MmrsError(f"stopped: {done.stopped}", code=BUDGET, hint=GO_ON_ROWS)
    building.check_held(done.out, done.judged)


def fetch(absent: Sequence[SourceChoice], pinned: Mapping[str, Source]) -> None:
    """Download the sources that are ``absent`` into the cache; ``pinned`` are those with a digest of the user's."""
    from rich.console import Console

    from mmrs_builder import report as reporting
    from mmrs_builder import request

    if not absent:
        return
    try:
        with reporting.transfers(Console(stderr=True)) as progress:
            request.obtain(absent, pinned, progress, lambda line: typer.echo(line, err=True))
    except (KeyboardInterrupt, SystemExit):
        typer.echo("mmrs: interrupted; what was downloaded is kept, the same command goes on from there", err=True)
        raise
