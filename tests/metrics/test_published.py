"""The published way to score masks against a slow reading of its code, and how it differs from the right way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from mmrs_builder.metrics.published import curves, published, stretched

SHAPE = (5, 4)
LEVELS = hnp.arrays(np.uint8, SHAPE)
MASKS = hnp.arrays(np.bool_, SHAPE)


def slow(levels: np.ndarray, truth: np.ndarray) -> tuple[list[float], list[float]]:
    """Threshold by threshold, from 0 to 1."""
    dice, iou = [], []
    for threshold in np.linspace(0, 1, 256):
        taken = levels / 255 >= threshold - 1e-12
        shared, total = (taken & truth).sum(), taken.sum() + truth.sum()
        dice.append(2 * shared / total if shared else 0.0)
        iou.append(shared / (total - shared) if shared else 0.0)
    return dice, iou


@given(LEVELS, MASKS)
def test_every_threshold_gives_what_the_published_code_gives(levels: np.ndarray, truth: np.ndarray):
    for fast, expected in zip(curves(levels, truth), slow(levels, truth), strict=True):
        assert fast == pytest.approx(expected, abs=1e-12)


def test_a_right_mask_does_not_score_one_and_a_bold_one_scores_more_than_a_timid_one_with_the_same_outline():
    truth = np.zeros(SHAPE, np.bool_)
    truth[1:3, 1:3] = True
    sure, timid = (np.where(truth, np.uint8(level), np.uint8(0)) for level in (255, 140))
    one, other = (published([curves(levels, truth)]) for levels in (sure, timid))
    assert one is not None
    assert other is not None
    assert one.max_dice == other.max_dice == 1
    assert 1 > one.mean_dice > other.mean_dice + 0.3


def test_stretching_makes_something_out_of_nothing():
    faint = np.zeros(SHAPE, np.uint8)
    faint[0, 0] = 3
    assert stretched(faint).max() == 255
    assert not stretched(np.full(SHAPE, 200, np.uint8)).any()


def test_an_empty_mask_is_worth_nothing_even_where_it_is_right():
    empty = published([curves(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.bool_))])
    assert empty is not None
    assert (empty.mean_dice, empty.max_dice) == (0, 0)
    assert published([]) is None


def test_levels_of_another_type_or_size_are_refused():
    with pytest.raises(ValueError, match="give uint8"):
        curves(np.zeros((3, 3), np.float32), np.zeros((3, 3), np.bool_))
