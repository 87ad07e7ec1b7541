"""Recipes made whole: what they lack is read from local originals as a build reads it, compared, and published.

All or nothing: where one original is missing or altered nothing is published, since the rows would not be those of the
build, and halves of pairs would be missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder.build import folder, lock, preview
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.lacking import Place, Recipe, chosen, places, refusals
from mmrs_builder.build.measure import Measured, index, measure, source_of
from mmrs_builder.build.publish import PLOT, arrive, complete, finished, is_published, is_waiting
from mmrs_builder.build.settings import CONFIGS, DATA, QA, STATE, SourceChoice
from mmrs_builder.build.stage import discard, read_json, scene_published
from mmrs_builder.build.versions import versions
from mmrs_builder.build.work import Stage, check_labels
from mmrs_builder.build.write import is_sealed, measured_row, seal, staging
from mmrs_builder.digests import digest
from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, MANUAL, MmrsError
from mmrs_builder.executors import Crashed, Processes, Workers
from mmrs_builder.io.raster import stored_bytes
from mmrs_builder.recipe_cards import CROISSANT, DATASHEET, README, recarded
from mmrs_builder.schema import RECIPE, arrow_schema
from mmrs_builder.shards import structure_item
from mmrs_builder.templates import DEFAULT, shipped, with_terms
from mmrs_builder.types import Drop
from mmrs_builder.vocab import Rejected
from mmrs_builder.withholding import content, contents

TOLD: Final = 10
"""Refused originals that a message names; a file lists them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehydrated:
    """What was published: views, how many of them lacked something, and whether all rows are those of the build."""

    out: Path
    views: int
    made_whole: int
    same_rows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeJob:
    """A shard of the recipe, and where the measurements of its views lie. ``roots`` are the corpora by source."""

    shard: Path
    path: Path
    key: str
    state: Path
    roots: Mapping[str, Path]
    places: Mapping[str, Place]


def rehydrate(
    recipe: Recipe,
    choices: Sequence[SourceChoice],
    out: Path,
    *,
    workers: int,
    limits: Limits,
    overwrite: bool,
    stage: Stage,
) -> Rehydrated:
    """Publish the build that a recipe was made of as ``out``, from the corpora of ``choices``, one for each source that
    it lacks something of. Finished parts are kept for the next run.

    Raises ``MmrsError`` for a folder that is not ours or in use, and for originals that are missing or altered.
    """
    roots = [choice.root for choice in choices if choice.root]
    folder.check(out, [recipe.home, *roots])
    made_with = {"rehydrated from a build with key": recipe.manifest["key"]}
    with lock.alone(out, made_with, overwrite=overwrite), Processes(workers) as processes:
        if not is_published(out, recipe.manifest["key"]):
            _rehydrate(recipe, choices, out, processes, limits, stage)
    now = (read_json(out / STATE / "manifest.json") or {})["logical_rows_sha256"]
    return Rehydrated(
        out=out,
        views=sum(pq.read_metadata(path).num_rows for path in recipe.views),
        made_whole=len(recipe.lacks),
        same_rows=now == recipe.manifest["recipe"]["logical_rows_sha256"],
    )


def _rehydrate(
    recipe: Recipe, choices: Sequence[SourceChoice], out: Path, workers: Workers, limits: Limits, stage: Stage
) -> None:
    state = out / STATE
    measured = _measure_all(recipe, choices, state, workers, limits, stage)
    found = {view_id: place for m in measured for view_id, place in places(m, state).items()}
    refused = refusals(recipe.lacks, found)
    drops = [*(drop for m in measured for drop in m.drops), *refused.values()]
    usable = {view_id: place for view_id, place in found.items() if view_id not in refused}
    key = digest([recipe.manifest["files"], versions(), [m.key for m in measured]])
    staged = staging(state, key)
    if not is_waiting(out, staged):
        roots = {source_of(choice).name: choice.root for choice in choices if choice.root}
        jobs = list(_jobs(recipe, staged, key, state, roots, usable))
        drops += _written(jobs, workers, stage("write", len(jobs)))
        _check(out, recipe, drops)
        seed = int(recipe.manifest["settings"]["seed"])
        preview.write(staged, seed, key, workers, lambda total: stage("preview", total))
        _complete(recipe, staged)
    advance = stage("publish", 1)
    arrive(out, staged)
    for done in ("measure", "write"):  # a second time nothing is measured: all that was in it is published
        discard(state / done)
    advance(1)


def _measure_all(
    recipe: Recipe, choices: Sequence[SourceChoice], state: Path, workers: Workers, limits: Limits, stage: Stage
) -> list[Measured]:
    own = [pair for choice in choices for pair in source_of(choice).terms]
    language = with_terms(shipped(DEFAULT), own)  # only of labels, which are the same in all languages
    check_labels(choices, language)
    labels = {label.id: label for label, _ in language.terms.labels.values()}
    wanted = [
        chosen(index(choice, None), [lack for lack in recipe.lacks if lack.source == source_of(choice).name])
        for choice in choices
    ]
    advance = stage("measure", sum(len(it.refs) for it in wanted))
    twins = bool(recipe.manifest["settings"].get("twins"))
    return [measure(it, labels, state / "measure", workers, limits, advance, twins=twins) for it in wanted]


def _check(out: Path, recipe: Recipe, drops: Sequence[Drop]) -> None:
    """Raise ``MmrsError`` with the originals that cannot be used, if there are any; they are listed in a file."""
    folder.write_rejects(out / STATE, drops)
    if not drops:
        return
    files = Counter((drop.source, drop.what, drop.reason) for drop in drops)
    lines = [
        f"  {source}: {Rejected(reason, what)}{f' ({n} views)' if n > 1 else ''}"
        for (source, what, reason), n in sorted(files.items())
    ]
    more = [f"  and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
    made, here = recipe.manifest["versions"]["mmrs-builder"], versions()["mmrs-builder"]
    other = f" It was made by MMRS {made}, this is {here}." if made != here else ""
    told = f"{len(files)} originals of {recipe.home} are refused; nothing was published"
    raise MmrsError(
        "\n".join([told, *lines[:TOLD], *more]),
        code=MANUAL if all(drop.reason == "no_original" for drop in drops) else INTEGRITY,
        hint=f"{out / STATE / 'rejects.jsonl'} lists all. Put the published files there and run the same command again."
        + other,
    )


def _jobs(
    recipe: Recipe, staged: Path, key: str, state: Path, roots: Mapping[str, Path], found: Mapping[str, Place]
) -> Iterator[WholeJob]:
    lacking = {lack.view_id for lack in recipe.lacks}
    for config in (DATA, QA):
        for shard in sorted((recipe.home / config).glob("*.parquet")):
            ids = lacking.intersection(pq.read_table(shard, columns=["view_id"])["view_id"].to_pylist())
            yield WholeJob(
                shard=shard,
                path=staged / config / shard.name,
                key=key,
                state=state,
                roots=roots,
                places={view_id: found[view_id] for view_id in ids & found.keys()},
            )


def _written(jobs: Sequence[WholeJob], workers: Workers, progress: Callable[[int], None]) -> Iterator[Drop]:
    """Write the shards that are not there yet; what keeps one from being written."""
    todo = [job for job in jobs if not is_sealed(job.path, job.key)]
    progress(len(jobs) - len(todo))
    for result in workers.run(run_job, todo):
        if isinstance(result, Crashed):
            raise MmrsError(
                f"writing {result.job.path.name} took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again; finished shards are kept.",
            )
        yield from result
        progress(1)


def run_job(job: WholeJob) -> tuple[Drop, ...]:
    """Write one shard, unless a view of it has no original, or has other masks than in the build; the latter."""
    expected = contents(job.shard)
    rows: list[dict[str, Any]] = []
    drops: list[Drop] = []
    whole = True
    for left in pq.read_table(job.shard).to_pylist():
        place = job.places.get(left["view_id"])
        if place is None and left["view_id"] in expected:
            whole = False
            continue
        try:
            row = left if place is None else _whole(left, place, job)
        except Rejected as refused:  # the file changed since it was measured
            drops.append(Drop(source=left["source"], what=refused.what, reason=refused.reason))
            continue
        if place is not None and "image" in row and content(row) != expected[row["view_id"]]:
            drop = Drop(source=row["source"], what=place.image_path, reason="masks_altered", detail=row["view_id"])
            drops.append(drop)
        rows.append(row)
    if whole and not drops:
        told = {key: text for key, text in pq.read_schema(job.shard).metadata.items() if key != RECIPE.encode()}
        seal(job.path, rows, arrow_schema(CONFIGS[job.path.parent.name], {}).with_metadata(told), job.key)
    return tuple(drops)


def _whole(left: Mapping[str, Any], place: Place, job: WholeJob) -> dict[str, Any]:
    """A row of either config with what it lacks: picture, and masks with their measurements. Raises ``Rejected``."""
    # Other libraries may code the pixels of a rendering into other bytes.
    row = {**left, "image_sha256": place.image_sha256}
    if "image" not in row:
        return row
    measured = measured_row(str(job.state), place.part, place.row, job.key)
    row["image"] = {"bytes": _picture(row["source"], measured, place, job), "path": None}
    if row["masks"] is None:
        scene = scene_published(measured["scene"])
        row["structures"] = [structure_item(s, scene.grid.width * scene.grid.height) for s in scene.structures]
        row["masks"] = [{"bytes": mask, "path": None} for mask in measured["masks"]]
    return row


def _picture(source: str, measured: Mapping[str, Any], place: Place, job: WholeJob) -> bytes:
    if place.render is not None:
        rendered: bytes = measured["rendered"]
        return rendered
    return stored_bytes(job.roots[source] / measured["home"], place.image_path, place.source_sha256)


def _complete(recipe: Recipe, staged: Path) -> None:
    """The cards of the build, and its manifest."""
    texts = {name: (recipe.home / name).read_text(encoding="utf-8") for name in (README, CROISSANT, DATASHEET)}
    withheld = recipe.manifest["recipe"]["without_masks"]
    whole = recarded(texts, finished(staged), withheld, lacking=False)
    beside = {name: text.encode() for name, text in whole.items()}
    if PLOT in recipe.manifest["files"]:
        beside[PLOT] = (recipe.home / PLOT).read_bytes()
    complete(staged, beside, {name: recipe.manifest[name] for name in ("key", "settings", "report")})
