from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from mmrs_builder.io.outline import filled
from mmrs_builder.types import Mask

WIDTH, HEIGHT = 12, 9
Points = npt.NDArray[np.float64]


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def cells(mask: Mask) -> set[tuple[int, int]]:
    """Pixels (x, y) that belong to a mask."""
    return {(int(x), int(y)) for y, x in np.argwhere(mask)}


whole = st.integers(-3, 15).map(float)
anywhere = st.floats(-3, 15, allow_nan=False, width=16)
polygons = st.lists(st.tuples(anywhere, anywhere), min_size=3, max_size=9).map(
    lambda points: np.array(points, np.float64)
)
lattice_polygons = st.lists(st.tuples(whole, whole), min_size=3, max_size=9).map(np.array)


def test_left_and_upper_edges_are_inside_right_and_lower_ones_are_not():
    assert cells(filled([box(2, 3, 4, 5)], WIDTH, HEIGHT)) == {(2, 3), (3, 3), (2, 4), (3, 4)}


def test_a_box_around_a_pixel_centre_holds_that_pixel():
    assert cells(filled([box(1.5, 2.5, 2.5, 3.5)], WIDTH, HEIGHT)) == {(2, 3)}


def test_a_polygon_between_pixel_centres_holds_nothing():
    assert not filled([box(1.1, 2.1, 1.9, 2.9)], WIDTH, HEIGHT).any()


def test_an_outline_within_another_is_a_hole_whichever_way_it_runs():
    outer, inner = box(0.5, 0.5, 8.5, 7.5), box(2.5, 2.5, 5.5, 4.5)
    for hole in (inner, inner[::-1]):
        mask = filled([outer, hole], WIDTH, HEIGHT)
        assert cells(mask) == cells(filled([outer], WIDTH, HEIGHT)) - cells(filled([inner], WIDTH, HEIGHT))


def test_the_channel_to_a_hole_leaves_no_trace():
    outer, inner = box(0.5, 0.5, 8.5, 7.5), box(2.5, 2.5, 5.5, 4.5)
    channel = np.concatenate([outer, outer[:1], inner[::-1], inner[-1:], outer[:1]])
    assert np.array_equal(filled([channel], WIDTH, HEIGHT), filled([outer, inner], WIDTH, HEIGHT))


def test_what_leaves_the_picture_is_cut_off():
    assert filled([box(-1e9, -1e9, 1e9, 1e9)], WIDTH, HEIGHT).all()
    assert not filled([box(20, 0, 30, 9), box(0, -9, 9, -1)], WIDTH, HEIGHT).any()


def test_no_polygon_and_polygons_without_area_hold_nothing():
    assert not filled([], WIDTH, HEIGHT).any()
    assert not filled([np.empty((0, 2)), np.array([[3.0, 3.0]]), box(1, 1, 1, 8)], WIDTH, HEIGHT).any()


@pytest.mark.parametrize("points", [np.zeros(6), np.zeros((3, 3)), np.array([[0, 0], [1, np.nan], [2, 2.0]])])
def test_what_is_no_polygon_is_an_error(points: Points):
    with pytest.raises(ValueError, match="finite numbers"):
        filled([points], WIDTH, HEIGHT)


@given(polygons, st.integers(0, 8), st.booleans())
def test_neither_the_first_point_nor_the_way_round_matters(points: Points, start: int, back: bool):
    other = np.roll(points, start, axis=0)[:: -1 if back else 1]
    assert np.array_equal(filled([points], WIDTH, HEIGHT), filled([other], WIDTH, HEIGHT))


@given(lattice_polygons, st.integers(-2, 2), st.integers(-2, 2))
def test_a_polygon_moved_by_whole_pixels_holds_the_moved_pixels(points: Points, right: int, down: int):
    still = filled([points + 20], 60, 60)
    assert np.array_equal(filled([points + 20 + [right, down]], 60, 60), np.roll(still, (down, right), (0, 1)))


@given(polygons, whole)
def test_the_parts_of_a_cut_polygon_share_no_pixel_and_leave_none_out(points: Points, x: float):
    """A fan of triangles covers each pixel as often as the polygon goes round it, modulo two."""
    centre = np.array([[x, 4.0]])
    fan = [np.concatenate([centre, points[[n - 1, n]]]) for n in range(len(points))]
    assert np.array_equal(filled(fan, WIDTH, HEIGHT), filled([points], WIDTH, HEIGHT))


@given(polygons)
def test_pixels_off_the_outline_are_those_that_another_scan_finds(points: Points):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    centres = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
    ends = np.roll(points, -1, axis=0) - points
    away = centres[:, None] - points
    along = np.clip((away * ends).sum(-1) / np.maximum((ends**2).sum(-1), 1e-12), 0, 1)
    clear = np.linalg.norm(away - along[..., None] * ends, axis=-1).min(axis=1) > 1e-6
    found = filled([points], WIDTH, HEIGHT).ravel()
    assert np.array_equal(found[clear], points_in_poly(centres, points)[clear])


def test_a_zigzag_of_many_long_edges_needs_little_memory():
    points = np.array([(n / 500, (n % 2) * 4000.0) for n in range(5001)])
    mask = filled([points], 16, 4000)
    assert mask.any()
    assert not mask.all()
