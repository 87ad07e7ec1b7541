"""The whole build, or one stage of it, in one output folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from mmrs_builder.build import fair, ground, stages
from mmrs_builder.build.ask import Gathered
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.measure import Measured
from mmrs_builder.build.settings import Settings
from mmrs_builder.build.stages import Reach, Version
from mmrs_builder.build.work import Stage, Work, opened
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.types import Drop
from mmrs_builder.vocab import ENVIRONMENTAL

SHARED: Final = frozenset({"measure", "write"})
"""Stages that several processes may do at the same time, each for a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a build did; ``counts`` is also what the manifest and the card say."""

    out: Path
    counts: dict[str, Any]
    drops: tuple[Drop, ...]
    unchanged: bool
    judged: fair.Judged | None = None  # by the audit, if it was asked for
    stopped: str | None = None  # why a model was asked no more, if it was

    @property
    def quarantined(self) -> int:
        """Unreadable, crashing or damaged files; pairs refused by rule do not count."""
        return sum(drop.reason in ENVIRONMENTAL for drop in self.drops)

    @property
    def found(self) -> int:
        """Cases found, used or not."""
        return int(sum(entry["found"] for entry in self.counts["cases"].values()))


def build(
    settings: Settings,
    out: Path,
    *,
    workers: int,
    limits: Limits,
    overwrite: bool,
    stage: Stage,
    cluster: ground.Cluster | None = None,
) -> Report:
    """Build ``out``. Finished stages with unchanged keys are kept; a case that breaks ``limits`` is refused. The
    bytes do not depend on who works for it: so many processes, or a ``cluster``.

    Raises ``MmrsError`` for what the user can mend: a folder that is not ours, other settings, a locked folder.
    """
    with opened(
        settings, out, workers=workers, limits=limits, overwrite=overwrite, stage=stage, cluster=cluster
    ) as work:
        parts = stages.parts(work)
        stages.measure(work, parts)
        found = stages.measured(work, parts)
        left_out = fair.LeftOut()
        gathered = _gathering(work, found, left_out)
        tried: list[Version] = []
        while True:
            version = stages.ask(work, found, left_out, gathered)
            tried.append(version)
            stages.write(work, version)
            judged = _judged(work, version) if settings.audit else None
            if settings.gate:
                fair.check_left(version.asked, left_out, judged)
            more = left_out.and_what(judged, gate=settings.gate)
            if more == left_out:
                break
            if more.guessed != left_out.guessed and not settings.gate:
                gathered = _gathering(work, found, more)
            left_out = more
        stages.finish(work, found, tried)
        return _report(work, found, version, judged)


def build_stage(
    step: str,
    span: slice,
    settings: Settings,
    out: Path,
    *,
    workers: int,
    limits: Limits,
    overwrite: bool,
    stage: Stage,
) -> Reach | Report:
    """One stage of a build of ``out``: measure, ask, write or finish; ``span`` is the range of parts to measure or of
    shards to write. The report is of finish.

    Raises ``MmrsError`` as ``build`` does, for a stage whose turn has not come, and for what only a whole build can do.
    """
    _check_divisible(settings)
    with opened(
        settings, out, workers=workers, limits=limits, overwrite=overwrite, stage=stage, shared=step in SHARED
    ) as work:
        parts = stages.parts(work)
        if step == "measure":
            return stages.measure(work, parts, span)
        found = stages.measured(work, parts)
        if step == "ask":
            return stages.planned(work, stages.ask(work, found))
        version = stages.asked(work, found)
        if step == "write":
            return stages.write(work, version, span)
        stages.finish(work, found, [version])
        return _report(work, found, version)


def _check_divisible(settings: Settings) -> None:
    """Raise ``MmrsError`` for settings with which a stage needs one that comes after it, or asks a model."""
    if settings.audit:
        hint = "Build without --stage, or without --audit and run `mmrs audit` on what is published."
        raise MmrsError("--audit asks again after it has written: it has no single stages", code=USAGE, hint=hint)
    if settings.rewording:
        hint = "Build without --stage, or with --paraphrase bank."
        raise MmrsError("--paraphrase rows asks a model in one process: it has no stages", code=USAGE, hint=hint)


def _gathering(work: Work, found: Sequence[Measured], left_out: fair.LeftOut) -> Callable[[], Gathered]:
    gathered = stages.gathering(work, found, left_out)
    return cache(gathered) if work.settings.gate else gathered  # with a gate it is asked over and over again


def _judged(work: Work, version: Version) -> fair.Judged:
    place = work.out if version.published else version.staged
    return fair.judge(version.asked, version.facts.key, place, lambda total: work.stage("audit", total))


def _report(work: Work, found: Sequence[Measured], version: Version, judged: fair.Judged | None = None) -> Report:
    return Report(
        out=work.out,
        counts=version.facts.counts,
        drops=tuple(drop for m in found for drop in (*m.indexed.drops, *m.drops)),
        unchanged=version.published,
        judged=judged,
        stopped=version.words.stopped,
    )
