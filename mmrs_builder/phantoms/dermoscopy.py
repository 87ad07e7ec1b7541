"""The dermoscopy look: skin under polarised light, pigment network, hairs, ink, dark corners, irregular lesions."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder.phantoms.stage import Stage
from mmrs_builder.phantoms.textures import Canvas, blurred, clouds, coordinates, mix, quantised, ridges, soft
from mmrs_builder.types import Pixels

FULL: Final = 255  # what a pixel has that a line covers


def dermoscopy(stage: Stage) -> Pixels:
    """RGB picture (H, W, 3)."""
    canvas = lesions(stage, skin(stage))
    canvas = hairs(stage, ink(stage, canvas))
    canvas = blurred(canvas, 0.5 * stage.unit) * light(stage)[..., None]
    noise = stage.rng("noise").standard_normal((*stage.shape, 3), dtype=np.float32) * 0.014
    return quantised(canvas + noise)


def skin(stage: Stage) -> Canvas:
    """A skin tone with furrows, blotches of redness and of tan."""
    rng, shape, unit = stage.rng("skin"), stage.shape, stage.unit
    light_tone, dark_tone = np.array([0.86, 0.68, 0.60]), np.array([0.62, 0.44, 0.36])
    base = light_tone + (dark_tone - light_tone) * rng.random() ** 1.5
    canvas = np.broadcast_to(base, (*shape, 3)).astype(np.float32)
    furrows = ridges(rng, shape, 9 * unit, 1) * 0.05
    tan = 0.065 * clouds(rng, shape, 55 * unit, 3)
    red = 0.018 * clouds(rng, shape, 45 * unit, 2)
    canvas = canvas * (1.0 - furrows - tan)[..., None]
    return np.asarray(canvas + red[..., None] * np.array([0.5, -0.6, -0.4], dtype=np.float32), dtype=np.float32)


def lesions(stage: Stage, canvas: Canvas) -> Canvas:
    """Pigment by colour more than by brightness: brown, pink or bluish, with a network and globules."""
    rng, shape, unit = stage.rng("lesions"), stage.shape, stage.unit
    for _, mask in stage.units("skin_lesion"):
        hues = np.array([[0.90, 0.80, 0.66], [1.02, 0.80, 0.80], [0.82, 0.84, 0.90], [1.05, 0.9, 0.74]])
        hue = hues[int(rng.integers(len(hues)))] + rng.normal(0, 0.015, 3)
        uneven = 1.0 + 0.1 * clouds(rng, shape, 16 * unit, 3)
        net = 1.0 - 0.2 * ridges(rng, shape, 6 * unit, 1) * np.clip(0.5 + clouds(rng, shape, 30 * unit), 0, 1)
        globules = 1.0 - 0.3 * np.clip(clouds(rng, shape, 4.5 * unit) - 1.3, 0, 1)
        painted = canvas * hue.astype(np.float32) * (uneven * net * globules)[..., None]
        canvas = mix(canvas, painted.astype(np.float32), soft(mask, 1.8 * unit)[..., None])
    return canvas


def ink(stage: Stage, canvas: Canvas) -> Canvas:
    """At a rate a ruler along one edge, or a stroke of a violet marker."""
    rng, unit = stage.rng("ink"), stage.unit
    height, width = stage.shape
    if rng.random() < 0.2:
        layer = sheet(stage)
        top = int(rng.uniform(0.02, 0.06) * height)
        for i, x in enumerate(np.arange(rng.uniform(0, 12), width, 9 * unit)):
            length = (12 if i % 5 == 0 else 7) * unit
            cv2.line(layer, (int(x), top), (int(x), int(top + length)), FULL, max(1, int(unit)), cv2.LINE_AA)
        canvas = mix(canvas, 0.12, covered(layer)[..., None])
    if rng.random() < 0.2:
        stroke = sheet(stage)
        start, end = (rng.uniform(0, 1, (2, 2)) * [width, height]).astype(int).tolist()
        cv2.line(stroke, start, end, FULL, max(2, int(5 * unit)), cv2.LINE_AA)
        faded = blurred(covered(stroke), 1.2 * unit) * np.clip(0.7 + 0.4 * clouds(rng, stage.shape, 8 * unit), 0, 1)
        canvas = mix(canvas, np.array([0.42, 0.3, 0.6], dtype=np.float32), (faded * 0.6)[..., None].astype(np.float32))
    return canvas


def hairs(stage: Stage, canvas: Canvas) -> Canvas:
    """None to some twenty curved dark lines."""
    rng, unit = stage.rng("hairs"), stage.unit
    height, width = stage.shape
    layer = sheet(stage)
    lean = rng.uniform(0, np.pi)
    for _ in range(int(rng.integers(0, 22)) if rng.random() < 0.7 else 0):
        start, angle = rng.uniform(0, 1, 2) * [width, height], lean + rng.normal(0, 0.5)
        bend, length = rng.normal(0, 0.6), rng.uniform(0.2, 0.8) * width
        along = np.linspace(0, 1, 14)
        turn = angle + bend * along
        points = start + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), axis=0) * length / 14
        cv2.polylines(layer, [np.rint(points * 8).astype(np.int32)], False, FULL, max(1, round(unit)), cv2.LINE_AA, 3)
    return mix(canvas, np.array([0.2, 0.14, 0.11], dtype=np.float32), (covered(layer) * 0.8)[..., None])


def sheet(stage: Stage) -> npt.NDArray[np.uint8]:
    """What lines are drawn on. On bytes OpenCV smooths them and all releases draw the same; on floats neither."""
    return np.zeros(stage.shape, dtype=np.uint8)


def covered(layer: npt.NDArray[np.uint8]) -> Canvas:
    """How much of each pixel the lines of a sheet cover, 0 to 1."""
    return np.asarray(layer / FULL, dtype=np.float32)


def light(stage: Stage) -> Canvas:
    """Uneven illumination, and at a rate the black corners of a round lens."""
    rng = stage.rng("light")
    u, v = coordinates(stage.shape)
    lean = rng.normal(0, 0.11, 2)
    field = 1.0 + lean[0] * u + lean[1] * v - rng.uniform(0.04, 0.16) * (u * u + v * v)
    if rng.random() < 0.4:
        ratio = stage.shape[0] / stage.shape[1]
        radius = np.hypot(u, v * ratio)
        field = field * np.clip((rng.uniform(1.02, 1.12) - radius) * 14.0, 0.04, 1.0)
    return np.asarray(field, dtype=np.float32)
