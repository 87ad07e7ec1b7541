"""What a user may set for a source of volumes."""

from __future__ import annotations

import pytest

from mmrs_builder.slices import Plan
from mmrs_builder.volume_rules import Rules, rules

DEFAULT = {
    "window": "auto", "planes": "axial", "coverage": "5", "empty": "0.1", "exhaustive": "yes", "minimum_area": "0.001",
    "sides": "header",
}  # fmt: skip


def told(*labels: str, **options: str) -> Rules:
    return rules(labels, **{**DEFAULT, **options})


def test_options_become_rules():
    assert told("liver", "spleen") == Rules(
        labels=("liver", "spleen"),
        exhaustive=True,
        minimum_area=0.001,
        window="soft_tissue",
        plan=Plan(planes=("axial",), coverage=5, empty=0.1),
    )


def test_planes_are_sorted_and_counted_once():
    assert told(planes="sagittal+axial+sagittal").plan.planes == ("axial", "sagittal")


def test_slices_without_structure_need_exhaustive_masks():
    assert told(exhaustive="no", empty="0.5").plan.empty == 0.0


def test_the_window_is_that_of_the_labels_unless_one_is_named():
    assert told("lung_left").window == "lung"
    assert told("lung_left", window="bone").window == "bone"


def test_sides_of_headers_can_be_distrusted():
    assert told().sided
    assert not told(sides="unknown").sided


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("window", "wide"),
        ("planes", ""),
        ("planes", "axial,coronal"),
        ("planes", "axial+oblique"),
        ("coverage", "-1"),
        ("coverage", "1.5"),
        ("coverage", "1001"),
        ("coverage", ""),
        ("empty", "1"),
        ("empty", "-0.1"),
        ("empty", "nan"),
        ("exhaustive", "true"),
        ("minimum_area", "2"),
        ("minimum_area", "some"),
        ("sides", "none"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(option: str, value: str):
    with pytest.raises(ValueError, match=f"^{option}="):
        told("liver", **{option: value})
