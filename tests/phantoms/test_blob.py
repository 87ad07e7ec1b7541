"""Outlines given by formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrs_builder.phantoms.blob import Blob, Motion, level, moved, outline, reflected
from mmrs_builder.phantoms.scene import Field, Shape
from mmrs_builder.phantoms.shapes import moments, rasterise

FIELD = Field(width=120, height=100)
BEAN = Blob(x=60, y=50, a=14, b=26, tilt=0.5, bow=8, waves=((2, 0.08, 1.0), (3, 0.05, 2.0), (5, 0.03, 0.3)))
RODS = (BEAN, replace(BEAN, flip=True), Blob(x=40, y=60, a=30, b=5, tilt=-0.4, power=6.0))


def shoelace(blob: Blob) -> tuple[float, float, float]:
    """Area and centroid of the outline's polygon."""
    x, y = outline(blob, 4000)
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2
    cx, cy = (((c + np.roll(c, -1)) * cross).sum() / (6 * area) for c in (x, y))
    return abs(float(area)), float(cx), float(cy)


@pytest.mark.parametrize("blob", RODS)
def test_moments_are_those_of_the_polygon(blob: Blob):
    part = moments(Shape(label="liver", blob=blob), FIELD)
    assert (part.area, part.x, part.y) == pytest.approx(shoelace(blob), rel=2e-3)


@pytest.mark.parametrize("blob", RODS)
def test_the_outline_has_level_one(blob: Blob):
    assert np.allclose(level(blob, *outline(blob)), 1.0)


@pytest.mark.parametrize("blob", RODS)
def test_the_mask_measures_what_the_formula_says(blob: Blob):
    shape = Shape(label="liver", blob=blob)
    mask, part = rasterise(shape, FIELD), moments(shape, FIELD)
    y, x = np.nonzero(mask)
    assert mask.sum() == pytest.approx(part.area, rel=0.02)
    assert (x.mean(), y.mean()) == pytest.approx((part.x, part.y), abs=0.3)


def test_a_reflected_blob_gives_the_flipped_mask():
    there = rasterise(Shape(label="liver", blob=reflected(BEAN, FIELD.width)), FIELD)
    assert np.array_equal(there, rasterise(Shape(label="liver", blob=BEAN), FIELD)[:, ::-1])


def test_motion_takes_the_outline_along():
    motion = Motion(x=10, y=20, angle=0.3, factor=1.2, dx=3, dy=-2)
    for blob in RODS:
        x, y = outline(blob)
        c, s = 1.2 * np.cos(0.3), 1.2 * np.sin(0.3)
        expected = 10 + (x - 10) * c - (y - 20) * s + 3, 20 + (x - 10) * s + (y - 20) * c - 2
        assert np.allclose(level(moved(blob, motion), *expected), 1.0)


def test_a_cut_blob_touches_what_cuts_it_without_sharing_a_pixel():
    neighbour = Blob(x=60, y=80, a=25, b=14)
    whole = rasterise(Shape(label="liver", blob=neighbour), FIELD)
    rest = rasterise(Shape(label="tumour", blob=BEAN, cuts=(neighbour,)), FIELD)
    assert not (whole & rest).any()
    assert (whole[1:] & rest[:-1]).any()
