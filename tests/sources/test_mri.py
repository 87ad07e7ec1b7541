"""Corpora of magnetic resonance imaging, and the decathlon: what only their own layouts can get wrong."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mmrs_builder.sources import find
from mmrs_builder.types import Case, CaseRef, Source
from tests.corpora import acdc, brain_cheng, brats, mask, msd_brain_tumour, msd_liver, picture, promise12, tcga_lgg
from tests.corpora.volumes import numbers, save, scan


def refs(source: Source, root: Path) -> dict[str, CaseRef]:
    return {item.case_id: item for item in source.index(root) if isinstance(item, CaseRef)}


def case(source: Source, root: Path, case_id: str) -> Case:
    return source.load(refs(source, root)[case_id])


def masks(found: Case) -> dict[str, np.ndarray]:
    return {annotation.label: annotation.mask for annotation in found.views[0].annotations}


def test_slices_of_matlab_are_turned_about_their_diagonal(tmp_path: Path):
    brain_cheng.write(tmp_path)
    found = case(find("brain_cheng"), tmp_path, "2")
    expected = np.zeros((brain_cheng.HEIGHT, brain_cheng.WIDTH), bool)
    expected[brain_cheng.TUMOUR] = True
    assert found.views[0].picture.pixels.shape == expected.shape
    assert (masks(found)["glioma"] == expected).all()


def test_png_exports_of_the_brain_tumours_are_not_taken_for_the_corpus(tmp_path: Path):
    picture(tmp_path / "images" / "3000.png", 1)
    mask(tmp_path / "masks" / "3000.png", (4, 4, 8, 8))
    with pytest.raises(ValueError, match="PNG exports are not read"):
        refs(find("brain_cheng"), tmp_path)


def test_real_brain_tumour_slices_load_with_one_tumour_each(samples: Path):
    root = samples / "figshare-brain-tumor-mat-derived"
    source = find("brain_cheng")
    found = refs(source, root)
    assert {ref.patient_id for ref in found.values()} == {"derived"}
    assert [list(masks(source.load(ref))) for ref in found.values()] == [["meningioma"]] * 6


def test_real_png_exports_of_the_brain_tumours_are_refused(samples: Path):
    with pytest.raises(ValueError, match="PNG exports are not read"):
        refs(find("brain_cheng"), samples / "figshare-brain-tumor-png")


def test_an_lgg_slice_without_outline_is_said_to_show_no_abnormality(samples: Path):
    source = find("tcga_lgg")
    views = [source.load(ref).views[0] for ref in refs(source, samples / "lgg-mri").values()]
    assert len(views) == 28
    assert sum(view.absent == ("flair_abnormality",) and not view.annotations for view in views) == 17
    assert not any(view.absent and view.annotations for view in views)


def test_either_tree_of_the_lgg_archive_may_be_given(tmp_path: Path):
    tcga_lgg.write(tmp_path)
    source = find("tcga_lgg")
    outer, inner = refs(source, tmp_path / "kaggle_3m"), refs(source, tmp_path / "lgg-mri-segmentation")
    assert inner.keys() < outer.keys()
    assert {ref.patient_id for ref in inner.values()} == {"TCGA_CS_4941", "TCGA_HT_7692"}


@pytest.mark.parametrize(
    ("scanned", "first"),
    [
        ("Brats18_2013_2_1", "non_enhancing_tumour"),
        ("BraTS20_Training_355", "non_enhancing_tumour"),
        ("BraTS2021_00000", "necrotic_tumour_core"),
        ("BraTS-GLI-00008-000", "necrotic_tumour_core"),
    ],
)
def test_the_parts_of_a_brats_tumour_lie_in_it_and_its_oedema_around_it(tmp_path: Path, scanned: str, first: str):
    brats.write(tmp_path)
    found = masks(case(find("brats"), tmp_path, scanned))
    assert sorted(found) == sorted(["enhancing_tumour", first, "tumour", "tumour_oedema"])
    assert (found["tumour"] == found["enhancing_tumour"] | found[first]).all()
    assert not (found["tumour"] & found["tumour_oedema"]).any()


@pytest.mark.parametrize(
    ("name", "corpus", "scanned"),
    [("brats", brats, "BraTS2021_00005"), ("msd_brain_tumour", msd_brain_tumour, "BRATS_002")],
)
def test_a_slice_of_oedema_alone_is_not_said_to_show_no_tumour(
    tmp_path: Path, name: str, corpus: ModuleType, scanned: str
):
    corpus.write(tmp_path)
    views = case(find(name, {"coverage": "0", "empty": "0.9"}), tmp_path, scanned).views
    absent = {tuple(item.label for item in view.annotations): "tumour" in view.absent for view in views}
    assert absent == {("tumour_oedema",): False, (): True}


def test_the_whole_brats_tumour_takes_in_its_oedema_which_is_then_no_structure_of_its_own(tmp_path: Path):
    brats.write(tmp_path)
    source = find("brats", {"tumour": "whole"})
    found = masks(case(source, tmp_path, "BraTS-GLI-00008-000"))
    assert "tumour_oedema" not in {*found, *source.labels}
    assert found["tumour"].sum() == 100


@pytest.mark.parametrize(
    ("sequence", "old", "new"), [("t1ce", "_t1ce", "-t1c"), ("t2", "_t2", "-t2w"), ("t1", "_t1", "-t1n")]
)
def test_another_brats_sequence_can_be_shown(tmp_path: Path, sequence: str, old: str, new: str):
    brats.write(tmp_path)
    found = refs(find("brats", {"sequence": sequence}), tmp_path)
    assert found["BraTS2021_00000"].image.endswith(f"BraTS2021_00000{old}.nii.gz")
    assert found["BraTS-GLI-00008-001"].image.endswith(f"BraTS-GLI-00008-001{new}.nii.gz")
    assert {ref.sequence for ref in found.values()} == {sequence.upper().replace("CE", "ce")}


def test_scans_after_treatment_alone_are_no_brats_corpus(tmp_path: Path):
    brats.study(tmp_path / "BraTS-GLI-00005-100", brats.NEW, {2: brats.OEDEMA, 4: brats.CORE})
    with pytest.raises(ValueError, match="no brats images"):
        refs(find("brats"), tmp_path)


@pytest.mark.parametrize("frame", ["patient001_frame01", "patient003_frame01"])
def test_no_side_or_plane_is_claimed_of_a_short_axis_slice_whatever_its_header_says(tmp_path: Path, frame: str):
    acdc.write(tmp_path)
    views = case(find("acdc"), tmp_path, frame).views
    assert {(view.grid.direction, view.grid.evidence, view.grid.plane) for view in views} == {(None, None, None)}
    assert {view.grid.spacing for view in views} == {(1.5, 1.5)}


@pytest.mark.parametrize("folder", ["test_data", "TestData", "test", "Testing"])
def test_test_scans_of_promise12_do_not_meet_the_labels_of_their_namesakes(tmp_path: Path, folder: str):
    promise12.write(tmp_path)
    (tmp_path / "test_data").rename(tmp_path / folder)
    (tmp_path / "training_data" / "Case01.mhd").unlink()
    found = refs(find("promise12"), tmp_path)
    assert found["Case00"].image == "training_data/Case00.mhd"
    assert "Case01" not in found


def test_a_decathlon_organ_contains_its_tumour(tmp_path: Path):
    msd_liver.write(tmp_path)
    found = masks(case(find("msd_liver"), tmp_path, "liver_001"))
    assert (found["liver"] | found["liver_tumour"] == found["liver"]).all()
    assert found["liver_tumour"].any()


def test_the_channel_of_a_decathlon_file_decides_picture_and_sequence(tmp_path: Path):
    msd_brain_tumour.write(tmp_path)
    first, third = (find("msd_brain_tumour", {"channel": channel}) for channel in ("0", "2"))
    assert [refs(source, tmp_path)["BRATS_001"].sequence for source in (first, third)] == ["FLAIR", "T1ce"]
    pixels = [case(source, tmp_path, "BRATS_001").views[0].picture.pixels for source in (first, third)]
    assert (pixels[0] != pixels[1]).any()


@pytest.mark.parametrize(("task", "channel"), [("msd_brain_tumour", "4"), ("msd_liver", "1"), ("msd_prostate", "ADC")])
def test_a_channel_that_a_decathlon_task_lacks_is_refused(task: str, channel: str):
    with pytest.raises(ValueError, match="channel="):
        find(task, {"channel": channel})


def test_several_decathlon_tasks_may_lie_in_one_folder(tmp_path: Path):
    for folder, stem in (("Task03_Liver", "liver"), ("Task09_Spleen", "spleen")):
        save(tmp_path / folder / "imagesTr" / f"{stem}_1.nii.gz", scan(1))
        save(tmp_path / folder / "labelsTr" / f"{stem}_1.nii.gz", numbers({1: (2, 4, 2, 12, 14, 3)}))
    for task in ("liver", "spleen"):
        [only] = find(f"msd_{task}").index(tmp_path)
        assert isinstance(only, CaseRef)
        assert only.case_id == f"{task}_1"


def test_real_hippocampi_load_without_a_side_and_show_both_parts(samples: Path):
    source = find("msd_hippocampus")
    found = [source.load(ref) for ref in refs(source, samples / "msd-hippocampus").values()]
    assert len(found) == 36
    assert {view.grid.evidence for one in found for view in one.views} == {None}
    shown = {annotation.label for one in found for view in one.views for annotation in view.annotations}
    assert shown == {"hippocampus_anterior", "hippocampus_posterior"}
