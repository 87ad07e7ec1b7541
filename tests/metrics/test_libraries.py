"""Overlap and surface distances against SimpleITK, and where definitions differ.

MONAI, MedPy and torchmetrics are asked where they are installed; ``benchmarks/metric_libraries.py`` tells how far they
and surface-distance are off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder.digests import keyed
from mmrs_builder.metrics import dice, hausdorff95, iou, surface_dice
from mmrs_builder.types import Mask

sitk: Any = pytest.importorskip("SimpleITK")

CLOSE: Final = 1e-6


def pairs(count: int = 40) -> Iterator[tuple[Mask, Mask, tuple[float, float]]]:
    """Random masks: blobs, noise and frames that touch the border, with a spacing (down, right) in mm."""
    for number in range(count):
        rng = np.random.default_rng(keyed("libraries", number))
        shape = (int(rng.integers(8, 40)), int(rng.integers(8, 40)))
        one, other = (_mask(rng, shape, number % 3) for _ in range(2))
        yield one, other, (float(rng.choice([0.5, 1.0, 3.0])), float(rng.choice([0.7, 1.0])))


def _mask(rng: np.random.Generator, shape: tuple[int, int], kind: int) -> Mask:
    down, right = np.mgrid[: shape[0], : shape[1]]
    if kind == 0:
        y, x, r = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(2, 9)
        made: Mask = (down - y) ** 2 + (right - x) ** 2 <= r * r
    elif kind == 1:
        made = rng.random(shape) < 0.2
    else:
        edge = int(rng.integers(1, 4))
        made = (down < edge) | (right >= shape[1] - edge)
    made[int(rng.integers(shape[0])), int(rng.integers(shape[1]))] = True
    return made


def image(mask: Mask, spacing: tuple[float, float]) -> Any:
    """The mask with a border of background: there the edge of the picture is an edge of the mask, as it is here."""
    made = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    made.SetSpacing(spacing[::-1])
    return made


def distances(one: Any, other: Any) -> npt.NDArray[np.float64]:
    """From every surface pixel of one mask to the nearest of the other."""
    edges = [sitk.LabelContour(it, False) for it in (one, other)]
    away = sitk.SignedMaurerDistanceMap(edges[1], squaredDistance=False, useImageSpacing=True)
    return np.maximum(sitk.GetArrayFromImage(away)[sitk.GetArrayFromImage(edges[0]) > 0], 0).astype(np.float64)


def test_dice_and_iou_are_those_of_simpleitk():
    for a, b, spacing in pairs():
        overlap = sitk.LabelOverlapMeasuresImageFilter()
        overlap.Execute(image(a, spacing), image(b, spacing))
        assert dice(a, b) == pytest.approx(overlap.GetDiceCoefficient(), abs=CLOSE)
        assert iou(a, b) == pytest.approx(overlap.GetJaccardCoefficient(), abs=CLOSE)


def test_surface_distances_are_those_of_simpleitk():
    for a, b, spacing in pairs():
        one, other = image(a, spacing), image(b, spacing)
        there, back = distances(one, other), distances(other, one)
        expected = max(np.percentile(there, 95), np.percentile(back, 95))
        # SimpleITK keeps distances in float32: 1e-6 of the distance
        assert hausdorff95(a, b, spacing) == pytest.approx(expected, rel=CLOSE, abs=CLOSE)
        met = np.concatenate([there, back]) <= 2.05
        assert surface_dice(a, b, 2.05, spacing) == pytest.approx(met.mean(), abs=CLOSE)


def test_of_empty_masks_simpleitk_has_no_dice_and_here_it_is_one():
    empty = np.zeros((5, 5), np.bool_)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(image(empty, (1, 1)), image(empty, (1, 1)))
    assert not np.isfinite(overlap.GetDiceCoefficient()) or overlap.GetDiceCoefficient() == 0
    assert dice(empty, empty) == 1


def test_a_mask_that_fills_the_picture_has_a_surface_only_where_the_border_counts():
    full = np.ones((6, 6), np.bool_)
    one = sitk.GetImageFromArray(full.astype(np.uint8))
    assert not sitk.GetArrayFromImage(sitk.LabelContour(one, False)).any()
    assert hausdorff95(full, full) == 0


NAN: Final = math.nan
EMPTY: Final = {
    "monai": (
        {"dice": 1, "iou": 1, "hd95": NAN, "surface dice": NAN},
        {"dice": 0, "iou": 0, "hd95": NAN, "surface dice": 0},
    ),
    "torchmetrics": ({"dice": 0, "iou": 0}, {"dice": 0, "iou": 0}),
}
"""What a library says where both masks are empty, and where one is (``docs/benchmark.md`` section 2)."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EMPTY)
def test_libraries_that_define_a_number_alike_agree_but_for_empty_masks(name: str):
    pytest.importorskip(name)
    from benchmarks.metric_libraries import LIBRARIES, ours

    for a, b, spacing in pairs():
        mine = ours(a, b, spacing)
        for number, value in LIBRARIES[name](a, b, spacing).items():
            assert value == pytest.approx(mine[number], rel=CLOSE, abs=CLOSE), number
    none, full = np.zeros((6, 6), np.bool_), np.ones((6, 6), np.bool_)
    found = [LIBRARIES[name](none, other, (1.0, 1.0)) for other in (none, full)]
    assert found == [pytest.approx(stated, nan_ok=True) for stated in EMPTY[name]]


@pytest.mark.filterwarnings("ignore")
def test_medpy_takes_one_percentile_of_both_lists_and_refuses_empty_masks():
    binary: Any = pytest.importorskip("medpy.metric.binary")
    for a, b, spacing in pairs():
        x, y = np.pad(a, 1), np.pad(b, 1)
        assert dice(a, b) == pytest.approx(binary.dc(x, y), abs=CLOSE)
        one, other = image(a, spacing), image(b, spacing)
        both = np.concatenate([distances(one, other), distances(other, one)])
        assert binary.hd95(x, y, voxelspacing=spacing) == pytest.approx(np.percentile(both, 95), rel=CLOSE, abs=CLOSE)
    with pytest.raises(RuntimeError):
        binary.hd95(np.zeros((6, 6)), np.ones((6, 6)))
