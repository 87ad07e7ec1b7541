"""From annotations to structures: wholes, components and instances, their order, and what pairs have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmrs_builder.structures import MAX_UNITS, units
from mmrs_builder.vocab import Rejected
from tests.scenes import rectangles, scene

SIZE = (12, 10)
BIG, SMALL, LOW = (0, 0, 3, 3), (6, 0, 8, 2), (6, 6, 8, 8)


def test_a_mask_in_one_piece_is_a_whole_without_components():
    found, masks = scene(liver=rectangles(SIZE, BIG))
    assert [s.part for s in found.structures] == ["whole"]
    assert len(masks) == 1


def test_a_mask_in_pieces_is_a_whole_followed_by_its_components():
    found, masks = scene(liver=rectangles(SIZE, LOW, SMALL, BIG))
    assert [(s.part, s.parent, s.box) for s in found.structures] == [
        ("whole", None, (0, 0, 8, 8)),
        ("component", 0, BIG),
        ("component", 0, SMALL),
        ("component", 0, LOW),
    ]
    assert np.array_equal(masks[0], masks[1] | masks[2] | masks[3])


def test_instances_have_no_whole_and_are_ordered_by_size_then_from_the_upper_left():
    found, _ = scene(clip=[rectangles(SIZE, box) for box in (LOW, SMALL, BIG)])
    assert [(s.part, s.box) for s in found.structures] == [("instance", BIG), ("instance", SMALL), ("instance", LOW)]


def test_the_parent_of_a_component_counts_the_labels_stored_before_it():
    found, _ = scene(polyp=rectangles(SIZE, BIG, LOW), liver=rectangles(SIZE, SMALL))
    assert [(s.label, s.parent) for s in found.structures] == [
        ("liver", None),
        ("polyp", None),
        ("polyp", 1),
        ("polyp", 1),
    ]


def test_units_are_the_components_when_there_are_several_else_the_whole():
    found, _ = scene(polyp=rectangles(SIZE, BIG, LOW), liver=rectangles(SIZE, SMALL))
    assert units(found.structures, "polyp") == (2, 3)
    assert units(found.structures, "liver") == (0,)
    assert units(found.structures, "spleen") == ()


def test_an_instance_in_two_pieces_is_one_unit():
    found, _ = scene(clip=[rectangles(SIZE, BIG, LOW)])
    assert units(found.structures, "clip") == (0,)


def test_an_empty_annotation_adds_no_structure():
    found, masks = scene(liver=rectangles(SIZE), polyp=rectangles(SIZE, BIG))
    assert [s.label for s in found.structures] == ["polyp"]
    assert len(masks) == 1


def test_the_order_of_annotations_does_not_matter():
    one = scene(liver=rectangles(SIZE, BIG), polyp=rectangles(SIZE, LOW))[0]
    assert scene(polyp=rectangles(SIZE, LOW), liver=rectangles(SIZE, BIG))[0] == one


def test_every_pair_of_units_is_measured_once():
    found, _ = scene(polyp=rectangles(SIZE, BIG, LOW), liver=rectangles(SIZE, SMALL))
    assert [(pair.a, pair.b) for pair in found.pairs] == [(0, 2), (0, 3), (2, 3)]


def test_a_pair_apart_has_a_gap_and_no_contact():
    (pair,) = scene(liver=rectangles(SIZE, BIG), polyp=rectangles(SIZE, LOW))[0].pairs
    # from pixel (2, 2) to pixel (6, 6)
    assert (pair.shared_px, pair.gap_px, pair.contact_px) == (0, math.sqrt(32), 0)


def test_a_pair_that_shares_pixels_has_no_gap():
    (pair,) = scene(liver=rectangles(SIZE, BIG), polyp=rectangles(SIZE, (2, 1, 9, 9)))[0].pairs
    assert (pair.shared_px, pair.gap_px, pair.contact_px) == (2, 0.0, 0)


@pytest.mark.parametrize(
    ("spacing", "gap_mm"),
    [
        (None, None),
        ((0.5, 0.5), 2.0),
        # 4 px to the right are 12 mm, 5 px down only 5
        ((1.0, 3.0), 5.0),
    ],
)
def test_the_gap_in_mm_may_lie_between_other_pixels(spacing: tuple[float, float] | None, gap_mm: float | None):
    two_pieces = rectangles(SIZE, (6, 0, 7, 3), (0, 7, 3, 8))
    (pair,) = scene(spacing=spacing, clip=[two_pieces], liver=rectangles(SIZE, BIG))[0].pairs
    assert (pair.gap_px, pair.gap_mm) == (4.0, gap_mm)


def test_masks_that_share_pixels_are_0_mm_apart():
    (pair,) = scene(spacing=(1.0, 2.0), liver=rectangles(SIZE, BIG), polyp=rectangles(SIZE, (2, 1, 9, 9)))[0].pairs
    assert pair.gap_mm == 0.0


@pytest.mark.parametrize("names", [("liver", "polyp"), ("polyp", "liver")])
def test_contact_is_counted_on_the_smaller_structure(names: tuple[str, str]):
    large, small = rectangles(SIZE, (0, 0, 4, 9)), rectangles(SIZE, (4, 3, 7, 5))
    (pair,) = scene(**dict(zip(names, (large, small), strict=True)))[0].pairs
    assert (pair.gap_px, pair.contact_px) == (1.0, 2)


def test_more_separate_structures_than_words_can_tell_apart_are_rejected():
    dots = np.zeros((3, 2 * MAX_UNITS + 1), dtype=np.bool_)
    dots[1, : 2 * MAX_UNITS : 2] = True
    assert len(scene(polyp=dots)[0].structures) == 1 + MAX_UNITS
    dots[1, 2 * MAX_UNITS] = True
    with pytest.raises(Rejected) as refused:
        scene(polyp=dots)
    assert refused.value.reason == "too_many_structures"
