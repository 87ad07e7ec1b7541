"""Overlap and surface distances against slow implementations of their definitions, and at their edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmrs_builder.metrics import dice, hausdorff95, iou, surface_dice
from mmrs_builder.types import Mask
from tests.scenes import rectangles

SIZE = (40, 30)  # W, H: a diagonal of 50 px
EMPTY, BOX, FULL = rectangles(SIZE), rectangles(SIZE, (5, 5, 15, 12)), rectangles(SIZE, (0, 0, 40, 30))
CODES = hnp.arrays(np.int8, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 3))
PAIRS = CODES.map(lambda codes: ((codes & 1).astype(np.bool_), (codes & 2).astype(np.bool_)))
FILLED = PAIRS.filter(lambda pair: bool(pair[0].any() and pair[1].any()))
SPACINGS = st.none() | st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.7, 1.0]))

SCORES: dict[str, Callable[[Mask, Mask], float]] = {
    "dice": dice,
    "iou": iou,
    "surface_dice": lambda a, b: surface_dice(a, b, 1.0),
    "hausdorff95": hausdorff95,
}


def surface(mask: Mask, spacing: tuple[float, float] | None) -> list[tuple[float, float]]:
    """Pixels that lack one of their four neighbours, word by word."""
    down, right = spacing or (1.0, 1.0)
    inside = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    return [(y * down, x * right) for y, x in inside if not {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} <= inside]


def distances(a: Mask, b: Mask, spacing: tuple[float, float] | None) -> list[float]:
    """From each surface pixel of ``a`` to the nearest of ``b``, comparing all."""
    return [min(math.dist(p, q) for q in surface(b, spacing)) for p in surface(a, spacing)]


@given(FILLED, SPACINGS)
def test_hd95_is_the_larger_of_two_percentiles(pair: tuple[Mask, Mask], spacing: tuple[float, float] | None):
    a, b = pair
    slow = max(np.percentile(distances(a, b, spacing), 95), np.percentile(distances(b, a, spacing), 95))
    assert hausdorff95(a, b, spacing) == pytest.approx(slow)


@given(FILLED, SPACINGS, st.sampled_from([0.0, 0.7, 1.0, 1.5, 3.0]))
def test_surface_dice_counts_surface_pixels_within_the_tolerance(
    pair: tuple[Mask, Mask], spacing: tuple[float, float] | None, tolerance: float
):
    both = [*distances(*pair, spacing), *distances(*pair[::-1], spacing)]
    near = sum(d < tolerance or math.isclose(d, tolerance) for d in both)
    assert surface_dice(*pair, tolerance, spacing) == pytest.approx(near / len(both))


@given(PAIRS)
def test_dice_follows_from_iou(pair: tuple[Mask, Mask]):
    assert dice(*pair) == pytest.approx(2 * iou(*pair) / (1 + iou(*pair)))


@given(PAIRS)
def test_overlap_is_counted_in_pixels(pair: tuple[Mask, Mask]):
    a, b = ({(int(y), int(x)) for y, x in np.argwhere(mask)} for mask in pair)
    assert iou(*pair) == (len(a & b) / len(a | b) if a | b else 1)


@pytest.mark.parametrize("name", SCORES)
@given(pair=PAIRS)
def test_scores_do_not_depend_on_which_mask_is_the_truth(name: str, pair: tuple[Mask, Mask]):
    assert SCORES[name](*pair) == SCORES[name](*pair[::-1])


@pytest.mark.parametrize("name", SCORES)
@given(pair=PAIRS)
def test_scores_are_numbers_within_their_bounds(name: str, pair: tuple[Mask, Mask]):
    most = math.hypot(*pair[0].shape) if name == "hausdorff95" else 1
    assert 0 <= SCORES[name](*pair) <= most


@pytest.mark.parametrize("name", SCORES)
@given(pair=FILLED, top=st.integers(0, 9), left=st.integers(0, 9))
def test_where_in_the_picture_two_masks_lie_does_not_matter(name: str, pair: tuple[Mask, Mask], top: int, left: int):
    framed, moved = ([np.pad(mask, edge) for mask in pair] for edge in (1, ((top + 1, 3), (left + 1, 5))))
    assert SCORES[name](*moved) == pytest.approx(SCORES[name](*framed))


@pytest.mark.parametrize(("name", "equal", "missed"), [*((n, 1, 0) for n in list(SCORES)[:3]), ("hausdorff95", 0, 50)])
def test_empty_masks_are_scored_and_never_dropped(name: str, equal: float, missed: float):
    score = SCORES[name]
    assert [score(EMPTY, EMPTY), score(BOX, BOX), score(FULL, FULL)] == [equal] * 3
    assert [score(EMPTY, BOX), score(BOX, EMPTY)] == [missed] * 2


def test_a_miss_in_millimetres_is_the_diagonal_in_millimetres():
    assert hausdorff95(EMPTY, BOX, (4.0, 4.0)) == 200


@pytest.mark.parametrize(("moved", "mm"), [((8, 5, 18, 12), 6.0), ((5, 8, 15, 15), 1.5)])
def test_spacing_is_ordered_down_then_right(moved: tuple[int, int, int, int], mm: float):
    # Of a filled box moved by 3 px, one whole side lies 3 px off.
    assert hausdorff95(rectangles(SIZE, moved), BOX, (0.5, 2.0)) == mm
    assert surface_dice(rectangles(SIZE, moved), BOX, mm, (0.5, 2.0)) == 1
    assert surface_dice(rectangles(SIZE, moved), BOX, mm - 0.1, (0.5, 2.0)) < 1


def test_one_stray_pixel_does_not_decide_hd95():
    assert hausdorff95(BOX | rectangles(SIZE, (39, 29, 40, 30)), BOX) == 0


def test_a_tolerance_of_some_whole_pixels_holds_in_millimetres():
    a, b = rectangles(SIZE, (0, 0, 1, 1)), rectangles(SIZE, (3, 0, 4, 1))
    assert surface_dice(a, b, 2.1, (0.7, 0.7)) == 1  # 3 * 0.7 is a little more in floats


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    ("predicted", "says"),
    [
        (BOX.astype(np.float32), "predicted is float32"),
        (BOX.astype(np.uint8) * 255, "predicted is uint8"),
        (BOX[None], r"predicted is bool \(1, 30, 40\)"),
        (BOX[1:], r"predicted is \(29, 40\), truth is \(30, 40\)"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(name: str, predicted: Mask, says: str):
    with pytest.raises(ValueError, match=says):
        SCORES[name](predicted, BOX)


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_a_spacing_that_is_no_length_is_refused(spacing: tuple[float, float]):
    with pytest.raises(ValueError, match="spacing"):
        hausdorff95(BOX, BOX, spacing)


@pytest.mark.parametrize("tolerance", [-1.0, math.nan])
def test_a_tolerance_that_is_no_distance_is_refused(tolerance: float):
    with pytest.raises(ValueError, match="tolerance"):
        surface_dice(BOX, BOX, tolerance)
