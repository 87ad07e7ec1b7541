"""Signs drawn on pictures (``docs/twins.md`` section 3): what each looks like, and where its plate lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from mmrs_builder.types import Pixels
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.measure import Shape
from mmrs_builder.verify.rows import StoredMarker, StoredView
from mmrs_builder.vocab import GLYPHS

COLUMNS: Final = 7  # cells of a plate
ROWS: Final = 9
# Seven rows of five cells from the top, the leftmost cell of a row in the bit of 16.
ROUND: Final = (0, 14, 31, 31, 31, 14, 0)
DRAWN: Final = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (30, 1, 1, 14, 1, 1, 30),
    "red dot": ROUND,
    "green dot": ROUND,
    "blue dot": ROUND,
}
COLOURED: Final = {"red dot": (255, 0, 0), "green dot": (0, 255, 0), "blue dot": (64, 128, 255)}


def cell(width: int, height: int) -> int:
    """Pixels along a cell: the 120th part of the shorter side, halves rounded up, at least one."""
    return max(1, (2 * min(width, height) + 120) // 240)


def plate(marker: StoredMarker, width: int, height: int) -> tuple[int, int, int, int]:
    """Half-open box of a sign's plate in a picture of a size, which it may exceed."""
    side = cell(width, height)
    left, top = int(marker.x) - COLUMNS * side // 2, int(marker.y) - ROWS * side // 2
    return left, top, left + COLUMNS * side, top + ROWS * side


def redrawn(pixels: Pixels, markers: Sequence[StoredMarker]) -> Pixels:
    """The picture with its signs drawn again, pixel by pixel of their cells; in colour where one of them is coloured.

    Signs are known and their plates lie within the picture.
    """
    height, width = pixels.shape[:2]
    coloured = pixels.ndim == 2 and any(marker.glyph in COLOURED for marker in markers)
    canvas = np.repeat(pixels[:, :, None], 3, axis=2) if coloured else pixels.copy()
    side = cell(width, height)
    for marker in markers:
        left, top, right, bottom = plate(marker, width, height)
        canvas[top:bottom, left:right] = 0
        ink = COLOURED.get(marker.glyph, (255, 255, 255))
        for row, bits in enumerate(DRAWN[marker.glyph], start=1):
            for column in range(1, 6):
                if bits >> (5 - column) & 1:
                    y, x = top + row * side, left + column * side
                    canvas[y : y + side, x : x + side] = ink if canvas.ndim == 3 else ink[0]
    return canvas


def check_markers(view: StoredView, shapes: Sequence[Shape], language: Language) -> Iterator[Finding]:
    """Each structure has one sign, by which it goes, and which lies in no smaller structure."""
    glyphs = [marker.glyph for marker in view.markers]
    if len({*glyphs}) != len(glyphs) or not any({*glyphs} <= {*style} for style in GLYPHS.values()):
        yield "marker", f"signs {glyphs} are not different ones of one style"
    if sorted(marker.structure for marker in view.markers) != list(range(len(view.structures))):
        yield "marker", f"signs of {[marker.structure for marker in view.markers]}, not of each structure once"
        return
    if not all(float(place).is_integer() for marker in view.markers for place in (marker.x, marker.y)):
        yield "marker", "a sign is not centred on a pixel"
        return
    for marker in view.markers:
        yield from _check_marker(marker, view, shapes, language)
    boxes = [plate(marker, view.width, view.height) for marker in view.markers]
    for n, one in enumerate(boxes):
        for other in boxes[:n]:
            if max(one[0], other[0]) < min(one[2], other[2]) and max(one[1], other[1]) < min(one[3], other[3]):
                yield "marker", f"plates {one} and {other} overlap"


def _check_marker(
    marker: StoredMarker, view: StoredView, shapes: Sequence[Shape], language: Language
) -> Iterator[Finding]:
    where = f"{marker.glyph} at ({marker.x}, {marker.y})"
    stored, shape = view.structures[marker.structure], shapes[marker.structure]
    if stored.label != "marked_" + "_".join(marker.glyph.lower().split()) or stored.part != "whole":
        yield "marker", f"{where} is drawn on {stored.part} {stored.label}"
    names = [name.name for name in language.labels[stored.label].names] if stored.label in language.labels else []
    if len(marker.glyph) == 1 and not all(marker.glyph in name.split() for name in names):
        yield "marker", f"{stored.label} is called {names}, without its sign {marker.glyph}"
    left, top, right, bottom = plate(marker, view.width, view.height)
    if left < 0 or top < 0 or right > view.width or bottom > view.height:
        yield "marker", f"{where}: its plate does not lie in the picture"
        return
    holding = [n for n, other in enumerate(shapes) if other.mask[int(marker.y), int(marker.x)]]
    if marker.structure not in holding or any(shapes[n].area <= shape.area for n in holding if n != marker.structure):
        yield "marker", f"{where} lies in structures {holding}, {marker.structure} is not the smallest of them"
    if view.transform == "canvas":
        if shape.box != (left, top, right, bottom) or shape.area != (right - left) * (bottom - top):
            yield "marker", f"{where}: its structure on the canvas is not its plate"
    elif shape.area < 4 * (right - left) * (bottom - top):
        yield "marker", f"{where} covers more than a quarter of its structure"
