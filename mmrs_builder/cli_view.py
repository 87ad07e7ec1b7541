"""The command ``mmrs view``: a gallery, or a sheet of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt
from mmrs_builder.errors import USAGE, MmrsError

Page = Annotated[
    Path | None, typer.Option("--out", help="HTML file to write: a gallery to browse, everything in one file.")
]
Contact = Annotated[
    Path | None, typer.Option("--contact", help="PNG file to write: pictures with masks and questions.")
]
Views = Annotated[list[str] | None, typer.Option("--view", help="Show this view; repeat for several.")]
Most = Annotated[int, typer.Option("--most", min=1, max=5000, help="Gallery: at most N questions, chosen by key.")]
Seed = Annotated[int, typer.Option("--seed", help="Gallery: key of that choice.")]
Audit = Annotated[
    Path | None, typer.Option("--audit", help="Gallery: what `mmrs audit OUT --json` printed, to show the blind gap.")
]
Questions = Annotated[int, typer.Option("--questions", min=0, help="Sheet: questions to print below each picture.")]


def view(
    out: opt.Out,
    page: Page = None,
    contact: Contact = None,
    view_ids: Views = None,
    most: Most = 500,
    seed: Seed = 0,
    audit: Audit = None,
    questions: Questions = 3,
) -> None:
    """Write a page to look at questions, masks and programs with, or a sheet of pictures.

    The page needs no server and asks no address. It holds pictures of the corpora: their terms say who may have it.

    Example: mmrs view shards/ --out gallery.html
    """
    from rich.console import Console

    from mmrs_builder import draw, gallery
    from mmrs_builder import report as reporting
    from mmrs_builder.withholding import require_whole

    opt.require_build(out)
    require_whole(out, "mmrs view")
    if page is None and contact is None:
        raise MmrsError("nothing to write", code=USAGE, hint="Name --out FILE.html, --contact FILE.png, or both.")
    if page is not None:
        with reporting.bars(Console(stderr=True)) as stage:
            shown = gallery.write_page(
                out, page, most=most, seed=seed, view_ids=view_ids or [], audit=audit,
                started=lambda total: stage("gallery", total),
            )  # fmt: skip
        typer.echo(f"{shown} questions; open the page in a browser", err=True)
        typer.echo(str(page))
    if contact is not None:
        draw.contact_sheet(out, contact, view_ids or [], questions)
        typer.echo(str(contact))
