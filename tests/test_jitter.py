"""Masks as another hand might have drawn them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmrs_builder import geometry, jitter
from mmrs_builder.jitter import DISAGREEMENT, WAYS
from mmrs_builder.types import Mask
from tests.scenes import rectangles

SIZE = (64, 48)


def jittered(mask: Mask, way: str) -> Mask:
    return geometry.whole(jitter.jittered(geometry.patch(mask), way))


def disc(x: float, y: float, radius: float, size: tuple[int, int] = (128, 128)) -> Mask:
    down, right = np.mgrid[: size[1], : size[0]]
    return (right - x) ** 2 + (down - y) ** 2 <= radius**2


@pytest.mark.parametrize("way", ["grown", "shrunk"])
def test_a_disc_by_another_hand_disagrees_as_two_people_do(way: str):
    mask = disc(128, 128, 100, (256, 256))
    apart = mask ^ jittered(mask, way)
    assert apart.sum() / mask.sum() == pytest.approx(DISAGREEMENT, rel=0.1)


def test_growing_keeps_all_and_shrinking_adds_nothing():
    mask = disc(40, 60, 25) & ~disc(50, 60, 9)
    assert not (mask & ~jittered(mask, "grown")).any()
    assert not (jittered(mask, "shrunk") & ~mask).any()


@pytest.mark.parametrize(
    "mask",
    [
        rectangles(SIZE, (5, 5, 6, 6)),
        rectangles(SIZE, (5, 5, 45, 7)),
        rectangles(SIZE, (5, 5, 8, 8)),
        disc(30, 20, 15, SIZE) & ~disc(30, 20, 12, SIZE),
    ],
    ids=["a pixel", "a line", "nine pixels", "a ring"],
)
def test_shrinking_leaves_half(mask: Mask):
    assert jittered(mask, "shrunk").sum() >= mask.sum() / 2


def test_a_mask_is_grown_and_shrunk_by_a_pixel_at_least():
    mask = rectangles(SIZE, (10, 10, 20, 20))
    assert jittered(mask, "grown")[9, 15]
    assert not jittered(mask, "shrunk")[10, 15]


def test_what_ends_at_the_border_of_the_picture_is_not_shrunk_there():
    shrunk = jittered(rectangles(SIZE, (0, 0, 20, 48)), "shrunk")
    assert shrunk[:, 0].all()
    assert not shrunk[:, 19].any()


def test_a_shift_moves_every_mask_by_one_pixel_and_out_of_the_picture():
    mask = rectangles(SIZE, (10, 10, 20, 20))
    assert np.array_equal(jittered(mask, "down_right"), rectangles(SIZE, (11, 11, 21, 21)))
    assert np.array_equal(jittered(mask, "up_left"), rectangles(SIZE, (9, 9, 19, 19)))
    corner = rectangles(SIZE, (0, 0, 3, 3))
    assert np.array_equal(jittered(corner, "up_left"), rectangles(SIZE, (0, 0, 2, 2)))


@pytest.mark.parametrize("way", ["grown", "shrunk"])
def test_what_is_near_is_found_alike_with_and_without_all_distances(way: str, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    masks = [cv2.GaussianBlur(rng.random(SIZE[::-1]), (0, 0), sigma) > 0.5 for sigma in (1, 2, 4, 8) for _ in range(20)]
    masks += [disc(*rng.uniform(0, 48, 2), rng.uniform(2, 40), SIZE) for _ in range(20)]
    found = [jittered(mask, way) for mask in masks]
    monkeypatch.setattr(jitter, "NEAR", 0.0)
    for mask, near in zip(masks, found, strict=True):
        assert np.array_equal(jittered(mask, way), near)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_vanishes(way: str):
    for mask in (rectangles(SIZE, (0, 0, 1, 1)), rectangles(SIZE, (63, 47, 64, 48)), np.ones((48, 64), np.bool_)):
        assert jittered(mask, way).any()
