"""Measurements against slow implementations that follow the definitions word by word."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import cKDTree

from mmrs_builder import geometry
from mmrs_builder.types import Mask
from tests.scenes import rectangles

SIDES = st.integers(2, 9)
MASKS = hnp.arrays(np.bool_, st.tuples(SIDES, SIDES)).filter(np.any)
TWO_MASKS = hnp.arrays(np.int8, st.tuples(SIDES, SIDES), elements=st.integers(0, 2)).filter(
    lambda ids: {1, 2} <= set(ids.ravel())
)


def pixels(mask: Mask) -> list[tuple[int, int]]:
    return [(x, y) for y, x in np.argwhere(mask).tolist()]


@given(MASKS)
def test_box_centroid_and_border_follow_from_the_list_of_pixels(mask: Mask):
    xs, ys = zip(*pixels(mask), strict=True)
    box = geometry.box(mask)
    assert box == (min(xs), min(ys), max(xs) + 1, max(ys) + 1)
    assert geometry.centroid(geometry.patch(mask)) == (sum(xs) / len(xs), sum(ys) / len(ys))
    height, width = mask.shape
    assert geometry.border_px(geometry.patch(mask)) == sum(
        x in (0, width - 1) or y in (0, height - 1) for x, y in pixels(mask)
    )


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (2, 2)])
def test_a_pixel_is_counted_once_where_two_borders_meet(shape: tuple[int, int]):
    assert geometry.border_px(geometry.patch(np.ones(shape, dtype=np.bool_))) == shape[0] * shape[1]


def test_an_empty_mask_has_no_box():
    with pytest.raises(ValueError, match="empty"):
        geometry.box(np.zeros((4, 4), dtype=np.bool_))


@given(MASKS)
def test_areas_of_quarters_and_ninths_agree_with_supersampling(mask: Mask):
    found = geometry.spread(geometry.patch(mask))
    for n, areas in ((2, found.quarters), (3, found.ninths)):
        fine = np.kron(mask, np.ones((n, n), dtype=np.int64))
        cells = [part.sum() for row in np.split(fine, n, axis=0) for part in np.split(row, n, axis=1)]
        assert areas == tuple(cells)


@given(MASKS)
def test_the_centre_is_decided_by_the_pixels_whose_square_holds_it(mask: Mask):
    height, width = mask.shape
    cx, cy = (width - 1) / 2, (height - 1) / 2
    core = [mask[y, x] for y, x in np.ndindex(mask.shape) if abs(x - cx) <= 0.5 and abs(y - cy) <= 0.5]
    inside, distance = geometry.centre(geometry.patch(mask))
    assert inside == (True if all(core) else None if any(core) else False)
    others = [math.hypot(x - cx, y - cy) for y, x in np.ndindex(mask.shape) if bool(mask[y, x]) != inside]
    expected = min(others) if inside is not None and others else None
    assert distance == (None if expected is None else pytest.approx(expected, abs=1e-12))


@given(MASKS)
def test_components_are_those_of_scipy_largest_first(mask: Mask):
    found = geometry.components(mask)
    ids, count = ndimage.label(mask, structure=np.ones((3, 3)))
    assert {part.tobytes() for part in found} == {(ids == i).tobytes() for i in range(1, count + 1)}
    keys = [(-int(part.sum()), geometry.box(part)[1], geometry.box(part)[0]) for part in found]
    assert keys == sorted(keys)


@given(TWO_MASKS)
def test_the_gap_is_the_smallest_distance_over_all_pairs_of_pixels(ids: np.ndarray):
    a, b = ids == 1, ids == 2
    outlines = [geometry.outline(geometry.patch(mask)) for mask in (a, b)]
    expected = math.sqrt(min((x - u) ** 2 + (y - v) ** 2 for (x, y), (u, v) in product(pixels(a), pixels(b))))
    assert geometry.gaps(outlines)[0, 1] == geometry.gaps(outlines[::-1])[0, 1] == expected


@pytest.mark.parametrize(("scattered", "many"), [(0.02, 2**22), (0.6, 2**22), (0.6, 100)])
def test_gaps_of_many_masks_are_those_of_trees(scattered: float, many: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(geometry, "_MANY", many)
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 8, (40, 60)).repeat(8, axis=0).repeat(8, axis=1)  # many points, near and far
    ids[rng.random(ids.shape) > scattered] = 0
    ids[:, 240:248] = 0
    outlines = [geometry.outline(geometry.patch(ids == i)) for i in range(1, 8)]
    outlines += [outlines[0][:3], outlines[1] + (5000, 3000)]
    gaps = geometry.gaps(outlines)
    for i, j in combinations(range(len(outlines)), 2):
        nearest, _ = cKDTree(outlines[i]).query(outlines[j])
        assert gaps[i, j] == nearest.min()


@given(TWO_MASKS, st.tuples(*[st.sampled_from([0.3, 0.7, 1.0, 5.0])] * 2))
def test_the_gap_in_mm_is_the_smallest_length_over_all_pairs_of_pixels(ids: np.ndarray, spacing: tuple[float, float]):
    a, b = ids == 1, ids == 2
    outlines = [geometry.outline(geometry.patch(mask)) for mask in (a, b)]
    down, right = spacing
    lengths = [math.hypot((x - u) * right, (y - v) * down) for (x, y), (u, v) in product(pixels(a), pixels(b))]
    bound = float(geometry.gaps(outlines)[0, 1]) * max(spacing)
    assert geometry.gap_mm(*outlines, spacing, bound) == pytest.approx(min(lengths), rel=1e-12)
    assert geometry.gap_mm(*outlines[::-1], spacing, bound) == pytest.approx(min(lengths), rel=1e-12)


@given(TWO_MASKS)
def test_contact_counts_the_pixels_with_a_neighbour_in_the_other_mask(ids: np.ndarray):
    a, b = ids == 1, ids == 2
    there = pixels(b)
    expected = sum(any(abs(x - u) <= 1 and abs(y - v) <= 1 for u, v in there) for x, y in pixels(a))
    assert geometry.contact_px(geometry.patch(a), geometry.patch(b)) == expected


@given(MASKS, st.data())
def test_shared_pixels_are_counted_one_by_one(a: Mask, data: st.DataObject):
    b = data.draw(hnp.arrays(np.bool_, a.shape).filter(np.any))
    assert geometry.shared_px(geometry.patch(a), geometry.patch(b)) == len(set(pixels(a)) & set(pixels(b)))


def test_a_pixel_cut_by_the_midline_counts_half_on_each_side():
    mask = rectangles((5, 2), (2, 0, 3, 1))
    assert geometry.spread(geometry.patch(mask)).quarters == (2, 2, 0, 0)


@pytest.mark.parametrize("shape", [(3000, 4000), (9, 1_000_000)])
def test_a_large_picture_is_measured_without_overflow(shape: tuple[int, int]):
    height, width = shape
    found = geometry.spread(geometry.patch(np.ones(shape, dtype=np.bool_)))
    assert found.centroid == ((width - 1) / 2, (height - 1) / 2)
    assert found.area == width * height
    assert found.quarters == (width * height,) * 4
    assert found.ninths == (width * height,) * 9
