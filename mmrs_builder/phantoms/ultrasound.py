"""The ultrasound look: layers or organs as scatterers, speckle, attenuation, shadow and enhancement along the beam."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from mmrs_builder.phantoms.scene import Fan, visible
from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, coordinates, mix, quantised, ridges, soft
from mmrs_builder.types import Mask, Pixels

RAYS: Final = 720  # in a full turn


def ultrasound(stage: Stage) -> Pixels:
    """Grey picture (H, W)."""
    tissue = layers(stage) if stage.plan.region == "breast" else organs(stage)
    tissue = growths(stage, tissue) + beam(stage)
    echo = np.exp2(tissue * 5.0) * speckle(stage) ** 0.8
    canvas = np.log2(echo + 0.03) / 8.5 + 0.52
    y, x = np.mgrid[0 : stage.shape[0], 0 : stage.shape[1]].astype(np.float64)
    shown = blurred(visible(stage.plan.field, x, y).astype(np.float32), 0.6 * stage.unit)
    return quantised(canvas * shown)


def layers(stage: Stage) -> Canvas:
    """Skin, fat lobules with bright septa, fibroglandular tissue, muscle; log2 of echo strength."""
    rng, shape, unit = stage.rng("layers"), stage.shape, stage.unit
    _, v = coordinates(shape)
    depth = (v + 1.0) / 2.0 + 0.035 * clouds(rng, shape, 60 * unit)
    fat = -0.3 + 0.4 * ridges(rng, shape, 34 * unit) + 0.08 * clouds(rng, shape, 16 * unit, 2)
    gland = 0.0 + 0.2 * clouds(rng, shape, 22 * unit, 3) - 0.3 * ridges(rng, shape, 26 * unit)
    fibres = np.sin(depth * 110 + 2.0 * clouds(rng, shape, 50 * unit))
    muscle = -0.26 + 0.14 * fibres * clouds(rng, shape, 40 * unit) + 0.08 * clouds(rng, shape, 14 * unit)
    edges = np.sort(rng.uniform(0.25, 0.85, 2))
    canvas = mix(fat, gland, np.clip((depth - edges[0]) * 14, 0, 1))
    canvas = mix(canvas, muscle, np.clip((depth - edges[1]) * 20, 0, 1))
    return mix(canvas, 0.35, np.exp(-(((depth - 0.03) / 0.025) ** 2)).astype(np.float32))


def organs(stage: Stage) -> Canvas:
    """Liver and kidney, or the thyroid between its muscles; log2 of echo strength."""
    rng, shape, unit = stage.rng("layers"), stage.shape, stage.unit
    canvas = -0.22 + 0.16 * clouds(rng, shape, 26 * unit, 3) + 0.35 * ridges(rng, shape, 40 * unit)
    for organ, mask in stage.units("liver", "thyroid", "kidney_right"):
        grain = 0.05 * clouds(rng, shape, 12 * unit, 2)
        if organ.label == "kidney_right":
            sinus = np.clip((sunken(mask) - 0.55) * 5, 0, 1)
            tissue = mix(-0.24 + grain, 0.22 + 2 * grain, sinus.astype(np.float32))
        else:
            tissue = 0.02 + grain - 0.5 * ridges(rng, shape, 44 * unit) * (clouds(rng, shape, 30 * unit) > 0)
        canvas = mix(canvas, tissue, soft(mask, 1.0 * unit))
        capsule = soft(mask, 1.1 * unit) * (1.0 - soft(mask, 1.1 * unit)) * 4
        canvas = np.asarray(canvas + 0.18 * capsule, dtype=np.float32)
    return canvas


def sunken(mask: Mask) -> Canvas:
    """Depth below the organ's surface, 0 to 1."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(depth / max(1.0, float(depth.max())), dtype=np.float32)


def growths(stage: Stage, canvas: Canvas) -> Canvas:
    """Masses: darker, uneven, blurred edge, echogenic halo. Cysts: dark, even, sharp, with a bright wall."""
    rng, unit = stage.rng("growths"), stage.unit
    for shape, mask in stage.units("breast_mass", "cyst"):
        edge = 1.0 if shape.label == "cyst" else 1.8
        alpha = soft(mask, edge * unit)
        if shape.label == "cyst":
            inner = -0.66 + 0.03 * clouds(rng, stage.shape, 14 * unit)
        else:
            inner = -0.56 + 0.09 * clouds(rng, stage.shape, 9 * unit, 2)
        canvas = mix(canvas, inner, alpha)
        halo = alpha * (1.0 - alpha) * 4.0
        canvas = np.asarray(canvas + (0.28 if shape.label == "cyst" else 0.22) * halo, dtype=np.float32)
    return canvas


def beam(stage: Stage) -> Canvas:
    """Attenuation with depth, shadow behind masses, enhancement behind cysts, and dropouts; log2 of echo strength."""
    rng, unit = stage.rng("beam"), stage.unit
    absorb = soft(stage.mask("breast_mass"), 1.5 * unit) * 0.012 - soft(stage.mask("cyst"), 1.5 * unit) * 0.006
    streaks = np.zeros(stage.shape, dtype=np.float32)
    streaks[: max(1, int(3 * unit))] = np.clip(clouds(rng, (1, stage.shape[1]), 14 * unit, 2) - 0.6, 0, 2) * 0.06
    path = blurred(along_beam((absorb + streaks) / unit, stage.plan.field.fan), 2.0 * unit)
    inside = soft(stage.mask("breast_mass", "cyst"), 1.0 * unit)
    _, v = coordinates(stage.shape)
    depth = 0.12 - 0.22 * np.clip((v + 1) / 2 - float(rng.uniform(0.3, 0.6)), 0, 1)
    return np.asarray(depth - np.clip(path, -0.22, 0.4) * (1.0 - inside), dtype=np.float32)


def along_beam(absorb: Canvas, fan: Fan | None) -> Canvas:
    """Sum of ``absorb`` on the way from the probe: down the columns, or along the rays of a fan."""
    if fan is None:
        return np.asarray(np.cumsum(absorb, axis=0), dtype=np.float32)
    reach = int(fan.far * 1.1)
    angles, depths = 2 * np.pi / RAYS * np.arange(RAYS)[:, None], np.arange(reach)
    polar = np.cumsum(
        sampled(absorb, fan.y + depths * np.sin(angles), fan.x + depths * np.cos(angles)), axis=1, dtype=np.float32
    )
    down, right = (np.arange(size) - at for size, at in zip(absorb.shape, (fan.y, fan.x), strict=True))
    angle = np.arctan2(down[:, None], right) % (2 * np.pi)
    return sampled(polar, angle * RAYS / (2 * np.pi), np.hypot(down[:, None], right))


def sampled(canvas: Canvas, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Canvas:
    """Values between pixels, by lines; 0 outside. OpenCV's own differ in the last bits between its releases."""
    return np.asarray(map_coordinates(canvas, np.stack([rows, columns]), order=1), dtype=np.float32)


def speckle(stage: Stage) -> Canvas:
    """Rayleigh-distributed interference, wider across the beam than along it."""
    parts = stage.rng("speckle").standard_normal((2, *stage.shape), dtype=np.float32)
    across, along = 1.5 * stage.unit, 0.8 * stage.unit
    double = parts.astype(np.float64)  # as in ``blurred``
    real, imaginary = (cv2.GaussianBlur(part, (0, 0), across, sigmaY=along) for part in double)
    field = np.hypot(real, imaginary) * (2.0 * np.sqrt(np.pi * across * along))
    return np.asarray(field, dtype=np.float32)
