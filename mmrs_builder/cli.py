"""The command line. Progress and messages go to stderr, data to stdout."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from mmrs_builder import __version__
from mmrs_builder import options as opt
from mmrs_builder.cli_build import build, fetch
from mmrs_builder.cli_card import card
from mmrs_builder.cli_export import export, push
from mmrs_builder.cli_paraphrase import paraphrase
from mmrs_builder.cli_rehydrate import rehydrate
from mmrs_builder.cli_review import review
from mmrs_builder.cli_score import score
from mmrs_builder.cli_view import view
from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, USAGE, MmrsError

app = typer.Typer(
    name="mmrs",
    help="From segmentation masks to verified spatial questions and answers. Research only, not for clinical use.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    add_completion=True,
)

REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""What the disk or its owner refuses; other errors of the system are bugs."""

app.command()(build)
app.command()(paraphrase)
app.command()(export)
app.command()(push)
app.command()(rehydrate)
app.command()(view)
app.command()(card)
app.command()(score)
app.add_typer(review)


def main() -> None:
    """Entry point: turns errors into a message with a next step, and an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app(prog_name="mmrs")
    except MmrsError as error:
        _say(f"mmrs: {error}", error.hint)
        sys.exit(error.code)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        _say(f"mmrs: {error}", "Check disk space and permissions, then run the same command again.")
        sys.exit(ENVIRONMENT)


def _say(*lines: str | None) -> None:
    """Print to stderr. Where that cannot be written, as a log on the disk that is full, the exit code tells alone."""
    try:
        for line in filter(None, lines):
            typer.echo(line, err=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # what it still holds fails again at the end


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def download(
    name: Annotated[opt.Many, typer.Argument(help="Sources to obtain. See `mmrs sources`.")] = None,
    option: opt.Set = None,
    adapter: opt.Adapter = None,
    sha256: opt.Sha256 = None,
    as_json: opt.Json = False,
) -> None:
    """Download corpora into the cache, where `mmrs build` finds them; print the folder of each.

    Example: mmrs download kvasir
    """
    from mmrs_builder import recipe as recipes
    from mmrs_builder import request
    from mmrs_builder.download import record

    chosen, _ = recipes.choices(name or [], [], option or [], adapter)
    if not chosen:
        raise MmrsError("no source named", code=USAGE, hint="mmrs download NAME; see `mmrs sources`.")
    request.check_downloadable(chosen)
    absent, pinned = request.missing(chosen), request.pins(sha256 or [], chosen)
    fetch(absent, pinned)
    rows = [{"name": it.name, "folder": str(it.root), "made_from": record(recipes.cache(it.name))} for it in chosen]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(str(choice.root) for choice in chosen))


@app.command()
def sources(
    name: Annotated[str | None, typer.Argument(help="Show the sheet of one source, with its options.")] = None,
    as_json: opt.Json = False,
) -> None:
    """List the corpora that can be built, or show the sheet of one."""
    from mmrs_builder import sheets

    _show(lambda: sheets.source_rows() if name is None else sheets.source_sheet(name), as_json, sheets.print_sources)


@app.command()
def families(
    family: Annotated[str | None, typer.Argument(metavar="[ID]", help="Show one family with its wordings.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check every template; exit 1 with a list of what is wrong.")
    ] = False,
    draw: Annotated[Path | None, typer.Option("--draw", help="PNG file: an example of ID, step by step.")] = None,
    page: Annotated[Path | None, typer.Option("--page", help="HTML file: all families with an example each.")] = None,
    language: opt.Language = None,
    as_json: opt.Json = False,
) -> None:
    """List the question families, show one, or check the templates."""
    from mmrs_builder import sheets
    from mmrs_builder.templates import DEFAULT

    language = language or DEFAULT
    if draw or page:
        from mmrs_builder import family_page

        for written in family_page.pictured(family, draw, page, language):
            typer.echo(str(written))
        return
    if check:
        problems = sheets.check_families(language)
        for problem in problems:
            typer.echo(problem, err=True)
        typer.echo(f"{len(problems)} problems" if problems else "families and terms are in order", err=True)
        raise typer.Exit(1 if problems else 0)
    _show(
        lambda: sheets.family_rows(language) if family is None else sheets.family_sheet(family, language),
        as_json,
        sheets.print_families,
    )


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="A folder with pictures, volumes or DICOM files, and masks.")],
    most: Annotated[int, typer.Option("--most", min=1, help="Open at most N pairs, volumes and series each.")] = 1000,
    as_json: opt.Json = False,
) -> None:
    """Look at a corpus without writing anything: what pairs, what is wrong, and which source fits."""
    from rich.console import Console

    from mmrs_builder import inspect as looking
    from mmrs_builder import report as reporting
    from mmrs_builder.inspect.text import lines

    if not path.is_dir():
        raise MmrsError(f"{path} is not a folder", code=USAGE, hint="Name the one that holds pictures and masks.")
    with reporting.bars(Console(stderr=True)) as stage:
        found = looking.inspect(path, most, stage)
    typer.echo(looking.to_json(found) if as_json else "\n".join(lines(found)))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="A folder with pictures or volumes, and masks.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Recipe to write. [default: the folder's name, in the working folder]")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="PNG file to write: some cases with mask outlines.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is proposed.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, help="Open at most N pairs, volumes and series.")] = 200,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace recipe and preview.")] = False,
) -> None:
    """Look at a corpus and write a recipe for `mmrs build --recipe`, with the reason of every guess.

    Example: mmrs init corpora/mine --yes
    """
    from rich.console import Console

    from mmrs_builder import init as proposing
    from mmrs_builder import report as reporting
    from mmrs_builder.init.write import places, write

    if not path.is_dir():
        raise MmrsError(f"{path} is not a folder", code=USAGE, hint="Name the one that holds pictures and masks.")
    to = places(path, out, preview, overwrite=overwrite)
    asking = not yes and sys.stdin.isatty()
    try:
        with reporting.bars(Console(stderr=True)) as stage:
            proposal = proposing.propose(path, most, stage)
        if asking:
            proposal = proposing.asked(proposal, lambda question, answer: typer.prompt(question, answer, err=True))
        proposal = proposing.tried(proposal)
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE, hint=f"`mmrs inspect {path}` shows what lies there.") from None
    typer.echo("\n".join(proposing.lines(proposal)))
    typer.echo("\n".join(f"written: {written}" for written in write(proposal, to)))
    typer.echo(f"Look at the lines with a question mark, then: mmrs build --recipe {to.recipe} --out OUT", err=True)


@app.command()
def verify(
    out: opt.Out,
    mutants: Annotated[
        int, typer.Option("--mutants", min=0, help="Also damage N copies per kind and count what is caught.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Key of the mutants.")] = 0,
    as_json: opt.Json = False,
) -> None:
    """Check files, schema, and derive every question and answer again by a second implementation."""
    from mmrs_builder import checks

    opt.require_build(out)
    if not checks.run(out, mutants=mutants, seed=seed, as_json=as_json):
        raise MmrsError(f"{out} did not verify", code=INTEGRITY, hint="Build or fetch it again.")


@app.command()
def audit(
    out: opt.Out,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 5 unless every kind passes and no family fails.")] = False,
    card: Annotated[bool, typer.Option("--card", help="Add the result to the card of OUT, with a plot.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Try to answer the questions without the pictures, and say what that proves."""
    from mmrs_builder import auditing

    opt.require_build(out)
    auditing.run(out, gate=gate, card=card, as_json=as_json)


@app.command()
def stats(out: opt.Out, as_json: opt.Json = False) -> None:
    """Count views, structures, questions and answers."""
    from mmrs_builder import stats as counting

    opt.require_build(out)
    _show(lambda: counting.count(out), as_json, counting.print_counts)


def _show(rows: Callable[[], Any], as_json: bool, show: Callable[[Any], None]) -> None:
    try:
        found = rows()
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE) from None
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        show(found)
