"""Some questions of a published folder, chosen by key, each with its view as a page can show it."""

from __future__ import annotations

import base64
import heapq
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder.digests import keyed
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.gallery.steps import worked
from mmrs_builder.io.png import encode_mask
from mmrs_builder.preview import colours_of, overlay, spelled
from mmrs_builder.readable import readable
from mmrs_builder.types import Question
from mmrs_builder.verify import pictures
from mmrs_builder.verify.language import BadLanguage, Language, read_language, read_rows
from mmrs_builder.verify.measure import Shape, measure
from mmrs_builder.verify.rows import Malformed, StoredView, read_view
from mmrs_builder.verify.shards import Shard, open_shards
from mmrs_builder.verify.views import boarded

AS_STORED: Final = 48_000
"""Bytes up to which a picture is shown as it is stored."""

LONGEST: Final = 1024
"""Longest side in px of a picture that is coded again."""

THUMBNAIL: Final = 112
"""Width and height of a picture in the list, in px."""

WHOLE: Final = ("sequence", "license", "source", "modality", "split", "plane", "laterality_evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A view and its chosen questions, as JSON can hold them; ``pictures`` is read only when the view is looked at."""

    view: dict[str, Any]
    pictures: dict[str, Any]
    questions: tuple[dict[str, Any], ...]


def chosen(out: Path, most: int, seed: int, view_ids: Sequence[str]) -> dict[str, set[str]]:
    """Ids of at most ``most`` questions by view: those with the smallest keys, of all views or of those named.

    Raises ``MmrsError`` for a view without questions, and for shards that cannot be read.
    """
    shards = sound(out)
    asked = [pair for shard in shards if shard.config == "qa" for pair in _ids(shard)]
    if missing := sorted(set(view_ids) - {view for view, _ in asked}):
        hint = "View ids are in the column view_id."
        raise MmrsError(f"no questions about {', '.join(missing)} in {out}", code=USAGE, hint=hint)
    named = [pair for pair in asked if not view_ids or pair[0] in view_ids]
    found: dict[str, set[str]] = {}
    for view, question in heapq.nsmallest(most, named, key=lambda pair: keyed("gallery", seed, *pair)):
        found.setdefault(view, set()).add(question)
    return found


def shown(out: Path, questions: Mapping[str, set[str]]) -> Iterator[Shown]:
    """The views that ``questions`` names, in the order of the shards. Raises ``MmrsError`` for what cannot be shown."""
    for shard in sound(out):
        if shard.config == "default":
            language = language_of(shard)
            for row in rows(shard, questions):
                yield _shown(row, questions[row["view_id"]], language, shard)


def sound(out: Path) -> list[Shard]:
    """The shards of a published folder. Raises ``MmrsError`` where one cannot be read, or there is none."""
    shards, faults = open_shards(out)
    if faults or not shards:
        detail = str(faults[0]) if faults else f"{out} has no shards"
        raise MmrsError(detail, code=INTEGRITY, hint=f"See: mmrs verify {out}")
    return shards


def _unreadable(shard: Shard, detail: object) -> MmrsError:
    return MmrsError(f"{shard.name}: {detail}", code=INTEGRITY, hint="`mmrs verify` lists what is wrong.")


def _ids(shard: Shard) -> list[tuple[str, str]]:
    with readable(shard.path):
        columns = pq.read_table(shard.path, columns=["view_id", "question_id"]).to_pydict()
    return list(zip(columns["view_id"], columns["question_id"], strict=True))


def language_of(shard: Shard) -> Language:
    """The language of a shard, with the wordings that are its own. Raises ``MmrsError``."""
    try:
        return replace(read_language(shard.language), rows=read_rows(shard.own_words))
    except BadLanguage as error:
        raise _unreadable(shard, error) from None


def rows(shard: Shard, wanted: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """Rows of wanted views; row groups without one are not read."""
    with readable(shard.path), pq.ParquetFile(shard.path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=["view_id"])["view_id"].to_pylist()
            if any(view in wanted for view in ids):
                for batch in file.iter_batches(batch_size=8, row_groups=[group]):
                    yield from (row for row in batch.to_pylist() if row["view_id"] in wanted)


def seen(row: dict[str, Any], shard: Shard) -> tuple[StoredView, list[Shape], dict[str, Any]]:
    """A row's view, its measured masks, and its pictures as data URIs. Raises ``MmrsError`` where they do not fit."""
    try:
        view = read_view(row)
        if view.image is None or view.masks is None:
            raise Malformed("no picture or no masks")
        pixels = pictures.read_pixels(view.image)
        shapes = [measure(pictures.read_mask(mask, view.width, view.height)) for mask in view.masks]
        if len(shapes) != len(view.structures) or pixels.shape[:2] != (view.height, view.width):
            raise ValueError("picture, masks and structures do not fit each other")
    except (Malformed, pictures.BadPicture, ValueError) as error:
        raise _unreadable(shard, f"{row['view_id']}: {error}") from None
    masks = [_data("png", encode_mask(shape.mask)) for shape in shapes]
    return view, shapes, {"image": _picture(view.image, pixels), "masks": masks}


def _shown(row: dict[str, Any], wanted: set[str], language: Language, shard: Shard) -> Shown:
    view, shapes, files = seen(row, shard)
    board = boarded(view, shapes, language)
    asked = [question for question in view.questions if question.question_id in wanted]
    return Shown(
        view={**plain(row, view), "thumbnail": _thumbnail(row)},
        pictures=files,
        questions=tuple(_question(question, worked(question.program, board)) for question in asked),
    )


def plain(row: dict[str, Any], view: StoredView) -> dict[str, Any]:
    """What a page says of a view without its pictures."""
    colours = colours_of(row)
    return {
        **{name: row[name] for name in WHOLE},
        "id": view.view_id,
        "width": view.width,
        "height": view.height,
        "spacing": view.spacing,
        "absent": view.absent,
        "structures": [
            {
                "label": s.label,
                "role": s.role,
                "part": s.part,
                "parent": s.parent,
                "box": s.bbox,
                "centroid": s.centroid,
                "share": s.area_fraction,
                "colour": spelled(colours[s.label]),
            }
            for s in view.structures
        ],
    }


def _question(question: Question, steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {**asdict(question), "steps": steps}


def _picture(data: bytes, pixels: np.ndarray[Any, Any]) -> str:
    """A data URI: the stored bytes of a small picture without metadata, which could turn it, else WebP."""
    kind = Image.open(io.BytesIO(data)).format or ""
    if len(data) <= AS_STORED and kind in ("PNG", "JPEG", "WEBP") and not pictures.metadata(data):
        return _data(kind.lower(), data)
    image = Image.fromarray(pixels)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return _webp(image, 88)


def _thumbnail(row: Mapping[str, Any]) -> str:
    image = Image.fromarray(overlay(row))
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return _webp(image, 75)


def _webp(image: Image.Image, quality: int) -> str:
    stream = io.BytesIO()
    image.save(stream, format="WEBP", quality=quality)
    return _data("webp", stream.getvalue())


def _data(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def finite(value: Any) -> Any:
    """The value with null for every number that JSON does not know."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
