"""The commands ``mmrs export`` and ``mmrs push``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt
from mmrs_builder.errors import USAGE, MmrsError

Deliver = Callable[[Path, Mapping[str, int]], str]

To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORMAT",
        help="llava, messages (TRL), ms-swift, llama-factory, coco, nnunet, monai, webdataset, label-studio, fiftyone; "
        "recipe (the build without the pictures and masks that may not be passed on).",
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

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="USER/NAME, a dataset repository of the Hub, which is made if need be; or s3://BUCKET/PREFIX, a place of "
        "its own in an object store (gs:// and abfs:// need gcsfs and adlfs).",
    ),
]
Public = Annotated[bool, typer.Option("--public", help="Make a new repository of the Hub public. [default: private]")]
Own = Annotated[
    opt.Many, typer.Option("--own", help="A source of your own whose data are yours to publish; repeat for several.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Verify, and list what would be sent; send nothing.")]


def export(
    out: opt.Out, to: To, folder: Folder, split: Split = None, multi_turn: Turns = False, as_json: opt.Json = False
) -> None:
    """Write a finished build in the format of another trainer or tool, or as a recipe that may be passed on.

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


def push(
    out: opt.Out,
    target: Target,
    public: Public = False,
    own: Own = None,
    dry_run: DryRun = False,
    as_json: opt.Json = False,
) -> None:
    """Verify a finished build and publish it on the Hugging Face Hub or in an object store, if the licences allow that.

    Shards, cards and manifest are sent, and nothing else. The token of the Hub is the one of `hf auth login` or
    HF_TOKEN; S3 takes AWS_PROFILE and the like. What may not be passed on is refused; `mmrs export --to recipe` leaves
    it out.

    Examples: mmrs push shards/ user/name · mmrs push shards/ s3://bucket/prefix
    """
    from mmrs_builder.parcel import pack

    deliver = _to_store(target, public) if "://" in target else _to_hub(target, public)
    typer.echo(f"verifying {out}", err=True)
    parcel = pack(out, own or [])
    sent = None if dry_run else deliver(out, parcel.files)
    if as_json:
        found = {"repo": target, "commit": sent, "files": dict(parcel.files), "sources": dict(parcel.classes)}
        typer.echo(json.dumps(found, indent=1))
        return
    for name, size in parcel.files.items():
        typer.echo(f"{size:>12} {name}")
    classes = ", ".join(f"{name} ({known or 'your own'})" for name, known in parcel.classes.items())
    typer.echo(f"sources: {classes}")
    typer.echo(f"published: {sent}" if sent else "Nothing was sent.")


def _to_hub(repo: str, public: bool) -> Deliver:
    from mmrs_builder import hub

    return lambda out, files: hub.push(out, repo, files, public=public, sent=lambda name: _say(f"sent {name}"))


def _to_store(address: str, public: bool) -> Deliver:
    """What cannot be a store is refused before anything is verified."""
    from mmrs_builder import store

    if public:
        hint = "Who may read a bucket is said where it was made."
        raise MmrsError("--public is for the Hub", code=USAGE, hint=hint)
    return partial(store.push, to=store.store(address), told=_say)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def told(counts: Mapping[str, int]) -> str:
    """Counts in a line."""
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())
