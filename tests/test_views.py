"""Specks, boxes and the view of a plain picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmrs_builder.types import Box, CaseRef, MaskRef
from mmrs_builder.views import box_iou, flat_case, remove_specks
from mmrs_builder.vocab import Rejected
from tests.corpora import mask, picture


def case_of(root: Path, *masks: tuple[Box, ...], boxes: tuple[Box, ...] = (), instance: bool = False) -> CaseRef:
    picture(root / "a.png", 1)
    for i, drawn in enumerate(masks):
        mask(root / f"{i}.png", *drawn)
    refs = tuple(MaskRef(path=f"{i}.png", label="polyp", instance=instance) for i in range(len(masks)))
    return CaseRef(source="test", root=str(root), case_id="a", image="a.png", masks=refs, boxes=boxes)


def test_components_below_the_minimum_are_removed_and_counted():
    drawn = np.zeros((10, 10), dtype=np.bool_)
    drawn[0:3, 0:3] = drawn[5, 5] = drawn[8, 8:10] = True
    kept, number, pixels = remove_specks(drawn, 0.03)
    assert (int(kept.sum()), number, pixels) == (9, 2, 3)


def test_a_component_as_large_as_the_minimum_is_kept():
    drawn = np.zeros((10, 10), dtype=np.bool_)
    drawn[4, 4:7] = True
    assert remove_specks(drawn, 0.03)[1] == 0


def test_pixels_that_meet_at_a_corner_are_one_component():
    assert remove_specks(np.eye(10, dtype=np.bool_), 0.1)[1] == 0


def test_masks_of_a_label_are_united(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 10, 10),), ((5, 0, 15, 10),))
    [annotation] = flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",)).views[0].annotations
    assert (int(annotation.mask.sum()), annotation.instance) == (150, False)


def test_instances_stay_apart_even_where_they_overlap(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 10, 10),), ((5, 0, 15, 10),), instance=True)
    view = flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",)).views[0]
    assert [int(a.mask.sum()) for a in view.annotations] == [100, 100]


@pytest.mark.parametrize(("top", "left"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_of_specks_alike_the_first_stays_wherever_they_lie(top: int, left: int):
    drawn = np.zeros((9, 12), dtype=np.bool_)
    drawn[top, left + 7] = drawn[top + 1, left] = True
    alone, number, pixels = remove_specks(drawn, 0.5, keep_largest=True)
    _, marks = cv2.connectedComponents(drawn.astype(np.uint8), connectivity=8)
    assert (number, pixels) == (1, 1)
    assert np.array_equal(alone, marks == 1)


def test_a_small_instance_is_kept_and_loses_only_its_specks(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 2, 2), (9, 9, 10, 10)), ((20, 20, 22, 21),), instance=True)
    view = flat_case(ref, minimum_area=0.1, exhaustive=True, labels=("polyp",)).views[0]
    assert [int(a.mask.sum()) for a in view.annotations] == [4, 2]
    assert (view.specks, view.speck_px) == (1, 1)


@pytest.mark.parametrize("second", [(0, 0, 10, 20), (0, 0, 10, 21)])
def test_a_structure_annotated_twice_is_refused_instead_of_counted_twice(tmp_path: Path, second: Box):
    ref = case_of(tmp_path, ((0, 0, 10, 20),), ((40, 0, 50, 20),), (second,), instance=True)
    with pytest.raises(Rejected, match=r"^2\.png: .*the same as 0\.png"):
        flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",))


def test_empty_instance_masks_are_not_one_structure_annotated_twice(tmp_path: Path):
    ref = case_of(tmp_path, (), (), instance=True)
    assert flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",)).views[0].absent == ("polyp",)


def test_what_is_only_a_speck_is_neither_annotated_nor_absent(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 1, 1),))
    view = flat_case(ref, minimum_area=0.01, exhaustive=True, labels=("polyp", "instrument")).views[0]
    assert (view.annotations, view.specks, view.absent) == ((), 1, ("instrument",))


def test_a_view_is_named_after_source_and_case(tmp_path: Path):
    view = flat_case(case_of(tmp_path), minimum_area=0, exhaustive=False, labels=("polyp",)).views[0]
    assert (view.view_id, view.grid.width, view.grid.height, view.absent) == ("test:a", 64, 48, ())


def test_boxes_are_compared_as_one(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 10, 10), (40, 30, 50, 40)), boxes=((40, 30, 50, 40), (1, 0, 10, 10)))
    assert flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",)).views


def test_a_mask_beside_its_box_is_rejected(tmp_path: Path):
    ref = case_of(tmp_path, ((0, 0, 10, 10),), boxes=((4, 0, 14, 10),))
    with pytest.raises(Rejected, match=r"0\.43"):
        flat_case(ref, minimum_area=0, exhaustive=True, labels=("polyp",))


@pytest.mark.parametrize("published", [(0, 0, 10, 10), (0, 0, 60, 40)])
def test_a_box_may_have_been_drawn_with_or_without_a_speck(tmp_path: Path, published: Box):
    ref = case_of(tmp_path, ((0, 0, 10, 10), (59, 39, 60, 40)), boxes=(published,))
    assert flat_case(ref, minimum_area=0.001, exhaustive=True, labels=("polyp",)).views[0].specks == 1


@pytest.mark.parametrize(("other", "iou"), [((0, 0, 4, 4), 1.0), ((2, 0, 6, 4), 1 / 3), ((4, 4, 8, 8), 0.0)])
def test_intersection_over_union_of_boxes(other: Box, iou: float):
    assert box_iou((0, 0, 4, 4), other) == pytest.approx(iou)
