"""The questions of a split that are answered in words, and the pictures they are about."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder import metrics, programs
from mmrs_builder.schema import RECIPE

LARGEST: Final = 1024
"""px of the longer side beyond which a picture is made smaller before it is sent."""

GREY: Final = 128
"""Of the blank picture that stands in for each one."""

_COLUMNS: Final = (
    "view_id", "group_id", "source", "modality", "twin_of", "transform", "markers", "structures", "absent", "qa",
)  # fmt: skip
_MEDIA: Final = {"PNG": "image/png", "JPEG": "image/jpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question, the view it is about without its pixels, and where those lie: a file and a row of it.

    ``names`` are the signs drawn on the view and what bears them: ("A", "the liver").
    """

    row: Mapping[str, Any]
    question: Mapping[str, Any]
    file: Path
    number: int
    names: tuple[tuple[str, str], ...] = ()


def language_of(folder: Path) -> dict[str, Any]:
    """What the shards store under ``mmrs.language``. Raises ``ValueError`` for a folder without shards."""
    files = sorted((folder / "data").glob("*.parquet"))
    if not files:
        raise ValueError(f"{folder} holds no shards: name a folder that mmrs build has made")
    return dict(json.loads(pq.read_schema(files[0]).metadata[b"mmrs.language"]))


def items(folder: Path, split: str, limit: int = 0) -> tuple[list[Item], int]:
    """The questions of a split, view after view as they are stored, and how many are left out: no words answer them.

    ``limit`` draws about so many (0: all) by keyed hash; the two of a pair are drawn together.
    Raises ``ValueError`` for a split that is not there or has nothing to ask, and for a recipe, which lacks pictures.
    """
    files = sorted((folder / "data").glob(f"{split}-*.parquet"))
    if not files:
        raise ValueError(f"{folder} has no split {split!r}")
    if any(RECIPE.encode() in pq.read_schema(file).metadata for file in files):
        raise ValueError(f"{folder} is a recipe without pictures: mmrs rehydrate {folder} --data DIR --out FULL")
    rows = {file: pq.read_table(file, columns=list(_COLUMNS)).to_pylist() for file in files}
    originals = {row["view_id"]: row["structures"] for of in rows.values() for row in of if not row["twin_of"]}
    language = language_of(folder)
    found = [item for file, of in rows.items() for item in _of_file(file, of, originals, language)]
    asked = [it for it in found if metrics.is_closed(it.question["kind"], programs.value_type(it.question["program"]))]
    if not asked:
        raise ValueError(f"no question of {split} in {folder} is answered in words")
    drawn = sorted(asked, key=lambda it: (_drawn(it.question), it.question["question_id"]))[: limit or None]
    if limit and drawn:  # the other half of the last pair
        last = _drawn(drawn[-1].question)
        drawn += [it for it in asked if _drawn(it.question) == last and it not in drawn]
    return sorted(drawn, key=lambda it: (it.file, it.number, it.question["question_id"])), len(found) - len(asked)


def _of_file(
    file: Path, rows: Sequence[dict[str, Any]], originals: Mapping[str, Any], language: Mapping[str, Any]
) -> Iterator[Item]:
    for number, row in enumerate(rows):
        names = _names(row, originals.get(row["twin_of"], ()), language)
        for question in row.pop("qa"):
            yield Item(row=row, question=question, file=file, number=number, names=names)


def _names(
    row: Mapping[str, Any], originals: Sequence[Mapping[str, Any]], language: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """What bears the signs of a marked view: labels of the same masks in its original; none where one is unknown."""
    if (row["transform"] or {}).get("op") != "mark":
        return ()
    found = []
    for marker in row["markers"]:
        alike = row["structures"][marker["structure"]]
        labels = {
            it["label"] for it in originals if all(it[key] == alike[key] for key in ("bbox", "area_px", "centroid"))
        }
        if len(labels) != 1 or not (term := language["labels"].get(labels.pop())):
            return ()
        sign = marker["glyph"] if len(marker["glyph"]) == 1 else f"the {marker['glyph']}"
        found.append((sign, language["forms"][term["article"]]["the"].replace("{name}", term["name"])))
    return tuple(found)


def _drawn(question: Mapping[str, Any]) -> str:
    return hashlib.sha256((question["pair_id"] or question["question_id"]).encode()).hexdigest()


def picture(item: Item, *, blank: bool = False) -> str:
    """The view's picture as a ``data:`` address; ``blank``: a grey one of the same size, which shows nothing."""
    return _picture(item.file, item.number, blank)


@lru_cache(maxsize=16)
def _picture(file: Path, number: int, blank: bool) -> str:
    stored: bytes = _pictures(file)[number]["bytes"]
    with Image.open(io.BytesIO(stored)) as image:
        if not blank and image.format in _MEDIA and max(image.size) <= LARGEST:
            return _address(stored, _MEDIA[image.format])
        shown = Image.new("L", image.size, GREY) if blank else image.convert("RGB")
    shown.thumbnail((LARGEST, LARGEST))
    coded = io.BytesIO()
    shown.save(coded, "PNG")
    return _address(coded.getvalue(), "image/png")


@lru_cache(maxsize=2)
def _pictures(file: Path) -> Sequence[Mapping[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(file, columns=["image"])["image"].to_pylist()
    return found


def _address(data: bytes, media: str) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode()}"
