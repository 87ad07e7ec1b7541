"""What a recipe lacks, and the local originals that hold it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder.build.measure import Indexed, Measured
from mmrs_builder.build.stage import read_json
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.export.read import shards
from mmrs_builder.types import CaseRef, Drop
from mmrs_builder.verify.integrity import place
from mmrs_builder.withholding import contents

FACTS: Final = ["view_id", "source", "case_id", "source_sha256", "pixels_sha256", "render"]

TOLD: Final = ("key", "settings", "report", "versions", "files")
"""What the manifest of a recipe says of its build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A view that lacks its picture, and what is known of that: of a photograph the digest of its file, of a rendering
    those of its pixels and how it was made.
    """

    view_id: str
    source: str
    case_id: str
    source_sha256: str
    pixels_sha256: str
    render: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe whose files were checked: its shards, its manifest, and what it lacks."""

    home: Path
    manifest: Mapping[str, Any]
    views: tuple[Path, ...]  # shards of config default
    lacks: tuple[Lack, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Those whose originals are needed."""
        return tuple(sorted({lack.source for lack in self.lacks}))

    @property
    def built_from(self) -> tuple[tuple[str, dict[str, str], str | None], ...]:
        """Every source of the build by the name it was asked for with, its options, the digest of its adapter."""
        return tuple((name, dict(options), code) for name, options, code in self.manifest["settings"]["sources"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the measurement of a view lies, and what it is the measurement of."""

    part: str
    row: int
    image_path: str
    source_sha256: str
    image_sha256: str
    pixels_sha256: str
    render: str | None


def opened(home: Path) -> Recipe:
    """The recipe in a folder. Raises ``MmrsError`` where there is none, or files are not those of its manifest."""
    views = tuple(shard.path for shard in shards(home).files)
    manifest: Mapping[str, Any] | None = read_json(place(home))
    if manifest is None:
        hint = f"Fetch the whole repository: hf download USER/NAME --repo-type dataset --local-dir {home}"
        raise MmrsError(f"{home} has no manifest.json", code=USAGE, hint=hint)
    lacks = tuple(lack for path in views for lack in _lacks(path))
    if not lacks:
        hint = "A recipe is made by: mmrs export OUT --to recipe --out RECIPE"
        raise MmrsError(f"{home} is no recipe: it lacks nothing", code=USAGE, hint=hint)
    found = Recipe(home=home, manifest=manifest, views=views, lacks=lacks)
    if not _is_complete(found):
        raise MmrsError(f"{home}: its manifest is not that of a recipe", code=INTEGRITY, hint="Fetch it again.")
    return found


def _is_complete(recipe: Recipe) -> bool:
    """Whether the manifest says what is needed."""
    told = recipe.manifest
    try:
        settings, of = told["settings"], told["recipe"]
        return (
            all(name in told for name in TOLD)
            and bool(recipe.built_from)
            and isinstance(settings["seed"], int)
            and isinstance(of["without_masks"], dict)
            and isinstance(of["logical_rows_sha256"], dict)
        )
    except (KeyError, TypeError, ValueError):
        return False


def _lacks(shard: Path) -> Iterator[Lack]:
    known = contents(shard)
    if known:
        for row in pq.read_table(shard, columns=FACTS).to_pylist():
            if row["view_id"] in known:
                yield Lack(**row)


def chosen(indexed: Indexed, lacks: Iterable[Lack]) -> Indexed:
    """The cases that hold what lacks, each under the id that it has in the recipe.

    A case is found by its id, else, renamed or moved, by the digest of its file.
    """
    wanted = {lack.case_id: lack.source_sha256 for lack in lacks}
    found = {ref.case_id: ref for ref in indexed.refs if ref.case_id in wanted}
    strayed = {digest: case_id for case_id, digest in wanted.items() if case_id not in found}
    for ref in indexed.refs if strayed else ():
        if ref.case_id not in found and (case_id := strayed.pop(_file_digest(ref), None)) is not None:
            found[case_id] = replace(ref, case_id=case_id)
    refs = tuple(found[case_id] for case_id in sorted(found))
    return Indexed(choice=indexed.choice, refs=refs, drops=())


def _file_digest(ref: CaseRef) -> str:
    """SHA-256 of a case's file; of none where its picture is no file."""
    path = Path(ref.root) / ref.image
    if not ref.image or not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def places(measured: Measured, state: Path) -> dict[str, Place]:
    """By ``view_id`` what was measured of a source."""
    columns = ["view_id", "image_path", "source_sha256", "image_sha256", "pixels_sha256", "render"]
    found = {}
    for part in measured.parts:
        for number, row in enumerate(pq.read_table(part, columns=columns).to_pylist()):
            view_id = row.pop("view_id")
            found[view_id] = Place(part=part.relative_to(state).as_posix(), row=number, **row)
    return found


def refusals(lacks: Sequence[Lack], found: Mapping[str, Place]) -> dict[str, Drop]:
    """By ``view_id`` why views cannot be made whole from what was ``found``.

    A photograph is known by its file, a rendering by its pixels and how it was made.
    """
    refused = {}
    for lack in lacks:
        place = found.get(lack.view_id)
        if place is None:
            drop = Drop(source=lack.source, what=lack.case_id, reason="no_original", detail=lack.view_id)
            refused[lack.view_id] = drop
        elif not _is_original(lack, place):
            drop = Drop(source=lack.source, what=place.image_path, reason="altered", detail=_why(lack, place))
            refused[lack.view_id] = drop
    return refused


def _is_original(lack: Lack, place: Place) -> bool:
    if lack.render is None:
        return place.render is None and place.source_sha256 == lack.source_sha256
    return (place.render, place.pixels_sha256) == (lack.render, lack.pixels_sha256)


def _why(lack: Lack, place: Place) -> str:
    if place.render != lack.render:
        return f"{lack.view_id} is rendered by {place.render or 'nothing'} here, by {lack.render or 'nothing'} there"
    if place.source_sha256 == lack.source_sha256:
        return f"{lack.view_id}: the file is the same, its pixels are not"
    return f"{lack.view_id}: other {'pixels' if lack.render else 'bytes'}"
