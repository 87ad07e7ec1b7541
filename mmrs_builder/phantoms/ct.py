"""The CT look: Hounsfield units, correlated noise, a table, and a display window."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, coordinates, mix, quantised, ridges, soft, white
from mmrs_builder.types import Mask, Pixels

HOUNSFIELD: Final = {
    "liver": 105.0, "spleen": 118.0, "kidney_left": 150.0, "kidney_right": 150.0, "stomach": 38.0, "aorta": 165.0,
    "spine": 260.0, "heart": 120.0, "lung_left": -830.0, "lung_right": -830.0, "bladder": 8.0,
}  # fmt: skip
"""Portal venous phase, rounded from common reference values."""

WINDOWS: Final = {"abdomen": (-150.0, 250.0), "pelvis": (-150.0, 250.0), "chest": (-900.0, 350.0)}


def ct(stage: Stage) -> Pixels:
    """Grey picture (H, W)."""
    canvas = torso(stage)
    canvas = organs(stage, canvas)
    canvas = growths(stage, canvas)
    noise = 17.0 * white(stage.rng("noise"), stage.shape, 0.8 * stage.unit)
    noise += 7.0 * white(stage.rng("grain"), stage.shape)
    noise *= 1.0 if stage.plan.region != "chest" else 2.2
    low, high = WINDOWS[stage.plan.region]
    return quantised((blurred(canvas, 0.7 * stage.unit) + noise - np.float32(low)) / np.float32(high - low))


def torso(stage: Stage) -> Canvas:
    """Air, table, skin, fat, muscle wall, ribs, and bowel or other soft tissue within."""
    rng, shape = stage.rng("torso"), stage.shape
    assert stage.plan.body is not None
    depth = stage.level(stage.plan.body) + 0.012 * clouds(rng, shape, 30 * stage.unit)
    canvas = np.full(shape, -1000.0, dtype=np.float32)
    canvas = mix(canvas, -300.0, table(stage, depth))
    canvas = mix(canvas, -95.0 + 12 * clouds(rng, shape, 18 * stage.unit, 2), within(depth, 1.0))
    canvas = mix(canvas, 40.0, within(depth, 1.005) - within(depth, 0.985))
    muscle = 52.0 + 16 * clouds(rng, shape, 14 * stage.unit, 2) - 90 * ridges(rng, shape, 26 * stage.unit, 1)
    canvas = mix(canvas, muscle, within(depth, 0.93))
    inner = within(depth, 0.84)
    canvas = mix(canvas, -85.0 + 10 * clouds(rng, shape, 12 * stage.unit, 2), inner)
    canvas = mix(canvas, loops(stage), inner * loops_alpha(stage))
    return ribs(stage, canvas, depth)


def within(depth: Canvas, limit: float) -> Canvas:
    """1 where the body's level is below ``limit``, with a soft edge."""
    return np.asarray(np.clip((limit - depth) * 60.0 + 0.5, 0.0, 1.0), dtype=np.float32)


def table(stage: Stage, depth: Canvas) -> Canvas:
    """The patient table: a thin curved shell below the back."""
    height, width = stage.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    sag = 0.915 * height - 0.07 * height * ((x / width - 0.5) / 0.5) ** 2
    shell = np.exp(-(((y - sag) / (1.3 * stage.unit)) ** 2))
    return np.asarray(np.where(depth > 1.01, shell, 0.0), dtype=np.float32)


def loops(stage: Stage) -> Canvas:
    """Soft tissue of varied density: bowel, mesentery, vessels."""
    rng = stage.rng("loops")
    return 38.0 + 38.0 * clouds(rng, stage.shape, 16 * stage.unit, 2) + 80.0 * ridges(rng, stage.shape, 20 * stage.unit)


def loops_alpha(stage: Stage) -> Canvas:
    """Where bowel lies: rounded patches that leave fat between them."""
    field = clouds(stage.rng("bowel"), stage.shape, 22 * stage.unit, 2)
    return np.asarray(np.clip((field + 0.15) * 5.0, 0.0, 1.0), dtype=np.float32)


def ribs(stage: Stage, canvas: Canvas, depth: Canvas) -> Canvas:
    """Bright segments in the wall, a few on each side."""
    rng = stage.rng("ribs")
    u, v = coordinates(stage.shape)
    turn = np.arctan2(v, u) * np.float32(6.0 / np.pi)  # twelve sectors of length 1
    sector = np.rint(turn).astype(np.int64) % 12
    shift, half = rng.uniform(-0.2, 0.2, 12).astype(np.float32), rng.uniform(0.12, 0.28, 12).astype(np.float32)
    density = (rng.uniform(220, 420, 12) * (rng.random(12) < 0.75)).astype(np.float32)
    along = np.abs(turn - np.rint(turn) - shift[sector]) / half[sector]
    across = np.abs(depth - 0.875) / 0.022
    bone = np.clip((1.0 - along) * 4.0, 0, 1) * np.clip((1.0 - across) * 3.0, 0, 1) * (density[sector] > 0)
    return mix(canvas, density[sector], bone.astype(np.float32))


def organs(stage: Stage, canvas: Canvas) -> Canvas:
    """Every annotated organ over the torso."""
    rng, unit = stage.rng("organs"), stage.unit
    for shape, mask in stage.units(*HOUNSFIELD):
        value = HOUNSFIELD[shape.label] + float(rng.normal(0, 8))
        tissue = value + 6.0 * clouds(rng, stage.shape, 10 * unit, 2)
        if shape.label in ("liver", "spleen"):
            tissue += 42.0 * ridges(rng, stage.shape, 34 * unit)
        if shape.label.startswith("lung"):
            tissue += 620.0 * ridges(rng, stage.shape, 17 * unit) * (clouds(rng, stage.shape, 12 * unit) > 0.2)
        canvas = mix(canvas, tissue, soft(mask, 0.8 * unit))
        canvas = inside(stage, shape.label, mask, canvas)
    return canvas


def inside(stage: Stage, label: str, mask: Mask, canvas: Canvas) -> Canvas:
    """What an organ holds: renal sinus, gastric air and food, trabecular bone with its canal."""
    rng, unit = stage.rng(f"inside {label}"), stage.unit
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1] / unit
    if label.startswith("kidney"):
        patches = np.clip(clouds(rng, stage.shape, 9 * unit) + 0.6, 0, 1)
        canvas = mix(canvas, -40.0, np.clip((depth - 9.0) / 4.0, 0, 1) * patches)
    if label == "stomach":
        food = np.clip(clouds(rng, stage.shape, 12 * unit, 2), -1.5, 1.5) * 40.0 + 35.0
        canvas = mix(canvas, food, np.clip((depth - 3.0) / 2.0, 0, 1))
    if label == "spine":
        canvas = mix(canvas, 150.0 + 60 * clouds(rng, stage.shape, 6 * unit), np.clip((depth - 2.0) / 1.5, 0, 1))
    return canvas


def growths(stage: Stage, canvas: Canvas) -> Canvas:
    """Tumours: hypodense, uneven, with an enhancing rim. Cysts: water, even, thin-walled."""
    rng, unit = stage.rng("growths"), stage.unit
    for shape, mask in stage.units("tumour", "cyst"):
        inner = soft(mask, 1.2 * unit)
        wall = np.asarray(inner * (1.0 - inner) * 4.0, dtype=np.float32)
        if shape.label == "cyst":
            canvas = mix(canvas, 6.0 + float(rng.normal(0, 3)), np.clip(soft(mask, 0.9 * unit) * 1.05, 0, 1))
            canvas = mix(canvas, 85.0, wall * np.float32(0.5))
            continue
        core = 64.0 + float(rng.normal(0, 5)) + 9.0 * clouds(rng, stage.shape, 8 * unit, 2)
        canvas = mix(mix(canvas, core, inner), 160.0, wall * np.float32(0.75))
    return canvas
