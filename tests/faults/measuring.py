"""What a build makes of a corpus, as far as files are read: listed, loaded and measured in this process.

It is the build's own measure stage; only the process that reads cases for it is left out, for the trial itself runs in
a process that may die.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

from mmrs_builder import resources
from mmrs_builder.build import measure
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.errors import MmrsError
from mmrs_builder.executors import Processes
from mmrs_builder.templates import load
from mmrs_builder.types import Case, CaseRef, Label


class InThisProcess:
    """Takes the place of the reader that ``guard.kept`` gives."""

    def __init__(self, _limits: Limits) -> None:
        pass

    def load(self, choice: SourceChoice, ref: CaseRef, _ahead: CaseRef | None = None) -> Case:
        return measure.source_of(choice).load(ref)

    def slim(self) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``refusal``: why the corpus as a whole was refused, and the kind of error behind; else its cases.

    ``views`` are the measured rows by view, without the digest of the file; ``drops`` are (what, reason, detail).
    """

    refusal: str = ""
    cause: str = ""
    found: frozenset[str] = frozenset()
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drops: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def used(self) -> frozenset[str]:
        return frozenset(str(view["case_id"]) for view in self.views.values())


def measured(source: str, options: Mapping[str, str], root: Path, stage: Path) -> Outcome:
    """Raises whatever a build would end with a traceback for."""
    choice = SourceChoice(name=source, root=root, options=tuple(sorted(options.items())))
    measure.source_of.cache_clear()
    shutil.rmtree(stage, ignore_errors=True)
    try:
        measure.source_of(choice)
    except ValueError as error:  # the command line tells it
        return _refused(error)
    labels = dict(_known())
    labels |= {label.id: label for label, _ in measure.source_of(choice).terms}
    try:
        indexed = measure.index(choice, None)
        with patch.object(measure, "kept", InThisProcess):  # this process is the one that may die
            done = measure.measure(indexed, labels, stage, Processes(1), Limits(), lambda _: None)
    except MmrsError as error:
        return _refused(error)
    rows = [row for part in done.parts for row in pq.read_table(part).to_pylist()]
    views = {row["view_id"]: {key: value for key, value in row.items() if key != "source_sha256"} for row in rows}
    drops = frozenset((drop.what, drop.reason, drop.detail) for drop in (*indexed.drops, *done.drops))
    return Outcome(found=frozenset(ref.case_id for ref in indexed.refs), views=views, drops=drops)


@lru_cache
def _known() -> Mapping[str, Label]:
    """The labels that the package brings."""
    return {label.id: label for label, _ in load(resources.path("templates")).terms.labels.values()}


def _refused(error: Exception) -> Outcome:
    behind = error.__context__ if isinstance(error, MmrsError) else error
    return Outcome(refusal=str(error), cause=type(behind).__name__)
