"""Config ``preview``: a few views, chosen by key among those with questions, drawn from the finished shards."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.build.measure import Progress
from mmrs_builder.build.settings import DATA, PREVIEW
from mmrs_builder.build.write import is_sealed, seal
from mmrs_builder.digests import keyed
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.preview import preview_row
from mmrs_builder.schema import MOST_PREVIEWS, PREVIEW_FIELDS, arrow_schema
from mmrs_builder.shards import shard_name
from mmrs_builder.vocab import SPLITS

READ: Final = [
    *(name for name, _ in PREVIEW_FIELDS if name not in ("overlay", "legend")),
    "image",
    "structures",
    "masks",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawJob:
    """Some views of one finished shard."""

    shard: Path
    views: frozenset[str]


def write(staged: Path, seed: int, key: str, workers: Workers, started: Callable[[int], Progress]) -> None:
    """Write one shard of previews for each split of the finished ``staged/data``; those there are kept.

    ``started`` is told the number of finished shards and returns what advances the progress bar.
    """
    shards = sorted((staged / DATA).glob("*.parquet"))
    chosen = choice(shards, seed)
    jobs = [DrawJob(shard=shard, views=frozenset(chosen[shard])) for shard in shards if shard in chosen]
    todo = [job for job in jobs if not is_sealed(_path(staged, job), key)]
    progress = started(len(jobs))
    progress(len(jobs) - len(todo))
    rows: dict[Path, list[Mapping[str, object]]] = {}
    for job, drawn in zip(todo, workers.run(draw, todo), strict=True):
        if isinstance(drawn, Crashed):
            raise MmrsError(
                f"drawing the previews of {job.shard.name} took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again; finished shards are kept.",
            )
        rows.setdefault(_path(staged, job), []).extend(drawn)
        progress(1)
    for path, found in rows.items():
        seal(path, found, _schema(shards[0]), key)


def choice(shards: list[Path], seed: int) -> dict[Path, list[str]]:
    """By shard, the views to show: among all with questions those with the smallest keys."""
    asked = ((view, shard) for shard in shards for view in _asked(shard))
    found: dict[Path, list[str]] = {}
    for view, shard in heapq.nsmallest(MOST_PREVIEWS, asked, key=lambda item: keyed("preview", seed, item[0])):
        found.setdefault(shard, []).append(view)
    return found


def _asked(shard: Path) -> Iterator[str]:
    with pq.ParquetFile(shard) as file:
        table = file.read(columns=["view_id", "qa.list.element.question_id"])
    yield from (row["view_id"] for row in table.to_pylist() if row["qa"])


def draw(job: DrawJob) -> list[dict[str, object]]:
    """The rows of a job, in the order of its shard."""
    found = []
    with pq.ParquetFile(job.shard) as file:
        for batch in file.iter_batches(batch_size=8, columns=READ):
            found += [preview_row(row) for row in batch.to_pylist() if row["view_id"] in job.views]
    return found


def _path(staged: Path, job: DrawJob) -> Path:
    split = next(split for split in SPLITS if job.shard.name.startswith(f"{split}-"))
    return staged / PREVIEW / shard_name(split, 0, 1)


def _schema(shard: Path) -> pa.Schema:
    """The schema of a preview, with the language of a finished shard."""
    language: dict[str, Any] = json.loads(pq.read_schema(shard).metadata[b"mmrs.language"])
    return arrow_schema("preview", language)
