"""Answers derived from the parameters agree with what the masks show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmrs_builder.phantoms.truth import PhantomTruth, UnitTruth
from mmrs_builder.sources.phantom import configure, load, truth
from mmrs_builder.types import CaseRef, Mask, View

pytestmark = pytest.mark.long

SIZE = 128
LESIONS = ("tumour", "cyst", "nodule", "polyp", "breast_mass", "skin_lesion")
Pairs = list[tuple[PhantomTruth, UnitTruth, Mask]]


def references(count: int) -> Iterator[CaseRef]:
    for ref in configure(count=str(count), seed="11", size=str(SIZE)).index(Path("nowhere")):
        assert isinstance(ref, CaseRef)
        yield ref


def masks_by_label(view: View) -> dict[str, list[Mask]]:
    """Masks of the units: instances as annotated, else the 8-connected components."""
    found: dict[str, list[Mask]] = defaultdict(list)
    for annotation in view.annotations:
        if annotation.instance:
            found[annotation.label].append(annotation.mask)
        else:
            count, names = cv2.connectedComponents(annotation.mask.astype(np.uint8), connectivity=8)
            found[annotation.label] = [names == i for i in range(1, count)]
    return found


def centroid(mask: Mask) -> tuple[float, float]:
    y, x = np.nonzero(mask)
    return float(x.mean()), float(y.mean())


@pytest.fixture(scope="module")
def cases() -> list[tuple[PhantomTruth, dict[str, list[Mask]]]]:
    return [(truth(ref), masks_by_label(load(ref).views[0])) for ref in references(96)]


@pytest.fixture(scope="module")
def many() -> list[PhantomTruth]:
    return [truth(ref) for ref in references(600)]


@pytest.fixture(scope="module")
def pairs(cases: list[tuple[PhantomTruth, dict[str, list[Mask]]]]) -> Pairs:
    """Every unit with the mask whose centroid is nearest to its own."""
    found: Pairs = []
    for facts, masks in cases:
        for unit in facts.units:
            near = min(masks[unit.label], key=lambda m: np.hypot(*np.subtract(centroid(m), (unit.x, unit.y))))
            found.append((facts, unit, near))
    return found


def test_counts_are_those_of_the_masks(cases: list[tuple[PhantomTruth, dict[str, list[Mask]]]]):
    for facts, masks in cases:
        assert {unit.label for unit in facts.units} == set(masks)
        for label, units in masks.items():
            assert len(facts.of(label)) == len(units), (facts.case_id, label)


def test_centroids_and_areas_are_those_of_the_masks(pairs: Pairs):
    for facts, unit, mask in pairs:
        assert np.hypot(*np.subtract(centroid(mask), (unit.x, unit.y))) < 1.5, (facts.case_id, unit)
        assert mask.sum() == pytest.approx(unit.area, rel=0.12), (facts.case_id, unit)


def test_quadrants_and_zones_are_those_of_the_masks(pairs: Pairs):
    decided = 0
    for facts, unit, mask in pairs:
        x, y = centroid(mask)
        for parts in (2, 3):
            true = [parts * (unit.x + 0.5) / facts.width, parts * (unit.y + 0.5) / facts.height]
            seen = [parts * (x + 0.5) / facts.width, parts * (y + 0.5) / facts.height]
            if all(0.05 < t % 1 < 0.95 for t in true):
                assert [int(t) for t in true] == [int(s) for s in seen]
                decided += 1
    assert decided > 400


def test_extents_are_those_of_the_masks(pairs: Pairs):
    for facts, unit, mask in pairs:
        y, x = np.nonzero(mask)
        x0, y0, x1, y1 = unit.extent
        assert np.allclose((x.min(), y.min(), x.max(), y.max()), (x0, y0, x1, y1), atol=2.5), (facts.case_id, unit)


def test_border_contact_is_that_of_the_masks(pairs: Pairs):
    reached = 0
    for facts, unit, mask in pairs:
        rim = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        x0, y0, x1, y1 = unit.extent
        clearance = min(x0, y0, facts.width - 1 - x1, facts.height - 1 - y1)
        if abs(clearance) > 0.3:
            assert rim == unit.border, (facts.case_id, unit)
        reached += bool(rim)
    assert reached > 10


def test_lesions_relate_to_their_host_as_intended():
    seen = dict.fromkeys(("inside", "overlap", "touch"), 0)
    for ref in references(240):
        facts = truth(ref)
        hosted = [unit for unit in facts.units if unit.host and len(facts.of(unit.host)) == 1]
        if not hosted:
            continue
        masks = masks_by_label(load(ref).views[0])
        for unit in hosted:
            (host,) = masks[str(unit.host)]
            near = min(masks[unit.label], key=lambda m: np.hypot(*np.subtract(centroid(m), (unit.x, unit.y))))
            share = (near & host).sum() / near.sum()
            rim = cv2.dilate(host.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            kept = {"inside": share > 0.98, "overlap": 0.2 < share < 0.8, "touch": share == 0 and (near & rim).any()}
            assert kept[unit.intent], (facts.case_id, unit)
            seen[unit.intent] += 1
    assert min(seen.values()) >= 5


def test_components_of_one_mask_keep_a_gap(cases: list[tuple[PhantomTruth, dict[str, list[Mask]]]]):
    for facts, masks in cases:
        for label in set(masks) & set(LESIONS) - set(facts.instances):
            units = masks[label]
            for i, mask in enumerate(units):
                away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
                assert all(float(away[other].min()) >= 6.0 for other in units[:i])


def test_lesions_spread_over_all_nine_parts_in_every_modality(many: list[PhantomTruth]):
    zones: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for facts in many:
        for unit in facts.units:
            if unit.label in LESIONS:
                place = int(3 * (unit.x + 0.5) / facts.width), int(3 * (unit.y + 0.5) / facts.height)
                zones[facts.modality].add(place)
    assert {modality: len(found) for modality, found in zones.items()} == dict.fromkeys(zones, 9)
    assert len(zones) == 6


def test_stated_rates_hold(many: list[PhantomTruth]):
    lesions = [[unit for unit in fact.units if unit.label in LESIONS] for fact in many]
    assert 0.06 < np.mean([not found for found in lesions]) < 0.2
    assert 0.1 < np.mean([fact.mirrored for fact in many]) < 0.2
    assert {len(found) for found in lesions} == {0, 1, 2, 3, 4}
    assert any(fact.situs for fact in many)
    assert any(fact.displaced for fact in many)
    sizes = [
        unit.area / (fact.width * fact.height) for fact, found in zip(many, lesions, strict=True) for unit in found
    ]
    assert min(sizes) > 0.003
    assert max(sizes) < 0.28


def test_the_liver_is_not_always_at_the_viewers_left(many: list[PhantomTruth]):
    livers = [(facts.width, *facts.of("liver")) for facts in many if facts.region == "abdomen" and facts.of("liver")]
    assert 0.55 < np.mean([liver.x < width / 2 for width, liver in livers]) < 0.95
