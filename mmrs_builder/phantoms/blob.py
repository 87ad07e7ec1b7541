"""A closed outline from a dozen numbers: a bent ellipse whose radius carries a few harmonics.

In its own axes a point of a blob is ``(a ρ cos θ + bow (ρ sin θ)², b ρ sin θ)`` with ``ρ`` between 0 and
``edge(θ)``; the bend is a shear and keeps areas. The axes are turned by ``tilt``, reflected if
``flip``, and moved to ``(x, y)``. All lengths are pixels of the viewer frame, all angles radians.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, sin
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Wave: TypeAlias = tuple[int, float, float]  # order, relative amplitude, phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Outline parameters. ``power`` 2 is an ellipse; larger values square it off (a Lamé curve)."""

    x: float
    y: float
    a: float
    b: float
    tilt: float = 0.0
    bow: float = 0.0
    flip: bool = False
    power: float = 2.0
    waves: tuple[Wave, ...] = ()


def edge(blob: Blob, theta: Floats) -> Floats:
    """Relative radius of the outline at angle ``theta``; 1 everywhere for a plain ellipse."""
    radius = np.ones_like(theta)
    for order, amplitude, phase in blob.waves:
        radius += amplitude * np.cos(order * theta + phase)
    if blob.power != 2.0:
        lame = np.abs(np.cos(theta)) ** blob.power + np.abs(np.sin(theta)) ** blob.power
        radius *= lame ** (-1.0 / blob.power)
    return radius


def place(blob: Blob, rho: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Positions (x, y) in px of points given in the blob's own polar coordinates."""
    v = rho * np.sin(theta)
    p, q = blob.a * rho * np.cos(theta) + blob.bow * v * v, blob.b * v
    c, s = cos(blob.tilt), sin(blob.tilt)
    sign = -1.0 if blob.flip else 1.0
    return blob.x + sign * (p * c - q * s), blob.y + p * s + q * c


def level(blob: Blob, x: Floats, y: Floats) -> Floats:
    """0 at the blob's pole, 1 on its outline, larger outside."""
    dx, dy = (blob.x - x if blob.flip else x - blob.x), y - blob.y
    c, s = cos(blob.tilt), sin(blob.tilt)
    v = (dy * c - dx * s) / blob.b
    u = (dx * c + dy * s - blob.bow * v * v) / blob.a
    return np.asarray(np.hypot(u, v) / edge(blob, np.arctan2(v, u)), dtype=np.float64)


def outline(blob: Blob, points: int = 90) -> tuple[Floats, Floats]:
    """``points`` positions along the outline."""
    theta = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    return place(blob, edge(blob, theta), theta)


def reflected(blob: Blob, width: int) -> Blob:
    """The blob in a picture of ``width`` px flipped left to right."""
    return replace(blob, x=width - 1 - blob.x, flip=not blob.flip)


def scaled(blob: Blob, factor: float) -> Blob:
    """The blob about its own pole, ``factor`` times as large."""
    return replace(blob, a=blob.a * factor, b=blob.b * factor, bow=blob.bow * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A similarity: turn by ``angle`` and scale by ``factor`` about (x, y), then move by (dx, dy)."""

    x: float
    y: float
    angle: float = 0.0
    factor: float = 1.0
    dx: float = 0.0
    dy: float = 0.0


def moved(blob: Blob, motion: Motion) -> Blob:
    """The blob after a similarity of the whole picture."""
    c, s = motion.factor * cos(motion.angle), motion.factor * sin(motion.angle)
    px, py = blob.x - motion.x, blob.y - motion.y
    x, y = motion.x + px * c - py * s + motion.dx, motion.y + px * s + py * c + motion.dy
    turn = -motion.angle if blob.flip else motion.angle
    return replace(scaled(blob, motion.factor), x=x, y=y, tilt=blob.tilt + turn)
