"""Chest films: whose left is meant, films in two places, masks of another size, raw films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs_builder import sources
from mmrs_builder.splits import Member, place
from mmrs_builder.types import CaseRef, View
from mmrs_builder.vocab import Rejected
from tests.corpora import covid_qu_ex, covid_radiography, jsrt, mask, montgomery, picture, shenzhen

CORPORA = {"covid_qu_ex": covid_qu_ex, "covid_radiography": covid_radiography, "jsrt": jsrt, "montgomery": montgomery}


def refs(name: str, root: Path) -> dict[str, CaseRef]:
    return {item.case_id: item for item in sources.find(name).index(root) if isinstance(item, CaseRef)}


def view(name: str, case: str, root: Path) -> View:
    CORPORA[name].write(root)
    return sources.find(name).load(refs(name, root)[case]).views[0]


@pytest.mark.parametrize(("name", "case"), [("montgomery", "MCUCXR_0001_0"), ("jsrt", "JPCLN001")])
def test_left_masks_at_the_viewers_right_place_a_film_in_the_patient(tmp_path: Path, name: str, case: str):
    grid = view(name, case, tmp_path).grid
    assert (grid.evidence, grid.plane) == ("annotation", "frontal")
    assert grid.direction == ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0))  # down: to the feet; right: to the patient's left


@pytest.mark.parametrize(("name", "case"), [("montgomery", "MCUCXR_0002_0"), ("jsrt", "JPCNN002")])
def test_a_film_with_its_left_masks_at_the_viewers_left_is_mirrored_or_misnamed(tmp_path: Path, name: str, case: str):
    with pytest.raises(Rejected, match="lie on the other sides"):
        view(name, case, tmp_path)


def test_a_film_with_clavicles_that_contradict_its_lungs_is_refused(tmp_path: Path):
    left = {"lung": jsrt.AT_THE_RIGHT["lung"], "clavicle": jsrt.AT_THE_LEFT["clavicle"]}
    right = {"lung": jsrt.AT_THE_LEFT["lung"], "clavicle": jsrt.AT_THE_RIGHT["clavicle"]}
    jsrt.film(tmp_path / "JPCLN001.IMG", "JPCLN001")
    jsrt.masks(tmp_path / "fold1" / "masks", "JPCLN001", left=left, right=right)
    with pytest.raises(Rejected, match="lie on the other sides"):
        sources.find("jsrt").load(refs("jsrt", tmp_path)["JPCLN001"])


def test_a_raw_film_is_shown_bright_where_it_is_bright(tmp_path: Path):
    found = view("jsrt", "JPCLN001", tmp_path).picture
    half = jsrt.SIDE // 2
    assert found.pixels[:half, :half].mean() < 100 < found.pixels[half:, half:].mean()
    assert found.render == "invert:4095+percentile:0.5-99.5/1"


def test_structures_of_a_raw_film_are_twice_as_large_as_in_their_files(tmp_path: Path):
    by_label = {annotation.label: annotation.mask for annotation in view("jsrt", "JPCLN001", tmp_path).annotations}
    rows, columns = np.nonzero(by_label["heart"])
    x0, y0, x1, y1 = jsrt.HEART
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (2 * x0, 2 * y0, 2 * x1, 2 * y1)


def test_a_mask_of_256_pixels_lies_in_the_same_place_of_a_film_of_299(tmp_path: Path):
    [annotation] = view("covid_radiography", "COVID-1", tmp_path).annotations
    rows, columns = np.nonzero(annotation.mask)
    x0, y0, _, y1 = covid_radiography.LUNGS[0]
    edges = np.array([columns.min(), rows.min(), rows.max() + 1])
    assert np.abs(edges - np.array([x0, y0, y1]) * 299 / 256).max() <= 0.5


def test_a_stray_spot_of_a_lung_mask_is_no_second_lung(tmp_path: Path):
    found = view("montgomery", "MCUCXR_0399_1", tmp_path)
    assert (found.specks, found.speck_px) == (1, 2)


def test_a_film_of_both_trees_is_kept_in_one_split(tmp_path: Path):
    """Its pictures may differ by a byte, and the trees may disagree on its split."""
    for tree, split in (("Lung", "Train"), ("Infection", "Test")):
        folder = tmp_path / f"{tree} Segmentation Data" / split / "COVID-19"
        picture(folder / "images" / "covid_1.png", 1)
        mask(folder / "lung masks" / "covid_1.png", *covid_qu_ex.LUNGS)
    members = [
        Member(
            view_id=ref.case_id,
            source=ref.source,
            case_id=ref.case_id,
            patient_id=ref.patient_id,
            group=ref.group,
            split_official=ref.split_official,
            picture=ref.case_id,
        )
        for ref in refs("covid_qu_ex", tmp_path).values()
    ]
    splits = {found.view_id: found.split for found in place(members, seed=0, policy="leak-safe")}
    assert splits == {"Infection/Test/COVID-19/covid_1": "test", "Lung/Train/COVID-19/covid_1": None}


def test_all_real_films_are_used_and_four_healthy_ones_have_no_infection(samples: Path):
    source, found = sources.find("covid_qu_ex"), refs("covid_qu_ex", samples / "covid-qu-ex")
    views = {case: source.load(ref).views[0] for case, ref in found.items()}
    assert {case.split("/")[2] for case, one in views.items() if one.absent} == {"Normal"}
    assert sum(bool(one.absent) for one in views.values()) == 4
    labels = [annotation.label for one in views.values() for annotation in one.annotations]
    assert (labels.count("lung"), labels.count("infection_region"), len(views)) == (12, 4, 12)
    assert sum(one.specks + one.doubtful_px for one in views.values()) == 0


def test_the_mixed_collection_gives_the_shenzhen_films_alone(tmp_path: Path):
    home = tmp_path / "Lung Segmentation"
    for name in ("CHNCXR_0001_0", "MCUCXR_0001_0"):
        picture(home / "CXR_png" / f"{name}.png", 1)
    mask(home / "masks" / "CHNCXR_0001_0_mask.png", *shenzhen.LUNGS)
    mask(home / "masks" / "MCUCXR_0001_0.png", *shenzhen.LUNGS)
    assert set(refs("shenzhen", tmp_path)) == {"CHNCXR_0001_0"}
