"""From a volume and its masks to the case's views: upright slices, with their place in the patient.

The volume is turned upright once; masks come one after the other and are kept cut to their box, so that no more than
one volume and what its masks cover is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import digest, sha256
from mmrs_builder.io.decode import MAX_PIXELS, MIN_SIDE
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.png import encode_pixels
from mmrs_builder.io.render import VERSION
from mmrs_builder.io.volume import same_grid, spacing, turn, turned, turned_lattice
from mmrs_builder.io.window import Greys, greys
from mmrs_builder.naming import sided_pairs
from mmrs_builder.slices import PLANES, Areas, chosen
from mmrs_builder.types import (
    Annotation,
    Case,
    CaseRef,
    Grid,
    Lattice,
    Mask,
    Mask3,
    Picture,
    Vector,
    View,
    Volume,
    Voxels,
)
from mmrs_builder.views import remove_specks
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Rules

S = TypeVar("S", bound=np.generic)

NEARLY_SQUARE: Final = 1.5
"""Ratio of a slice's two spacings from which rows or columns are repeated: thick slices seen from the side."""

WRONG_SIDE: Final = 0.25
"""Part of the mean width of two structures by which they must lie on each other's side to contradict the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask3D:
    """A mask as its file holds it, in the array order of its lattice, and the canonical label it shows."""

    label: str | None  # None: nobody has said what these voxels are, and no slice with one of them is shown
    mask: Mask3
    lattice: Lattice
    what: str  # the file, for messages
    instance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """An upright mask cut to its box, which starts at ``start``."""

    label: str
    instance: bool
    start: tuple[int, int, int]
    mask: Mask3


def volume_case(
    ref: CaseRef, volume: Volume, masks: Iterable[Mask3D], rules: Rules, *, source_sha256: str | None = None
) -> Case:
    """The case with a view per chosen slice; ``masks`` may be a generator that reads one file after the other.

    ``source_sha256`` is what the volume came from; ``None`` for the files that ``ref`` names.
    Raises ``Rejected``: ``oblique``; ``grid_mismatch`` for a mask on another grid, ``mask_full`` for one without
    background; ``sides_contradict`` when structures named left and right lie on the wrong sides of each other;
    ``no_slice`` when nothing is annotated that can be shown; ``too_small`` and ``too_large`` for the slices;
    ``not_finite``; and what ``masks`` raises.
    """
    axes, reverse = turn(volume.lattice, ref.image)
    lattice = turned_lattice(volume.lattice, axes, reverse)
    values = turned(volume.values, axes, reverse)
    pieces, usable = [], [np.ones(length, np.bool_) for length in values.shape]
    for item in masks:
        if not same_grid(item.lattice, volume.lattice) or item.mask.shape != volume.lattice.shape:
            raise Rejected("grid_mismatch", item.what, _apart(item.lattice, volume.lattice))
        if item.label is None:
            hidden = turned(item.mask, axes, reverse)
            usable = [line & ~hidden.any(axis=_others(axis)) for axis, line in enumerate(usable)]
        elif item.mask.all():
            raise Rejected("mask_full", item.what)
        elif item.mask.any():
            pieces.append(_cut(item.label, item.instance, turned(item.mask, axes, reverse)))
    if lattice.evidence is not None and rules.sided:
        _check_sides(pieces, lattice, ref.image)
    shown = greys(values, ref.modality, rules.window, ref.image)
    facts = _Facts(ref=ref, rules=rules, lattice=lattice, digest=source_sha256 or files_sha256(ref))
    views: list[View] = []
    refused = Rejected("no_slice", ref.image, "none may be shown" if pieces else "no mask holds a voxel")
    for plane in rules.plan.planes:
        try:
            axis = PLANES.index(plane)
            views += _views(facts, values, shown, pieces, usable[axis], axis)
        except Rejected as refusal:  # a slab of a few slices has no coronal view, and is still seen from above
            refused = refusal
    if not views:
        raise refused
    return Case(ref=ref, views=tuple(views))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    ref: CaseRef
    rules: Rules
    lattice: Lattice
    digest: str


def files_sha256(ref: CaseRef) -> str:
    """SHA-256 of the image's file, or of the digests of a series' files. Raises ``Rejected`` as ``paths`` does."""
    found = [sha256(read_bytes(Path(ref.root), path)) for path in ref.files or (ref.image,)]
    return digest(found) if ref.files else found[0]


def _apart(mask: Lattice, image: Lattice) -> str:
    if mask.shape != image.shape:
        return f"{' x '.join(map(str, mask.shape))} voxels, image {' x '.join(map(str, image.shape))}"
    return "the same number of voxels in another place"


def _cut(label: str, instance: bool, mask: Mask3) -> _Piece:
    start = [0, 0, 0]
    for axis in sorted(range(3), key=lambda axis: -abs(mask.strides[axis])):  # as it lies in memory, then ever less
        line = np.flatnonzero(mask.any(axis=_others(axis)))
        start[axis] = int(line[0])
        mask = mask[tuple(slice(start[axis], int(line[-1]) + 1) if at == axis else slice(None) for at in range(3))]
    return _Piece(label=label, instance=instance, start=(start[0], start[1], start[2]), mask=mask.copy())


def _check_sides(pieces: Sequence[_Piece], lattice: Lattice, what: str) -> None:
    """Refuse a case in which the left one of two structures lies to the right of the right one: header or labels are
    wrong, and nothing tells which.
    """
    for left, right in sided_pairs(piece.label for piece in pieces):
        (a, width_a), (b, width_b) = (_across(label, pieces, lattice) for label in (left, right))
        if b - a > WRONG_SIDE * (width_a + width_b) / 2:
            raise Rejected("sides_contradict", what, f"{left} lies {b - a:.0f} mm to the right of {right}")


def _across(label: str, pieces: Sequence[_Piece], lattice: Lattice) -> tuple[float, float]:
    """Mean place of a label's voxels towards the patient's left, and the extent of its largest box that way, in mm."""
    step = np.asarray(lattice.steps)[:, 0]
    places, sizes, extents = [], [], []
    for piece in (piece for piece in pieces if piece.label == label):
        counts = [piece.mask.sum(axis=_others(axis), dtype=np.int64) for axis in range(3)]
        size = int(counts[0].sum())
        means = [float(np.arange(count.size) @ count) / size for count in counts]
        places.append(lattice.origin[0] + float((np.add(piece.start, means)) @ step))
        sizes.append(size)
        extents.append(float(np.subtract(piece.mask.shape, 1) @ np.abs(step)))
    return float(np.average(places, weights=sizes)), max(extents)


def _views(
    facts: _Facts, values: Voxels, shown: Greys, pieces: Sequence[_Piece], usable: npt.NDArray[np.bool_], axis: int
) -> Iterator[View]:
    """The views across one axis; without evidence across the first only: nobody knows what the others would be."""
    if facts.lattice.evidence is None and axis:
        raise Rejected("no_slice", facts.ref.image, f"no {PLANES[axis]} slices: its header does not say how axes lie")
    areas = _areas(pieces, axis, values.shape[axis])
    for index in chosen(areas, usable, facts.rules.plan, facts.ref.case_id, PLANES[axis]):
        yield _view(facts, _slice(values, axis, index), shown, _at(pieces, axis, index), axis, index)


def _areas(pieces: Sequence[_Piece], axis: int, length: int) -> Mapping[str, Areas]:
    areas = {piece.label: np.zeros(length, np.int64) for piece in pieces}
    for piece in pieces:
        first = piece.start[axis]
        counts = piece.mask.sum(axis=_others(axis), dtype=np.int64)
        areas[piece.label][first : first + counts.size] += counts
    return areas


def _at(pieces: Sequence[_Piece], axis: int, index: int) -> list[tuple[_Piece, Mask]]:
    """The pieces that reach a slice, with their part in it (rows and columns of the box only)."""
    found = []
    for piece in pieces:
        inside = index - piece.start[axis]
        if 0 <= inside < piece.mask.shape[axis] and (part := _slice(piece.mask, axis, inside)).any():
            found.append((piece, part))
    return found


def _view(
    facts: _Facts, plane: Voxels, shown: Greys, found: Sequence[tuple[_Piece, Mask]], axis: int, index: int
) -> View:
    ref, rules = facts.ref, facts.rules
    down, right = _others(axis)
    gaps = spacing(facts.lattice)
    repeats = _repeats(gaps[down], gaps[right])
    height, width = plane.shape[0] * repeats[0], plane.shape[1] * repeats[1]
    if min(height, width) < MIN_SIDE:
        raise Rejected("too_small", ref.image, f"slices of {width} x {height}, limit {MIN_SIDE}")
    if height * width > MAX_PIXELS:
        raise Rejected("too_large", ref.image, f"slices of {width} x {height}, limit {MAX_PIXELS} pixels")
    pixels = _repeated(shown.apply(plane), repeats)
    full = _annotations(found, plane.shape, (down, right), repeats)
    cleaned = [remove_specks(item.mask, rules.minimum_area, keep_largest=item.instance) for item in full]
    seen = {item.label for item in full}
    steps = [shown.step, *([f"repeat:{repeats[0]}x{repeats[1]}"] if max(repeats) > 1 else [])]
    name = PLANES[axis] if facts.lattice.evidence else "slice"
    return View(
        view_id=f"{ref.source}:{ref.case_id}:{name}-{index:04d}",
        case_id=ref.case_id,
        picture=Picture(
            data=encode_pixels(pixels),
            pixels=pixels,
            source_sha256=facts.digest,
            render=f"{'+'.join(steps)}/{VERSION}",
        ),
        grid=_grid(facts, axis, index, repeats, (height, width)),
        annotations=tuple(
            replace(item, mask=mask) for item, (mask, _, _) in zip(full, cleaned, strict=True) if mask.any()
        ),
        absent=tuple(label for label in rules.labels if label not in seen) if rules.exhaustive else (),
        specks=sum(number for _, number, _ in cleaned),
        speck_px=sum(count for _, _, count in cleaned),
    )


def _annotations(
    found: Sequence[tuple[_Piece, Mask]], shape: Sequence[int], axes: tuple[int, int], repeats: tuple[int, int]
) -> list[Annotation]:
    """Full-size masks: each instance by itself, the other pieces of a label united."""
    whole: dict[tuple[str, int], Mask] = {}
    for number, (piece, part) in enumerate(found):
        mask = whole.setdefault((piece.label, number if piece.instance else -1), np.zeros(shape, np.bool_))
        row, column = (piece.start[axis] for axis in axes)
        mask[row : row + part.shape[0], column : column + part.shape[1]] |= part
    return [
        Annotation(label=label, mask=_repeated(mask, repeats), instance=number >= 0)
        for (label, number), mask in sorted(whole.items(), key=lambda item: item[0])
    ]


def _others(axis: int) -> tuple[int, int]:
    down, right = (other for other in range(3) if other != axis)
    return down, right


def _slice(array: npt.NDArray[S], axis: int, index: int) -> npt.NDArray[S]:
    part: npt.NDArray[S] = np.moveaxis(array, axis, 0)[index]
    return part


def _repeats(down: float, right: float) -> tuple[int, int]:
    """How often rows and columns are repeated so that pixels are nearly square."""
    ratio = max(down, right) / min(down, right)
    if ratio < NEARLY_SQUARE:
        return 1, 1
    return (round(ratio), 1) if down > right else (1, round(ratio))


def _repeated(array: npt.NDArray[S], repeats: tuple[int, int]) -> npt.NDArray[S]:
    return array if max(repeats) == 1 else array.repeat(repeats[0], axis=0).repeat(repeats[1], axis=1)


def _grid(facts: _Facts, axis: int, index: int, repeats: tuple[int, int], size: tuple[int, int]) -> Grid:
    """The slice's grid. The first of several repeated pixels lies before the centre of the voxel they came from."""
    lattice = facts.lattice
    axes = _others(axis)
    down, right = (spacing(lattice)[a] / n for a, n in zip(axes, repeats, strict=True))
    plain = Grid(width=size[1], height=size[0], spacing=(down, right), slice_index=index)
    if lattice.evidence is None:
        return plain
    if not facts.rules.sided:
        return replace(plain, plane=PLANES[axis])
    steps = np.asarray(lattice.steps)
    units = [steps[a] / np.linalg.norm(steps[a]) for a in axes]
    origin = np.asarray(lattice.origin) + index * steps[axis]
    for unit, gap, n in zip(units, (down, right), repeats, strict=True):
        origin = origin - unit * gap * (n - 1) / 2
    return replace(
        plain,
        direction=(_vector(units[0]), _vector(units[1])),
        origin=_vector(origin),
        plane=PLANES[axis],
        evidence=lattice.evidence,
    )


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) + 0.0 for value in values)
    return x, y, z
