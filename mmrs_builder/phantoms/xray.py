"""The chest X-ray look: what dims the beam adds up, bone edges bright, everything soft."""

from __future__ import annotations

import numpy as np

from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, coordinates, dome, quantised, ridges, soft, white
from mmrs_builder.types import Pixels


def xray(stage: Stage) -> Pixels:
    """Grey picture (H, W); bright is dense."""
    unit = stage.unit
    canvas = soft_tissue(stage) + lungs(stage) + mediastinum(stage) + bones(stage) + nodules(stage)
    canvas = blurred(canvas, 0.6 * unit) + 0.016 * white(stage.rng("noise"), stage.shape, 0.6 * unit)
    u, v = coordinates(stage.shape)
    tilt = stage.rng("tilt").normal(0, 0.04, 2)
    return quantised(canvas + np.float32(tilt[0]) * u + np.float32(tilt[1]) * v)


def soft_tissue(stage: Stage) -> Canvas:
    """Shoulders and trunk, denser towards the abdomen, against the dark of the empty beam."""
    rng = stage.rng("tissue")
    assert stage.plan.body is not None
    depth = stage.level(stage.plan.body)
    u, v = coordinates(stage.shape)
    middle = next(2 * shape.blob.x / stage.shape[1] - 1 for shape, _ in stage.units("spine"))
    depth = np.minimum(depth, 0.78 + np.abs(u - middle))  # the neck
    trunk = 0.54 + 0.06 * v + 0.03 * clouds(rng, stage.shape, 60 * stage.unit, 3)
    return np.asarray(0.06 + (trunk - 0.06) * np.clip((1.0 - depth) * 14.0, 0.0, 1.0), dtype=np.float32)


def lungs(stage: Stage) -> Canvas:
    """Air dims less: dark fields with vessels that thin out from the hilum, hidden behind the diaphragm below."""
    rng, unit = stage.rng("lungs"), stage.unit
    canvas = np.zeros(stage.shape, dtype=np.float32)
    for shape, mask in stage.units("lung_left", "lung_right"):
        air = blurred(soft(mask, 1.8 * unit), 1.5 * unit)
        u, _ = coordinates(stage.shape)
        hilum = np.exp(-((u / 0.45) ** 2)) * np.exp(-(((stage.level(shape.blob) - 0.4) / 0.7) ** 2))
        vessels = blurred(ridges(rng, stage.shape, 20 * unit), 0.9 * unit) * (0.03 + 0.14 * hilum)
        haze = 0.035 * clouds(rng, stage.shape, 24 * unit, 3)
        canvas += air * (-0.34 + vessels + haze)
    return canvas


def mediastinum(stage: Stage) -> Canvas:
    """Heart, great vessels and spine, each adding its thickness."""
    rng, unit = stage.rng("mediastinum"), stage.unit
    canvas = np.zeros(stage.shape, dtype=np.float32)
    for _, mask in stage.units("heart"):
        canvas += blurred(soft(mask, 1.5 * unit), 1.5 * unit) * (0.1 + 0.09 * dome(mask))
    for shape, mask in stage.units("spine"):
        discs = 0.6 + 0.4 * np.sin(np.arange(stage.shape[0]) * (2 * np.pi / (15 * unit)) + rng.uniform(0, 6))
        canvas += soft(mask, 2.0 * unit) * (0.05 + 0.03 * discs[:, None].astype(np.float32))
        u = stage.level(shape.blob)
        canvas += 0.09 * np.exp(-((u / 1.6) ** 2))
    return canvas


def bones(stage: Stage) -> Canvas:
    """Nine pairs of ribs as bands with bright edges, and the clavicles."""
    rng, unit = stage.rng("bones"), stage.unit
    u, v = coordinates(stage.shape)
    canvas = np.zeros(stage.shape, dtype=np.float32)
    side = np.abs(u)
    course = float(rng.uniform(0.12, 0.26)) * side + float(rng.uniform(0.4, 0.7)) * (side - 0.3) ** 2
    cage = np.clip((0.9 - side) * 10, 0, 1) * np.clip((side - 0.1) * 12, 0, 1)
    for row in np.linspace(-0.85, 0.75, 9) + rng.normal(0, 0.012, 9):
        for front, strength in ((1.0, 0.05), (-0.8, 0.03)):
            away = np.abs(v - float(row) - front * course) * 23.0
            band = np.clip((1.05 - away) * 8.0, 0, 1)
            canvas += strength * band * (0.6 + 0.7 * np.clip((away - 0.6) * 4.0, 0, 1)) * cage
    for _, mask in stage.units("clavicle_left", "clavicle_right"):
        body = soft(mask, 1.0 * unit)
        canvas += 0.1 * body + 0.22 * body * (1.0 - body) * 2.0
    return canvas


def nodules(stage: Stage) -> Canvas:
    """Rounded opacities, thickest in the middle, with an uneven inside."""
    rng, unit = stage.rng("nodules"), stage.unit
    canvas = np.zeros(stage.shape, dtype=np.float32)
    for _, mask in stage.units("nodule"):
        strength = float(rng.uniform(0.13, 0.2))
        uneven = 1.0 + 0.2 * clouds(rng, stage.shape, 9 * unit, 2)
        canvas += strength * soft(mask, 1.2 * unit) * (0.55 + 0.45 * dome(mask)) * uneven
    return canvas
