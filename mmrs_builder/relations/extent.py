"""How large a structure is, and how it is stretched."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from mmrs_builder.relations.judged import Judged, cap, percent
from mmrs_builder.types import Grid, Pair, Structure
from mmrs_builder.vocab import VALUES

BOUNDS: Final = (0.05, 0.15, 0.40)
"""Fractions of the picture that separate the classes of ``extent``."""


def aspect(s: Structure, grid: Grid) -> Judged:
    """Whether the box is wider than tall or taller than wide."""
    x0, y0, x1, y1 = s.box
    width, height = x1 - x0, y1 - y0
    return Judged(value="wider" if width > height else "taller", margin=abs(width - height) / max(width, height))


def extent(s: Structure, grid: Grid) -> Judged:
    """Class of the part of the picture that the structure covers; margins are logarithmic, one octave is 1."""
    fraction = s.area_px / (grid.width * grid.height)
    token = VALUES["Extent"][sum(fraction >= bound for bound in BOUNDS)]
    return Judged(value=token, margin=min(cap(abs(math.log(fraction / b)) / math.log(2)) for b in BOUNDS))


def share(s: Structure, grid: Grid) -> Judged:
    """Percentage of the picture that the structure covers, to one decimal."""
    return Judged(value=percent(Fraction(s.area_px, grid.width * grid.height) ** 2), margin=1.0)


def larger(a: Structure, b: Structure, pair: Pair, grid: Grid) -> Judged:
    """Whether ``a`` has the larger area."""
    margin = abs(a.area_px - b.area_px) / max(a.area_px, b.area_px)
    return Judged(value=a.area_px > b.area_px, margin=margin)
