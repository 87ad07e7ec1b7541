"""Verification of a whole output folder, from nothing but the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from mmrs_builder import digests
from mmrs_builder.verify import integrity
from mmrs_builder.verify.language import BadLanguage, Language, read_language, read_rows
from mmrs_builder.verify.pairs import Pairs
from mmrs_builder.verify.preview import Previews
from mmrs_builder.verify.report import Fault, Tally, VerifyReport
from mmrs_builder.verify.rows import Row, project
from mmrs_builder.verify.shards import Shard, check_names, open_shards, rows_of
from mmrs_builder.verify.twins import Originals, originals_of
from mmrs_builder.verify.views import check_view
from mmrs_builder.verify.wording import check_language

Progress: TypeAlias = Callable[[int, int], None]  # views done, views in all


@dataclass(slots=True, kw_only=True)
class _Across:
    """What must agree between rows of different shards. ``published``: the splits are those of the corpora, as the card
    says, and may tear apart what belongs together.
    """

    published: bool

    views: set[str] = field(default_factory=set)
    groups: dict[str, str] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=Pairs)
    originals: Originals
    previews: Previews = field(default_factory=Previews)
    pictures: dict[str, str] = field(default_factory=dict)  # digests of bytes and of pixels
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)  # (split, digest) of qa rows


def verify(out: Path, *, progress: Progress | None = None) -> VerifyReport:
    """Derive again all that an output folder says; whatever is broken becomes a fault, never an exception.

    ``progress`` is called after each view with the views done and the views in all.
    """
    faults = list(check_names(out))
    shards, broken = open_shards(out)
    faults += broken
    published = False
    try:
        manifest = integrity.read_manifest(out)
        faults += integrity.check_files(out, manifest)
        faults += integrity.check_rows(shards, manifest)
        settings = manifest.get("settings")
        published = isinstance(settings, dict) and settings.get("splits") == "official"
    except integrity.BadManifest as error:
        faults.append(Fault(code="manifest", where=integrity.MANIFEST, detail=str(error)))
    language, spoken = _language(shards)
    faults += spoken
    tally = _check_rows(shards, language, faults, progress, published) if language is not None else Tally()
    return VerifyReport(tally=tally, faults=tuple(faults))


def _language(shards: list[Shard]) -> tuple[Language | None, list[Fault]]:
    """The one language of all shards."""
    if not shards:
        return None, [Fault(code="parquet", where="data", detail="no readable shard")]
    first = shards[0]
    faults = [
        Fault(code="language", where=shard.name, detail=f"differs from {first.name}")
        for shard in shards
        if shard.language != first.language
    ]
    try:
        language = read_language(first.language)
    except BadLanguage as error:
        return None, [*faults, Fault(code="language", where=first.name, detail=str(error))]
    faults += [Fault(code="language", where=first.name, detail=detail) for detail in check_language(language)]
    return language, faults


def _check_rows(
    shards: list[Shard], language: Language, faults: list[Fault], progress: Progress | None, published: bool
) -> Tally:
    views = [shard for shard in shards if shard.config == "default"]
    tally, across = Tally(), _Across(published=published, originals=Originals(originals_of(views)))
    total = sum(shard.rows for shard in views)
    for shard in shards:
        for row in rows_of(shard, faults) if shard.config == "preview" else ():
            across.previews.add(row, shard.split)
    for shard in views:
        spoken = _with_rows(language, shard, faults)
        for row in rows_of(shard, faults):
            report = check_view(row, spoken, recipe=shard.recipe)
            faults += [*report.faults, *_check_across(row, shard, across)]
            tally += report.tally
            if progress is not None:
                progress(tally.views, total)
    faults += [*across.originals.faults(), *across.pairs.faults(), *across.previews.finished()]
    for shard in shards:
        if shard.config == "qa":
            faults += list(_check_projected(shard, across, faults))
    missing = across.expected.total()
    if missing:
        faults.append(Fault(code="projection", where="qa", detail=f"{missing} questions of data/ are not in qa/"))
    return tally


def _with_rows(language: Language, shard: Shard, faults: list[Fault]) -> Language:
    """The language with the wordings that are a shard's own."""
    try:
        return replace(language, rows=read_rows(shard.own_words))
    except BadLanguage as error:
        faults.append(Fault(code="language", where=shard.name, detail=str(error)))
        return language


def _check_across(row: Row, shard: Shard, across: _Across) -> Iterator[Fault]:
    """One view row against the others and its file."""
    view_id, group, split = str(row["view_id"]), str(row["group_id"]), str(row["split"])
    if view_id in across.views:
        yield Fault(code="view_id", where=view_id, detail="occurs twice")
    across.views.add(view_id)
    if split != shard.split:
        yield Fault(code="split", where=view_id, detail=f"{split} in {shard.name}")
    across.pairs.add(row)
    across.previews.met(row)
    yield from across.originals.add(row)
    across.expected.update((split, digests.digest(question)) for question in project(row))
    if across.published:
        return
    if across.groups.setdefault(group, split) != split:
        yield Fault(code="group_split", where=view_id, detail=f"{group} is in {across.groups[group]} and {split}")
    if (row["transform"] or {}).get("op") == "canvas":
        return  # it shows nothing of anybody
    for name in ("image_sha256", "pixels_sha256"):
        if (other := across.pictures.setdefault(f"{name} {row[name]}", split)) != split:
            yield Fault(code="picture_split", where=view_id, detail=f"{name} {row[name]} is in {other} and {split}")


def _check_projected(shard: Shard, across: _Across, faults: list[Fault]) -> Iterator[Fault]:
    """Rows of a ``qa`` shard, each taken from what the views promised."""
    for row in rows_of(shard, faults):
        key = (shard.split, digests.digest(row))
        if across.expected[key]:
            across.expected[key] -= 1
        else:
            where = f"{row['view_id']}/{row['question_id']}"
            yield Fault(code="projection", where=where, detail=f"in {shard.name} and not in data/")
