"""Where volumes lie: checks of a lattice, and the one place where a volume is turned upright.

Frame: patient LPS in millimetres (x to the patient's left, y to the back, z to the head), as DICOM and ITK use it;
NIfTI's RAS has the first two negated. Upright is array order (inferior, posterior, left): axis 0 runs towards the
feet, axis 1 towards the back, axis 2 towards the patient's left. Every slice along an axis is then a picture in the
radiological convention: axial slices with the front above and the patient's left at the viewer's right, coronal and
sagittal slices with the head above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Evidence, Lattice, Vector, Volume
from mmrs_builder.vocab import Rejected

S = TypeVar("S", bound=np.generic)

MAX_TILT: Final = 20.0
"""Degrees between an array axis and the body axis it is taken for. Gantry tilt and brain scans along the line between
the commissures stay below; a heart's short axis lies far above, and has no left side to speak of."""

RIGHT_ANGLE: Final = 0.01
"""Cosine between two axes that still counts as a right angle: headers in single precision reach 1e-4."""

SAME_PLACE: Final = 0.25
"""Part of the smallest voxel side by which the corners of two grids may differ and still be one grid."""

UPRIGHT: Final[tuple[Vector, Vector, Vector]] = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
"""Inferior, posterior, left in LPS."""

MAX_VOXELS: Final = 1 << 30

STEPS: Final = (1e-6, 1e3)
"""Smallest and largest distance in mm between neighbouring voxels: a scan with others has a damaged header."""


def lattice(
    shape: Sequence[int],
    origin: Sequence[float],
    steps: Sequence[Sequence[float]],
    evidence: Evidence | None,
    what: str,
) -> Lattice:
    """A lattice, checked. ``steps`` are the way in mm from a voxel to the next along each array axis.

    Raises ``Rejected``: ``bad_geometry`` for what is not finite, steps that are too short or too long (``STEPS``) and
    axes that are not at right angles; ``too_large`` for more than ``MAX_VOXELS`` voxels.
    """
    sizes = [int(n) for n in shape]  # the small integers of headers would wrap around when multiplied
    if len(sizes) != 3 or min(sizes) < 1:
        raise Rejected("bad_geometry", what, f"{len(sizes)} dimensions: {' x '.join(map(str, sizes))}")
    if math.prod(sizes) > MAX_VOXELS:
        raise Rejected("too_large", what, f"{' x '.join(map(str, sizes))} voxels, limit {MAX_VOXELS}")
    matrix = np.asarray(steps, np.float64)
    if not (np.isfinite(matrix).all() and np.isfinite(np.asarray(origin, np.float64)).all()):
        raise Rejected("bad_geometry", what, "not finite")
    lengths = np.array([math.hypot(*step) for step in matrix])
    if lengths.min() < STEPS[0] or lengths.max() > STEPS[1]:
        raise Rejected("bad_geometry", what, f"spacing {', '.join(f'{length:g}' for length in lengths)} mm")
    units = matrix / lengths[:, None]
    cosines = np.abs(units @ units.T - np.eye(3))
    if cosines.max() > RIGHT_ANGLE:
        raise Rejected("bad_geometry", what, f"axes are not at right angles: cosine {cosines.max():.3f}")
    return Lattice(
        shape=(sizes[0], sizes[1], sizes[2]),
        origin=_vector(origin),
        steps=(_vector(matrix[0]), _vector(matrix[1]), _vector(matrix[2])),
        evidence=evidence,
    )


def spacing(grid: Lattice) -> Vector:
    """Distance in mm between neighbouring voxels along each array axis."""
    return _vector([math.hypot(*step) for step in grid.steps])


def corners(grid: Lattice) -> npt.NDArray[np.float64]:
    """Centres (8, 3) of the outermost voxels, LPS mm."""
    ends = [(0, n - 1) for n in grid.shape]
    index = np.array([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]], np.float64)
    points: npt.NDArray[np.float64] = np.asarray(grid.origin) + index @ np.asarray(grid.steps)
    return points


def same_grid(a: Lattice, b: Lattice) -> bool:
    """Whether two arrays lie on one grid: equal shapes, and no corner off by more than ``SAME_PLACE`` voxels."""
    if a.shape != b.shape:
        return False
    apart = float(np.linalg.norm(corners(a) - corners(b), axis=1).max())
    return apart <= SAME_PLACE * min(*spacing(a), *spacing(b))


def turn(grid: Lattice, what: str) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """How an array becomes upright: the array axis that becomes axis 0, 1 and 2, and which of those are reversed.

    Without evidence nothing is reversed, and the last array axis becomes the first: files hold one slice after the
    other, row by row. Raises ``Rejected`` (``oblique``) beyond ``MAX_TILT`` degrees.
    """
    if grid.evidence is None:
        return (2, 1, 0), (False, False, False)
    units = np.asarray(grid.steps) / np.asarray(spacing(grid))[:, None]
    cosines = np.asarray(UPRIGHT) @ units.T  # (body axis, array axis)
    order = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[i, axis]) for i, axis in enumerate(axes)))
    along = [float(cosines[i, axis]) for i, axis in enumerate(order)]
    tilt = math.degrees(math.acos(min(1.0, *map(abs, along))))
    if tilt > MAX_TILT:
        raise Rejected("oblique", what, f"{tilt:.0f} degrees, limit {MAX_TILT:.0f}")
    return (order[0], order[1], order[2]), (along[0] < 0, along[1] < 0, along[2] < 0)


def turned(values: npt.NDArray[S], axes: Sequence[int], reverse: Sequence[bool]) -> npt.NDArray[S]:
    """An array in the order that ``turn`` found; a view, nothing is copied."""
    return values.transpose(tuple(axes))[tuple(slice(None, None, -1 if flip else 1) for flip in reverse)]


def turned_lattice(grid: Lattice, axes: Sequence[int], reverse: Sequence[bool]) -> Lattice:
    """The lattice of an array that ``turned`` returned."""
    origin = np.asarray(grid.origin)
    steps = []
    for axis, flip in zip(axes, reverse, strict=True):
        step = np.asarray(grid.steps[axis])
        if flip:
            origin = origin + (grid.shape[axis] - 1) * step
        steps.append(_vector(-step if flip else step))
    return Lattice(
        shape=(grid.shape[axes[0]], grid.shape[axes[1]], grid.shape[axes[2]]),
        origin=_vector(origin),
        steps=(steps[0], steps[1], steps[2]),
        evidence=grid.evidence,
    )


def upright(volume: Volume, what: str) -> Volume:
    """The volume in array order (inferior, posterior, left). Raises ``Rejected`` (``oblique``)."""
    axes, reverse = turn(volume.lattice, what)
    return Volume(values=turned(volume.values, axes, reverse), lattice=turned_lattice(volume.lattice, axes, reverse))


def _vector(values: Sequence[float] | npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) + 0.0 for value in values)  # + 0.0: no negative zero in a shard
    return x, y, z
