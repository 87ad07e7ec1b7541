"""A plan made visible: picture, masks and grid as the rest of the project knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from mmrs_builder import digests
from mmrs_builder.io.png import encode_pixels
from mmrs_builder.phantoms.ct import ct
from mmrs_builder.phantoms.dermoscopy import dermoscopy
from mmrs_builder.phantoms.endoscopy import endoscopy
from mmrs_builder.phantoms.mri import mri
from mmrs_builder.phantoms.scene import VERSION, Plan
from mmrs_builder.phantoms.shapes import rasterise
from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.ultrasound import ultrasound
from mmrs_builder.phantoms.xray import xray
from mmrs_builder.types import Annotation, Grid, Mask, Picture, Pixels, Vector, View

LOOKS: Final[dict[str, Callable[[Stage], Pixels]]] = {
    "ct": ct, "mri": mri, "xray": xray, "ultrasound": ultrasound, "endoscopy": endoscopy, "dermoscopy": dermoscopy,
}  # fmt: skip
PLANES: Final[dict[str, tuple[str, Vector, float]]] = {
    "ct": ("axial", (0.0, 1.0, 0.0), 400.0),
    "mri": ("axial", (0.0, 1.0, 0.0), 230.0),
    "xray": ("frontal", (0.0, 0.0, -1.0), 420.0),
}
"""Plane, patient direction (LPS) of a step down the picture, and width of the picture in mm."""


def view(plan: Plan) -> View:
    """Picture, grid and annotations of a plan."""
    masks = tuple(rasterise(shape, plan.field) for shape in plan.shapes)
    pixels = LOOKS[plan.modality](Stage(plan=plan, masks=masks))
    data = encode_pixels(pixels)
    picture = Picture(data=data, pixels=pixels, source_sha256=digests.sha256(data), render=f"phantom/{VERSION}")
    return View(
        view_id=f"phantom:{plan.case_id}",
        case_id=plan.case_id,
        picture=picture,
        grid=grid(plan),
        annotations=annotated(plan, masks),
        absent=plan.absent,
    )


def grid(plan: Plan) -> Grid:
    """Size and, where such a picture would have a header, spacing and directions; a flipped picture says so."""
    width, height = plan.field.width, plan.field.height
    if plan.modality not in PLANES:
        return Grid(width=width, height=height)
    plane, down, across = PLANES[plan.modality]
    right: Vector = (-1.0, 0.0, 0.0) if plan.mirrored else (1.0, 0.0, 0.0)
    spacing = across / width
    return Grid(
        width=width,
        height=height,
        spacing=(spacing, spacing),
        direction=(down, right),
        plane=plane,
        evidence="header",
    )


def annotated(plan: Plan, masks: tuple[Mask, ...]) -> tuple[Annotation, ...]:
    """One mask per label, or one per unit for labels annotated one by one."""
    found: list[Annotation] = []
    for label in dict.fromkeys(shape.label for shape in plan.shapes):
        units = [mask for shape, mask in zip(plan.shapes, masks, strict=True) if shape.label == label]
        if label in plan.instances:
            found += [Annotation(label=label, mask=mask, instance=True) for mask in units]
        else:
            found.append(Annotation(label=label, mask=np.asarray(np.logical_or.reduce(units), dtype=np.bool_)))
    return tuple(found)
