"""The colonoscopy look: lit mucosa folded around a dark lumen, vessels, wet highlights, rounded polyps, a steel rod."""

from __future__ import annotations

import numpy as np

from mmrs_builder.phantoms.scene import visible
from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, coordinates, dome, mix, quantised, ridges, soft
from mmrs_builder.types import Pixels


def endoscopy(stage: Stage) -> Pixels:
    """RGB picture (H, W, 3)."""
    height, colour = wall(stage)
    height, colour = polyps(stage, height, colour)
    canvas = lit(stage, height, colour)
    canvas = rods(stage, canvas)
    y, x = np.mgrid[0 : stage.shape[0], 0 : stage.shape[1]].astype(np.float64)
    shown = blurred(visible(stage.plan.field, x, y).astype(np.float32), 0.7 * stage.unit)
    noise = stage.rng("noise").standard_normal((*stage.shape, 3), dtype=np.float32) * 0.012
    return quantised((canvas + noise) * shown[..., None])


def wall(stage: Stage) -> tuple[Canvas, Canvas]:
    """Height of the folds and colour (H, W, 3) of the mucosa; the lumen is a deep funnel."""
    rng, shape, unit = stage.rng("wall"), stage.shape, stage.unit
    u, v = coordinates(shape)
    centre = rng.uniform(-0.75, 0.75, 2)
    radius = np.hypot(u - centre[0], (v - centre[1]) * 0.85) + 0.09 * clouds(rng, shape, 50 * unit, 2)
    phase = np.log(np.clip(radius, 0.04, None)) * rng.uniform(6, 9) + 1.2 * clouds(rng, shape, 70 * unit)
    folds = np.abs(np.sin(phase)) ** 0.6
    height = 9.0 * folds - 26.0 * np.exp(-((radius / 0.25) ** 2)) + 1.6 * clouds(rng, shape, 18 * unit, 3)
    base = np.array([0.80, 0.42, 0.32]) + rng.normal(0, [0.03, 0.04, 0.03])
    tone = 1.0 + 0.07 * clouds(rng, shape, 40 * unit, 3)
    colour = base.astype(np.float32) * tone[..., None]
    vessels = blurred(ridges(rng, shape, 30 * unit, 3), 0.7 * unit) * np.clip(clouds(rng, shape, 40 * unit), 0, 1)
    colour = mix(colour, np.array([0.62, 0.2, 0.17], dtype=np.float32), (0.5 * vessels)[..., None])
    shade = 1.0 - 0.8 * np.exp(-((radius / 0.33) ** 2))
    return np.asarray(height * unit, dtype=np.float32), np.asarray(colour * shade[..., None], dtype=np.float32)


def polyps(stage: Stage, height: Canvas, colour: Canvas) -> tuple[Canvas, Canvas]:
    """Smooth bumps, a little redder and finer in texture than the wall, with a shaded foot."""
    rng, unit = stage.rng("polyps"), stage.unit
    for _, mask in stage.units("polyp"):
        size = float(np.sqrt(mask.sum() / np.pi))
        bump = blurred(dome(mask), 1.0 * unit)
        inner = soft(mask, 1.0 * unit)
        height = mix(height, blurred(height, 10 * unit), inner * np.float32(0.7)) + bump * np.float32(0.55 * size)
        hue = np.array([1.02, 0.86, 0.88]) + rng.normal(0, 0.03, 3)
        pits = 1.0 + 0.05 * clouds(rng, stage.shape, 4 * unit, 2)
        smooth = blurred(colour, 8 * unit) * hue.astype(np.float32) * pits[..., None]
        colour = mix(colour, smooth, (inner * 0.85)[..., None])
        foot = np.clip(soft(mask, 3.0 * unit) - inner, 0, 1)
        colour = np.asarray(colour * (1.0 - 0.55 * foot[..., None]), dtype=np.float32)
    return height, colour


def lit(stage: Stage, height: Canvas, colour: Canvas) -> Canvas:
    """The colour under a lamp beside the lens: Lambert shading, falling off towards the rim, with wet highlights."""
    rng, unit = stage.rng("light"), stage.unit
    smooth = blurred(height, 0.8 * unit)
    dy, dx = np.gradient(smooth)
    norm = np.sqrt(1.0 + dx * dx + dy * dy)
    u, v = coordinates(stage.shape)
    lamp = rng.uniform(-0.35, 0.35, 2)
    lx, ly = (lamp[0] - u) * 0.55, (lamp[1] - v) * 0.55
    facing = (1.0 - dx * lx - dy * ly) / (norm * np.sqrt(1.0 + lx * lx + ly * ly))
    falloff = 1.08 - 0.33 * ((u - lamp[0]) ** 2 + (v - lamp[1]) ** 2)
    shading = np.clip(0.3 + 0.75 * facing, 0.05, 1.4) * np.clip(falloff, 0.3, 1.2)
    wet = np.clip(facing - 0.965, 0, 1) * 40 * (clouds(rng, stage.shape, 7 * unit, 2) > 1.6)
    gloss = blurred(np.clip(wet, 0, 1).astype(np.float32), 0.8 * unit)
    return mix(np.asarray(colour * shading[..., None], dtype=np.float32), 0.97, gloss[..., None])


def rods(stage: Stage, canvas: Canvas) -> Canvas:
    """Instruments: grey cylinders with a bright line along them."""
    for _, mask in stage.units("instrument"):
        round_ = dome(mask)
        steel = 0.2 + 0.5 * round_ + 0.3 * np.exp(-(((round_ - 0.9) / 0.08) ** 2))
        tint = np.array([0.9, 0.95, 1.0], dtype=np.float32) * steel[..., None]
        canvas = mix(canvas, tint, soft(mask, 0.8 * stage.unit)[..., None])
    return canvas
