"""Random fields and soft edges that the looks are painted with. All fields are float32 (H, W).

OpenCV filters them in double precision: in single, releases from 4.11 to 5.0 differ in the last bits, and a grey level
here and there would hang on the release.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Mask, Pixels

Canvas: TypeAlias = npt.NDArray[np.float32]  # (H, W), or (H, W, 3) where said


def blurred(canvas: Canvas, sigma: float) -> Canvas:
    """Gaussian blur; ``sigma`` in px."""
    double = canvas.astype(np.float64)
    return np.asarray(cv2.GaussianBlur(double, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def white(rng: np.random.Generator, shape: tuple[int, int], sigma: float = 0.0) -> Canvas:
    """Normal noise of unit variance, correlated over ``sigma`` px."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    # A Gaussian kernel of width sigma divides the variance of white noise by 4 pi sigma^2.
    return blurred(noise, sigma) * np.float32(max(1.0, 2.0 * np.sqrt(np.pi) * sigma)) if sigma > 0 else noise


def clouds(rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int = 1) -> Canvas:
    """Smooth noise of about unit variance with features of ``scale`` px; octaves halve in size and strength."""
    total = np.zeros(shape, dtype=np.float32)
    strength = 0.0
    for octave in range(octaves):
        step = max(2.0, scale / 2**octave)
        rows, columns = int(shape[0] / step) + 4, int(shape[1] / step) + 4
        coarse = rng.standard_normal((rows, columns), dtype=np.float32).astype(np.float64)
        size = int(columns * step) + 1, int(rows * step) + 1
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
        top, left = int(step), int(step)
        total += np.float32(0.5**octave) * fine[top : top + shape[0], left : left + shape[1]]
        strength += 0.25**octave
    return np.asarray(total * np.float32(1.5 / np.sqrt(strength)), dtype=np.float32)


def ridges(rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int = 2) -> Canvas:
    """Lines along the zero crossings of smooth noise, 1 on a line and 0 away from it: vessels, fibres, sulci."""
    return np.asarray(np.exp(-((clouds(rng, shape, scale, octaves) * 4.0) ** 2)), dtype=np.float32)


def soft(mask: Mask, sigma: float) -> Canvas:
    """The mask as a field between 0 and 1 with an edge of about ``sigma`` px."""
    return blurred(mask.astype(np.float32), sigma)


def mix(canvas: Canvas, value: Canvas | float, alpha: Canvas) -> Canvas:
    """``value`` laid over ``canvas`` with opacity ``alpha``; all of one shape, or broadcastable."""
    return np.asarray(canvas + (value - canvas) * alpha, dtype=np.float32)


def dome(mask: Mask) -> Canvas:
    """Height of a smooth bump on the mask: 0 at its edge, 1 where it is deepest, steep at the edge."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    part = depth / max(1.0, float(depth.max()))
    return np.asarray(np.sqrt(part * (2.0 - part)), dtype=np.float32)


def coordinates(shape: tuple[int, int]) -> tuple[Canvas, Canvas]:
    """Picture coordinates (u, v) from -1 to 1 across width and height."""
    v, u = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return (2 * u + 1) / shape[1] - 1, (2 * v + 1) / shape[0] - 1


def quantised(canvas: Canvas) -> Pixels:
    """A canvas with black 0 and white 1 as 8 bits."""
    return np.asarray(np.rint(np.clip(canvas, 0.0, 1.0) * 255.0), dtype=np.uint8)
