"""Recipe shards: rows without what a corpus does not let pass on, and what makes them whole again.

What a row keeps follows from the licence class of its source: everything; masks without the picture; neither of them,
nor what was measured on masks, so that programs, texts and digests are left. A shard with such rows says under
``schema.RECIPE`` what their whole rows hold.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder import sources
from mmrs_builder.digests import digest, pixels_sha256
from mmrs_builder.errors import MANUAL, MmrsError
from mmrs_builder.readable import readable
from mmrs_builder.schema import RECIPE
from mmrs_builder.types import LicenseClass

Row: TypeAlias = Mapping[str, Any]

MEASURED: Final = ("bbox", "centroid", "area_px", "area_fraction", "touches_border")
"""Fields of a structure that are measured on its mask; the others are names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Whether some row of a source holds a picture (of itself, or drawn upon in a preview), and masks."""

    pictures: bool
    masks: bool


def license_classes(names: Collection[str]) -> dict[str, LicenseClass | None]:
    """The class of each source, sorted by name; None for one's own data, of which nobody has said it."""
    known = {source.name: source.license_class for source in sources.catalogue() if source.access != "own"}
    return {name: known.get(name) for name in sorted(names)}


def spared(row: Row, known: LicenseClass | None) -> dict[str, Any]:
    """A row of config ``default`` as it may be passed on."""
    if known == "redistributable":
        return dict(row)
    if known == "masks-allowed":
        return {**row, "image": None}
    named = [{**item, **dict.fromkeys(MEASURED)} for item in row["structures"]]
    return {**row, "image": None, "masks": None, "structures": named}


def is_whole(row: Row) -> bool:
    """Whether nothing was taken from a row of config ``default``."""
    return row["image"] is not None and row["masks"] is not None


def content(row: Row) -> str:
    """Digest of a whole row but its picture, of which the row has digests; masks count by their pixels."""
    masks = [pixels_sha256(np.asarray(Image.open(io.BytesIO(mask["bytes"])))) for mask in row["masks"]]
    return digest({**row, "image": None, "image_sha256": None, "masks": masks})


def contents(shard: Path) -> dict[str, str]:
    """What ``content`` gave of the whole rows of a shard that lacks parts of them, by ``view_id``."""
    with readable(shard):
        told = (pq.read_schema(shard).metadata or {}).get(RECIPE.encode())
        return {} if told is None else dict(json.loads(told))


def held(out: Path) -> dict[str, Held]:
    """By source what the rows of a folder hold, seen in the rows themselves."""
    pictures, masks, names = set(), set(), set()
    for row in _glances(out):
        names.add(row["source"])
        pictures |= {row["source"]} if row["image"] else set()
        masks |= {row["source"]} if row["masks"] else set()
    for path in sorted((out / "preview").glob("*.parquet")):
        with readable(path):
            pictures |= set(pq.read_table(path, columns=["source"])["source"].to_pylist())
    return {name: Held(pictures=name in pictures, masks=name in masks) for name in sorted(names | pictures)}


def _glances(out: Path) -> Iterator[Row]:
    """Of every view its source, and whether picture and masks are there; empty masks of a whole view are there."""
    for path in sorted((out / "data").glob("*.parquet")):
        with readable(path), pq.ParquetFile(path) as file:
            columns = ["source", "image.path", "masks.list.element.path"]  # the paths are null: no picture is read
            for batch in file.iter_batches(columns=columns):
                there = [batch.column(name).is_valid().to_pylist() for name in ("image", "masks")]
                names = batch.column("source").to_pylist()
                for name, image, masks in zip(names, *there, strict=True):
                    yield {"source": name, "image": image, "masks": masks}


def require_whole(out: Path, who: str) -> None:
    """Raise ``MmrsError`` for a recipe; ``who`` names what needs pictures and masks."""
    if not any(contents(path) for path in sorted((out / "data").glob("*.parquet"))):
        return
    lacking = [name for name, it in held(out).items() if not (it.pictures and it.masks)]
    raise MmrsError(
        f"{out} is a recipe: it lacks pictures or masks of {', '.join(lacking)}, which {who} needs",
        code=MANUAL,
        hint=rehydrate_first(out),
    )


def rehydrate_first(out: Path) -> str:
    """The next step with a recipe."""
    return f"Rehydrate first, from your own copy of the corpora: mmrs rehydrate {out} --data DIR --out FULL"
