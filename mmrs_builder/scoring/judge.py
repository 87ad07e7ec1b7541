"""Predictions laid beside the shards: a record of every question, with masks and words judged."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.metrics import agreement, answers, published, score
from mmrs_builder.metrics.score import Record
from mmrs_builder.scoring.predictions import Key, Line, Predictions
from mmrs_builder.types import Mask

COLUMNS: Final = (
    "view_id", "group_id", "source", "modality", "spacing_mm", "direction", "transform", "absent", "structures",
    "masks", "width", "height", "qa",
)  # fmt: skip
BATCH: Final = 16
"""Views held at a time."""

SEEN: Final[Key] = (0, False, False)
"""How a question is put that counts: with its picture, its options as stored."""


@dataclass(slots=True, kw_only=True)
class Judged:
    """A file's records: ``seen`` count, ``turned`` are those and every other turn of the options, ``blank`` and
    ``named`` how else questions were put; ``verdicts`` are of say-show agreement, ``curves`` the sweeps by modality.

    ``missing`` questions of the split have no line; ``faults`` say why others have no reply; ``unread`` masks are none.
    """

    seen: list[Record] = field(default_factory=list)
    turned: list[Record] = field(default_factory=list)
    blank: list[Record] = field(default_factory=list)
    named: list[Record] = field(default_factory=list)
    verdicts: list[agreement.Agreement] = field(default_factory=list)
    curves: list[tuple[str, tuple[published.Curve, published.Curve]]] = field(default_factory=list)
    missing: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is judged and how: only questions that were asked, and whether thresholds are swept as published."""

    only_asked: bool = False
    sweep: bool = False


def judge(
    predictions: Predictions, shards: Path, splits: Sequence[str], rules: Rules,
    *, progress: Callable[[int], None] = lambda _: None,
) -> Judged:  # fmt: skip
    """Judge a file against splits of a build, view after view.

    A question without a line counts as one that got no answer: wrong if the file answers in words at all, an empty
    mask if it draws at all; with ``only_asked`` it does not count. Raises ``MmrsError`` for a split that is not there,
    and for predictions of questions that are in none of ``splits``.
    """
    found, known = Judged(), set[str]()
    for row, words in views(shards, splits):
        known.update(question["question_id"] for question in row["qa"])
        _View(row=row, words=words, predictions=predictions, rules=rules).judge(found)
        progress(1)
    if foreign := sorted(set(predictions.lines) - known):
        raise MmrsError(
            f"{predictions.path}: {len(foreign)} questions are not in {', '.join(splits)} of {shards}, "
            f"such as {foreign[0]!r}",
            code=USAGE, hint="Name the shards and the split that were asked: --shards, --split.",
        )  # fmt: skip
    return found


def count(shards: Path, splits: Sequence[str]) -> int:
    """The number of views of splits that are asked something."""
    columns = [pq.read_table(path, columns=["qa"])["qa"] for path in _files(shards, splits)]
    return sum(bool(asked) for column in columns for asked in pc.list_value_length(column).to_pylist())


def _files(shards: Path, splits: Sequence[str]) -> list[Path]:
    found = {split: sorted((shards / "data").glob(f"{split}-*.parquet")) for split in splits}
    if absent := [split for split, files in found.items() if not files]:
        raise MmrsError(f"{shards} has no split {absent[0]!r}", code=USAGE, hint="Name another one: --split.")
    return [path for files in found.values() for path in files]


def views(shards: Path, splits: Sequence[str]) -> Iterator[tuple[dict[str, Any], answers.Words]]:
    """Rows of splits with questions, and the words of their language. Raises ``MmrsError`` for a missing split."""
    for path in _files(shards, splits):
        with pq.ParquetFile(path) as file:
            words = answers.Words.of(json.loads(file.schema_arrow.metadata[b"mmrs.language"]))
            for batch in file.iter_batches(batch_size=BATCH, columns=list(COLUMNS)):
                yield from ((row, words) for row in batch.to_pylist() if row["qa"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A view under judgement."""

    row: Mapping[str, Any]
    words: answers.Words
    predictions: Predictions
    rules: Rules

    def judge(self, into: Judged) -> None:
        """Add what was said and drawn about the view."""
        masks = [_mask(stored) for stored in self.row["masks"]] if self.predictions.draws else []
        for question in self.row["qa"]:
            ways = self.predictions.lines.get(question["question_id"], {})
            line = ways.get(SEEN)
            into.missing += line is None
            if line is not None or not self.rules.only_asked:
                self._seen(line, question, masks, into)
            for key, other in ways.items():
                if key != SEEN:
                    self._put_otherwise(other, question, into)

    def _seen(self, line: Line | None, question: Mapping[str, Any], masks: Sequence[Mask], into: Judged) -> None:
        truth = self._truth(question["target"], masks) if self.predictions.draws else None
        item = score.record(self.row, question, truth)
        if truth is not None:
            levels = self._levels(line, truth, into)
            item = score.drawn(item, levels >= published.CUT, truth, surfaces=True)
            if self.rules.sweep:
                into.curves.append((item.modality, published.curves(published.stretched(levels), truth)))
        item = self._told(item, line, question)
        if truth is not None and self.predictions.says:
            drawn = levels >= published.CUT
            item, verdict = score.agreeing(item, question, self._reference(masks), drawn, self.words)
            into.verdicts += [verdict] if verdict else []
        if line is not None and line.words and line.said is None and line.parsed is None:
            into.faults[line.fault or "no answer"] += 1
        into.seen.append(item)
        into.turned.append(item)

    def _put_otherwise(self, line: Line, question: Mapping[str, Any], into: Judged) -> None:
        start = score.record(self.row, question, None)
        item = replace(start, turned=line.turned, blank=line.blank, named=line.named)
        found = self._told(item, line, question)
        (into.blank if line.blank else into.named if line.named else into.turned).append(found)

    def _told(self, item: Record, line: Line | None, question: Mapping[str, Any]) -> Record:
        if not self.predictions.says:
            return item
        if line is not None and line.said is not None:
            return score.told(item, line.said, question, self.words)
        if not answers.is_closed(item.kind, item.value_type):
            return item
        return score.answered(item, line.parsed if line is not None else None, question)

    def _truth(self, target: Sequence[int] | None, masks: Sequence[Mask]) -> Mask | None:
        """The union of the structures that a question asks for; empty of none; None where no mask is asked for."""
        if target is None:
            return None
        union: Mask = np.zeros((self.row["height"], self.row["width"]), np.bool_)
        for i in target:
            union = union | masks[i]
        return union

    def _levels(self, line: Line | None, truth: Mask, into: Judged) -> published.Levels:
        if line is None or line.mask is None:
            return np.zeros(truth.shape, np.uint8)
        found = self.predictions.levels(line.mask, (truth.shape[0], truth.shape[1]))
        into.unread += found is None
        return np.zeros(truth.shape, np.uint8) if found is None else found

    def _reference(self, masks: Sequence[Mask]) -> agreement.Reference:
        structures = self.row["structures"]
        return agreement.Reference(
            labels=tuple(s["label"] for s in structures),
            parts=tuple(s["part"] for s in structures),
            masks=tuple(masks),
            spacing=_tuples(self.row["spacing_mm"]),
            direction=_tuples(self.row["direction"]),
            partners=self.words.partners,
        )


def _mask(stored: Mapping[str, Any]) -> Mask:
    with Image.open(io.BytesIO(stored["bytes"])) as image:
        return np.asarray(image.convert("1"), dtype=np.bool_)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
