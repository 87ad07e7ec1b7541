"""Twins whose structures are named by signs drawn on the picture, and the same signs on a white canvas.

``docs/twins.md`` section 3 defines the signs, where they are drawn, and which structures get one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from mmrs_builder import geometry
from mmrs_builder.digests import keyed
from mmrs_builder.io.png import encode_pixels
from mmrs_builder.types import Annotation, Grid, Label, Marker, Mask, Pixels, Twin, View
from mmrs_builder.vocab import GLYPHS

VERSION: Final = 1

CELLS: Final = (7, 9)
"""Columns and rows of a sign's plate, in cells; the sign itself has 5 and 7."""

PER_CELL: Final = 120
"""The shorter side of the picture in px for each px of a cell."""

COVERED: Final = 4
"""A structure is at least so many times as large as the plate on it."""

_DOT: Final = "..... .###. ##### ##### ##### .###. ....."
_SHAPES: Final = {
    "A": ".###. #...# #...# ##### #...# #...# #...#",
    "B": "####. #...# #...# ####. #...# #...# ####.",
    "C": ".###. #...# #.... #.... #.... #...# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ..##. .#... #.... #####",
    "3": "####. ....# ....# .###. ....# ....# ####.",
    **dict.fromkeys(GLYPHS["dot"], _DOT),
}
_COLOURS: Final = {"red dot": (255, 0, 0), "green dot": (0, 255, 0), "blue dot": (64, 128, 255)}
_WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A structure that a sign can be drawn on, and the pixel for it."""

    mask: Mask
    x: int
    y: int


def label_of(glyph: str) -> str:
    """The label of the structure that a sign names: ``marked_a``, ``marked_red_dot``."""
    return f"marked_{glyph.lower().replace(' ', '_')}"


def labels() -> dict[str, tuple[str, Label]]:
    """Every sign, with the id and the label of what it names."""
    names = {glyph: label_of(glyph) for glyphs in GLYPHS.values() for glyph in glyphs}
    return {glyph: (name, Label(id=name, role="region")) for glyph, name in names.items()}


def marked(view: View) -> Iterator[View]:
    """The view with a sign on each of up to three structures, and the signs alone on white; none if none fits."""
    style = sorted(GLYPHS)[keyed("style", view.view_id) % len(GLYPHS)]
    found = places(view)[: len(GLYPHS[style])]
    if not found:
        return
    signs = sorted(zip(GLYPHS[style], found, strict=False), key=lambda sign: label_of(sign[0]))
    drawn = tuple(Marker(glyph=glyph, x=at.x, y=at.y, structure=i) for i, (glyph, at) in enumerate(signs))
    pixels = view.picture.pixels
    canvas = np.full_like(pixels, 255)
    height, width = pixels.shape[:2]
    plates = [plate_mask(marker, width, height) for marker in drawn]
    yield _twin(view, "mark", pixels, drawn, [at.mask for _, at in signs], style)
    yield _twin(view, "canvas", canvas, drawn, plates, style)


def _twin(view: View, op: str, under: Pixels, drawn: tuple[Marker, ...], masks: Sequence[Mask], style: str) -> View:
    pixels, before = signed(under, drawn), view.picture.render
    step = f"{op}:{style}/{VERSION}"
    render = f"{before}+{step}" if before and op == "mark" else step
    grid = view.grid
    return View(
        view_id=f"{view.view_id}~{op}",
        case_id=view.case_id,
        picture=replace(view.picture, data=encode_pixels(pixels), pixels=pixels, render=render),
        grid=Grid(
            width=grid.width, height=grid.height, spacing=grid.spacing, plane=grid.plane, slice_index=grid.slice_index
        ),
        annotations=tuple(
            Annotation(label=label_of(marker.glyph), mask=mask) for marker, mask in zip(drawn, masks, strict=True)
        ),
        twin=Twin(of=view.view_id, op=op, markers=drawn),
    )


def places(view: View) -> list[Place]:
    """The structures of a view that a sign fits on, in keyed order: as many of them as there is room for plates.

    Those with smaller ones inside take their sign outside of these, so that a sign names the smallest it lies in.
    """
    height, width = view.picture.pixels.shape[:2]
    cell = cell_of(width, height)
    across, down = CELLS[0] * cell, CELLS[1] * cell
    structures = sorted(_single(view.annotations), key=lambda mask: int(mask.sum()))
    taken = np.zeros((height, width), bool)
    found: list[Place] = []
    smaller = np.zeros((height, width), bool)
    for mask in structures:
        place = _deepest(mask & ~smaller, mask)
        smaller |= mask
        if place is not None and int(mask.sum()) >= COVERED * across * down:
            found.append(place)
    kept = []
    for place in sorted(found, key=lambda at: keyed("sign", view.view_id, at.x, at.y)):
        x0, y0 = place.x - across // 2, place.y - down // 2
        inside = x0 >= 0 and y0 >= 0 and x0 + across <= width and y0 + down <= height
        if inside and not taken[y0 : y0 + down, x0 : x0 + across].any():
            taken[y0 : y0 + down, x0 : x0 + across] = True
            kept.append(place)
    return kept


def _single(annotations: Sequence[Annotation]) -> Iterator[Mask]:
    """The masks of what counts as one structure, in one piece each."""
    for annotation in annotations:
        pieces = geometry.components(annotation.mask)
        if len(pieces) == 1 or not annotation.instance:
            yield from pieces


def _deepest(free: Mask, whole: Mask) -> Place | None:
    """The pixel of ``free`` farthest from its edge, the first of several by rows; the picture's border is an edge."""
    if not free.any():
        return None
    depth = cv2.distanceTransform(np.pad(free, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return Place(mask=whole, x=int(x), y=int(y))


def cell_of(width: int, height: int) -> int:
    """Side of a cell in px."""
    return max(1, (min(width, height) + PER_CELL // 2) // PER_CELL)


def plate_mask(marker: Marker, width: int, height: int) -> Mask:
    """The pixels (H, W) of a sign's plate."""
    cell = cell_of(width, height)
    across, down = CELLS[0] * cell, CELLS[1] * cell
    x0, y0 = marker.x - across // 2, marker.y - down // 2
    mask = np.zeros((height, width), bool)
    mask[y0 : y0 + down, x0 : x0 + across] = True
    return mask


def signed(pixels: Pixels, markers: Sequence[Marker]) -> Pixels:
    """A copy of the picture with signs: white or coloured on black plates; (H, W, 3) if one is coloured."""
    coloured = any(marker.glyph in _COLOURS for marker in markers)
    canvas = (np.stack([pixels] * 3, axis=-1) if coloured and pixels.ndim == 2 else pixels).copy(order="C")
    cell = cell_of(canvas.shape[1], canvas.shape[0])
    for marker in markers:
        rows = [[mark == "#" for mark in row] for row in _SHAPES[marker.glyph].split()]
        shape = np.kron(np.pad(np.array(rows), 1), np.ones((cell, cell), bool)).astype(bool)
        height, width = shape.shape
        x0, y0 = marker.x - width // 2, marker.y - height // 2
        colour = _COLOURS.get(marker.glyph, _WHITE)
        plate = canvas[y0 : y0 + height, x0 : x0 + width]
        plate[...] = 0
        plate[shape] = colour if canvas.ndim == 3 else colour[0]
    return canvas
