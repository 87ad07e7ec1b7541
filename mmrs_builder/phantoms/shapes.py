"""Parameters to masks, and parameters to areas and centroids without masks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from mmrs_builder.phantoms.blob import Blob, Floats, edge, level, outline, place
from mmrs_builder.phantoms.scene import Field, Shape, visible
from mmrs_builder.types import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Area in px², centroid and extent (x0, y0, x1, y1) in px of the visible part of a shape."""

    area: float
    x: float
    y: float
    extent: tuple[float, float, float, float]


def window(blob: Blob, field: Field) -> tuple[int, int, int, int]:
    """Half-open pixel box that holds the blob, limited to the picture."""
    x, y = outline(blob)
    reach = 1.0 + 0.02 * max(blob.a, blob.b)
    x0, y0 = max(0, floor(x.min() - reach)), max(0, floor(y.min() - reach))
    x1, y1 = min(field.width, ceil(x.max() + reach) + 1), min(field.height, ceil(y.max() + reach) + 1)
    return x0, y0, max(x0, x1), max(y0, y1)


def rasterise(shape: Shape, field: Field) -> Mask:
    """Mask (H, W) of the pixels whose centre lies in the shape; slivers that a cut leaves apart are dropped."""
    mask = np.zeros((field.height, field.width), dtype=np.bool_)
    x0, y0, x1, y1 = window(shape.blob, field)
    if x0 == x1 or y0 == y1:
        return mask
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    inner = contains(shape, x, y) & visible(field, x, y)
    mask[y0:y1, x0:x1] = largest_component(inner)
    return mask


def contains(shape: Shape, x: Floats, y: Floats) -> Mask:
    """Which positions (px) lie in the outline and in none of the cuts."""
    inner = level(shape.blob, x, y) <= 1.0
    for cut in shape.cuts:
        inner &= level(cut, x, y) > 1.0
    return np.asarray(inner, dtype=np.bool_)


def largest_component(mask: Mask) -> Mask:
    """The mask without its smaller 8-connected components."""
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    return np.asarray(names == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), dtype=np.bool_)


def cut_from_outside(shape: Shape, angles: int = 48, rings: int = 16) -> bool:
    """Whether every ray from the pole, once it has entered a cut, stays in it: then the rest is in one piece."""
    theta = np.linspace(0.0, 2.0 * np.pi, angles, endpoint=False)
    x, y = place(shape.blob, np.linspace(0.0, 1.0, rings)[:, None] * edge(shape.blob, theta), theta[None, :])
    kept = np.logical_and.reduce([level(cut, x, y) > 1.0 for cut in shape.cuts])
    return bool((kept[1:] <= kept[:-1]).all())


def moments(shape: Shape, field: Field, angles: int = 360, rings: int = 192) -> Moments:
    """Area, centroid and extent from the parameters, by the midpoint rule in the blob's polar coordinates.

    The area element of the blob's coordinates is ``a b ρ dρ dθ``; points cut away or outside the field
    weigh nothing.
    """
    theta = np.linspace(0.0, 2.0 * np.pi, angles, endpoint=False)
    rim = edge(shape.blob, theta)
    part = (np.arange(rings) + 0.5)[:, None] / rings
    x, y = place(shape.blob, part * rim, theta[None, :])
    kept = visible(field, x, y)
    for cut in shape.cuts:
        kept &= level(cut, x, y) > 1.0
    cell = shape.blob.a * shape.blob.b * (2.0 * np.pi / angles) / rings
    weight = np.where(kept, part * rim * rim, 0.0) * cell
    area = float(weight.sum())
    if area == 0.0:
        return Moments(area=0.0, x=shape.blob.x, y=shape.blob.y, extent=(0.0, 0.0, 0.0, 0.0))
    seen_x, seen_y = x[kept], y[kept]
    extent = (float(seen_x.min()), float(seen_y.min()), float(seen_x.max()), float(seen_y.max()))
    return Moments(area=area, x=float((weight * x).sum() / area), y=float((weight * y).sum() / area), extent=extent)
