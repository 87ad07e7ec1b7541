"""How structures lie in the patient, not in the picture: left is the patient's left.

All of it follows from the grid's direction vectors, and nothing from the axes of the array: a picture that is mirrored
or turned together with its directions says the same (``docs/language.md`` section 4a). Patient LPS: x grows to the
patient's left, y to the back, z to the head; lengths in mm, or in px where the spacing is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mmrs_builder.relations.between import outside
from mmrs_builder.relations.judged import Judged, cap, tenths
from mmrs_builder.types import Grid, Label, Pair, Structure

VISIBLE: Final = 0.9
"""A body axis is seen in a picture when rows or columns follow it this closely (cosine; 26 degrees)."""

APART: Final = 1e-6
"""Half the distance of a pair's two sides below which they lie at one place, and only floats tell left from right."""

LEFT, BACK, HEAD = 0, 1, 2
"""Components of a vector in patient LPS."""

AXES: Final[dict[str, int]] = {
    "lateral": LEFT, "anteroposterior": BACK, "craniocaudal": HEAD, "body_side": LEFT, "laterality": LEFT,
}  # fmt: skip
"""The body axis along which each relation compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A body axis as a picture shows it: the way along it per pixel to the right, and per pixel down."""

    right: float
    down: float

    def place(self, s: Structure) -> float:
        """Where the centroid lies along the axis, from the first pixel's centre."""
        return s.centroid[0] * self.right + s.centroid[1] * self.down

    def extent(self, s: Structure) -> float:
        """How far the box reaches along the axis."""
        x0, y0, x1, y1 = s.box
        return (x1 - x0) * abs(self.right) + (y1 - y0) * abs(self.down)


@dataclass(frozen=True, slots=True, kw_only=True)
class Midline:
    """Where the middle of the body lies along the left-right axis, and the smallest half distance of a pair from it."""

    place: float
    half: float


def axis(grid: Grid, component: int) -> Axis | None:
    """A body axis in the picture; None without direction, or where the picture lies across the axis."""
    if grid.direction is None:
        return None
    down, right = (vector[component] for vector in grid.direction)
    if max(abs(down), abs(right)) < VISIBLE:
        return None
    down_mm, right_mm = grid.spacing or (1.0, 1.0)
    return Axis(right=right * right_mm, down=down * down_mm)


def lateral(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """To the patient's left or right of ``b``."""
    return _compared(a, b, pair, axis(grid, LEFT), ("left", "right"))


def anteroposterior(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """In front of ``b`` or behind it."""
    return _compared(a, b, pair, axis(grid, BACK), ("posterior", "anterior"))


def craniocaudal(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Nearer the head than ``b``, or nearer the feet."""
    return _compared(a, b, pair, axis(grid, HEAD), ("superior", "inferior"))


def _compared(a: Structure, b: Structure, pair: Pair, along: Axis | None, tokens: tuple[str, str]) -> Judged | None:
    """The first token where ``a`` lies further along the axis; the margin is that of sides in the picture."""
    if along is None:
        return None
    ahead = along.place(a) - along.place(b)
    part = 2 * abs(ahead) / ((along.extent(a) + along.extent(b)) / 2) - 1
    return Judged(value=tokens[0] if ahead > 0 else tokens[1], margin=cap(min(part, outside(a, b, pair))))


def couples(labels: Mapping[str, Label], present: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those of the present labels that are the (left, right) sides of one structure, sorted."""
    held = set(present)
    pairs = ((label.id, labels[str(label.partner)]) for label in map(labels.__getitem__, held) if label.partner in held)
    return tuple(
        sorted((a, b.id) for a, b in pairs if b.partner == a and (labels[a].side, b.side) == ("left", "right"))
    )


def midline(structures: Sequence[Structure], grid: Grid, pairs: Sequence[tuple[str, str]]) -> Midline | None:
    """The midline between paired structures, given as labels (left, right) that are all in the picture.

    None where the picture does not show left and right, without a pair, and where one lies the wrong way round.
    """
    along = axis(grid, LEFT)
    if along is None or not pairs:
        return None
    places = [(_mean(structures, left, along), _mean(structures, right, along)) for left, right in pairs]
    half = min(left - right for left, right in places) / 2
    middles = [(left + right) / 2 for left, right in places]
    return Midline(place=sum(middles) / len(middles), half=half) if half > APART else None


def _mean(structures: Sequence[Structure], label: str, along: Axis) -> float:
    """Place of a label: of its whole or instances together, weighted by area."""
    found = [s for s in structures if s.label == label and s.part != "component"]
    return sum(s.area_px * along.place(s) for s in found) / sum(s.area_px for s in found)


def body_side(s: Structure, grid: Grid, middle: Midline | None) -> Judged | None:
    """The half of the body, left or right of the midline, that holds the centroid."""
    along = axis(grid, LEFT)
    if along is None or middle is None:
        return None
    off = along.place(s) - middle.place
    margin = min(cap(abs(off) / middle.half), cap(2 * abs(off) / along.extent(s)))
    return Judged(value="left" if off > 0 else "right", margin=margin)


def laterality(a: Structure, b: Structure, grid: Grid, middle: Midline | None) -> Judged | None:
    """Whether two structures lie on the same side of the body."""
    one, other = body_side(a, grid, middle), body_side(b, grid, middle)
    if one is None or other is None:
        return None
    token = "ipsilateral" if one.value == other.value else "contralateral"
    return Judged(value=token, margin=min(one.margin, other.margin))


def distance_mm(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Distance between the centroids in mm, to one decimal; undefined without spacing, or where rounding is a tie."""
    if grid.spacing is None:
        return None
    down, right = grid.spacing
    return _rounded(math.hypot((a.centroid[0] - b.centroid[0]) * right, (a.centroid[1] - b.centroid[1]) * down))


def gap_mm(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged | None:
    """Smallest distance between two masks in mm, to one decimal; undefined where they touch or overlap."""
    return None if pair.gap_mm is None or pair.gap_px < 2 else _rounded(pair.gap_mm)


def _rounded(length: float) -> Judged | None:
    value = tenths(length)
    return None if value is None else Judged(value=value, margin=1.0)
