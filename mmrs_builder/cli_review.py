"""The commands ``mmrs review sample`` and ``mmrs review merge``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mmrs_builder import options as opt
from mmrs_builder.errors import USAGE, MmrsError

review = typer.Typer(
    name="review", help="Have two people read a sample of a build, and say what they found.", no_args_is_help=True
)

Number = Annotated[int, typer.Option("--n", min=20, max=2000, help="Questions that each reader gets.")]
To = Annotated[Path, typer.Option("--to", help="Folder for the two pages and their key.")]
Seed = Annotated[int, typer.Option("--seed", help="Key of the sample, its planted errors and both orders.")]
Again = Annotated[bool, typer.Option("--overwrite", help="Replace a review that lies in --to.")]

Saved = Annotated[list[Path], typer.Argument(metavar="A.json B.json", help="What the two pages saved.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Key of the sample. [default: key.json beside A.json]")]
Card = Annotated[Path | None, typer.Option("--card", help="Build whose cards get the result. [default: the key's]")]
NoCard = Annotated[bool, typer.Option("--no-card", help="Write into no card.")]
List = Annotated[Path | None, typer.Option("--list", help="Exclusion list. [default: exclude.txt beside the key]")]
Either = Annotated[bool, typer.Option("--either", help="Leave out what one reader rejects. [default: both must]")]
Anew = Annotated[bool, typer.Option("--overwrite", help="Replace a list that says something else.")]
Partial = Annotated[bool, typer.Option("--partial", help="Count what both have read, though not all is read.")]


@review.command()
def sample(
    out: opt.Out, number: Number = 200, to: To = Path("review"), seed: Seed = 0, overwrite: Again = False
) -> None:
    """Write a page for each of two readers, with a sample of the questions, one in twenty made wrong on purpose.

    Give reader-a.html and reader-b.html to the readers, and keep key.json: it says what was planted. The pages need no
    server and ask no address. They hold pictures of the corpora: their terms say who may have them.

    Example: mmrs review sample shards/ --n 200 --to review/
    """
    from rich.console import Console

    from mmrs_builder import report as reporting
    from mmrs_builder.review import pages

    opt.require_build(out)
    with reporting.bars(Console(stderr=True)) as stage:
        written = pages.write(
            out, to, number=number, seed=seed, overwrite=overwrite, started=lambda total: stage("review", total)
        )
    typer.echo("Give each reader one page; keep the key. Then: mmrs review merge A.json B.json", err=True)
    typer.echo("\n".join(map(str, written)))


@review.command()
def merge(
    saved: Saved,
    key_file: KeyFile = None,
    card: Card = None,
    no_card: NoCard = False,
    listed: List = None,
    either: Either = False,
    partial: Partial = False,
    overwrite: Anew = False,
    as_json: opt.Json = False,
) -> None:
    """Compare what the two readers saved: agreement, planted errors found, and the questions to leave out.

    The result goes into the cards of the build that was reviewed, and rejected questions into a list for
    `mmrs build --exclude`.

    Example: mmrs review merge review/reader-a.json review/reader-b.json
    """
    from rich.console import Console

    from mmrs_builder.review import decisions, exclusion, publish, report
    from mmrs_builder.review import key as keys
    from mmrs_builder.review import merge as merging

    if len(saved) != 2:
        raise MmrsError(f"{len(saved)} files named", code=USAGE, hint="Name two: what each reader's page saved.")
    place = key_file or saved[0].parent / keys.NAME
    key = keys.read(place)
    judged = merging.merged(key, decisions.read(saved[0]), decisions.read(saved[1]), partial=partial)
    build = None if no_card else card or (place.resolve().parent / key.build).resolve()
    if build is not None:
        if not (build / "data").is_dir():
            hint = "Name the build that was reviewed with --card, or add --no-card."
            raise MmrsError(f"{build} holds no finished build", code=USAGE, hint=hint)
        publish.check_same(build, key.rows)
    record = merging.record(key, judged)
    rejected, disputed = merging.left_out(judged, either=either)
    written = listed or place.parent / exclusion.NAME
    exclusion.write(written, exclusion.text_of(rejected, disputed), overwrite=overwrite)
    if build is not None:
        publish.publish(build, record)
    if as_json:
        typer.echo(json.dumps(record["results"], indent=1))
    else:
        report.show(record["results"], Console())
    typer.echo(report.told(len(rejected), len(disputed), written), err=True)
    if build is not None:
        typer.echo(f"written into the cards of {build}", err=True)
