"""Corpora of many organs: one organ under several numbers, masks in either order, structures of one's choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs_builder.sources import amos22, btcv, chaos, find, flare22, kits23, totalsegmentator
from mmrs_builder.types import CaseRef, Drop, Source, View
from mmrs_builder.vocab import Rejected
from tests.corpora import amos22 as amos22_corpus
from tests.corpora import chaos as chaos_corpus
from tests.corpora import kits23 as kits23_corpus
from tests.corpora import mask
from tests.corpora import save as save_picture
from tests.corpora import totalsegmentator as totalsegmentator_corpus
from tests.corpora.dicoms import SHAPE, Place, files, save_slices, scan
from tests.corpora.volumes import numbers, save
from tests.corpora.volumes import scan as volume
from tests.io.dicoms import encoded

BOX = (12, 8, 2, 22, 18, 9)


def refs(source: Source, root: Path) -> dict[str, CaseRef]:
    return {item.case_id: item for item in source.index(root) if isinstance(item, CaseRef)}


def drops(source: Source, root: Path) -> dict[str, str]:
    return {item.what: item.reason for item in source.index(root) if isinstance(item, Drop)}


def views(source: Source, root: Path, case: str) -> tuple[View, ...]:
    return source.load(refs(source, root)[case]).views


def shown(source: Source, root: Path) -> set[str]:
    """Labels of all that is annotated in the one case of a corpus."""
    (ref,) = refs(source, root).values()
    return {item.label for view in source.load(ref).views for item in view.annotations}


@pytest.mark.parametrize(("number", "in_btcv", "in_amos22", "in_flare22"), [
    (1, "spleen", "spleen", "liver"), (3, "kidney_left", "kidney_left", "spleen"),
    (10, "portal_and_splenic_vein", "pancreas", "oesophagus"), (11, "pancreas", "adrenal_right", "stomach"),
    (13, "adrenal_left", "duodenum", "kidney_left"),
])  # fmt: skip
def test_one_number_is_another_organ_in_another_corpus(
    tmp_path: Path, number: int, in_btcv: str, in_amos22: str, in_flare22: str
):
    for image, label in (
        ("img/img0001", "label/label0001"),
        ("imagesTr/amos_0001", "labelsTr/amos_0001"),
        ("images/FLARE22_Tr_0001_0000", "labels/FLARE22_Tr_0001"),
    ):
        save(tmp_path / f"{image}.nii.gz", volume(1))
        save(tmp_path / f"{label}.nii.gz", numbers({number: BOX}))
    found = [shown(source, tmp_path) for source in (btcv.SOURCE, amos22.SOURCE, flare22.SOURCE)]
    assert found == [{in_btcv}, {in_amos22}, {in_flare22}]


def test_amos_scans_are_ct_up_to_500_and_mri_above(tmp_path: Path):
    amos22_corpus.write(tmp_path)
    found = {case: ref.modality for case, ref in refs(amos22.SOURCE, tmp_path).items()}
    assert found == {
        "amos_0001": "ct", "amos_0008": "ct", "amos_0500": "ct", "amos_0507": "mri", "amos_0555": "mri",
        "amos_0600": "mri",
    }  # fmt: skip


def test_names_of_amos_scans_may_be_in_capitals(tmp_path: Path):
    for number in ("0001", "0507"):
        save(tmp_path / "imagesTr" / f"AMOS_{number}.nii.gz", volume(1))
        save(tmp_path / "labelsTr" / f"AMOS_{number}.nii.gz", numbers({1: BOX}))
    assert [ref.modality for ref in refs(amos22.SOURCE, tmp_path).values()] == ["ct", "mri"]


def test_only_the_ct_of_amos_is_windowed(tmp_path: Path):
    amos22_corpus.write(tmp_path)
    renders = [views(amos22.SOURCE, tmp_path, case)[0].picture.render for case in ("amos_0500", "amos_0507")]
    assert [render.split("/")[0] for render in renders if render] == [
        "window:soft_tissue(50,400)", "percentile:0.5-99.5",
    ]  # fmt: skip


def test_a_bladder_that_an_mri_scan_does_not_show_is_not_called_absent(tmp_path: Path):
    amos22_corpus.write(tmp_path)
    absent = {case: set(views(amos22.SOURCE, tmp_path, case)[0].absent) for case in ("amos_0001", "amos_0507")}
    assert absent["amos_0001"] - absent["amos_0507"] == {"bladder", "prostate_or_uterus"}


def test_labels_of_earlier_kits_beside_it_are_not_taken_for_those_of_2023(tmp_path: Path):
    for home in ("kits19/data", "kits23/dataset"):
        save(tmp_path / home / "case_00000" / "imaging.nii.gz", volume(1))
        save(tmp_path / home / "case_00000" / "segmentation.nii.gz", numbers({3: BOX} if "23" in home else {2: BOX}))
    assert refs(kits23.SOURCE, tmp_path)["case_00000"].image == "kits23/dataset/case_00000/imaging.nii.gz"
    assert set(drops(kits23.SOURCE, tmp_path).values()) == {"companion"}


def test_a_kidney_has_no_hole_where_its_tumour_is(tmp_path: Path):
    kits23_corpus.write(tmp_path)
    of_views = [{a.label: a.mask for a in v.annotations} for v in views(kits23.SOURCE, tmp_path, "case_00000")]
    ill = [masks for masks in of_views if "kidney_tumour" in masks]
    assert ill
    assert all(masks["kidney"][masks["kidney_tumour"]].all() for masks in ill)


def test_a_scan_from_head_to_feet_is_shown_with_the_patients_left_at_the_right(tmp_path: Path):
    kits23_corpus.write(tmp_path)
    view = views(kits23.SOURCE, tmp_path, "case_00000")[0]
    assert view.grid.direction == ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    (kidney,) = (item.mask for item in view.annotations if item.label == "kidney")
    assert np.flatnonzero(kidney.any(axis=0)).tolist() == list(range(3, 8))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("chaos")
    chaos_corpus.write(root)
    return root


@pytest.mark.parametrize("case", ["CT-1", "CT-2", "MR-1-T1DUAL-InPhase", "MR-1-T1DUAL-OutPhase", "MR-1-T2SPIR"])
def test_every_mask_lies_on_its_organ_whichever_way_its_files_are_numbered(healthy: Path, case: str):
    for view in views(chaos.SOURCE, healthy, case):
        organs = np.logical_or.reduce([np.zeros(view.picture.pixels.shape, bool), *(a.mask for a in view.annotations)])
        assert (view.picture.pixels == 255)[organs].all()
        assert (view.picture.pixels < 255)[~organs].all()


def test_both_phases_share_the_masks_and_the_patient(healthy: Path):
    found = refs(chaos.SOURCE, healthy)
    one, other = found["MR-1-T1DUAL-InPhase"], found["MR-1-T1DUAL-OutPhase"]
    assert (one.masks, one.patient_id) == (other.masks, other.patient_id)
    assert not {*one.files} & {*other.files}
    assert (one.sequence, other.sequence) == ("T1 in-phase", "T1 out-of-phase")


def test_a_ct_scan_says_nothing_of_kidneys(healthy: Path):
    assert {label for view in views(chaos.SOURCE, healthy, "CT-1") for label in view.absent} <= {"liver"}
    assert {label for view in views(chaos.SOURCE, healthy, "MR-1-T2SPIR") for label in view.absent} >= {"kidney_left"}


def test_slices_are_sorted_by_the_numbers_in_their_names(tmp_path: Path):
    bright = scan({1: chaos_corpus.LIVER}, 1)
    chaos_corpus.ct(tmp_path / "CT", 1, "i{},0000b.dcm", bright, chaos_corpus.livers(255), first=8)
    (view, *_) = views(chaos.SOURCE, tmp_path, "CT-1")
    assert (view.picture.pixels == 255)[view.annotations[0].mask].all()


def one_ct(root: Path, **tags: object) -> Path:
    """A CT scan with its masks; its folder."""
    slices = files(Place(number=1, patient="1", tags=tags), scan({1: chaos_corpus.LIVER}, 1))
    save_slices(root / "CT" / "1" / "DICOM_anon", slices, chaos_corpus.HEAD_FIRST)
    for number, plane in enumerate(chaos_corpus.livers(255)):
        save_picture(root / "CT" / "1" / "Ground" / f"liver_GT_{number:03d}.png", plane)
    return root / "CT" / "1"


def refused(root: Path) -> str:
    with pytest.raises(Rejected) as refusal:
        chaos.SOURCE.load(refs(chaos.SOURCE, root)["CT-1"])
    return refusal.value.reason


def test_a_mask_of_another_size_than_its_slice_is_refused(tmp_path: Path):
    mask(one_ct(tmp_path) / "Ground" / "liver_GT_003.png", (2, 2, 8, 8), size=(SHAPE[0], SHAPE[1] + 2))
    assert refused(tmp_path) == "size_mismatch"


def test_a_scan_with_text_in_its_pixels_is_refused(tmp_path: Path):
    one_ct(tmp_path, BurnedInAnnotation="YES")
    assert refused(tmp_path) == "burned_in"


def test_a_localiser_among_the_slices_is_refused(tmp_path: Path):
    folder = one_ct(tmp_path) / "DICOM_anon"
    other = files(Place(number=1, patient="1"), scan({}, 2))[0]
    other.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    (folder / "1-06.dcm").write_bytes(encoded(other))
    assert refused(tmp_path) == "bad_metadata"


def test_a_folder_without_series_is_answered_with_the_layout(tmp_path: Path):
    with pytest.raises(ValueError, match=r"CT/<n>/DICOM_anon"):
        refs(chaos.SOURCE, tmp_path)


def test_the_names_are_those_of_version_2_in_the_order_of_their_numbers():
    known = {
        1: "spleen", 2: "kidney_right", 3: "kidney_left", 5: "liver", 9: "adrenal_gland_left", 15: "esophagus",
        22: "prostate", 26: "vertebrae_S1", 27: "vertebrae_L5", 32: "vertebrae_T12", 44: "vertebrae_C7",
        50: "vertebrae_C1", 51: "heart", 52: "aorta", 63: "inferior_vena_cava", 64: "portal_vein_and_splenic_vein",
        79: "spinal_cord", 91: "skull", 92: "rib_left_1", 103: "rib_left_12", 104: "rib_right_1", 115: "rib_right_12",
        117: "costal_cartilages",
    }  # fmt: skip
    assert {number: totalsegmentator.NAMES[number - 1] for number in known} == known
    assert len(set(totalsegmentator.NAMES)) == 117


def test_every_structure_is_in_the_vocabulary():
    assert len(totalsegmentator.SOURCE.labels) == 117
    assert totalsegmentator.SOURCE.terms == ()


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    totalsegmentator_corpus.write(tmp_path)
    return tmp_path


@pytest.mark.parametrize("structures", ["liver+left kidney", "liver+kidney_left"])
def test_chosen_structures_alone_are_read(bodies: Path, structures: str):
    source = find("totalsegmentator", {"structures": structures}, bodies)
    assert source.labels == ("kidney_left", "liver")
    assert {a.label for view in views(source, bodies, "s0000") for a in view.annotations} == {"kidney_left", "liver"}


def test_a_case_without_a_file_of_a_chosen_structure_is_dropped(bodies: Path):
    source = find("totalsegmentator", {"structures": "left kidney"}, bodies)
    assert [*refs(source, bodies)] == ["s0000", "s0004"]
    assert {case for case, reason in drops(source, bodies).items() if reason == "no_mask"} == {
        "s0001", "s0002", "s0010", "s1429",
    }  # fmt: skip


@pytest.mark.parametrize("structures", ["livr", "", "liver+", "kidney", "skin lesion"])
def test_a_structure_that_the_corpus_lacks_is_refused(structures: str):
    with pytest.raises(ValueError, match=r"structures="):
        find("totalsegmentator", {"structures": structures})


def test_a_damaged_table_costs_the_official_splits_alone(bodies: Path):
    table = bodies / "Totalsegmentator_dataset_v201" / "meta.csv"
    table.write_text("image_id,split\ns0000,train", encoding="utf-8")
    found = refs(totalsegmentator.SOURCE, bodies)
    assert drops(totalsegmentator.SOURCE, bodies)["Totalsegmentator_dataset_v201/meta.csv"] == "bad_metadata"
    assert {ref.split_official for ref in found.values()} == {None}
    assert len(found) == 5


def test_the_real_scan_shows_40_structures_of_117(samples: Path):
    (ref,) = refs(totalsegmentator.SOURCE, samples / "totalsegmentator-ct").values()
    case = totalsegmentator.SOURCE.load(ref)
    assert len(ref.masks) == 117
    assert len({item.label for view in case.views for item in view.annotations}) == 40
    assert {view.grid.evidence for view in case.views} == {"header"}


def test_the_real_liver_lies_at_the_left_of_the_picture_and_the_spine_below(samples: Path):
    (ref,) = refs(totalsegmentator.SOURCE, samples / "totalsegmentator-ct").values()
    view = totalsegmentator.SOURCE.load(ref).views[0]
    at = {item.label: np.argwhere(item.mask).mean(axis=0) for item in view.annotations}
    assert at["liver"][1] < at["aorta"][1] < at["spleen"][1]
    assert at["liver"][0] < at["spinal_cord"][0]
