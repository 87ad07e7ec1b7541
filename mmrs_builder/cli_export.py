"""The command ``mmrs export``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt

To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORMAT",
        help="llava, messages (TRL), ms-swift, llama-factory, coco, nnunet, monai, webdataset, label-studio, fiftyone.",
    ),
]
Folder = Annotated[Path, typer.Option("--out", help="Folder to write: new, empty, or made by mmrs export.")]
Split = Annotated[str | None, typer.Option("--split", help="Only train, validation or test. [default: all]")]
Turns = Annotated[
    bool,
    typer.Option(
        "--multi-turn",
        help="All questions of a picture in one conversation. They give each other's answers away: by default each "
        "question is a conversation of its own.",
    ),
]


def export(
    out: opt.Out, to: To, folder: Folder, split: Split = None, multi_turn: Turns = False, as_json: opt.Json = False
) -> None:
    """Write a finished build in the format of another trainer or tool.

    Example: mmrs export shards/ --to messages --out messages/
    """
    from mmrs_builder import export as exporting

    found = exporting.export(out, to, folder, split=split, multi_turn=multi_turn)
    if as_json:
        typer.echo(json.dumps({"to": to, "out": str(folder), "counts": found}, indent=1))
        return
    for name, counts in found.items():
        typer.echo(f"{name}: {told(counts)}")
    typer.echo(f"written: {folder}")


def told(counts: Mapping[str, int]) -> str:
    """Counts in a line."""
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())
