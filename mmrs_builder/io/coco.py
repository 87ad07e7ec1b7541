"""COCO files: pictures, categories, and outlines as polygons or run lengths, all in one JSON.

What is in them is not trusted: each entry is checked when the file is indexed, and a bad one costs its picture only.
Outlines travel from the index to the reader as short texts (``MaskRef.pick``), so that reading a picture never opens
the JSON again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mmrs_builder.io.decode import MAX_PIXELS
from mmrs_builder.io.outline import filled
from mmrs_builder.io.rle import mask_of, unpacked
from mmrs_builder.types import Mask
from mmrs_builder.vocab import Rejected

BOX_SLACK: Final = 2.0
"""Pixels by which a side of a published box may miss its outline: boxes are rounded."""

BOX_AGREEMENT: Final = 0.7
"""Intersection over union of a published box and the box around its outline, where a side misses by more."""

_BAD: Final = (TypeError, KeyError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What one annotation outlines, in pixels of the picture as its JSON describes it; checked, but not drawn."""

    category: str
    crowd: bool
    polygons: tuple[tuple[float, ...], ...] = ()
    lengths: str | tuple[int, ...] = ()
    size: tuple[int, int] = (0, 0)  # width, height of the run lengths
    box: tuple[float, float, float, float] | None = None  # x, y, width, height


@dataclass(slots=True, kw_only=True)
class Entry:
    """A picture of the JSON. ``refusal`` is a reason code and a detail."""

    file: str
    size: tuple[int, int]
    outlines: list[Outline] = field(default_factory=list)
    refusal: tuple[str, str] | None = None

    def refuse(self, reason: str, detail: str) -> None:
        """The first refusal stays."""
        self.refusal = self.refusal or (reason, detail)


def used_names(data: bytes) -> tuple[str, ...]:
    """The names of the categories that annotations use, sorted, without parsing all of a file: every process that
    reads cases asks for them. Raises ``ValueError`` for what is no COCO file.
    """
    used = {int(number) for number in re.findall(rb'"category_id"\s*:\s*(-?\d{1,18})\b', data)}
    text = data.decode("utf-8")
    names: set[str] = set()
    for start in re.finditer(r'"categories"\s*:\s*(?=\[)', text):
        entries = json.JSONDecoder().raw_decode(text, start.end())[0]
        names |= {
            entry["name"]
            for entry in entries
            if isinstance(entry, dict) and entry.get("id") in used and isinstance(entry.get("name"), str)
        }
    return tuple(sorted(names))


def entries(data: bytes, what: str) -> tuple[tuple[Entry, ...], int]:
    """The pictures of a file, and how many annotations belong to none of them.

    Raises ``Rejected`` (``bad_metadata``) for what is no COCO file with annotations.
    """
    try:
        raw = json.loads(data)
        lists = {key: raw[key] for key in ("images", "annotations", "categories")}
        names = _names(lists["categories"])
    except (*_BAD, RecursionError) as error:
        raise Rejected("bad_metadata", what, f"no COCO file with annotations ({type(error).__name__})") from None
    if not all(isinstance(value, list) for value in lists.values()):
        raise Rejected("bad_metadata", what, "no COCO file with annotations")
    found: list[Entry] = []
    by_id: dict[int | str, Entry] = {}
    for number, image in enumerate(lists["images"]):
        entry, key = _entry(image, number)
        found.append(entry)
        if key in by_id:
            for double in (entry, by_id[key]):
                double.refuse("bad_metadata", "two images with one id")
        elif key is not None:
            by_id[key] = entry
    strays = 0
    for number, annotation in enumerate(lists["annotations"]):
        owner = _owner(annotation, by_id)
        if owner is None:
            strays += 1
        else:
            _annotate(owner, annotation, number, names)
    return tuple(found), strays


def _names(categories: Any) -> dict[int, str]:
    names: dict[int, str] = {}
    for category in categories:
        number, name = category["id"], category["name"]
        if type(number) is not int or not isinstance(name, str) or names.setdefault(number, name) != name:
            raise ValueError("categories")
    return names


def _entry(image: Any, number: int) -> tuple[Entry, int | str | None]:
    """A picture and its id, None if it has none."""
    file = image.get("file_name") if isinstance(image, dict) else None
    if not isinstance(file, str) or not file:
        entry = Entry(file=f"image {number} of the list", size=(0, 0))
        entry.refuse("bad_metadata", "no file_name")
        return entry, None
    key = image.get("id")
    entry = Entry(file=file, size=(_whole(image.get("width")), _whole(image.get("height"))))
    if type(key) not in (int, str):
        entry.refuse("bad_metadata", "no id")
        key = None
    if min(entry.size) < 1:
        entry.refuse("bad_metadata", "no width and height")
    elif entry.size[0] * entry.size[1] > MAX_PIXELS:
        entry.refuse("too_large", f"{entry.size[0]} x {entry.size[1]}, limit {MAX_PIXELS} pixels")
    return entry, key


def _whole(value: object) -> int:
    """A whole number as JSON may write it (``256``, ``256.0``); 0 for anything else."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value if type(value) is int else 0


def _owner(annotation: Any, by_id: Mapping[int | str, Entry]) -> Entry | None:
    key = annotation.get("image_id") if isinstance(annotation, dict) else None
    return by_id.get(key) if isinstance(key, int | str) else None


def _annotate(owner: Entry, annotation: Any, number: int, names: Mapping[int, str]) -> None:
    category = annotation.get("category_id")
    if type(category) is not int or category not in names:
        owner.refuse("unknown_label", f"annotation {number} of the list")
        return
    if not annotation.get("segmentation"):
        owner.refuse("no_mask", f"annotation {number} of the list has no outline")
        return
    try:
        owner.outlines.append(_outline(annotation, names[category]))
    except _BAD:
        owner.refuse("bad_metadata", f"annotation {number} of the list")


def _outline(annotation: dict[str, Any], category: str) -> Outline:
    shape, crowd = annotation["segmentation"], annotation.get("iscrowd") or 0
    if crowd not in (0, 1):
        raise ValueError("iscrowd")
    box = annotation.get("bbox")
    known = _floats(box) if isinstance(box, list) and len(box) == 4 else None
    sides = (known[0], known[1], known[2], known[3]) if known and min(known[2:]) > 0 else None
    if isinstance(shape, list):
        polygons = tuple(_floats(polygon) for polygon in shape)
        if any(len(polygon) % 2 for polygon in polygons):
            raise ValueError("polygon")
        return Outline(category=category, crowd=bool(crowd), polygons=polygons, box=sides)
    height, width = map(_whole, shape["size"])
    lengths = shape["counts"]
    if min(width, height) < 1 or width * height > MAX_PIXELS:
        raise ValueError("size")
    if not isinstance(lengths, str):
        lengths = tuple(_run(length) for length in lengths)
    return Outline(category=category, crowd=bool(crowd), lengths=lengths, size=(width, height), box=sides)


def _floats(numbers: Any) -> tuple[float, ...]:
    if not isinstance(numbers, list) or any(type(number) not in (int, float) for number in numbers):
        raise TypeError("not numbers")
    found = tuple(float(number) for number in numbers)
    if not all(map(math.isfinite, found)):
        raise ValueError("not finite")
    return found


def _run(length: object) -> int:
    if type(length) is not int or not 0 <= length <= MAX_PIXELS:
        raise ValueError("run length")
    return length


def pick(size: tuple[int, int], outlines: Sequence[Outline]) -> str:
    """Outlines in a picture of a size (width, height) as a short text, for ``drawn``."""
    shapes = [
        {"polygons": o.polygons, "box": o.box} if o.polygons else {"lengths": o.lengths, "size": o.size, "box": o.box}
        for o in outlines
    ]
    return json.dumps({"size": size, "shapes": shapes}, separators=(",", ":"))


def drawn(text: str, what: str, *, boxes: bool = True) -> Mask:
    """The mask (H, W) of outlines, in the size that the JSON states; several outlines are united, what sticks out of
    the picture is cut off.

    With ``boxes`` published boxes must agree with their outlines. Raises ``Rejected``: ``bad_outline`` for a polygon
    with fewer than three points or wholly outside, and for damaged run lengths; ``size_mismatch`` for run lengths of
    another size; ``mask_empty``; ``mask_full``; ``boxes_disagree``.
    """
    told = json.loads(text)
    width, height = told["size"]
    mask: Mask = np.zeros((height, width), np.bool_)
    for shape in told["shapes"]:
        part, around = _polygons(shape, width, height, what) if "polygons" in shape else _runs(shape, told, what)
        if not part.any():
            raise Rejected("mask_empty", what, "an outline holds no pixel's centre")
        if boxes and shape["box"] and not _agree(shape["box"], around, width, height):
            raise Rejected("boxes_disagree", what)
        mask |= part
    if mask.all():
        raise Rejected("mask_full", what)
    return mask


_Sides = tuple[float, float, float, float]  # x0, y0, x1, y1


def _polygons(shape: dict[str, Any], width: int, height: int, what: str) -> tuple[Mask, _Sides]:
    """The union of the polygons, as COCO means it, and the sides around them. COCO's coordinates have their origin at
    the corner of the first pixel, ``outline.filled`` at its centre.
    """
    mask: Mask = np.zeros((height, width), np.bool_)
    corners = []
    for numbers in shape["polygons"]:
        points = np.array(numbers, np.float64).reshape(-1, 2)
        if len(np.unique(points, axis=0)) < 3:
            raise Rejected("bad_outline", what, f"{len(points)} points")
        low, high = points.min(axis=0), points.max(axis=0)
        if high[0] <= 0 or high[1] <= 0 or low[0] >= width or low[1] >= height:
            raise Rejected("bad_outline", what, "outside the picture")
        mask |= filled([points - 0.5], width, height)
        corners += [low, high]
    x0, y0 = np.min(corners, axis=0)
    x1, y1 = np.max(corners, axis=0)
    return mask, (float(x0), float(y0), float(x1), float(y1))


def _runs(shape: dict[str, Any], told: dict[str, Any], what: str) -> tuple[Mask, _Sides]:
    width, height = shape["size"]
    if shape["size"] != told["size"]:
        raise Rejected("size_mismatch", what, f"run lengths of {width} x {height}")
    lengths = shape["lengths"]
    try:
        mask = mask_of(unpacked(lengths) if isinstance(lengths, str) else lengths, width, height)
    except ValueError as error:
        raise Rejected("bad_outline", what, str(error)) from None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask, (0.0, 0.0, 0.0, 0.0)
    return mask, (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _agree(box: _Sides, around: _Sides, width: int, height: int) -> bool:
    """Whether a published box (x, y, width, height) is the one around an outline, both cut to the picture."""
    a = list(_cut((box[0], box[1], box[0] + box[2], box[1] + box[3]), width, height))
    b = list(_cut(around, width, height))
    if all(abs(x - y) <= BOX_SLACK for x, y in zip(a, b, strict=True)):
        return True
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, across) * max(0.0, down)
    return shared >= BOX_AGREEMENT * ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _cut(sides: _Sides, width: int, height: int) -> Iterator[float]:
    for value, limit in zip(sides, (width, height, width, height), strict=True):
        yield min(max(value, 0.0), float(limit))
