"""The stages of a build, each to be done by one process or, measure and write, by several on ranges of one list.

A stage takes what the one before it left in the output folder, and what it needs of it is found by its key: so it does
not matter who ran the stages, how often, and in how many pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from mmrs_builder.build import ask as asking
from mmrs_builder.build import fair, folder, preview
from mmrs_builder.build import measure as measuring
from mmrs_builder.build import write as writing
from mmrs_builder.build.ask import Asked, Gathered
from mmrs_builder.build.counts import counts
from mmrs_builder.build.fair import LeftOut
from mmrs_builder.build.measure import Measured, MeasureJob, source_of
from mmrs_builder.build.publish import RETIRED, is_published, is_waiting, publish
from mmrs_builder.build.rows import Words, reworded
from mmrs_builder.build.settings import LEAKS, STATE
from mmrs_builder.build.stage import discard, read_json, write_json
from mmrs_builder.build.work import Work
from mmrs_builder.build.write import ShardJob, staging, write_key
from mmrs_builder.errors import MANUAL, USAGE, MmrsError
from mmrs_builder.statements import Facts
from mmrs_builder.templates import Language, unworded

Parts: TypeAlias = Sequence[Sequence[MeasureJob]]
"""The parts of each source."""

ALL: Final = slice(None)
"""The range of all parts or shards."""

NOTHING: Final = LeftOut()

TOLD: Final = 10
"""Ranges that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a stage did: parts or shards ``first`` to ``last`` (half-open) of so many in all."""

    stage: str
    unit: Literal["parts", "shards"]
    first: int
    last: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What the output folder is to hold: what is asked in which words, and what the cards say of it.

    ``published``: it holds that already. ``waiting``: all files are there, and their publication was interrupted.
    """

    asked: Asked
    words: Words
    language: Language
    facts: Facts
    staged: Path
    published: bool
    waiting: bool


def parts(work: Work) -> Parts:
    """The parts to be measured, in the fixed order of sources and cases."""
    twins, stage = work.settings.twins, work.state / "measure"
    return [measuring.plan(found, work.labels, stage, work.limits, twins=twins) for found in work.indexed]


def measure(work: Work, parts: Parts, span: slice = ALL) -> Reach:
    """Measure the parts of a range; those that are done are kept."""
    jobs = list(chain(*parts))
    advance = work.stage("measure", sum(len(job.refs) for job in jobs[span]))
    measuring.measure_parts(jobs[span], work.workers, advance)
    return _reach("measure", "parts", span, len(jobs))


def measured(work: Work, parts: Parts) -> list[Measured]:
    """What was measured. Raises ``MmrsError`` where a part is missing."""
    jobs = list(chain(*parts))
    if missing := [number for number, job in enumerate(jobs) if not measuring.is_done(job)]:
        ranges = _ranges(missing)
        raise MmrsError(
            f"{len(missing)} of {len(jobs)} parts are not measured: {_listed(ranges)}",
            code=USAGE,
            hint=f"Run the same command with --stage measure --shards {ranges[0]}. Where that was done: a part counts "
            "only if it was measured with the same options, libraries and files (their time of change included).",
        )
    return [measuring.collect(found, own) for found, own in zip(work.indexed, parts, strict=True)]


def gathering(work: Work, found: Sequence[Measured], left_out: LeftOut = NOTHING) -> Callable[[], Gathered]:
    """What gathers all that could be asked: with a gate once for all rounds, else without the families guessed."""
    parts = [part for m in found for part in m.parts]
    guessed = () if work.settings.gate else left_out.guessed
    spoken, stage = fair.leaving_out(work.language, guessed), work.state / "ask"

    def gathered() -> Gathered:
        progress = work.stage("ask", len(parts))
        return asking.gather(parts, spoken, work.labels, work.settings, stage, work.workers, progress)

    return gathered


def ask(
    work: Work,
    found: Sequence[Measured],
    left_out: LeftOut = NOTHING,
    gathered: Callable[[], Gathered] | None = None,
) -> Version:
    """Decide what is asked, and what is ``left_out``; a decision that was made is kept. ``gathered``: see above."""
    folder.write_rejects(work.state, [drop for m in found for drop in (*m.indexed.drops, *m.drops)])
    spoken, stage = fair.leaving_out(work.language, left_out.guessed), work.state / "ask"
    gathered = gathering(work, found, left_out) if gathered is None else gathered
    withheld = (*left_out.unproven, *(left_out.guessed if work.settings.gate else ()))
    bare, settings = unworded(spoken), work.settings.unworded()  # another wording asks nothing else
    asked = asking.ask([m.key for m in found], bare, settings, stage, gathered, withheld)
    if not work.settings.gate:
        discard(stage / asking.DECIDED)
    if work.settings.gate:
        fair.check_left(asked, left_out)
    version = _version(work, found, asked, spoken, left_out)
    _check_asked(asked, work.state)
    return version


def asked(work: Work, found: Sequence[Measured]) -> Version:
    """What was decided on what was found. Raises ``MmrsError`` where nothing was yet."""
    key = asking.ask_key([m.key for m in found], unworded(work.language), work.settings.unworded())
    known = asking.known(key, work.state / "ask")
    if known is None:
        raise MmrsError(
            f"what {work.out} asks is not decided",
            code=USAGE,
            hint="Run the same command with --stage ask. If that was done, something was measured again since.",
        )
    return _version(work, found, known, work.language, NOTHING)


def shards(work: Work, version: Version) -> list[ShardJob]:
    """The shards to be written, in their fixed order."""
    return writing.plan(version.asked, version.words, version.language, work.settings, work.state, version.facts.key)


def planned(work: Work, version: Version) -> Reach:
    """How many shards are to be written."""
    return _reach("ask", "shards", slice(0), len(shards(work, version)))


def write(work: Work, version: Version, span: slice = ALL) -> Reach:
    """Write the shards of a range; those that are done are kept."""
    jobs = shards(work, version)
    if not (version.published or version.waiting):
        writing.write(jobs[span], work.workers, lambda total: work.stage("write", total))
    return _reach("write", "shards", span, len(jobs))


def finish(work: Work, found: Sequence[Measured], tried: Sequence[Version]) -> None:
    """Publish the last of the versions that were ``tried``, and remove what it does not need.

    Raises ``MmrsError`` where a shard is not written.
    """
    version = tried[-1]
    if not version.published:
        if not version.waiting:
            _check_written(shards(work, version))
            seed, key = work.settings.seed, version.facts.key
            preview.write(version.staged, seed, key, work.workers, lambda total: work.stage("preview", total))
        advance = work.stage("publish", 1)
        publish(work.out, version.staged, work.settings, version.facts)
        advance(1)
    _sweep(work.out, found, tried)


def _version(work: Work, found: Sequence[Measured], asked: Asked, spoken: Language, left_out: LeftOut) -> Version:
    words = reworded(asked, spoken, work.settings, work.out, lambda total: work.stage("reword", total))
    counted: dict[str, Any] = {**counts(found, asked), **words.counts, "guessed": list(left_out.guessed)}
    counted |= {"unproven": list(left_out.unproven)} if work.settings.gate else {}
    key = write_key(asked, work.language, work.settings, counted, words)
    facts = Facts(
        key=key,
        sources=tuple(source_of(choice) for choice in work.settings.sources),
        counts=counted,
        policy=work.settings.splits,
        language=work.settings.language,
    )
    staged, published = staging(work.state, key), is_published(work.out, key)
    return Version(
        asked=asked,
        words=words,
        language=work.language,  # what is left out may be how a question that is asked is put in the other frame
        facts=facts,
        staged=staged,
        published=published,
        waiting=not published and is_waiting(work.out, staged),
    )


def _check_asked(asked: Asked, state: Path) -> None:
    """Keep the report of what would have leaked, and raise ``MmrsError`` where no view is left."""
    views = asked.counts["views"]
    if read_json(state / LEAKS) != asked.leaks:
        write_json(state / LEAKS, asked.leaks)
    if views["measured"] and not views["published"]:
        hint = f"Name fewer sets with --keep-out; {state / LEAKS} shows what was found."
        raise MmrsError("every view was dropped: its picture is kept out, or leaks", code=MANUAL, hint=hint)
    if not views["published"]:
        raise MmrsError("no case could be used", code=MANUAL, hint=f"See {state / 'rejects.jsonl'} for the reasons.")


def _check_written(jobs: Sequence[ShardJob]) -> None:
    if missing := [number for number, job in enumerate(jobs) if not writing.is_done(job)]:
        ranges = _ranges(missing)
        raise MmrsError(
            f"{len(missing)} of {len(jobs)} shards are not written: {_listed(ranges)}",
            code=USAGE,
            hint=f"Run the same command with --stage write --shards {ranges[0]}.",
        )


def _reach(stage: str, unit: Literal["parts", "shards"], span: slice, total: int) -> Reach:
    first, last, _ = span.indices(total)
    return Reach(stage=stage, unit=unit, first=first, last=last, total=total)


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Ascending numbers as ranges, half-open, as ``--shards`` takes them."""
    runs = [list(run) for _, run in groupby(enumerate(numbers), key=lambda item: item[1] - item[0])]
    return [f"{run[0][1]}:{run[-1][1] + 1}" for run in runs]


def _listed(ranges: Sequence[str]) -> str:
    more = f" and {len(ranges) - TOLD} more ranges" if len(ranges) > TOLD else ""
    return f"{', '.join(ranges[:TOLD])}{more}"


def _sweep(out: Path, found: Sequence[Measured], tried: Sequence[Version]) -> None:
    """Remove what earlier settings and killed processes left; only in our own stage folders."""
    keep = {*(part for m in found for part in m.parts), *(version.asked.table for version in tried)}
    keep |= {path.with_suffix(".json") for path in keep}
    keep |= {fair.verdict_of(version.asked, version.facts.key) for version in tried}
    kept = {path.parent for path in keep}
    for stage in ("measure", "ask", "write"):
        for old in sorted((out / STATE / stage).glob("*")):
            if old not in kept:
                discard(old)
    for left in sorted({path for parent in kept for path in parent.glob("*")} - keep):
        if left.is_dir():
            discard(left)
        else:
            left.unlink()
    for half in sorted((out / STATE).glob("*.tmp")):
        half.unlink()
    discard(out / RETIRED)
