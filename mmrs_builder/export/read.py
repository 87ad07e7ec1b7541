"""What every format is made from: the views of a finished build, read one by one."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder.digests import sha256
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.schema import SCALAR_VIEW_FIELDS
from mmrs_builder.types import Binding, Box, Mask, Question
from mmrs_builder.verify.integrity import MANIFEST, BadManifest, check_files, place, read_manifest
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.shards import Shard, check_names, open_shards
from mmrs_builder.vocab import SPLITS

SUFFIXES: Final = {"PNG": "png", "JPEG": "jpg", "TIFF": "tif", "BMP": "bmp", "GIF": "gif", "WEBP": "webp", "PPM": "ppm"}
BATCH: Final = 16
"""Views held at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A structure and its mask as the shard stores it, a 1-bit PNG. ``index`` is its place in the view."""

    index: int
    label: str
    role: str
    side: str | None
    part: str
    parent: int | None
    box: Box
    area_px: int
    png: bytes

    def mask(self) -> Mask:
        """The mask (H, W)."""
        return np.asarray(Image.open(io.BytesIO(self.png))).astype(bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A view with its stored picture. ``name`` is its id made fit for a file, the same in every build that has it."""

    view_id: str
    name: str
    split: str
    width: int
    height: int
    facts: Mapping[str, object]  # every scalar field of the view, by name
    image: bytes
    suffix: str  # by the picture's bytes
    regions: tuple[Region, ...]
    questions: tuple[Question, ...]

    @property
    def wholes(self) -> tuple[Region, ...]:
        """Its structures without those that are a part of another one: every pixel of a label, no pixel twice for it
        unless its instances overlap.
        """
        return tuple(region for region in self.regions if region.part != "component")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """The checked shards of a build, or of one split of it."""

    files: tuple[Shard, ...]
    content: str  # digest of their bytes

    @property
    def splits(self) -> tuple[str, ...]:
        """Those that have views, in the usual order."""
        return tuple(split for split in SPLITS if any(shard.split == split for shard in self.files))

    @property
    def roles(self) -> dict[str, str]:
        """The labels of all structures, sorted, and what each is: organ, lesion, instrument or region."""
        columns = [f"structures.list.element.{name}" for name in ("label", "role")]
        found: dict[str, str] = {}
        for shard in self.files:
            with pq.ParquetFile(shard.path) as file:
                column = file.read(columns=columns)["structures"]
            found.update({item["label"]: item["role"] for item in pc.list_flatten(column).to_pylist()})
        return dict(sorted(found.items()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all structures, sorted."""
        return tuple(self.roles)

    def views(self, *splits: str) -> Iterator[Viewed]:
        """The views of these splits, of all without any, in their order in the shards."""
        for split in splits or self.splits:
            for shard in self.files:
                if shard.split == split:
                    with pq.ParquetFile(shard.path, page_checksum_verification=True) as file:
                        for batch in file.iter_batches(batch_size=BATCH):
                            yield from map(_viewed, batch.to_pylist())


def shards(out: Path, split: str | None = None) -> Shards:
    """The views of the build ``out``, only those of ``split`` if it is named.

    Raises ``MmrsError`` for files that are not those of its manifest or cannot be read, and for a split that it lacks.
    """
    if not (out / "data").is_dir():
        raise MmrsError(f"{out} holds no finished build", code=USAGE, hint="It has no data folder: run mmrs build.")
    files, faults = open_shards(out)
    for fault in (*faults, *check_names(out), *_against_manifest(out)):
        raise _broken(out, str(fault))
    views = tuple(shard for shard in files if shard.config == "default")
    known = Shards(files=views, content="").splits
    if split is not None and split not in known:
        raise MmrsError(f"--split {split}: {out} has none", code=USAGE, hint=f"It has {', '.join(known) or 'no view'}.")
    chosen = tuple(shard for shard in views if split in (None, shard.split))
    return Shards(files=chosen, content=sha256("".join(_digest(shard.path) for shard in chosen).encode()))


def file_name(view_id: str) -> str:
    """A name of ASCII letters, digits, ``_`` and ``-``: the id, shortened, and a part of its digest, so that no two ids
    share one.
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", view_id).strip("_")
    return f"{plain[:60]}-{sha256(view_id.encode())[:10]}"


def _against_manifest(out: Path) -> Iterator[Fault]:
    """Faults of the files. A copy from the Hub has no manifest: its pages are checked as they are read."""
    if place(out).exists():
        try:
            yield from check_files(out, read_manifest(out))
        except BadManifest as error:
            yield Fault(code="manifest", where=MANIFEST, detail=str(error))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _broken(out: Path, why: str) -> MmrsError:
    return MmrsError(
        f"{out} is damaged or incomplete: {why}", code=INTEGRITY, hint=f"`mmrs verify {out}` says more; build it again."
    )


def _viewed(row: Mapping[str, Any]) -> Viewed:
    image: bytes = row["image"]["bytes"]
    with Image.open(io.BytesIO(image), formats=tuple(SUFFIXES)) as opened:
        suffix = SUFFIXES[str(opened.format)]
    regions = zip(row["structures"], row["masks"], strict=True)
    return Viewed(
        view_id=row["view_id"],
        name=file_name(row["view_id"]),
        split=row["split"],
        width=row["width"],
        height=row["height"],
        facts={name: row[name] for name, _ in SCALAR_VIEW_FIELDS},
        image=image,
        suffix=suffix,
        regions=tuple(_region(index, structure, mask["bytes"]) for index, (structure, mask) in enumerate(regions)),
        questions=tuple(map(_question, row["qa"])),
    )


def _region(index: int, structure: Mapping[str, Any], png: bytes) -> Region:
    kept = {name: structure[name] for name in ("label", "role", "side", "part", "parent", "area_px")}
    x0, y0, x1, y1 = structure["bbox"]
    return Region(index=index, box=(x0, y0, x1, y1), png=png, **kept)


def _question(item: Mapping[str, Any]) -> Question:
    lists = {name: None if item[name] is None else tuple(item[name]) for name in ("choices", "target")}
    bindings = tuple(
        Binding(slot=it["slot"], text=it["text"], structures=tuple(it["structures"])) for it in item["bindings"]
    )
    return Question(**{**item, **lists, "bindings": bindings})
