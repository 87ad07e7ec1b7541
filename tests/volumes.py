"""Small volumes with masks: ``block`` gives a lattice in any order of the axes, ``views`` what becomes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.volume import lattice
from mmrs_builder.slices import PLANES, Plan
from mmrs_builder.types import CaseRef, Evidence, Lattice, Mask3, View, Volume
from mmrs_builder.volume_rules import Rules
from mmrs_builder.volumes import Mask3D, volume_case

Box3: TypeAlias = tuple[int, int, int, int, int, int]  # half-open i0 j0 k0 i1 j1 k1

SHAPE = (12, 20, 24)  # upright: down from the head, back from the front, left from the patient's right
REF = CaseRef(source="test", root="nowhere", case_id="case", image="scan.nii", modality="ct")


def block(
    shape: Sequence[int] = SHAPE,
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0),
    *,
    turn: npt.NDArray[np.float64] | None = None,
    evidence: Evidence | None = "header",
) -> Lattice:
    """An upright lattice that begins at (-40, -30, 50); ``turn`` rotates its axes."""
    steps = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]) * np.asarray(spacing)[:, None]
    steps = steps if turn is None else steps @ turn.T
    return lattice(shape, (-40.0, -30.0, 50.0), steps.tolist(), evidence, "scan.nii")


def rotation(axis: Sequence[float], degrees: float) -> npt.NDArray[np.float64]:
    """The matrix that turns by an angle about an axis (Rodrigues' formula)."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    turned: npt.NDArray[np.float64] = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return turned


def filled(*boxes: Box3, shape: Sequence[int] = SHAPE) -> Mask3:
    """A mask with half-open boxes filled."""
    mask = np.zeros(shape, np.bool_)
    for i0, j0, k0, i1, j1, k1 in boxes:
        mask[i0:i1, j0:j1, k0:k1] = True
    return mask


def mask(label: str | None, *boxes: Box3, grid: Lattice, instance: bool = False) -> Mask3D:
    """A mask of a label on a lattice."""
    return Mask3D(
        label=label, mask=filled(*boxes, shape=grid.shape), lattice=grid, what=f"{label}.nii", instance=instance
    )


def noise(shape: Sequence[int] = SHAPE) -> npt.NDArray[np.int16]:
    """Hounsfield units, always the same."""
    return np.random.default_rng(7).integers(-150, 250, shape, dtype=np.int16)


def rules(
    *labels: str,
    exhaustive: bool = True,
    minimum_area: float = 0.0,
    planes: tuple[str, ...] = PLANES,
    coverage: int = 2,
    empty: float = 0.0,
    sided: bool = True,
) -> Rules:
    """Rules with the soft tissue window."""
    return Rules(
        labels=labels,
        exhaustive=exhaustive,
        minimum_area=minimum_area,
        window="soft_tissue",
        plan=Plan(planes=planes, coverage=coverage, empty=empty),
        sided=sided,
    )


def views(
    grid: Lattice, masks: Sequence[Mask3D], own: Rules, values: npt.NDArray[np.generic] | None = None
) -> list[View]:
    """The views of a volume of noise, or of these values."""
    volume = Volume(values=noise(grid.shape) if values is None else values, lattice=grid)
    return list(volume_case(REF, volume, masks, own, source_sha256="0" * 64).views)


def of(found: Sequence[View], plane: str) -> list[View]:
    """Those of one plane."""
    return [view for view in found if view.view_id.split(":")[-1].startswith(plane)]


def places(view: View) -> npt.NDArray[np.float64]:
    """Position (H, W, 3) of every pixel's centre in the patient, by the view's grid."""
    grid = view.grid
    assert grid.direction is not None
    assert grid.spacing is not None
    assert grid.origin is not None
    down, right = (np.asarray(unit) * gap for unit, gap in zip(grid.direction, grid.spacing, strict=True))
    rows, columns = np.mgrid[0 : grid.height, 0 : grid.width]
    found: npt.NDArray[np.float64] = np.asarray(grid.origin) + rows[..., None] * down + columns[..., None] * right
    return found
