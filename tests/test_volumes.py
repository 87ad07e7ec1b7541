"""From a volume and its masks to views."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.digests import digest, sha256
from mmrs_builder.types import Lattice, View, Volume
from mmrs_builder.vocab import Rejected
from mmrs_builder.volumes import Mask3D, files_sha256, volume_case
from tests.volumes import REF, SHAPE, block, mask, noise, of, places, rules, views

GRID = block()
LIVER = mask("liver", (2, 4, 3, 9, 14, 11), grid=GRID)
SPLEEN = mask("spleen", (3, 8, 16, 6, 13, 21), grid=GRID)


def refused(masks: list[Mask3D], *labels: str, grid: Lattice = GRID, **change: Any) -> tuple[str, str]:
    with pytest.raises(Rejected) as refusal:
        views(grid, masks, rules(*labels, **change))
    return refusal.value.reason, refusal.value.what


def masks_of(view: View) -> dict[str, np.ndarray]:
    return {annotation.label: annotation.mask for annotation in view.annotations}


def index_of(view: View) -> int:
    return int(view.view_id[-4:])


def test_slices_show_the_volume_in_the_radiological_convention():
    values = noise()
    for view in views(GRID, [LIVER, SPLEEN], rules("liver", "spleen")):
        plane, i = view.grid.plane, view.grid.slice_index
        part = {"axial": lambda a, n: a[n], "coronal": lambda a, n: a[:, n], "sagittal": lambda a, n: a[:, :, n]}[plane]
        grey = np.rint((part(values, i) + 150) * (255 / 400)).astype(np.uint8)
        assert np.array_equal(view.picture.pixels, grey)
        for item in (LIVER, SPLEEN):
            if item.label in masks_of(view):
                assert np.array_equal(masks_of(view)[item.label], part(item.mask, i))
            else:
                assert not part(item.mask, i).any()
        assert view.view_id == f"test:case:{plane}-{i:04d}"


def test_directions_are_those_of_the_planes():
    left, back, feet = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)
    found = {view.grid.plane: view.grid for view in views(GRID, [LIVER], rules("liver"))}
    assert {plane: grid.direction for plane, grid in found.items()} == {
        "axial": (back, left),
        "coronal": (feet, left),
        "sagittal": (feet, back),
    }
    assert {grid.evidence for grid in found.values()} == {"header"}


def test_the_stored_picture_decodes_to_the_pixels():
    for view in views(GRID, [LIVER], rules("liver")):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(view.picture.data))), view.picture.pixels)
        assert view.picture.pixels.shape == (view.grid.height, view.grid.width)
        assert view.picture.source_sha256 == "0" * 64
        assert view.picture.render == "window:soft_tissue(50,400)/1"


@pytest.mark.parametrize("thick", [3.2, 5.0, 6.0])
def test_thick_slices_are_repeated_with_their_masks_and_stay_in_place(thick: float):
    grid = block(spacing=(thick, 1.3, 1.3))
    n = round(thick / 1.3)
    found = of(views(grid, [replace(LIVER, lattice=grid)], rules("liver")), "coronal")
    assert found
    for view in found:
        picture, held = view.picture.pixels, masks_of(view)["liver"]
        assert picture.shape == held.shape == (SHAPE[0] * n, SHAPE[2]) == (view.grid.height, view.grid.width)
        assert view.picture.render == f"window:soft_tissue(50,400)+repeat:{n}x1/1"
        assert np.array_equal(picture, picture[::n].repeat(n, axis=0))
        assert np.array_equal(held, LIVER.mask[:, view.grid.slice_index].repeat(n, axis=0))
        assert view.grid.spacing == pytest.approx((thick / n, 1.3))
        rows = places(view).reshape(SHAPE[0], n, SHAPE[2], 3)
        expected = [
            [(-40 + 1.3 * k, -30 + 1.3 * view.grid.slice_index, 50 - thick * i) for k in range(24)] for i in range(12)
        ]
        assert np.allclose(rows.mean(axis=1), expected)
        assert np.abs(rows - rows.mean(axis=1, keepdims=True)).max() < thick / 2


def test_columns_are_repeated_where_they_are_the_wider_ones():
    grid = block(spacing=(2.0, 2.0, 6.1))
    view = of(views(grid, [replace(LIVER, lattice=grid)], rules("liver")), "axial")[0]
    assert view.picture.pixels.shape == (20, 72)
    assert view.grid.spacing == pytest.approx((2.0, 6.1 / 3))


def test_nearly_square_pixels_are_left_alone():
    grid = block(spacing=(2.9, 2.0, 2.0))
    found = views(grid, [replace(LIVER, lattice=grid)], rules("liver"))
    assert {view.picture.render for view in found} == {"window:soft_tissue(50,400)/1"}


def test_a_spacing_that_would_make_a_huge_picture_is_refused_before_it_is_made():
    grid = block(spacing=(500.0, 1e-5, 1e-5))
    assert refused([replace(LIVER, lattice=grid)], "liver", grid=grid, planes=("coronal",)) == ("too_large", "scan.nii")


def test_small_slices_are_refused():
    grid = block(shape=(5, 20, 24))
    liver = mask("liver", (1, 2, 3, 4, 5, 6), grid=grid)
    assert refused([liver], "liver", grid=grid, planes=("coronal",)) == ("too_small", "scan.nii")


def test_a_mask_without_background_is_refused():
    full = mask("liver", (0, 0, 0, *SHAPE), grid=GRID)
    assert refused([SPLEEN, full], "liver", "spleen") == ("mask_full", "liver.nii")


def test_other_planes_of_a_volume_of_unknown_axes_are_refused_and_say_why():
    grid = block(evidence=None)
    liver = mask("liver", (2, 4, 3, 9, 14, 11), grid=grid)
    with pytest.raises(Rejected, match="does not say how axes lie"):
        views(grid, [liver], rules("liver", planes=("coronal",)))


def test_specks_are_removed_counted_and_not_absent():
    specks = mask("liver", (2, 4, 3, 9, 14, 11), (2, 17, 20, 9, 18, 22), grid=GRID)
    for view in of(views(GRID, [specks], rules("liver", minimum_area=0.01)), "axial"):
        assert masks_of(view)["liver"].sum() == 10 * 8
        assert (view.specks, view.speck_px, view.absent) == (1, 2, ())
    only = mask("cyst", (2, 17, 20, 9, 18, 22), grid=GRID)
    for view in of(views(GRID, [only, LIVER], rules("cyst", "liver", minimum_area=0.01)), "axial"):
        assert (set(masks_of(view)), view.absent) == ({"liver"}, ())


def test_an_instance_keeps_its_largest_part_however_small():
    small = mask("cyst", (2, 17, 20, 9, 18, 22), (2, 1, 20, 9, 2, 21), grid=GRID, instance=True)
    for view in of(views(GRID, [small], rules("cyst", minimum_area=0.01)), "axial"):
        assert masks_of(view)["cyst"].sum() == 2
        assert view.specks == 1


def test_absent_is_what_no_voxel_of_the_slice_belongs_to():
    found = of(views(GRID, [LIVER, SPLEEN], rules("liver", "spleen", "stomach", coverage=20)), "axial")
    assert {index_of(view): view.absent for view in found} == {
        i: ("stomach",) if i in (3, 4, 5) else ("spleen", "stomach") for i in range(2, 9)
    }


def test_nothing_is_absent_where_masks_are_not_exhaustive():
    found = views(GRID, [LIVER], rules("liver", "spleen", exhaustive=False))
    assert {view.absent for view in found} == {()}


def test_slices_without_structure_lack_every_label():
    found = of(views(GRID, [LIVER], rules("liver", coverage=7, empty=0.4)), "axial")
    bare = [view for view in found if not view.annotations]
    assert {view.absent for view in bare} == {("liver",)}
    assert len(bare) == 3
    assert all(index_of(view) not in range(2, 9) for view in bare)


def test_instances_are_kept_apart_and_the_rest_of_a_label_is_united():
    tumours = [mask("tumour", (2, j, 3, 9, j + 3, 6), grid=GRID, instance=True) for j in (1, 6, 12)]
    parts = [mask("liver", (2, 1, 10, 9, 8, 14), grid=GRID), mask("liver", (2, 6, 12, 9, 18, 16), grid=GRID)]
    for view in of(views(GRID, [*tumours, *parts], rules("liver", "tumour")), "axial"):
        instances = [a.mask for a in view.annotations if a.instance]
        assert [a.label for a in view.annotations] == ["liver", "tumour", "tumour", "tumour"]
        assert sorted(int(np.flatnonzero(m.any(axis=1))[0]) for m in instances) == [1, 6, 12]
        assert np.array_equal(masks_of(view)["liver"], (parts[0].mask | parts[1].mask)[index_of(view)])


def test_a_tumour_in_an_organ_and_overlapping_organs_keep_all_their_pixels():
    tumour = mask("tumour", (4, 7, 6, 7, 10, 9), grid=GRID)
    over = mask("stomach", (2, 10, 8, 9, 19, 15), grid=GRID)
    for view in views(GRID, [LIVER, tumour, over], rules("liver", "stomach", "tumour", coverage=9)):
        axis = ("axial", "coronal", "sagittal").index(view.grid.plane)
        for item in (LIVER, tumour, over):
            part = np.moveaxis(item.mask, axis, 0)[view.grid.slice_index]
            assert np.array_equal(masks_of(view).get(item.label, np.zeros_like(part)), part)


def test_what_nobody_has_named_is_never_shown():
    strange = mask(None, (4, 0, 0, 7, 3, 3), grid=GRID)
    found = views(GRID, [LIVER, strange], rules("liver", coverage=20, empty=0.9))
    assert found
    for view in found:
        axis = ("axial", "coronal", "sagittal").index(view.grid.plane)
        assert not np.moveaxis(strange.mask, axis, 0)[view.grid.slice_index].any()
    assert refused([LIVER, mask(None, (0, 0, 0, *SHAPE), grid=GRID)], "liver") == ("no_slice", "scan.nii")


def test_a_mask_on_another_grid_is_refused():
    moved = replace(LIVER, lattice=replace(GRID, origin=(-38.0, -30.0, 50.0)))
    assert refused([moved], "liver") == ("grid_mismatch", "liver.nii")
    other = block(shape=(12, 20, 23))
    assert refused([mask("liver", (2, 4, 3, 9, 14, 11), grid=other)], "liver") == ("grid_mismatch", "liver.nii")
    cut = replace(LIVER, mask=LIVER.mask[:-1])
    assert refused([cut], "liver") == ("grid_mismatch", "liver.nii")


def test_rounding_in_a_masks_header_is_no_other_grid():
    moved = replace(LIVER, lattice=replace(GRID, origin=(-40.01, -30.0, 50.0)))
    assert views(GRID, [moved], rules("liver"))


@pytest.mark.parametrize("masks", [[], [mask("liver", grid=GRID)]])
def test_a_case_without_a_mask_voxel_is_refused(masks: list[Mask3D]):
    assert refused(masks, "liver", empty=0.5) == ("no_slice", "scan.nii")


def test_an_empty_mask_is_absent_in_every_slice():
    found = views(GRID, [LIVER, mask("spleen", grid=GRID)], rules("liver", "spleen"))
    assert {view.absent for view in found} == {("spleen",)}


def test_voxels_that_are_no_numbers_are_refused():
    values = noise().astype(np.float32)
    values[0, 0, 0] = np.nan
    with pytest.raises(Rejected) as refusal:
        views(GRID, [LIVER], rules("liver"), values)
    assert refusal.value.reason == "not_finite"


def test_without_evidence_only_plain_slices_are_shown_and_no_direction():
    grid = replace(GRID, evidence=None)
    found = views(grid, [replace(LIVER, lattice=grid)], rules("liver"))
    assert {view.view_id.split(":")[-1].split("-")[0] for view in found} == {"slice"}
    for view in found:
        assert (view.grid.direction, view.grid.origin, view.grid.plane, view.grid.evidence) == (None,) * 4
        assert view.grid.spacing == (2.0, 2.0)
        assert np.array_equal(masks_of(view)["liver"], LIVER.mask[:, :, index_of(view)].T)


def test_without_evidence_a_plane_that_cannot_be_cut_is_refused():
    grid = replace(GRID, evidence=None)
    assert refused([replace(LIVER, lattice=grid)], "liver", grid=grid, planes=("coronal",)) == ("no_slice", "scan.nii")


def test_where_headers_are_not_trusted_pictures_are_upright_but_have_no_side():
    for view in views(GRID, [LIVER], rules("liver", sided=False)):
        assert (view.grid.direction, view.grid.origin, view.grid.evidence) == (None, None, None)
        assert view.grid.plane in view.view_id


KIDNEYS = [mask("kidney_right", (3, 8, 2, 9, 13, 7), grid=GRID), mask("kidney_left", (3, 8, 17, 9, 13, 22), grid=GRID)]


def swapped(masks: list[Mask3D]) -> list[Mask3D]:
    return [replace(item, label=other.label) for item, other in zip(masks, reversed(masks), strict=True)]


def test_sides_that_contradict_the_header_are_refused():
    assert views(GRID, KIDNEYS, rules("kidney_left", "kidney_right"))
    assert refused(swapped(KIDNEYS), "kidney_left", "kidney_right") == ("sides_contradict", "scan.nii")


def test_sides_are_not_compared_where_nobody_claims_them():
    assert views(GRID, swapped(KIDNEYS), rules("kidney_left", "kidney_right", sided=False))
    grid = replace(GRID, evidence=None)
    assert views(grid, [replace(item, lattice=grid) for item in swapped(KIDNEYS)], rules("kidney_left"))


@pytest.mark.parametrize(("offset", "allowed"), [(1, True), (2, False)])
def test_sides_that_cross_a_little_are_no_contradiction(offset: int, allowed: bool):
    """Each is 5 voxels wide, so that a quarter of the width lies between one voxel and two."""
    right = mask("kidney_right", (3, 8, 9, 9, 13, 14), grid=GRID)
    left = mask("kidney_left", (3, 8, 9 - offset, 9, 13, 14 - offset), grid=GRID)
    if allowed:
        assert views(GRID, [left, right], rules("kidney_left", "kidney_right"))
    else:
        assert refused([left, right], "kidney_left", "kidney_right")[0] == "sides_contradict"


def test_the_digest_is_that_of_the_files(tmp_path: Path):
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(name.encode())
    one = replace(REF, root=str(tmp_path), image="a")
    assert files_sha256(one) == sha256(b"a")
    series = replace(REF, root=str(tmp_path), image="", files=("a", "b"))
    assert files_sha256(series) == digest([sha256(b"a"), sha256(b"b")])
    case = volume_case(one, Volume(values=noise(), lattice=GRID), [LIVER], rules("liver"))
    assert {view.picture.source_sha256 for view in case.views} == {sha256(b"a")}


def test_masks_may_come_one_after_the_other():
    case = volume_case(
        REF,
        Volume(values=noise(), lattice=GRID),
        (item for item in (LIVER, SPLEEN)),
        rules("liver", "spleen"),
        source_sha256="0",
    )
    assert len(case.views) == len({view.view_id for view in case.views}) > 6


def test_a_slab_without_a_coronal_view_is_still_seen_from_above():
    grid = block(shape=(5, 20, 24))
    liver = mask("liver", (1, 2, 3, 4, 5, 6), grid=grid)
    assert {view.grid.plane for view in views(grid, [liver], rules("liver", planes=("axial", "coronal")))} == {"axial"}
