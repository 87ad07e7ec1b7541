"""Where a view says it lies in the patient: fields of one row that must agree with each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, get_args

from mmrs_builder.types import Evidence, Vector
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.rows import StoredView

TOLERANCE: Final = 1e-3  # of lengths and products of unit vectors
# The patient axis that stands on the plane; a frontal picture is a film, a coronal one a slice.
NORMALS: Final = {"sagittal": 0, "coronal": 1, "frontal": 1, "axial": 2}


def check_grid(view: StoredView) -> Iterator[Finding]:
    """Direction exactly when there is evidence; unit vectors at right angles, in the plane; positive spacing."""
    if (view.direction is None) != (view.evidence is None):
        yield "grid", f"evidence {view.evidence}, direction {view.direction}"
    if view.evidence is not None and view.evidence not in get_args(Evidence):
        yield "grid", f"evidence {view.evidence}"
    direction = sound_direction(view)
    if view.direction is not None and direction is None:
        yield "grid", f"direction {view.direction} is not two unit vectors at right angles"
    if view.spacing is not None and sound_spacing(view) is None:
        yield "grid", f"spacing {view.spacing}"
    if view.origin is not None and (len(view.origin) != 3 or not all(map(math.isfinite, view.origin))):
        yield "grid", f"origin {view.origin}"
    if view.plane is not None and view.plane not in NORMALS:
        yield "grid", f"plane {view.plane}"
    elif view.plane is not None and direction is not None and not _stands_on(direction, NORMALS[view.plane]):
        yield "grid", f"plane {view.plane}, direction {view.direction}"


def sound_direction(view: StoredView) -> tuple[Vector, Vector] | None:
    """The view's direction, ``None`` where it has none or it is not two unit vectors at right angles."""
    match view.direction:
        case ((dx, dy, dz), (rx, ry, rz)):
            down, right = (dx, dy, dz), (rx, ry, rz)
            products = (_dot(down, down) - 1, _dot(right, right) - 1, _dot(down, right))
            # written so that a product that is no number fails
            return (down, right) if all(abs(product) <= TOLERANCE for product in products) else None
        case _:
            return None


def sound_spacing(view: StoredView) -> tuple[float, float] | None:
    """The view's spacing, ``None`` where it has none or it is not two positive lengths."""
    match view.spacing:
        case (down, right) if all(0 < step < math.inf for step in (down, right)):
            return down, right
        case _:
            return None


def _stands_on(direction: tuple[Vector, Vector], axis: int) -> bool:
    """Whether the normal of the picture lies closest to a patient axis, or as close as to another."""
    (dx, dy, dz), (rx, ry, rz) = direction
    normal = (abs(dy * rz - dz * ry), abs(dz * rx - dx * rz), abs(dx * ry - dy * rx))
    return normal[axis] >= max(normal) - TOLERANCE


def _dot(a: Vector, b: Vector) -> float:
    return sum(one * other for one, other in zip(a, b, strict=True))
