"""Solids given by formula in the patient: ellipsoids, and endless tubes for vessels and the spine.

A point (LPS, mm) has the level ``|(u, v, w)|``, where ``(u, v, w)`` is its offset from the centre along the solid's own
axes, each divided by the semi-axis; a tube leaves out ``w``. The level is 1 on the surface and smaller within.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmrs_builder.phantoms.blob import Floats
from mmrs_builder.types import Lattice, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """One unit of a label. ``half`` are the semi-axes in mm; ``yaw`` turns the solid about the body's long axis and
    ``roll`` about the axis from front to back, in radians. ``host`` is the organ that a lesion lies in, if any.
    """

    label: str
    centre: Vector
    half: Vector
    yaw: float = 0.0
    roll: float = 0.0
    tube: bool = False
    host: str | None = None


def axes(solid: Solid) -> Floats:
    """Unit vectors (3, 3) of the solid's own axes in LPS, one per row."""
    c, s, d, t = np.cos(solid.yaw), np.sin(solid.yaw), np.cos(solid.roll), np.sin(solid.roll)
    yaw = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    roll = np.array([[d, 0.0, t], [0.0, 1.0, 0.0], [-t, 0.0, d]])
    return np.asarray(yaw @ roll, np.float64)


def level(solid: Solid, points: npt.ArrayLike) -> Floats:
    """Level (…) of points (…, 3) in LPS mm."""
    offset = np.asarray(points, np.float64) - solid.centre
    return np.asarray(np.linalg.norm(offset @ _scaled(solid).T, axis=-1), np.float64)


def levels(solid: Solid, lattice: Lattice) -> Floats:
    """Level (i, j, k) of every voxel's centre."""
    own = _scaled(solid)
    start = own @ (np.asarray(lattice.origin) - solid.centre)
    rows = zip(start, own @ np.asarray(lattice.steps).T, strict=True)
    i, j, k = (np.arange(n, dtype=np.float64) for n in lattice.shape)
    total = np.zeros(lattice.shape)
    for first, (a, b, c) in rows:
        offset = (first + a * i[:, None, None] + b * j[:, None]) + c * k
        offset *= offset
        total += offset
    return np.asarray(np.sqrt(total, out=total), np.float64)


def reach(solid: Solid, direction: Vector) -> float:
    """How far the solid reaches from its centre along a unit vector, in mm; without end along a tube."""
    along = axes(solid) @ np.asarray(direction)
    if solid.tube and abs(along[2]) > 1e-9:
        return float("inf")
    return float(np.linalg.norm(along * solid.half))


def _scaled(solid: Solid) -> Floats:
    rows = axes(solid) / np.asarray(solid.half)[:, None]
    return np.asarray(rows[: 2 if solid.tube else 3], np.float64)
