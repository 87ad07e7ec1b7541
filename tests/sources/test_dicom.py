"""Series of a clinic: which file belongs to which, what a structure is called, and whose it is."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder import sources
from mmrs_builder.io.dicom_seg import Code, Segment
from mmrs_builder.types import Case, CaseRef, Drop
from mmrs_builder.vocab import Rejected

pytest.importorskip("highdicom", reason="needs the optional extra dicom")

from mmrs_builder.sources.dicom_seg import label_of
from tests.corpora import dicoms, volumes
from tests.corpora.dicom_masks import TUMOUR
from tests.corpora.dicom_seg import WHOLE, liver
from tests.corpora.dicoms import LIVER, MASS, SHAPE, Place
from tests.io.dicoms import CANARY, Dataset, Items

ALL = ("dicom_masks", "dicom_seg", "rtstruct")
ABNORMAL = Code(value="49755003", scheme="SCT", meaning="Morphologically Abnormal Structure")
ORGAN = Code(value="123037004", scheme="SCT", meaning="Anatomical Structure")


def items(name: str, root: Path, **options: str) -> list[CaseRef | Drop]:
    return list(sources.find(name, options, root).index(root))


def refs(name: str, root: Path, **options: str) -> list[CaseRef]:
    return [item for item in items(name, root, **options) if isinstance(item, CaseRef)]


def drops(name: str, root: Path, **options: str) -> dict[str, str]:
    return {item.what: item.reason for item in items(name, root, **options) if isinstance(item, Drop)}


def cases(name: str, root: Path) -> list[Case]:
    corpus = importlib.import_module(f"tests.corpora.{name}").write(root)
    source = sources.find(name, corpus.options, root)
    return [source.load(ref) for ref in refs(name, root, **corpus.options) if ref.case_id in corpus.areas]


def lung(root: Path, *names: str, number: int = 2, **tags: object) -> None:
    """An RTSTRUCT with one region per name, all the same box."""
    place = Place(number=1, patient="A")
    dicoms.outlines(root / f"RS{number}.dcm", place, [(name, WHOLE) for name in names], number=number, **tags)


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A series and nothing drawn on it."""
    dicoms.save_slices(tmp_path / "ct", dicoms.files(Place(number=1, patient="A"), dicoms.scan({1: WHOLE}, 1)))
    return tmp_path


@pytest.mark.parametrize("name", ALL)
def test_masks_cover_what_is_bright_in_the_picture_whatever_the_order_of_files(name: str, tmp_path: Path):
    for case in cases(name, tmp_path):
        for view in case.views:
            inside = np.logical_or.reduce([item.mask for item in view.annotations])
            grey = view.picture.pixels.astype(int)
            assert grey[inside].min() > grey[~inside].max()


@pytest.mark.parametrize("name", ALL)
def test_the_index_needs_no_pixels(name: str, tmp_path: Path):
    corpus = importlib.import_module(f"tests.corpora.{name}").write(tmp_path)
    before, changed = items(name, tmp_path, **corpus.options), 0
    for path in tmp_path.rglob("*.dcm"):
        data = path.read_bytes()
        start = re.search(rb"\xe0\x7f\x10\x00O[BW]\0\0....", data, re.DOTALL)
        if start:
            path.write_bytes(data[: start.end()] + b"\xff" * (len(data) - start.end()))
            changed += 1
    assert changed > 6
    assert items(name, tmp_path, **corpus.options) == before


@pytest.mark.parametrize("name", ALL)
def test_no_text_of_a_file_is_in_what_an_index_finds(name: str, tmp_path: Path):
    corpus = importlib.import_module(f"tests.corpora.{name}").write(tmp_path)
    found = repr(items(name, tmp_path, **corpus.options)).casefold()
    assert "canary" not in found
    assert dicoms.ROOT not in found


def test_series_of_one_patient_and_of_one_study_stay_together(tmp_path: Path):
    for number, (patient, study) in enumerate((("A", 1), ("A", 2), ("B", 3), ("B", 3))):
        place = Place(number=10 * number + 1, patient=patient, study=study, frame=number)
        liver(tmp_path / f"s{number}", place)
    found = [(ref.patient_id, ref.group) for ref in refs("dicom_seg", tmp_path)]
    assert found == [("p0001", "g0001"), ("p0001", "g0002"), ("p0002", "g0003"), ("p0002", "g0003")]


def test_a_path_tells_the_patient_where_the_header_does_not(tmp_path: Path):
    for number, folder in enumerate(("x1", "x2")):
        liver(tmp_path / folder, Place(number=10 * number + 1, patient="", study=number, frame=number))
    assert set(drops("dicom_seg", tmp_path).values()) == {"bad_metadata"}
    assert [ref.patient_id for ref in refs("dicom_seg", tmp_path, patient="(x.)/")] == ["p0001", "p0002"]


def test_case_ids_may_be_the_paths_of_the_series(tmp_path: Path):
    liver(tmp_path / "a", Place(number=1, patient="A"))
    assert [ref.case_id for ref in refs("dicom_seg", tmp_path, ids="path")] == ["a/series"]


def test_series_that_share_a_folder_are_told_apart(tmp_path: Path):
    for number, modality in ((1, "CT"), (2, "MR")):
        slices = dicoms.files(Place(number=number, patient="A", modality=modality), dicoms.scan({}, number))
        dicoms.save_slices(tmp_path / str(number), slices)
        for path in sorted((tmp_path / str(number)).iterdir()):
            path.rename(tmp_path / f"{number}-{path.name}")
    dicoms.outlines(tmp_path / "RS", Place(number=2, patient="A"), [("liver", WHOLE)], number=3)
    (ref,) = refs("rtstruct", tmp_path, ids="path")
    assert (ref.case_id, ref.image, ref.modality) == ("2-1-01.dcm", ".", "mri")
    assert {Path(file).name[0] for file in ref.files} == {"2"}


def test_a_series_with_burnt_in_text_is_used_only_if_one_says_so(tmp_path: Path):
    liver(tmp_path, Place(number=1, patient="A", tags={"BurnedInAnnotation": "YES"}))
    assert drops("dicom_seg", tmp_path) == {"series": "burned_in"}
    assert len(refs("dicom_seg", tmp_path, burned_in="keep")) == 1


def test_slices_of_two_patients_are_no_series(tmp_path: Path):
    slices = dicoms.files(Place(number=1, patient="A"), dicoms.scan({}, 1))
    slices[2].PatientID = "somebody else"
    dicoms.save_slices(tmp_path / "ct", slices)
    lung(tmp_path, "liver")
    assert drops("rtstruct", tmp_path) == {"ct": "bad_metadata"}


def test_a_localiser_is_no_volume(planned: Path):
    lung(planned, "liver")
    shown = Place(number=9, patient="A")
    slices = dicoms.files(shown, dicoms.scan({}, 9))[:1]
    slices[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    dicoms.save_slices(planned / "scout", slices, [0])
    assert drops("rtstruct", planned) == {"scout": "no_mask"}
    assert [ref.image for ref in refs("rtstruct", planned)] == ["ct"]


def test_a_slice_that_ends_before_it_states_its_size_is_named(planned: Path):
    """It ends where an element ends, as a whole file does that holds no pixels."""
    lung(planned, "liver")
    victim = planned / "ct" / "1-03.dcm"  # at an end of the stack: without it the others are whole
    rows = victim.read_bytes().index(b"\x28\x00\x02\x00US")  # the first element of the group that states it
    victim.write_bytes(victim.read_bytes()[:rows])
    assert drops("rtstruct", planned) == {"ct/1-03.dcm": "truncated"}


@pytest.mark.parametrize(("modality", "detail"), [("RTPLAN", "RTPLAN"), ("ZEBEDEE", "")])
def test_a_file_without_pixels_is_accounted_for(planned: Path, modality: str, detail: str):
    dicoms.outlines(planned / "plan.dcm", Place(number=1, patient="A", modality="CT"), [], number=3, Modality=modality)
    found = [item for item in items("rtstruct", planned) if isinstance(item, Drop) and item.what == "plan.dcm"]
    assert [(drop.reason, drop.detail) for drop in found] == [("companion", detail)]


def test_a_modality_is_named_only_if_dicom_knows_it(tmp_path: Path):
    for number, modality in ((1, "PT"), (2, "ZEBEDEE")):
        slices = dicoms.files(Place(number=number, patient="A", modality=modality), dicoms.scan({}, 1))
        dicoms.save_slices(tmp_path / str(number), slices)
    found = [item for item in items("rtstruct", tmp_path) if isinstance(item, Drop)]
    assert [(drop.what, drop.reason, drop.detail) for drop in found] == [
        ("1", "unsupported_modality", "PT"),
        ("2", "unsupported_modality", ""),
    ]


def test_two_masks_of_one_label_are_united_or_counted_only_if_one_says_so(planned: Path):
    lung(planned, "Liver")
    lung(planned, "liver", number=3)
    assert drops("rtstruct", planned) == {"ct": "duplicate_instance"}
    for repeated, instance in (("unite", False), ("instances", True)):
        (ref,) = refs("rtstruct", planned, repeated=repeated)
        assert [(mask.path, mask.instance) for mask in ref.masks] == [("RS2.dcm", instance), ("RS3.dcm", instance)]


def test_names_of_regions_are_explained_in_any_case_and_with_wildcards(planned: Path):
    lung(planned, "GTV-1", "Niere LI", CANARY)
    assert drops("rtstruct", planned) == {"RS2.dcm": "unknown_label", "ct": "no_mask"}
    (ref,) = refs("rtstruct", planned, labels="gtv*=tumour,niere li=left kidney")
    assert [(mask.label, mask.pick) for mask in ref.masks] == [("tumour", "1"), ("kidney_left", "2")]


def test_what_is_named_exactly_goes_before_a_wildcard(planned: Path):
    lung(planned, "GTV node")
    (ref,) = refs("rtstruct", planned, labels="GTV*=tumour,gtv node=lymph node")
    assert [mask.label for mask in ref.masks] == ["lymph_node"]


def test_a_file_that_names_two_series_belongs_to_neither(planned: Path):
    dicoms.save_slices(planned / "mr", dicoms.files(Place(number=5, patient="A", modality="MR"), dicoms.scan({}, 5)))
    frame, study = Dataset(), Dataset()
    study.RTReferencedSeriesSequence = Items([series_item(1), series_item(5)])
    frame.RTReferencedStudySequence = Items([study])
    lung(planned, "liver", ReferencedFrameOfReferenceSequence=Items([frame]))
    assert drops("rtstruct", planned) == {"RS2.dcm": "no_image", "ct": "no_mask", "mr": "no_mask"}


def series_item(number: int) -> Dataset:
    found = Dataset()
    found.SeriesInstanceUID = Place(number=number, patient="A").series
    return found


def test_a_file_of_another_patient_belongs_to_no_series(planned: Path):
    lung(planned, "liver", PatientID="somebody else")
    assert drops("rtstruct", planned) == {"RS2.dcm": "bad_metadata", "ct": "no_mask"}


def test_a_lost_reference_leads_to_no_series_of_another_patient(planned: Path):
    lung(planned, "liver", PatientID="somebody else", ReferencedFrameOfReferenceSequence=Items([]))
    assert drops("rtstruct", planned) == {"RS2.dcm": "no_image", "ct": "no_mask"}


def test_a_region_in_another_frame_of_reference_is_not_used(planned: Path):
    lost = Place(number=1, patient="A", frame=99)
    dicoms.outlines(planned / "RS.dcm", lost, [("liver", WHOLE)], number=2)
    assert drops("rtstruct", planned) == {"RS.dcm": "grid_mismatch", "ct": "no_mask"}


def test_only_what_a_file_lists_is_absent_and_only_if_it_is_complete(planned: Path):
    dicoms.outlines(
        planned / "RS.dcm",
        Place(number=1, patient="A"),
        [("liver", (4, 6, 1, 14, 12, 2)), ("spleen", (15, 6, 3, 20, 12, 4)), ("heart", None)],
        number=2,
    )
    options = {"exhaustive": "yes", "coverage": "0", "empty": "0"}
    source = sources.find("rtstruct", options, planned)
    views = source.load(refs("rtstruct", planned, **options)[0]).views
    assert [view.absent for view in views] == [("liver",), ("spleen",)]
    assert all(not view.absent for view in sources.find("rtstruct").load(refs("rtstruct", planned)[0]).views)


def test_a_series_is_shown_in_the_window_of_its_own_labels(planned: Path):
    lung(planned, "Lung_L")
    source = sources.find("rtstruct")
    (view, *_) = source.load(refs("rtstruct", planned)[0]).views
    assert view.picture.render is not None
    assert view.picture.render.startswith("window:lung")


def test_a_folder_without_dicom_files_is_said_to_hold_none(tmp_path: Path):
    (tmp_path / "README").write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="no DICOM file"):
        items("dicom_seg", tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"ids": "name"},
        {"patient": "("},
        {"patient": "a"},
        {"burned_in": "yes"},
        {"repeated": "no"},
        {"labels": "liver"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ALL)
def test_a_bad_option_is_named(name: str, options: Mapping[str, str]):
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find(name, options)


def segment(label: str = "", kind: Code | None = None, **facts: object) -> Segment:
    given: dict[str, object] = {"category": ORGAN, "laterality": None, **facts}
    return Segment(number=1, label=label, type=kind, **given)  # type: ignore[arg-type]


def coded(value: str, meaning: str = CANARY, scheme: str = "SCT") -> Code:
    return Code(value=value, scheme=scheme, meaning=meaning)


@pytest.mark.parametrize(
    ("found", "label"),
    [
        (segment("Liver"), "liver"),
        (segment(CANARY, coded("10200004")), "liver"),
        (segment("", coded("T-62000", "Liver", "SRT")), "liver"),
        (segment("Left Kidney", coded("64033007", "Kidney")), "kidney_left"),
        (segment("Kidney", coded("64033007"), laterality="right"), "kidney_right"),
        (segment("Left Kidney", coded("64033007"), laterality="right"), None),
        (segment("Liver", coded("108369006", "Neoplasm")), None),
        (segment("Liver", coded("4147007", "Mass"), category=ABNORMAL), None),
        (segment("Tumour", coded("4147007", "Mass"), category=ABNORMAL, laterality="left"), "tumour"),
        (segment("Liver", coded("78961009", "Spleen")), None),
        (segment("liver_tumor", coded("108369006", "Neoplasm"), category=ABNORMAL), "liver_tumour"),
        (segment("kidney_cyst_left", coded("367643001", "Cyst"), category=ABNORMAL), "kidney_cyst_left"),
        (segment("Ventricle", laterality="left"), "ventricle"),
        (segment(CANARY, coded("1", CANARY, "99LOCAL")), None),
        (segment(), None),
    ],
)
def test_a_segment_has_the_label_that_its_text_and_codes_agree_on(found: Segment, label: str | None):
    assert label_of(found, {}) == label


@pytest.mark.parametrize("key", ["segment_*", "mass", "SCT:4147007"])
def test_what_the_user_says_of_a_segment_wins(key: str):
    found = segment("Segment_1", coded("4147007", "Mass"), category=ABNORMAL)
    assert label_of(found, {key: "liver"}) == "liver"


def test_a_side_that_is_coded_belongs_to_what_the_user_says_too():
    assert label_of(segment("Niere", laterality="left"), {"Niere": "kidney"}) == "kidney_left"
    assert label_of(segment("Niere", laterality="left"), {"Niere": "right kidney"}) is None


def test_a_segmentation_of_another_grid_rejects_its_case(tmp_path: Path):
    place = Place(number=1, patient="A")
    dicoms.save_slices(tmp_path / "ct", dicoms.files(place, dicoms.scan({}, 1), spacing=3.0))
    dicoms.segmentation(
        tmp_path / "seg", dicoms.files(place, dicoms.scan({}, 1)), [("Liver", LIVER, None, WHOLE)], number=2
    )
    assert rejection("dicom_seg", tmp_path) == "grid_mismatch"


def rejection(name: str, root: Path, **options: str) -> str:
    source = sources.find(name, options, root)
    with pytest.raises(Rejected) as caught:
        source.load(refs(name, root, **options)[0])
    assert "canary" not in str(caught.value).casefold()
    return caught.value.reason


def masked(root: Path, values: npt.NDArray[np.integer[Any]], **tags: object) -> None:
    """A series, and a series of masks that holds ``values``."""
    dicoms.save_slices(root / "ct", dicoms.files(Place(number=1, patient="A"), dicoms.scan({1: TUMOUR}, 1)))
    dicoms.save_slices(root / "mask", dicoms.files(Place(number=2, patient="A", tags=tags), values))


def test_a_number_that_nobody_has_explained_rejects_the_case(tmp_path: Path):
    masked(tmp_path, volumes.numbers({1: TUMOUR, 7: (0, 0, 0, 2, 2, 1)}, SHAPE).astype(np.int16))
    assert rejection("dicom_masks", tmp_path, labels="1=liver") == "unknown_label"


def test_a_mask_that_is_shown_inverted_is_no_mask_of_everything(tmp_path: Path):
    masked(tmp_path, volumes.numbers({1: TUMOUR}, SHAPE).astype(np.uint16), PhotometricInterpretation="MONOCHROME1")
    assert rejection("dicom_masks", tmp_path, label="tumour") == "mask_full"


def test_values_that_are_no_label_numbers_reject_the_case(tmp_path: Path):
    masked(tmp_path, dicoms.scan({1: TUMOUR}, 3))
    assert rejection("dicom_masks", tmp_path, label="tumour") == "labels_not_whole"


def test_a_mask_that_fits_two_series_belongs_to_the_nearest_or_to_none(tmp_path: Path):
    masked(tmp_path / "a", volumes.numbers({1: TUMOUR}, SHAPE).astype(np.int16))
    other = dicoms.files(Place(number=3, patient="A", modality="MR"), dicoms.scan({}, 3))
    dicoms.save_slices(tmp_path / "b" / "mr", other)
    assert [ref.image for ref in refs("dicom_masks", tmp_path, label="tumour")] == ["a/ct"]
    (tmp_path / "b" / "mr").rename(tmp_path / "a" / "mr")
    assert drops("dicom_masks", tmp_path, label="tumour")["a/mask"] == "no_image"
    assert [ref.image for ref in refs("dicom_masks", tmp_path, label="tumour", images="mr/")] == ["a/mr"]


def test_masks_without_a_meaning_are_asked_about(tmp_path: Path):
    masked(tmp_path, volumes.numbers({1: TUMOUR}, SHAPE).astype(np.int16))
    with pytest.raises(ValueError, match="label: say what the masks show"):
        items("dicom_masks", tmp_path)


@pytest.mark.parametrize("options", [{"masks": "("}, {"images": "["}, {"labels": "0=liver"}, {"labels": "a=liver"}])
def test_a_bad_expression_or_number_is_named(options: Mapping[str, str]):
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("dicom_masks", options)


def test_numbers_and_one_label_exclude_each_other():
    with pytest.raises(ValueError, match="one of them"):
        sources.find("dicom_masks", {"label": "liver", "labels": "1=liver"})


def test_a_label_that_stands_in_a_sentence_is_what_the_user_calls_it(tmp_path: Path):
    slices = dicoms.files(Place(number=1, patient="A"), dicoms.scan({1: WHOLE}, 1))
    dicoms.save_slices(tmp_path / "ct", slices)
    dicoms.segmentation(tmp_path / "seg", slices, [(CANARY, MASS, None, WHOLE)], number=2)
    source = sources.find("dicom_seg", {"labels": "mass=renal mass"})
    assert [term.name for _, term in source.terms] == ["renal mass"]
    assert [mask.label for mask in refs("dicom_seg", tmp_path, labels="mass=renal mass")[0].masks] == ["renal_mass"]
