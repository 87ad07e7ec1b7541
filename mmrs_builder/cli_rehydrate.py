"""The command ``mmrs rehydrate``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt

Home = Annotated[Path, typer.Argument(metavar="RECIPE", help="A folder made by `mmrs export --to recipe`.")]
Whole = Annotated[Path, typer.Option("--out", help="Folder to publish into: new, empty, or made by mmrs.")]
Data = Annotated[
    opt.Many,
    typer.Option("--data", help="Your copy of a corpus: DIR, or NAME=DIR with several. [default: the download cache]"),
]


def rehydrate(
    recipe: Home,
    out: Whole,
    data: Data = None,
    adapter: opt.Adapter = None,
    workers: opt.Workers = opt.CPUS,
    read_seconds: opt.ReadSeconds = 120,
    read_memory: opt.ReadMemory = 8,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
) -> None:
    """Make a recipe whole: put pictures and masks back from your own copy of each corpus.

    Corpora are read as `mmrs build` reads them. A photograph must be the file that the recipe was made from, a
    rendering must have its pixels, masks must be the same. What is altered or missing is named, and then nothing is
    published.

    Exit code 4: originals are missing; 5: some are altered.

    Example: mmrs rehydrate recipe/ --data corpora/kvasir-seg --out shards/
    """
    from rich.console import Console

    from mmrs_builder import recipe as recipes
    from mmrs_builder import report as reporting
    from mmrs_builder.build import Limits
    from mmrs_builder.build.lacking import opened
    from mmrs_builder.build.rehydrate import rehydrate

    found = opened(recipe)
    choices = recipes.originals(found.built_from, found.sources, data or [], adapter)
    limits = Limits(seconds=read_seconds, memory=int(read_memory * 2**30))
    try:
        with reporting.bars(Console(stderr=True)) as stage:
            done = rehydrate(found, choices, out, workers=workers, limits=limits, overwrite=overwrite, stage=stage)
    except (KeyboardInterrupt, SystemExit):
        typer.echo("mmrs: interrupted; finished parts are kept, the same command goes on from there", err=True)
        raise
    if as_json:
        typer.echo(json.dumps({**asdict(done), "out": str(out)}, indent=1))
        return
    typer.echo(f"{done.made_whole} of {done.views} views were made whole.")
    same = "All rows are those of the build that the recipe was made of."
    other = "All pixels are those of the build; libraries of other versions code them into other bytes here."
    typer.echo(same if done.same_rows else other)
    typer.echo(f"Published: {out}")
