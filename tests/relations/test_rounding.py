"""Numbers are rounded half-even in exact arithmetic, as the definition says, not as floats happen to fall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmrs_builder.relations.between import gap
from mmrs_builder.relations.extent import share
from mmrs_builder.types import Grid, Pair, Structure

DOT = Structure(
    label="polyp", role="lesion", side=None, part="whole", parent=None, box=(0, 0, 1, 1), centroid=(0, 0), area_px=1,
    quarters=(4, 0, 0, 0), ninths=(9, 0, 0, 0, 0, 0, 0, 0, 0), border_px=1, centre_inside=False, centre_distance=1.0,
)  # fmt: skip


@pytest.mark.parametrize(("area", "percent"), [(35, 0.4), (45, 0.4), (55, 0.6), (65, 0.6), (44, 0.4), (46, 0.5)])
def test_a_tie_in_share_goes_to_the_even_tenth(area: int, percent: float) -> None:
    """35 of 10,000 pixels are 0.35 %: a tie that binary floats would round down."""
    assert share(replace(DOT, area_px=area), Grid(width=100, height=100)).value == percent


@pytest.mark.parametrize(("px", "percent"), [(7, 0.4), (9, 0.4), (11, 0.6), (13, 0.6), (8, 0.4)])
def test_a_tie_in_gap_goes_to_the_even_tenth(px: int, percent: float) -> None:
    """A picture of 1200 x 1600 has a diagonal of 2000 px, so that 7 px are 0.35 %."""
    apart = Pair(a=0, b=1, shared_px=0, gap_px=float(px), contact_px=0)
    judged = gap(DOT, DOT, apart, Grid(width=1200, height=1600))
    assert judged is not None
    assert judged.value == percent
