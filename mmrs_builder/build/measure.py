"""The measure stage: cases become scenes, job by job. No language, no randomness."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from glob import escape
from pathlib import Path
from typing import Any, Final

from mmrs_builder import markers, reading
from mmrs_builder.build.guard import GUARDED, Limits, end_kept, kept
from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.build.stage import MEASURED, read_json, scene_to_json, write_json, write_table
from mmrs_builder.build.versions import versions
from mmrs_builder.digests import digest, sha256
from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.io.listing import listed_once
from mmrs_builder.io.overlay import overlay_suspected
from mmrs_builder.io.raster import encode_mask
from mmrs_builder.likeness import picture_digests, thumbnail
from mmrs_builder.schema import SCHEMA_VERSION
from mmrs_builder.structures import scene
from mmrs_builder.twins import twins as twins_of
from mmrs_builder.types import CaseRef, Drop, Label, Scene, Source, Vector, View
from mmrs_builder.vocab import Rejected

CASES_PER_PART: Final = 64
"""The most; fixed, so that parts do not depend on the number of workers."""

BYTES_PER_PART: Final = 2**26
"""Of images, from which a part takes no further case: some volumes are work for several processes."""

SHOWN: Final = "shown: "
"""Begins the counts of how views are shown."""

OVERLAY: Final = "views_with_overlay_suspected"
"""The count of views with marks that seem burnt in; pictures that the project draws itself are not searched."""

_ENDS: Final = (("right", "left"), ("front", "back"), ("feet", "head"))  # of the patient's axes L, P, S

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What a source's folder holds: usable references and refused files, before any pixel is opened."""

    choice: SourceChoice
    refs: tuple[CaseRef, ...]
    drops: tuple[Drop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureJob:
    """A part of a source, and what reading one of its cases may take."""

    choice: SourceChoice
    refs: tuple[CaseRef, ...]
    labels: tuple[tuple[str, Label], ...]
    path: str
    key: str
    limits: Limits
    twins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The outcome of the measure stage for one source. ``key`` is the digest of what was measured."""

    indexed: Indexed
    parts: tuple[Path, ...]
    counts: Counter[str]
    drops: tuple[Drop, ...]
    key: str


@lru_cache(maxsize=64)
def source_of(choice: SourceChoice) -> Source:
    """The source with its options applied."""
    return reading.chosen(choice.name, choice.options, choice.adapter, choice.root)


def index(choice: SourceChoice, limit: int | None, exclude: Collection[str] = ()) -> Indexed:
    """List a source's cases without the excluded ones. ``limit`` keeps the first N cases.

    Raises ``MmrsError`` for a folder that is not laid out as the source expects.
    """
    source = source_of(choice)
    try:
        with listed_once():
            found = list(source.index(choice.root or Path()))
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE, hint=f"`mmrs inspect {choice.root}` shows what lies there.") from None
    cases = [item for item in found if isinstance(item, CaseRef)]
    out = {ref for ref in cases if not {ref.case_id, f"{source.name}:{ref.case_id}"}.isdisjoint(exclude)}
    refs = [ref for ref in cases if ref not in out]
    drops = [item for item in found if isinstance(item, Drop)]
    drops += [Drop(source=source.name, what=ref.case_id, reason="excluded") for ref in cases if ref in out]
    return Indexed(choice=choice, refs=tuple(refs[:limit]), drops=tuple(drops))


def measure(
    indexed: Indexed,
    labels: dict[str, Label],
    stage: Path,
    workers: Workers,
    limits: Limits,
    progress: Progress,
    *,
    twins: bool = False,
) -> Measured:
    """Measure a source into ``stage``, with ``twins`` also those of its views; parts under the same key are kept.

    Raises ``MmrsError`` when a process dies though it reads no file itself.
    """
    jobs = plan(indexed, labels, stage, limits, twins=twins)
    measure_parts(jobs, workers, progress)
    return collect(indexed, jobs)


def plan(
    indexed: Indexed, labels: dict[str, Label], stage: Path, limits: Limits, *, twins: bool = False
) -> list[MeasureJob]:
    """The parts of a source, in their fixed order."""
    own = {name: labels[name] for name in source_of(indexed.choice).labels}
    own |= dict(markers.labels().values()) if twins else {}
    key = source_key(indexed, own, twins=twins)
    folder = stage / f"{indexed.choice.name}-{digest(indexed.choice.options)[:12]}"
    return [
        MeasureJob(
            choice=indexed.choice,
            refs=refs,
            labels=tuple(sorted(own.items())),
            path=str(folder / f"part-{number:05d}.parquet"),
            key=key,
            limits=limits,
            twins=twins,
        )
        for number, refs in enumerate(batched_refs(indexed.refs))
    ]


def measure_parts(jobs: Sequence[MeasureJob], workers: Workers, progress: Progress) -> None:
    """Measure those parts that are not done. ``progress`` is told of cases.

    Raises ``MmrsError`` when a process dies though it reads no file itself.
    """
    todo = [job for job in jobs if not is_done(job)]
    progress(sum(len(job.refs) for job in jobs) - sum(len(job.refs) for job in todo))
    try:
        for job, result in zip(todo, workers.run(run_job, todo), strict=True):
            if isinstance(result, Crashed):
                raise MmrsError(
                    f"measuring {Path(job.path).stem} of {job.choice.name} took its process down",
                    code=ENVIRONMENT,
                    hint="Free memory or use fewer --workers, then run the same command again;"
                    " finished parts are kept.",
                )
            progress(len(job.refs))
    finally:
        end_kept()


def batched_refs(refs: Sequence[CaseRef]) -> list[tuple[CaseRef, ...]]:
    """The division of a source into parts, by the number of cases and the size of their images."""
    parts: list[list[CaseRef]] = []
    held = 0
    for ref in refs:
        if not parts or len(parts[-1]) == CASES_PER_PART or held >= BYTES_PER_PART:
            parts.append([])
            held = 0
        parts[-1].append(ref)
        images = [Path(ref.root) / path for path in ref.files or (ref.image,) if path]
        held += sum(state[0] for image in images if (state := _stat(image)))
    return [tuple(part) for part in parts]


def is_done(job: MeasureJob) -> bool:
    """Whether a job's part and its sidecar are there, made with the same key and, where it matters, limits."""
    sidecar: dict[str, Any] | None = read_json(_sidecar(job))
    if sidecar is None or sidecar.get("key") != job.key or not Path(job.path).exists():
        return False
    reasons = {drop["reason"] for drop in sidecar["drops"]}
    return sidecar.get("limits") == asdict(job.limits) or GUARDED.isdisjoint(reasons)


def collect(indexed: Indexed, jobs: Sequence[MeasureJob]) -> Measured:
    """Add up the sidecars of a source."""
    contents: list[object] = []
    counts: Counter[str] = Counter()
    drops: list[Drop] = []
    for job in jobs:
        sidecar = json.loads(_sidecar(job).read_text(encoding="utf-8"))
        counts.update(sidecar["counts"])
        drops += [Drop(**item) for item in sidecar["drops"]]
        contents.append([Path(job.path).name, sidecar["sha256"]])
    parts = tuple(Path(job.path) for job in jobs)
    return Measured(indexed=indexed, parts=parts, counts=counts, drops=tuple(drops), key=digest(contents))


def source_key(indexed: Indexed, labels: dict[str, Label], *, twins: bool = False) -> str:
    """Digest of all that can change a source's measurement: code, options, and the state of its files."""
    choice, source = indexed.choice, source_of(indexed.choice)
    return digest(
        {
            "versions": versions(),
            "schema": SCHEMA_VERSION,
            "source": [source.name, source.version, source.minimum_area, dict(choice.options), choice.code],
            "labels": [asdict(label) for _, label in sorted(labels.items())],
            "cases": [_state(ref) for ref in indexed.refs],
            "twins": twins,
        }
    )


def _state(ref: CaseRef) -> list[object]:
    """A reference without its root, and the state of its files, so that a changed file is measured again."""
    named = dict.fromkeys(path for path in (ref.image, *ref.files, *(mask.path for mask in ref.masks)) if path)
    files = [file for path in named for file in _with_voxels(Path(ref.root) / path)]
    return [{**asdict(ref), "root": None}, [_stat(file) for file in files]]


def _with_voxels(path: Path) -> list[Path]:
    """A file and, for a header whose voxels lie beside it, all files of its name."""
    detached = path.suffix.casefold() in (".mhd", ".nhdr")
    return [path, *(sorted(path.parent.glob(f"{escape(path.stem)}.*")) if detached else [])]


def _stat(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # The time of change cannot be set back, as a copying program sets back the time of modification.
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def run_job(job: MeasureJob) -> None:
    """Measure the cases of one part and write it with its sidecar."""
    source, labels = source_of(job.choice), dict(job.labels)
    rows: list[dict[str, object]] = []
    drops: list[Drop] = []
    counts: Counter[str] = Counter()
    forget(Path(job.path))
    reader = kept(job.limits)
    for ref, ahead in zip(job.refs, [*job.refs[1:], None], strict=True):
        load = partial(source.load, ref) if source.embedded else partial(reader.load, job.choice, ref, ahead)
        try:
            measured = _rows(job, ref, load().views, labels, counts)
        except Rejected as refused:
            drops.append(Drop(source=ref.source, what=refused.what, reason=refused.reason, detail=refused.detail))
        else:
            rows += measured
            counts["used"] += 1
    reader.slim()
    write_table(Path(job.path), rows, MEASURED)
    facts = {"key": job.key, "limits": asdict(job.limits), "sha256": sha256(Path(job.path).read_bytes())}
    write_json(_sidecar(job), {**facts, "counts": dict(counts), "drops": [asdict(drop) for drop in drops]})


def _rows(
    job: MeasureJob, ref: CaseRef, views: Sequence[View], labels: dict[str, Label], counts: Counter[str]
) -> list[dict[str, object]]:
    """A row per view, and per twin of it. A slice that cannot be measured costs itself; raises its ``Rejected`` if no
    other one is left."""
    source = source_of(job.choice)
    rows: list[dict[str, object]] = []
    refusals: list[Rejected] = []
    for view in views:
        try:
            found, row = _row(job.choice, source, ref, view, labels)
        except Rejected as refused:
            refusals.append(refused)
            continue
        rows.append(row)
        _count(source, view, found, counts)
        rows += _twin_rows(job.choice, source, ref, view, labels) if job.twins else ()
    if refusals and not rows:
        raise refusals[0]
    counts["views_left_out"] += len(refusals)
    return rows


def _twin_rows(
    choice: SourceChoice, source: Source, ref: CaseRef, view: View, labels: dict[str, Label]
) -> Iterator[dict[str, object]]:
    """A row per twin; a cut that makes too many pieces of structures makes no twin."""
    for twin in twins_of(view):
        with suppress(Rejected):
            yield _row(choice, source, ref, twin, labels)[1]


def _count(source: Source, view: View, found: Scene, counts: Counter[str]) -> None:
    counts.update(views=1, structures=len(found.structures), doubtful_px=view.doubtful_px, specks=view.specks)
    counts["speck_px"] += view.speck_px
    counts["views_with_specks"] += view.specks > 0
    counts["views_without_structures"] += not found.structures
    counts[OVERLAY] += not source.embedded and overlay_suspected(view.picture.pixels)
    counts[SHOWN + " | ".join(as_shown(found.modality, view))] += 1


def _row(
    choice: SourceChoice, source: Source, ref: CaseRef, view: View, labels: dict[str, Label]
) -> tuple[Scene, dict[str, object]]:
    stored, picture = picture_digests(view.picture.pixels)
    found, masks = scene(view, ref.source, ref.modality or source.modality, labels, exhaustive=source.exhaustive)
    return found, {
        "view_id": view.view_id,
        "case_id": view.case_id,
        "source": ref.source,
        "modality": found.modality,
        "sequence": ref.sequence,
        "patient_id": ref.patient_id,
        "group": ref.group,
        "split_official": ref.split_official,
        "home": None if choice.root is None else os.path.relpath(ref.root, choice.root),
        "image_path": ref.image,
        "source_sha256": view.picture.source_sha256,
        "image_sha256": sha256(view.picture.data),
        "pixels_sha256": stored,
        "picture": picture,
        "thumbnail": thumbnail(view.picture.pixels).tobytes(),
        "render": view.picture.render,
        "scene": scene_to_json(found),
        "rendered": None if view.picture.render is None else view.picture.data,
        "masks": [encode_mask(mask) for mask in masks],
    }


def as_shown(modality: str, view: View) -> tuple[str, str, str, str, str]:
    """How a view is shown, in words: modality, plane, where down and right of the picture lie in the patient, how that
    is known, and how its greys were made.
    """
    grid = view.grid
    render = (view.picture.render or "as in the file").split("/")[0]
    if grid.direction is None:
        return modality, grid.plane or "not known", "not known", "none", render
    ways = [_end(way) for way in grid.direction]
    return modality, grid.plane or "not known", ", ".join(ways), str(grid.evidence), render


def _end(way: Vector) -> str:
    """The end of the patient's body that a direction in LPS points to most."""
    axis = max(range(3), key=lambda a: abs(way[a]))
    return _ENDS[axis][way[axis] > 0]


def forget(part: Path) -> None:
    """Make sure that a part is measured again: what lies there is no longer what its sidecar says."""
    part.with_suffix(".json").unlink(missing_ok=True)


def _sidecar(job: MeasureJob) -> Path:
    return Path(job.path).with_suffix(".json")
