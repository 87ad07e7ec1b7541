"""Twins of a view: what becomes of pixels, masks and grid, and where signs are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrs_builder import geometry, resources
from mmrs_builder.markers import labels, places, plate_mask
from mmrs_builder.templates import languages, load
from mmrs_builder.twins import twins
from mmrs_builder.types import Grid, View
from mmrs_builder.vocab import GLYPHS
from tests.scenes import rectangles
from tests.scenes import view as black

SIZE = (120, 90)
LIVER, SPLEEN, TUMOUR = (6, 8, 56, 60), (70, 40, 110, 84), (22, 20, 46, 44)
STEPS = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def drawn(number: int, **masks: np.ndarray) -> View:
    """A view of the patient with another pixel everywhere."""
    masks = masks or {"liver": rectangles(SIZE, LIVER), "spleen": rectangles(SIZE, SPLEEN)}
    plain = black(view_id=f"v{number}", absent=["kidney"], spacing=(0.5, 2.0), direction=STEPS, **masks)
    grey = (np.arange(SIZE[0] * SIZE[1]) % 251).astype(np.uint8).reshape(SIZE[::-1])
    grid = replace(plain.grid, evidence="header", origin=(0.0, 0.0, 0.0), plane="axial", slice_index=3)
    return replace(plain, picture=replace(plain.picture, pixels=grey, render="grey8/1"), grid=grid)


def made(op: str, **masks: np.ndarray) -> tuple[View, View]:
    """A view that gets this kind of twin, and the twin."""
    for number in range(200):
        view = drawn(number, **masks)
        for twin in twins(view):
            if twin.twin is not None and twin.twin.op == op:
                return view, twin
    raise AssertionError(op)


def mask_of(view: View, label: str) -> np.ndarray:
    return next(item.mask for item in view.annotations if item.label == label)


def test_a_mirrored_twin_has_its_left_at_the_right():
    view, twin = made("mirror")
    assert np.array_equal(twin.picture.pixels, view.picture.pixels[:, ::-1])
    assert np.array_equal(mask_of(twin, "liver"), mask_of(view, "liver")[:, ::-1])
    assert (twin.grid.width, twin.grid.height, twin.grid.spacing) == (120, 90, (0.5, 2.0))


def test_a_turned_twin_has_its_right_on_top_after_a_quarter_and_its_spacing_turned():
    view, twin = made("turn")
    (_, quarters), *_ = twin.twin.params
    for _ in range(4 - int(quarters)):  # on, until it is as it was
        twin = replace(
            twin, picture=replace(twin.picture, pixels=twin.picture.pixels[:, ::-1].T),
            annotations=tuple(replace(item, mask=item.mask[:, ::-1].T) for item in twin.annotations),
        )  # fmt: skip
    assert np.array_equal(twin.picture.pixels, view.picture.pixels)
    assert np.array_equal(mask_of(twin, "spleen"), mask_of(view, "spleen"))
    assert twin.grid.spacing == ((0.5, 2.0) if quarters == 2 else (2.0, 0.5))
    assert (twin.grid.width, twin.grid.height) == (SIZE if quarters == 2 else SIZE[::-1])


def test_a_cut_twin_shows_a_structure_as_a_whole_in_another_quadrant():
    view, twin = made("crop")
    x, y, width, height = (int(value) for _, value in twin.twin.params)
    assert np.array_equal(twin.picture.pixels, view.picture.pixels[y : y + height, x : x + width])

    def places_of(one: View) -> dict[str, tuple[int, bool, bool]]:
        found = {}
        for item in one.annotations:
            cx, cy = geometry.centroid(geometry.patch(item.mask))
            found[item.label] = int(item.mask.sum()), 2 * cx + 1 < one.grid.width, 2 * cy + 1 < one.grid.height
        return found

    before, after = places_of(view), places_of(twin)
    assert any(before[name][0] == after[name][0] and before[name] != after[name] for name in after)
    assert all(after[name][0] <= before[name][0] for name in after)


def test_a_picture_in_which_no_cut_moves_a_structure_is_mirrored():
    filling = rectangles(SIZE, (0, 0, 120, 90))
    ops = {next(twins(drawn(number, liver=filling))).twin.op for number in range(60)}
    assert ops == {"mirror", "turn"}


@pytest.mark.parametrize("op", ["mirror", "turn", "crop", "mark", "canvas"])
def test_a_twin_points_to_its_original_and_has_no_place_in_the_patient(op: str):
    view, twin = made(op)
    assert (twin.view_id, twin.case_id, twin.twin.of) == (f"{view.view_id}~{op}", view.case_id, view.view_id)
    assert twin.grid == Grid(
        width=twin.picture.pixels.shape[1], height=twin.picture.pixels.shape[0], spacing=twin.grid.spacing,
        plane="axial", slice_index=3,
    )  # fmt: skip
    assert twin.picture.render.split("+")[-1].startswith(op)
    assert twin.absent == (() if op in ("mark", "canvas") else ("kidney",))


def test_twins_depend_on_the_view_alone_and_views_without_structures_have_none():
    def told(view: View) -> list[tuple[object, ...]]:
        return [(twin.twin, twin.picture.data, twin.grid) for twin in twins(view)]

    assert told(drawn(5)) == told(drawn(5))
    assert list(twins(drawn(5, liver=rectangles(SIZE)))) == []


def test_every_sign_lies_in_its_structure_and_covers_at_most_a_quarter_of_it():
    for number in range(20):
        view = drawn(number)
        marked = [twin for twin in twins(view) if twin.twin.op == "mark"]
        assert len(marked) == 1
        annotated = {item.mask.tobytes() for item in view.annotations}
        for marker, item in zip(marked[0].twin.markers, marked[0].annotations, strict=True):
            assert item.mask.tobytes() in annotated
            assert item.mask[marker.y, marker.x]
            plate = plate_mask(marker, *SIZE)
            assert 4 * plate.sum() <= item.mask.sum()
            assert not np.array_equal(marked[0].picture.pixels[plate], view.picture.pixels[plate])
        outside = ~np.logical_or.reduce([plate_mask(m, *SIZE) for m in marked[0].twin.markers])
        shown = marked[0].picture.pixels[outside]
        assert np.array_equal(shown if shown.ndim == 1 else shown[:, 0], view.picture.pixels[outside])


def test_all_styles_are_used_and_which_structure_is_first_changes():
    seen = set()
    for number in range(40):
        twin = next(twin for twin in twins(drawn(number)) if twin.twin.op == "mark")
        seen.add((twin.twin.markers[0].glyph, twin.twin.markers[0].x < 60))
    assert len(seen) == 2 * len(GLYPHS)


def test_a_sign_on_a_structure_around_another_lies_outside_of_that_one():
    liver, tumour = rectangles(SIZE, LIVER), rectangles(SIZE, TUMOUR)
    found = {int(place.mask.sum()): place for place in places(drawn(1, liver=liver, polyp=tumour))}
    around, inside = found[int(liver.sum())], found[int(tumour.sum())]
    assert not tumour[around.y, around.x]
    assert tumour[inside.y, inside.x]


def test_structures_too_small_for_a_sign_and_instances_in_pieces_get_none():
    small = rectangles(SIZE, (2, 2, 12, 12))
    pieces = [rectangles(SIZE, (2, 2, 40, 40), (60, 40, 110, 80))]
    assert places(drawn(1, liver=small)) == []
    assert places(drawn(1, clip=pieces)) == []
    assert len(places(drawn(1, clip=pieces[0]))) == 2  # a whole in pieces is two structures


def test_a_canvas_is_white_but_for_its_signs_and_its_structures_are_the_plates():
    _, twin = made("canvas")
    plates = [plate_mask(marker, *SIZE) for marker in twin.twin.markers]
    assert [item.mask.tobytes() for item in twin.annotations] == [plate.tobytes() for plate in plates]
    assert (twin.picture.pixels[~np.logical_or.reduce(plates)] == 255).all()
    assert all((twin.picture.pixels[plate] == 0).any() for plate in plates)


@pytest.mark.parametrize("language", languages(resources.path("templates")))
def test_every_language_has_words_for_every_sign(language: str):
    names = load(resources.path("templates"), language).terms.markers
    assert names.keys() == labels().keys()
    assert all(glyph in name.name.split() for glyph, name in names.items() if len(glyph) == 1)
    assert len({name.name for name in names.values()}) == len(names)
