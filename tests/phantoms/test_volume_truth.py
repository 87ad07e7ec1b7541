"""Volumes of phantoms: anatomy, place in the patient, and masks, against the generator's parameters."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder.io.volume import MAX_TILT, turn
from mmrs_builder.phantoms.solids import Solid, axes, level, levels, reach
from mmrs_builder.phantoms.volume_truth import VolumeTruth
from mmrs_builder.sources.phantom import SOURCE, configure, load, volume_truth
from mmrs_builder.types import Case, CaseRef, View
from mmrs_builder.vocab import Rejected
from tests.volumes import block, places

Floats = npt.NDArray[np.float64]


def references(volumes: int, seed: int = 0) -> list[CaseRef]:
    source = configure(count="1", volumes=str(volumes), seed=str(seed))
    return [
        ref for ref in source.index(Path("nowhere")) if isinstance(ref, CaseRef) and ref.case_id.startswith("volume-")
    ]


@pytest.fixture(scope="module")
def facts() -> list[VolumeTruth]:
    return [volume_truth(ref) for ref in references(400)]


@pytest.fixture(scope="module")
def cases() -> list[tuple[VolumeTruth, Case]]:
    return [(volume_truth(ref), load(ref)) for ref in references(8)]


def surface(solid: Solid, number: int = 400) -> Floats:
    """Points on an ellipsoid's surface."""
    directions = np.random.default_rng(0).standard_normal((number, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(solid.centre + directions * solid.half @ axes(solid))


BEAN = Solid(label="liver", centre=(10.0, -20.0, 30.0), half=(50.0, 30.0, 20.0), yaw=0.4, roll=-0.3)


def test_the_surface_has_level_one():
    assert np.allclose(level(BEAN, surface(BEAN)), 1.0)
    assert level(BEAN, BEAN.centre) == 0.0


def test_levels_of_voxels_are_those_of_their_centres():
    grid = block((5, 6, 7), (3.0, 2.0, 2.5))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    points = np.asarray(grid.origin) + index @ np.asarray(grid.steps)
    for solid in (BEAN, replace(BEAN, tube=True)):
        assert np.allclose(levels(solid, grid), level(solid, points))


def test_a_solid_reaches_as_far_as_its_surface():
    for direction in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.6, 0.8)):
        furthest = ((surface(BEAN, 40_000) - BEAN.centre) @ np.array(direction)).max()
        assert reach(BEAN, direction) == pytest.approx(furthest, rel=1e-3)
    assert reach(replace(BEAN, yaw=0.0, roll=0.0, tube=True), (0.0, 0.0, 1.0)) == math.inf


def test_ids_patients_and_modalities():
    refs = references(12)
    assert [ref.case_id for ref in refs] == [f"volume-{n:05d}" for n in range(12)]
    assert Counter(ref.modality for ref in refs) == {"ct": 6, "mri": 6}
    assert len({ref.patient_id for ref in refs}) == 12
    assert references(5) == refs[:5]


def test_flat_views_are_what_they_are_without_volumes():
    flat = list(configure(count="9").index(Path()))
    assert [ref for ref in configure(count="9", volumes="3").index(Path()) if ref in flat] == flat
    assert list(SOURCE.index(Path())) == list(configure(volumes="0").index(Path()))
    assert "inferior_vena_cava" not in SOURCE.labels
    assert "inferior_vena_cava" in configure(volumes="1").labels


@pytest.mark.parametrize("change", [{"root": "elsewhere"}, {"case_id": "volume-0"}, {"modality": "mri"}])
def test_a_reference_that_the_index_cannot_have_made_is_rejected(change: dict[str, str]):
    with pytest.raises(Rejected, match="metadata"):
        load(replace(references(1)[0], **change))


def test_the_truth_of_volumes_and_of_flat_views_is_asked_for_by_name():
    with pytest.raises(Rejected, match="metadata"):
        volume_truth(next(iter(configure(count="1").index(Path()))))


def test_rates(facts: list[VolumeTruth]):
    number = len(facts)
    tumours = Counter(len(fact.of("tumour")) for fact in facts)
    assert set(tumours) == {0, 1, 2, 3}
    assert 0.13 < tumours[0] / number < 0.27
    hosted = [tumour.host is not None for fact in facts for tumour in fact.of("tumour")]
    assert 0.35 < np.mean(hosted) < 0.75
    assert 0.06 < np.mean([fact.situs for fact in facts]) < 0.18
    assert 0.05 < np.mean([bool(fact.missing) for fact in facts]) < 0.16
    assert {fact.region for fact in facts if fact.modality == "ct"} == {"abdomen", "chest"}
    assert 0.4 < np.mean([fact.instances for fact in facts]) < 0.6


def test_all_48_orders_occur_and_tilts_stay_below_the_limit(facts: list[VolumeTruth]):
    assert len({turn(fact.lattice, fact.case_id) for fact in facts}) == 48
    tilts = [np.degrees(np.arccos(np.abs(np.asarray(f.lattice.steps)).max(1) / norms(f))).max() for f in facts]
    assert 12 < max(tilts) < 15.1 < MAX_TILT


def norms(fact: VolumeTruth) -> Floats:
    return np.linalg.norm(fact.lattice.steps, axis=1)


def test_sides_are_the_patients(facts: list[VolumeTruth]):
    for fact in facts:
        centre = {unit.label: unit.centre[0] for unit in fact.units}
        sign = -1 if fact.situs else 1
        assert all(x > 30 if label.endswith("_left") else x < -30 for label, x in centre.items() if "_" in label[:7])
        assert sign * centre.get("liver", -sign) < 0
        assert sign * centre.get("spleen", sign) > 0
        assert sign * centre.get("stomach", sign) > 0
        assert sign * centre["aorta"] > 0


def test_a_missing_organ_is_missing(facts: list[VolumeTruth]):
    for fact in facts:
        assert set(fact.labels) - {unit.label for unit in fact.units} - {"tumour"} == ({fact.missing} - {""})


def test_no_two_organs_meet_and_lesions_are_inside_or_outside_of_them(facts: list[VolumeTruth]):
    for fact in facts:
        for a, b in combinations(fact.units, 2):
            pair = sorted((a, b), key=lambda unit: unit.solid.tube)
            if pair[0].solid.tube:
                gap = math.dist(a.centre[:2], b.centre[:2]) - max(a.solid.half[:2]) - max(b.solid.half[:2])
                assert gap > 0, (fact.case_id, a.label, b.label)
                continue
            deep = level(pair[1].solid, surface(pair[0].solid))
            if a.label == b.host or b.label == a.host:
                lesion, host = (a, b) if a.host else (b, a)
                assert level(host.solid, surface(lesion.solid)).max() < 1.0, (fact.case_id, host.label)
            else:
                assert deep.min() > 1.0, (fact.case_id, a.label, b.label)


def test_all_but_the_tubes_lie_in_the_scanned_block(facts: list[VolumeTruth]):
    for fact in facts:
        steps = np.asarray(fact.lattice.steps)
        for unit in fact.units:
            if not unit.solid.tube:
                index = (surface(unit.solid) - fact.lattice.origin) @ np.linalg.inv(steps)
                assert index.min() > -0.5, (fact.case_id, unit.label)
                assert (index < np.asarray(fact.lattice.shape) - 0.5).all(), (fact.case_id, unit.label)


def repeats(view: View) -> tuple[int, int]:
    """How often rows and columns were repeated, as the picture says."""
    step = (view.picture.render or "").partition("/")[0].partition("+repeat:")[2]
    rows, _, columns = step.partition("x")
    return (int(rows), int(columns)) if step else (1, 1)


def voxels(view: View) -> Floats:
    """Position (H, W, 3) of the voxel that each pixel shows: the mean of the pixels repeated from it."""
    rows, columns = repeats(view)
    where = places(view)
    parts = where.reshape(where.shape[0] // rows, rows, where.shape[1] // columns, columns, 3).mean(axis=(1, 3))
    return parts.repeat(rows, axis=0).repeat(columns, axis=1)


def test_every_pixel_of_every_mask_lies_in_its_formula_and_no_other_does(cases: list[tuple[VolumeTruth, Case]]):
    """The grid alone leads from a pixel to the patient: order, tilt and repeats of the array are forgotten."""
    compared = 0
    for fact, case in cases:
        for view in case.views:
            where = voxels(view)
            for label in fact.labels:
                levels_of = [level(unit.solid, where) for unit in fact.of(label)]
                nearest = np.min([np.full(where.shape[:2], np.inf), *levels_of], axis=0)
                shown = [a.mask for a in view.annotations if a.label == label]
                mask = np.logical_or.reduce([np.zeros(where.shape[:2], np.bool_), *shown])
                sure = np.abs(nearest - 1) > 1e-6
                assert np.array_equal(mask[sure], (nearest <= 1)[sure]), (view.view_id, label)
                assert (label in view.absent) == (not mask.any())
                compared += bool(mask.any())
    assert compared > 500


def test_centroids_lie_in_their_organs(cases: list[tuple[VolumeTruth, Case]]):
    for fact, case in cases:
        for view in case.views:
            for annotation in view.annotations:
                if annotation.label == "tumour" and not annotation.instance:
                    continue
                y, x = np.argwhere(annotation.mask).mean(axis=0)
                origin, corner = places(view)[0, 0], places(view)
                where = origin + x * (corner[0, 1] - origin) + y * (corner[1, 0] - origin)
                inside = [level(unit.solid, where) for unit in fact.of(annotation.label)]
                assert min(inside) < 1.0


def test_tumours_are_annotated_as_the_truth_says(cases: list[tuple[VolumeTruth, Case]]):
    for fact, case in cases:
        found = [a.instance for view in case.views for a in view.annotations if a.label == "tumour"]
        assert set(found) <= {fact.instances}
        assert not any(a.instance for view in case.views for a in view.annotations if a.label != "tumour")


def test_all_planes_are_cut_and_say_how_they_lie(cases: list[tuple[VolumeTruth, Case]]):
    for _, case in cases:
        assert {view.grid.plane for view in case.views} == {"axial", "coronal", "sagittal"}
        assert {view.grid.evidence for view in case.views} == {"header"}
        assert len({view.view_id for view in case.views}) == len(case.views)


def test_organs_differ_from_each_other_in_the_picture(cases: list[tuple[VolumeTruth, Case]]):
    """Largest slices: an organ's mean grey differs from that of the ring around it."""
    for fact, case in cases:
        for label in {unit.label for unit in fact.units} - {"tumour"}:
            views = [(v, a.mask) for v in case.views for a in v.annotations if a.label == label]
            view, mask = max(views, key=lambda item: item[1].sum())
            others = np.logical_or.reduce([a.mask for a in view.annotations])
            ring = np.zeros_like(mask)
            ring[2:-2, 2:-2] = np.logical_or.reduce(
                [np.roll(mask, s, ax)[2:-2, 2:-2] for s in (2, -2) for ax in (0, 1)]
            )
            around = view.picture.pixels[ring & ~others]
            assert abs(view.picture.pixels[mask].mean() - around.mean()) > 12, (fact.case_id, label)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    ref = references(2)[1]
    first, again, other = load(ref), load(ref), load(references(2, seed=3)[1])
    assert [v.picture.data for v in first.views] == [v.picture.data for v in again.views]
    assert first.views[0].picture.source_sha256 != other.views[0].picture.source_sha256


def test_a_volume_is_drawn_in_less_than_a_second():
    ref = references(1)[0]
    load(ref)
    start = time.process_time()
    load(ref)
    assert time.process_time() - start < 1.0
