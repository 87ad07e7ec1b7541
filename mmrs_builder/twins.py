"""Counterfactual twins of a view: the same picture mirrored, turned or cut otherwise, or with signs for names.

A twin is a view; ``docs/twins.md`` defines what becomes of pixels, masks and grid. Which operation a view gets
depends on its id alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from mmrs_builder import geometry, markers
from mmrs_builder.digests import keyed
from mmrs_builder.io.png import encode_pixels
from mmrs_builder.types import Box, Grid, Mask, Twin, View

VERSION: Final = 1

WAYS: Final = ("mirror", "mirror", "turn", "crop")
"""Operations in the proportion in which views get them: most questions of sides hang on left and right."""

KEPT: Final = (3, 4)
"""Part of both sides of the picture that a crop shows, as a fraction."""

Params = tuple[tuple[str, float], ...]
_Array = TypeVar("_Array", bound=npt.NDArray[np.generic])


def twins(view: View) -> Iterator[View]:
    """The twins of a view: one of its geometry, and where a sign fits one with signs and its control on white.

    A view without structures has none: nothing could be asked of them.
    """
    if any(annotation.mask.any() for annotation in view.annotations):
        yield geometric(view)
        yield from markers.marked(view)


def geometric(view: View) -> View:
    """The view mirrored, turned by quarters, or cut so that a whole structure changes its quadrant."""
    way = WAYS[keyed("twin", view.view_id) % len(WAYS)]
    if way == "turn":
        return _moved(view, "turn", (("quarters", 1.0 + keyed("quarters", view.view_id) % 3),))
    window = _window(view) if way == "crop" else None
    if window is None:
        return _moved(view, "mirror", ())
    x0, y0, x1, y1 = window
    return _moved(view, "crop", (("x", x0), ("y", y0), ("width", x1 - x0), ("height", y1 - y0)))


def moved(array: _Array, op: str, params: Params) -> _Array:
    """An array (H, W) or (H, W, 3) mirrored left to right, turned counter-clockwise, or cut."""
    known = {name: int(value) for name, value in params}
    if op == "mirror":
        changed = array[:, ::-1]
    elif op == "turn":
        changed = np.rot90(array, known["quarters"])
    else:
        x, y = known["x"], known["y"]
        changed = array[y : y + known["height"], x : x + known["width"]]
    return np.ascontiguousarray(changed)  # type: ignore[return-value]


def _moved(view: View, op: str, params: Params) -> View:
    pixels, before = moved(view.picture.pixels, op, params), view.picture.render
    step = f"{op}{''.join(f':{value:g}' for _, value in params)}/{VERSION}"
    height, width = pixels.shape[:2]
    spacing = view.grid.spacing
    if spacing is not None and op == "turn" and dict(params)["quarters"] != 2:
        spacing = spacing[::-1]
    changed = [replace(item, mask=moved(item.mask, op, params)) for item in view.annotations]
    return View(
        view_id=f"{view.view_id}~{op}",
        case_id=view.case_id,
        picture=replace(
            view.picture, data=encode_pixels(pixels), pixels=pixels, render=f"{before}+{step}" if before else step
        ),
        grid=Grid(
            width=width, height=height, spacing=spacing, plane=view.grid.plane, slice_index=view.grid.slice_index
        ),
        annotations=tuple(item for item in changed if item.mask.any()),
        absent=view.absent,
        twin=Twin(of=view.view_id, op=op, params=params),
    )


def _window(view: View) -> Box | None:
    """A window in a corner of the picture in which a structure that it holds as a whole changes its quadrant."""
    height, width = view.picture.pixels.shape[:2]
    across, down = width * KEPT[0] // KEPT[1], height * KEPT[0] // KEPT[1]
    corners = [(x, y, x + across, y + down) for x in (0, width - across) for y in (0, height - down)]
    turn = keyed("corner", view.view_id) % len(corners)
    ordered: Sequence[Box] = corners[turn:] + corners[:turn]
    masks = [item.mask for item in view.annotations if item.mask.any()]
    return next((window for window in ordered if any(_changes(mask, window) for mask in masks)), None)


def _changes(mask: Mask, window: Box) -> bool:
    part = geometry.patch(mask)
    x0, y0, x1, y1 = window
    box = part.box
    if box[0] < x0 or box[1] < y0 or box[2] > x1 or box[3] > y1:
        return False
    x, y = geometry.centroid(part)
    height, width = mask.shape
    before = 2 * x + 1 < width, 2 * y + 1 < height
    return before != (2 * (x - x0) + 1 < x1 - x0, 2 * (y - y0) + 1 < y1 - y0)
