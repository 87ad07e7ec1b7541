"""The write stage: planned shards become Parquet files. Each shard is a job; a finished one is recognised and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.build.ask import Asked, selected_from_json
from mmrs_builder.build.measure import Progress, forget, source_of
from mmrs_builder.build.published import Pictures, pictures
from mmrs_builder.build.rows import Words
from mmrs_builder.build.settings import CONFIGS, DATA, QA, Settings, SourceChoice
from mmrs_builder.build.stage import GROUP, MEASURED, put, read_group, read_json, scene_published, write_json
from mmrs_builder.digests import digest, sha256
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.io.raster import stored_bytes
from mmrs_builder.phrase import Chosen, phrase_all
from mmrs_builder.schema import SCALAR_VIEW_FIELDS, arrow_schema
from mmrs_builder.shards import qa_rows, shard_name, view_row, write_shard
from mmrs_builder.templates import Language, to_json
from mmrs_builder.types import Question, Scene
from mmrs_builder.vocab import SPLITS, Rejected

QUESTIONS_PER_SHARD: Final = 20
"""Planned rows of a ``qa`` shard for each view of a ``data`` shard."""

_TOLD: Final = ("scene", *(name for name, _ in SCALAR_VIEW_FIELDS if name in MEASURED.names))
_SHOWN: Final = (*_TOLD, "home", "image_path", "rendered", "masks")
"""What is needed of a measured view for its questions, and for the view itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """One file: views ``first`` to ``last`` (half-open) of the table of asked views."""

    config: str
    split: str
    index: int
    total: int
    first: int
    last: int
    table: str
    state: str
    folder: str
    key: str
    choices: tuple[SourceChoice, ...]
    language: Language
    seed: int
    families: tuple[str, ...]
    labels: tuple[str, ...]
    words: Mapping[str, Chosen]  # of questions that have words of their own, by their ids


def write_key(asked: Asked, language: Language, settings: Settings, counts: Mapping[str, object], words: Words) -> str:
    """Digest of all that can change the published bytes; the card states ``counts``."""
    return digest([asked.key, asdict(language), settings.public(), counts, words.digest()])


def write(jobs: Sequence[ShardJob], workers: Workers, started: Callable[[int], Progress]) -> None:
    """Write planned shards; those that are there under the same key are kept.

    ``started`` is told the number of shards and returns what advances the progress bar.
    """
    progress = started(len(jobs))
    todo = [job for job in jobs if not is_done(job)]
    progress(len(jobs) - len(todo))
    for result in workers.run(run_job, todo):
        if isinstance(result, Crashed):
            raise MmrsError(
                f"writing {_path(result.job).name} took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again; finished shards are kept.",
            )
        progress(1)


def is_done(job: ShardJob) -> bool:
    """Whether a planned shard is written."""
    return is_sealed(_path(job), job.key)


def staging(state: Path, key: str) -> Path:
    """Where shards with this write key wait to be published."""
    return state / "write" / key[:12]


def plan(asked: Asked, words: Words, language: Language, settings: Settings, state: Path, key: str) -> list[ShardJob]:
    """The shards of both configs; none is empty, and a split without views or questions has none."""
    views = pq.read_table(asked.table, columns=["split", "questions"]).to_pylist()
    jobs = []
    for split in SPLITS:
        rows = [i for i, view in enumerate(views) if view["split"] == split]
        data = [(chunk[0], chunk[-1] + 1) for chunk in _chunks(rows, settings.rows_per_shard)]
        counts = [(i, views[i]["questions"]) for i in rows]
        qa = _by_questions(counts, settings.rows_per_shard * QUESTIONS_PER_SHARD)
        for config, ranges in ((DATA, data), (QA, qa)):
            jobs += [
                ShardJob(
                    config=config,
                    split=split,
                    index=index,
                    total=len(ranges),
                    first=first,
                    last=last,
                    table=str(asked.table),
                    state=str(state),
                    folder=str(staging(state, key)),
                    key=key,
                    choices=settings.sources,
                    language=language,
                    seed=settings.seed,
                    families=asked.families,
                    labels=asked.labels,
                    words=words.between(first, last),
                )
                for index, (first, last) in enumerate(ranges)
            ]
    return jobs


def _chunks(rows: Sequence[int], size: int) -> list[Sequence[int]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _by_questions(counts: Iterable[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """Ranges of views with at least ``size`` questions each (the last may have fewer), none without a question."""
    ranges: list[tuple[int, int]] = []
    first, held, last = None, 0, 0
    for i, n in counts:
        first, held, last = (i if first is None else first), held + n, i + 1
        if held >= size:
            ranges.append((first, last))
            first, held = None, 0
    if held and first is not None:
        ranges.append((first, last))
    return ranges


def run_job(job: ShardJob) -> None:
    """Write one shard."""
    if job.config == DATA:
        known = pictures(Path(job.state).parent / DATA)
        rows = (_data_row(job, view, known) for view in _views(job))
    else:
        rows = (row for view in _views(job) for row in _qa_rows(job, view))
    own = {words.template_id: (words.question, words.statement) for words in job.words.values()}
    schema = arrow_schema(CONFIGS[job.config], to_json(job.language, job.families, job.labels), own)
    seal(_path(job), rows, schema, job.key)


def _views(job: ShardJob) -> Iterator[dict[str, Any]]:
    """The asked views of a job."""
    for group in range(job.first // GROUP, (job.last - 1) // GROUP + 1):
        start = group * GROUP
        yield from read_group(Path(job.table), group)[max(job.first - start, 0) : job.last - start]


def seal(path: Path, rows: Iterable[Mapping[str, object]], schema: pa.Schema, key: str) -> None:
    """Write a shard and, after it, the sidecar that says it is whole. Of the rows, few are held at a time."""
    sidecar, coded, digests = _sidecar(path), pa.BufferOutputStream(), list[str]()

    def noted() -> Iterator[Mapping[str, object]]:
        for row in rows:
            digests.append(digest(row))
            yield row

    write_shard(coded, noted(), schema)
    data = coded.getvalue()
    put(path, data, draft=sidecar)
    facts = {"key": key, "rows": len(digests), "bytes": len(data), "sha256": sha256(data)}
    write_json(sidecar, {**facts, "row_digests": sorted(digests)})


def is_sealed(path: Path, key: str) -> bool:
    """Whether a shard is there, whole, with this write key."""
    return (read_json(_sidecar(path)) or {}).get("key") == key and path.exists()


def _data_row(job: ShardJob, view: dict[str, Any], known: Pictures) -> dict[str, object]:
    measured = measured_row(job.state, view["part"], view["row"], job.key)
    scene = scene_published(measured["scene"])
    image = measured["rendered"] if measured["render"] else _original(job, view["part"], measured, known)
    return view_row(_scalars(job, view, measured, scene), scene, image, measured["masks"], _phrased(job, view, scene))


def _qa_rows(job: ShardJob, view: dict[str, Any]) -> list[dict[str, object]]:
    if not view["questions"]:
        return []
    measured = measured_row(job.state, view["part"], view["row"], job.key, _TOLD)
    scene = scene_published(measured["scene"])
    return qa_rows(_scalars(job, view, measured, scene), _phrased(job, view, scene))


def _phrased(job: ShardJob, view: dict[str, Any], scene: Scene) -> list[Question]:
    return phrase_all(selected_from_json(view["selected"]), scene, job.language, job.seed, job.words)


def measured_row(state: str, part: str, row: int, key: str, columns: tuple[str, ...] = _SHOWN) -> dict[str, Any]:
    """A row of a measured part.

    A part may be measured again under the same name: the write key tells its versions apart.
    """
    return _measured_group(state, part, row // GROUP, key, columns)[row % GROUP]


@lru_cache(maxsize=4)  # views are sorted nearly as parts are, so that each group is read about once for a split
def _measured_group(state: str, part: str, group: int, _key: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    return read_group(Path(state) / part, group, columns)


def _scalars(job: ShardJob, view: dict[str, Any], measured: dict[str, Any], scene: Scene) -> dict[str, object]:
    source = source_of(_choice(job, view["source"]))
    grid = scene.grid
    known: dict[str, object] = {
        **{name: measured.get(name) for name, _ in SCALAR_VIEW_FIELDS},
        "group_id": view["group_id"],
        "split": view["split"],
        "source_version": source.version,
        "license": source.license,
        "modality": scene.modality,
        "width": grid.width,
        "height": grid.height,
        "plane": grid.plane,
        "slice_index": grid.slice_index,
        "laterality_evidence": grid.evidence,
        "twin_of": scene.twin.of if scene.twin else None,
    }
    return known


def _choice(job: ShardJob, source: str) -> SourceChoice:
    return next(choice for choice in job.choices if source_of(choice).name == source)


def _original(job: ShardJob, part: str, measured: dict[str, Any], known: Pictures) -> bytes:
    """The coded picture, of the published version if it is there, else of its file.

    A file that is not the one that was measured is refused.
    """
    published = known(measured["image_sha256"])
    if published is not None:
        return published
    choice = _choice(job, measured["source"])
    try:
        home = Path(choice.root or "") / measured["home"]
        return stored_bytes(home, measured["image_path"], measured["source_sha256"])
    except Rejected as refused:
        forget(Path(job.state) / part)  # size and time of the file may not tell that it has changed
        raise MmrsError(
            f"{refused}",
            code=ENVIRONMENT,
            hint="Leave the source folder alone while a build runs, then run the same command again.",
        ) from refused


def _path(job: ShardJob) -> Path:
    return Path(job.folder) / job.config / shard_name(job.split, job.index, job.total)


def _sidecar(shard: Path) -> Path:
    """Outside the config's folder: nothing but shards may ever lie there."""
    return shard.parent.parent / "sidecars" / shard.parent.name / f"{shard.stem}.json"
