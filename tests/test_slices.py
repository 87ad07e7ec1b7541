"""Which slices of a volume become views."""

from __future__ import annotations

import numpy as np
import pytest

from mmrs_builder.slices import Plan, chosen


def picked(
    areas: dict[str, list[int]],
    *,
    coverage: int = 0,
    empty: float = 0.0,
    hidden: tuple[int, ...] = (),
    case: str = "case",
    plane: str = "axial",
) -> tuple[int, ...]:
    length = len(next(iter(areas.values())))
    usable = np.array([i not in hidden for i in range(length)])
    counts = {label: np.array(area, np.int64) for label, area in areas.items()}
    return chosen(counts, usable, Plan(coverage=coverage, empty=empty), case, plane)


def test_each_label_shows_its_largest_slice():
    assert picked({"liver": [0, 5, 9, 9, 2], "spleen": [7, 1, 0, 0, 0], "cyst": [0, 0, 0, 0, 0]}) == (0, 2)


def test_a_slice_that_may_not_be_shown_is_not_the_largest():
    assert picked({"liver": [0, 5, 9, 7, 2]}, hidden=(2,)) == (3,)
    assert picked({"liver": [0, 5, 9, 7, 2]}, hidden=(1, 2, 3, 4)) == ()


@pytest.mark.parametrize(
    ("coverage", "expected"), [(0, {15}), (1, {14, 15}), (2, {12, 15, 17}), (5, {10, 12, 14, 15, 16, 18})]
)
def test_coverage_spreads_evenly_through_the_annotated_part(coverage: int, expected: set[int]):
    areas = [0] * 10 + [1] * 10 + [0] * 10
    areas[15] = 2
    found = set(picked({"liver": areas}, coverage=coverage))
    assert found == expected
    assert min(found) >= 10
    assert max(found) < 20


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_more_coverage_than_slices_shows_every_annotated_slice(length: int):
    assert picked({"liver": [0, *[1] * length, 0]}, coverage=50) == tuple(range(1, length + 1))


def test_coverage_skips_slices_that_may_not_be_shown():
    found = picked({"liver": [1] * 20}, coverage=20, hidden=(3, 4, 5))
    assert found == tuple(i for i in range(20) if i not in (3, 4, 5))


@pytest.mark.parametrize(("empty", "number"), [(0.0, 0), (0.2, 1), (0.5, 2), (0.99, 4)])
def test_slices_without_structure_come_at_the_stated_rate(empty: float, number: int):
    areas = [1] * 4 + [0] * 20
    found = picked({"liver": areas}, coverage=4, empty=empty)
    assert len([i for i in found if i > 3]) == number
    assert found == tuple(sorted(set(found)))


def test_no_more_empty_slices_than_there_are():
    assert picked({"liver": [1, 1, 1, 0]}, coverage=3, empty=0.9, hidden=()) == (0, 1, 2, 3)
    assert picked({"liver": [1, 1, 1, 0]}, coverage=3, empty=0.9, hidden=(3,)) == (0, 1, 2)


def test_a_hidden_slice_is_not_an_empty_one():
    assert picked({"liver": [9, 5, 0]}, coverage=2, empty=0.9, hidden=(1,)) == (0, 2)


def test_which_empty_slices_are_shown_depends_on_case_and_plane_alone():
    areas = {"liver": [1] + [0] * 400}
    first = picked(areas, empty=0.9)
    assert picked(areas, empty=0.9) == first
    assert len({picked(areas, empty=0.9, case=str(i)) for i in range(20)}) > 10
    assert len({picked(areas, empty=0.9, plane=plane) for plane in ("axial", "coronal", "sagittal")}) > 1


def test_a_volume_without_structures_shows_nothing():
    assert picked({"liver": [0, 0, 0]}, coverage=3, empty=0.9) == ()
    assert chosen({}, np.ones(5, np.bool_), Plan(), "case", "axial") == ()


def test_the_order_of_labels_says_nothing():
    areas = {"liver": [0, 5, 9, 7, 2], "spleen": [7, 1, 0, 0, 0]}
    assert picked(areas, coverage=2) == picked(dict(reversed(areas.items())), coverage=2)
