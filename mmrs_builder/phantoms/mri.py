"""The brain MRI look: tissue contrast by sequence, folded cortex, coil shading, Rician noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, mix, quantised, ridges, soft
from mmrs_builder.types import Pixels

CONTRAST: Final = {
    "T1": {"white": 0.60, "grey": 0.47, "fluid": 0.16, "scalp": 0.85, "tumour": 0.40, "core": 0.26},
    "T2": {"white": 0.34, "grey": 0.47, "fluid": 0.86, "scalp": 0.62, "tumour": 0.60, "core": 0.78},
    "FLAIR": {"white": 0.42, "grey": 0.52, "fluid": 0.14, "scalp": 0.78, "tumour": 0.66, "core": 0.36},
}
"""Relative signal of the tissues; sequences differ in which of them is bright."""


def mri(stage: Stage) -> Pixels:
    """Grey picture (H, W)."""
    tissue = CONTRAST[stage.plan.sequence or "T1"]
    canvas = head(stage, tissue)
    for _, mask in stage.units("ventricle"):
        canvas = mix(canvas, tissue["fluid"], soft(mask, 0.8 * stage.unit))
    canvas = growths(stage, canvas, tissue)
    rng = stage.rng("coil")
    canvas = blurred(canvas, 0.8 * stage.unit) * np.exp(0.12 * clouds(rng, stage.shape, 150 * stage.unit) - 0.12)
    noise = stage.rng("noise").standard_normal((2, *stage.shape), dtype=np.float32) * float(rng.uniform(0.022, 0.04))
    return quantised(np.hypot(canvas + noise[0], noise[1]))


def head(stage: Stage, tissue: dict[str, float]) -> Canvas:
    """Scalp, skull, fluid, and a brain of white matter with a folded grey rim."""
    rng, shape, unit = stage.rng("head"), stage.shape, stage.unit
    assert stage.plan.body is not None
    depth = stage.level(stage.plan.body)
    canvas = np.zeros(shape, dtype=np.float32)
    canvas = mix(canvas, tissue["scalp"] + 0.1 * clouds(rng, shape, 12 * unit), step(1.0 - depth))
    canvas = mix(canvas, 0.05, step(0.955 - depth))
    canvas = mix(canvas, tissue["fluid"], step(0.915 - depth))
    for blob, mask in stage.units("brain"):
        folds = cortex(stage, stage.level(blob.blob), tissue)
        canvas = mix(canvas, folds, soft(mask, 0.8 * unit))
    return canvas


def step(distance: Canvas) -> Canvas:
    """0 to 1 as a level difference changes sign."""
    return np.asarray(np.clip(distance * 70.0 + 0.5, 0.0, 1.0), dtype=np.float32)


def cortex(stage: Stage, depth: Canvas, tissue: dict[str, float]) -> Canvas:
    """White matter, deep nuclei, and gyri that reach inwards from the surface."""
    rng, shape, unit = stage.rng("cortex"), stage.shape, stage.unit
    sulci = ridges(rng, shape, 17 * unit, 2)
    ribbon = np.clip((depth - 0.74 + 0.1 * clouds(rng, shape, 20 * unit)) * 9.0, 0.0, 1.0)
    grey = np.clip(blurred(sulci, 2.2 * unit) * 1.9 * ribbon + np.clip((depth - 0.93) * 20, 0, 1), 0.0, 1.0)
    canvas = np.full(shape, tissue["white"], dtype=np.float32) + 0.02 * clouds(rng, shape, 30 * unit, 3)
    canvas = mix(canvas, tissue["grey"], grey.astype(np.float32))
    canvas = mix(canvas, tissue["fluid"], (sulci**2 * ribbon * 0.85).astype(np.float32))
    nuclei = np.clip(clouds(rng, shape, 40 * unit) - 0.5, 0, 1) * np.clip(1.0 - depth * 1.6, 0, 1)
    canvas = mix(canvas, tissue["grey"], nuclei.astype(np.float32))
    return mix(canvas, tissue["fluid"], fissure(stage) * np.clip((depth - 0.42) * 4, 0, 1) * np.float32(0.7))


def fissure(stage: Stage) -> Canvas:
    """The cleft between the hemispheres: a thin line along the brain's own upright axis."""
    (brain, _), *_ = stage.units("brain")
    y, x = np.mgrid[0 : stage.shape[0], 0 : stage.shape[1]].astype(np.float32)
    tilt = -brain.blob.tilt if brain.blob.flip else brain.blob.tilt
    across = (x - brain.blob.x) * np.cos(tilt) + (y - brain.blob.y) * np.sin(tilt)
    across += 2.0 * stage.unit * clouds(stage.rng("fissure"), stage.shape, 40 * stage.unit)
    return np.asarray(np.exp(-((across / (1.4 * stage.unit)) ** 2)), dtype=np.float32)


def growths(stage: Stage, canvas: Canvas, tissue: dict[str, float]) -> Canvas:
    """Tumours: an uneven rim around a core, and oedema that fades into the white matter."""
    rng, unit = stage.rng("growths"), stage.unit
    for _, mask in stage.units("tumour"):
        halo = blurred(soft(mask, 1.0), 7 * unit) * (0.5 + 0.3 * clouds(rng, stage.shape, 10 * unit))
        canvas = mix(canvas, tissue["tumour"], np.clip(halo * 0.5, 0, 1).astype(np.float32))
        uneven = tissue["tumour"] + 0.07 * clouds(rng, stage.shape, 8 * unit, 2)
        canvas = mix(canvas, uneven, soft(mask, 1.2 * unit) * np.float32(0.9))
        core = np.clip(blurred(soft(mask, 1.0), 4 * unit) * 3.0 - 2.0 + 0.4 * clouds(rng, stage.shape, 9 * unit), 0, 1)
        canvas = mix(canvas, tissue["core"], (core * mask * 0.6).astype(np.float32))
    return canvas
