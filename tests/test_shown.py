"""How flat pictures lie in the patient."""

from __future__ import annotations

import pytest

from mmrs_builder.shown import SHOWN, Shown, placed
from mmrs_builder.types import Annotation, Grid
from mmrs_builder.vocab import Rejected
from tests.scenes import rectangles

WIDTH, HEIGHT = 100, 80
LEFT, BACK, FEET = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)


def at(shown: Shown, *, instance: bool = False, **across: int) -> Grid:
    """The grid of a picture with a square of each label, its first column given."""
    annotations = [
        Annotation(label=label, mask=rectangles((WIDTH, HEIGHT), (x, 20, x + 10, 30)), instance=instance)
        for label, x in across.items()
    ]
    return placed(WIDTH, HEIGHT, annotations, shown, "film.png", spacing=(0.5, 0.25))


def test_nothing_is_known_unless_somebody_vouches_for_it():
    grid = at("", lung_left=70, lung_right=10)
    assert grid == Grid(width=WIDTH, height=HEIGHT, spacing=(0.5, 0.25))


@pytest.mark.parametrize(
    ("shown", "directions"),
    [("axial", (BACK, LEFT)), ("coronal", (FEET, LEFT)), ("frontal", (FEET, LEFT)), ("sagittal", (FEET, BACK))],
)
def test_a_cited_convention_gives_the_directions(shown: Shown, directions: object):
    grid = at(shown, liver=10)
    assert (grid.direction, grid.plane, grid.evidence, grid.spacing) == (directions, shown, "convention", (0.5, 0.25))


def test_structures_named_left_and_right_prove_the_sides():
    grid = at("by_sides", lung_left=70, lung_right=10, liver=40)
    assert (grid.direction, grid.plane, grid.evidence) == ((FEET, LEFT), "frontal", "annotation")


@pytest.mark.parametrize(
    "across",
    [
        {"lung_left": 44, "lung_right": 40},  # not clearly apart
        {"lung_left": 70},
        {"lung_left": 70, "clavicle_right": 10},
        {"liver": 10},
        {},
    ],
)
def test_without_proof_there_is_only_the_viewers_frame(across: dict[str, int]):
    assert at("by_sides", **across) == Grid(width=WIDTH, height=HEIGHT, spacing=(0.5, 0.25))


@pytest.mark.parametrize("others", [{}, {"clavicle_left": 70, "clavicle_right": 10}])
@pytest.mark.parametrize("shown", ["axial", "coronal", "frontal", "by_sides"])
def test_structures_on_the_wrong_sides_are_mirrored_or_misnamed(shown: Shown, others: dict[str, int]):
    with pytest.raises(Rejected) as refusal:
        at(shown, lung_left=10, lung_right=70, **others)
    assert (refusal.value.reason, refusal.value.what) == ("sides_contradict", "film.png")


def test_a_convention_stands_where_structures_say_nothing():
    assert at("coronal", lung_left=40, lung_right=44).evidence == "convention"
    assert at("sagittal", lung_left=10, lung_right=70).evidence == "convention"


def test_instances_of_a_label_count_together():
    masks = [("lung_left", 30), ("lung_left", 90), ("lung_right", 40)]
    annotations = [
        Annotation(label=label, mask=rectangles((WIDTH, HEIGHT), (x, 0, x + 10, 9)), instance=True)
        for label, x in masks
    ]
    assert placed(WIDTH, HEIGHT, annotations, "by_sides", "film.png").evidence == "annotation"


def test_every_way_of_showing_is_an_option():
    assert {key: key for key in SHOWN} == SHOWN
