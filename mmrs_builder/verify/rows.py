"""View rows as typed records; a row whose needed fields are empty is ``Malformed``, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from mmrs_builder.schema import SCALAR_VIEW_FIELDS
from mmrs_builder.types import Binding, Box, Part, Point, Question

Row: TypeAlias = Mapping[str, Any]  # one item of Table.to_pylist() under the frozen Arrow schema

OPTIONAL: Final = frozenset(
    {"choices", "answer_index", "unit", "tolerance", "target_program", "target", "pair_id", "pair_kind"}
)
"""Question fields that may be null."""


class Malformed(ValueError):
    """A field is empty or has the wrong length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStructure:
    """A structure as its row describes it; nothing of it is believed."""

    label: str
    role: str
    side: str | None
    part: Part
    parent: int | None
    bbox: Box
    centroid: Point
    area_px: int
    area_fraction: float
    touches_border: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMarker:
    """A sign that a row says is drawn on its picture, centred on a pixel, and the structure that it names."""

    glyph: str
    x: float
    y: float
    structure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """What is verified of a view row. ``spacing`` and ``direction`` are ordered [down, right].

    ``transform`` is what was done, with ``params``, to the picture of the view ``twin_of`` to make this one, ``None``
    for a view of its own. ``image`` and ``masks`` are ``None`` where a recipe lacks them; without masks there are no
    ``structures`` either, since nothing is measured.
    """

    view_id: str
    group_id: str
    modality: str | None
    split: str
    width: int
    height: int
    image: bytes | None
    image_sha256: str
    pixels_sha256: str
    plane: str | None
    evidence: str | None
    direction: tuple[tuple[float, ...], ...] | None
    spacing: tuple[float, ...] | None
    origin: tuple[float, ...] | None
    render: str | None
    twin_of: str | None
    transform: str | None
    params: tuple[tuple[str, float], ...]
    markers: tuple[StoredMarker, ...]
    absent: tuple[str, ...]
    structures: tuple[StoredStructure, ...]
    masks: tuple[bytes, ...] | None
    questions: tuple[Question, ...]


def _need(row: Row, name: str) -> Any:
    if row.get(name) is None:
        raise Malformed(f"{name} is null")
    return row[name]


def _items(row: Row, name: str, length: int | None = None) -> tuple[Any, ...]:
    items = _need(row, name)
    if any(item is None for item in items):
        raise Malformed(f"{name} holds null")
    if length is not None and len(items) != length:
        raise Malformed(f"{name} has {len(items)} items instead of {length}")
    return tuple(items)


def _optional_items(row: Row, name: str) -> tuple[Any, ...] | None:
    return None if row.get(name) is None else _items(row, name)


def _structure(row: Row) -> StoredStructure:
    if row.get("part") not in ("whole", "instance", "component"):
        raise Malformed(f"part is {row.get('part')!r}")
    return StoredStructure(
        label=_need(row, "label"),
        role=_need(row, "role"),
        side=row.get("side"),
        part=cast(Part, row["part"]),
        parent=row.get("parent"),
        bbox=cast(Box, _items(row, "bbox", 4)),
        centroid=cast(Point, _items(row, "centroid", 2)),
        area_px=_need(row, "area_px"),
        area_fraction=_need(row, "area_fraction"),
        touches_border=_need(row, "touches_border"),
    )


def _binding(row: Row) -> Binding:
    return Binding(slot=_need(row, "slot"), text=_need(row, "text"), structures=_items(row, "structures"))


def _question(row: Row) -> Question:
    plain: dict[str, Any] = {
        name: row.get(name) if name in OPTIONAL else _need(row, name)
        for name in Question.__dataclass_fields__
        if name not in ("choices", "target", "bindings")
    }
    return Question(
        **plain,
        choices=_optional_items(row, "choices"),
        target=_optional_items(row, "target"),
        bindings=tuple(_binding(item) for item in _items(row, "bindings")),
    )


def _vectors(rows: Sequence[Sequence[float | None] | None] | None) -> tuple[tuple[float, ...], ...] | None:
    if rows is None:
        return None
    vectors = [[part for part in vector or () if part is not None] for vector in rows]
    if any(vector is None or len(vector) != len(kept) for vector, kept in zip(rows, vectors, strict=True)):
        raise Malformed("direction holds null")
    return tuple(tuple(vector) for vector in vectors)


def _params(transform: Row | None) -> tuple[tuple[str, float], ...]:
    items = _optional_items(transform, "params") if transform is not None else None
    return tuple((_need(item, "name"), _need(item, "value")) for item in items or ())


def _marker(row: Row) -> StoredMarker:
    return StoredMarker(
        glyph=_need(row, "glyph"), x=_need(row, "x"), y=_need(row, "y"), structure=_need(row, "structure")
    )


def read_view(row: Row) -> StoredView:
    """Typed view of a row. Raises ``Malformed``."""
    masked = row.get("masks") is not None
    return StoredView(
        view_id=_need(row, "view_id"),
        group_id=_need(row, "group_id"),
        modality=row.get("modality"),
        split=_need(row, "split"),
        width=_need(row, "width"),
        height=_need(row, "height"),
        image=None if row.get("image") is None else _need(row["image"], "bytes"),
        image_sha256=_need(row, "image_sha256"),
        pixels_sha256=_need(row, "pixels_sha256"),
        plane=row.get("plane"),
        evidence=row.get("laterality_evidence"),
        direction=_vectors(row.get("direction")),
        spacing=_optional_items(row, "spacing_mm"),
        origin=_optional_items(row, "origin_mm"),
        render=row.get("render"),
        twin_of=row.get("twin_of"),
        transform=None if row.get("transform") is None else _need(row["transform"], "op"),
        params=_params(row.get("transform")),
        markers=tuple(_marker(item) for item in _optional_items(row, "markers") or ()),
        absent=_items(row, "absent"),
        structures=tuple(_structure(item) for item in _items(row, "structures")) if masked else (),
        masks=tuple(_need(item, "bytes") for item in _items(row, "masks")) if masked else None,
        questions=tuple(_question(item) for item in _items(row, "qa")),
    )


def project(row: Row) -> list[dict[str, Any]]:
    """The rows of config ``qa`` that a view row stands for: question fields and scalar view fields."""
    scalars = {name: row[name] for name, _ in SCALAR_VIEW_FIELDS}
    return [{**question, **scalars} for question in row["qa"] or () if question is not None]
