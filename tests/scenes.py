"""Scenes built from masks: ``scene(liver=mask)`` measures one label, a list of masks means annotated instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from mmrs_builder import structures
from mmrs_builder.evaluate import Measured, NoValue, evaluate, measured
from mmrs_builder.questions import value_text
from mmrs_builder.types import Annotation, Box, Grid, Label, Mask, Picture, Scene, Vector, View

LABELS = {
    name: Label(id=name, role=role)
    for name, role in {
        "clip": "instrument",
        "colon": "organ",
        "kidney": "organ",
        "liver": "organ",
        "polyp": "lesion",
        "spleen": "organ",
    }.items()
} | {
    f"{organ}_{side}": Label(id=f"{organ}_{side}", role="organ", side=side, partner=f"{organ}_{other}")
    for organ in ("kidney", "lung")
    for side, other in (("left", "right"), ("right", "left"))
}
"""Labels that scenes can hold."""

Drawn: TypeAlias = Mask | Sequence[Mask]


def rectangles(size: tuple[int, int], *boxes: Box) -> Mask:
    """Mask of a picture of ``size`` (W, H) with half-open boxes filled."""
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def view(
    *,
    absent: Sequence[str] = (),
    view_id: str = "v1",
    spacing: tuple[float, float] | None = None,
    direction: tuple[Vector, Vector] | None = None,
    **drawn: Drawn,
) -> View:
    """A view with a black picture. A mask is the whole of its label, a list of masks its instances.

    ``spacing`` and ``direction`` are those of the grid, (down, right).
    """
    annotations = [
        Annotation(label=label, mask=mask, instance=not isinstance(masks, np.ndarray))
        for label, masks in drawn.items()
        for mask in ([masks] if isinstance(masks, np.ndarray) else masks)
    ]
    height, width = annotations[0].mask.shape
    picture = Picture(data=b"", pixels=np.zeros((height, width), dtype=np.uint8), source_sha256="")
    return View(
        view_id=view_id,
        case_id=view_id,
        picture=picture,
        grid=Grid(
            width=width,
            height=height,
            spacing=spacing,
            direction=direction,
            evidence=None if direction is None else "header",
        ),
        annotations=tuple(annotations),
        absent=tuple(absent),
    )


def scene(
    *,
    absent: Sequence[str] = (),
    exhaustive: bool = True,
    view_id: str = "v1",
    spacing: tuple[float, float] | None = None,
    direction: tuple[Vector, Vector] | None = None,
    **drawn: Drawn,
) -> tuple[Scene, tuple[Mask, ...]]:
    """The measured scene and the masks of its structures."""
    shown = view(absent=absent, view_id=view_id, spacing=spacing, direction=direction, **drawn)
    return structures.scene(shown, "test", "ct", LABELS, exhaustive=exhaustive)


def board(
    *,
    absent: Sequence[str] = (),
    exhaustive: bool = True,
    view_id: str = "v1",
    spacing: tuple[float, float] | None = None,
    direction: tuple[Vector, Vector] | None = None,
    **drawn: Drawn,
) -> Measured:
    """The measured scene, ready for programs."""
    found, _ = scene(
        absent=absent, exhaustive=exhaustive, view_id=view_id, spacing=spacing, direction=direction, **drawn
    )
    return measured(found, LABELS)


def ask(program: str, on: Measured) -> tuple[str, float] | None:
    """Stored text of a program's value and its margin; None where it has no value."""
    try:
        found = evaluate(program, on)
    except NoValue:
        return None
    return value_text(found), found.margin
