"""The command ``mmrs score``."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt


class Protocol(StrEnum):
    """How masks are scored."""

    mmrs = "mmrs"
    prs_med = "prs-med"


Files = Annotated[list[Path], typer.Argument(help="Files of predictions: one, or one for each seed of one contender.")]
Shards = Annotated[Path, typer.Option("--shards", help="The folder made by `mmrs build` that was asked about.")]
Split = Annotated[list[str] | None, typer.Option("--split", help="Repeats. [default: test]")]
Against = Annotated[
    Path | None, typer.Option("--against", help="Other predictions, such as a blind row's: the gain over them.")
]
Only = Annotated[bool, typer.Option("--only-asked", help="Leave out questions without a line; else they are wrong.")]
Scored = Annotated[
    Protocol, typer.Option("--protocol", help="prs-med: also as published, a mean over 256 thresholds, to compare.")
]
Rows = Annotated[Path | None, typer.Option("--rows", help="JSONL file to write: every question with its scores.")]


def score(
    predictions: Files,
    shards: Shards,
    split: Split = None,
    against: Against = None,
    only_asked: Only = False,
    protocol: Protocol = Protocol.mmrs,
    rows: Rows = None,
    as_json: opt.Json = False,
) -> None:
    """Score what a model said and drew. The file is defined in docs/benchmark.md.

    Example: mmrs score runs/mine/predictions.jsonl --shards shards/
    """
    from rich.console import Console

    from mmrs_builder import report, scoring

    opt.require_build(shards)
    splits = split or ["test"]
    rules = scoring.Rules(only_asked=only_asked, sweep=protocol is Protocol.prs_med)
    files = [scoring.read(path) for path in predictions]
    other = scoring.read(against).without_masks() if against else None  # a gain is one of answers
    with report.bars(Console(stderr=True)) as stage:
        views = scoring.count(shards, splits)
        step = stage("score", views * (len(files) + (other is not None)))
        judged = [(file, scoring.judge(file, shards, splits, rules, progress=step)) for file in files]
        beside = scoring.judge(other, shards, splits, rules, progress=step).seen if other else ()
    found = scoring.results(judged, splits, beside)
    if rows:
        lines = [asdict(item) for _, one in judged for item in one.seen]
        rows.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    typer.echo(
        json.dumps(found, indent=1, ensure_ascii=False)
        if as_json
        else scoring.markdown(found, ", ".join(str(file.path) for file in files)),
        nl=as_json,
    )
