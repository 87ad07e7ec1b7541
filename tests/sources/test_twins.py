"""The same scan in different formats is the same to a reader: pictures, masks, places and answers.

The other side of each twin is read by other libraries (nibabel, SimpleITK); of the real scans it was written by other
people's programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from mmrs_builder import programs, resources, sources
from mmrs_builder.evaluate import measured
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.structures import scene
from mmrs_builder.templates import Language, load
from mmrs_builder.types import Case, CaseRef, View

sitk = pytest.importorskip("SimpleITK", reason="needs the optional extra volumes")
pytest.importorskip("nibabel", reason="needs the optional extra volumes")
pytest.importorskip("highdicom", reason="needs the optional extra dicom")

import pydicom  # noqa: E402
from highdicom.sr import CodedConcept  # noqa: E402

from tests.corpora import dicoms, volumes  # noqa: E402
from tests.corpora.dicoms import KIDNEY, LEFT, LIVER, RIGHT, SHAPE, Box, Place  # noqa: E402

Answers: TypeAlias = Mapping[tuple[str, str, str], tuple[str, tuple[int, ...] | None]]

ORGANS: Mapping[str, Box] = {
    "kidney_left": (17, 12, 1, 21, 16, 5),
    "kidney_right": (2, 13, 0, 6, 17, 4),
    "liver": (3, 2, 1, 12, 9, 5),
}
BOXES = dict(enumerate(ORGANS.values(), start=1))
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
PLANES = {"planes": "axial+coronal+sagittal", "coverage": "3"}


@pytest.fixture(scope="module")
def language() -> Language:
    return load(resources.path("templates"), "en")


def only_case(name: str, root: Path, **options: str) -> Case:
    source = sources.find(name, options, root)
    (ref,) = [item for item in source.index(root) if isinstance(item, CaseRef)]
    return source.load(ref)


def answers(view: View, case: Case, language: Language) -> Answers:
    """All that can be asked about a view, and the answers."""
    labels = {label.id: label for label, _ in language.terms.labels.values()}
    found, _ = scene(replace(view, view_id="twin"), "twin", case.ref.modality, labels, exhaustive=False)
    return {
        (item.family, item.program, item.kind): (item.token, item.target)
        for item in candidates(measured(found, labels), language.families, labels)
        if isinstance(item, Candidate)
    }


def of_the_patient(found: Answers) -> int:
    return sum(not programs.words(program).isdisjoint(programs.PATIENT) for _, program, _ in found)


def assert_twins(one: Case, other: Case, language: Language) -> int:
    """Compare two cases view by view; returns the number of answers in the patient's frame."""
    assert [(v.grid.plane, v.grid.slice_index) for v in one.views] == [
        (v.grid.plane, v.grid.slice_index) for v in other.views
    ]
    return sum(_assert_twin_views(a, b, one, other, language) for a, b in zip(one.views, other.views, strict=True))


def _assert_twin_views(a: View, b: View, one: Case, other: Case, language: Language) -> int:
    assert np.array_equal(a.picture.pixels, b.picture.pixels)
    assert [item.label for item in a.annotations] == [item.label for item in b.annotations]
    for x, y in zip(a.annotations, b.annotations, strict=True):
        assert np.array_equal(x.mask, y.mask)
    assert (a.grid.evidence, b.grid.evidence) == ("header", "header")
    for x, y in zip(_place(a), _place(b), strict=True):
        assert x == pytest.approx(y, abs=1e-3)
    found, expected = answers(a, one, language), answers(b, other, language)
    assert found == expected
    assert found
    return of_the_patient(found)


def _place(view: View) -> list[Any]:
    grid = view.grid
    assert grid.origin is not None
    assert grid.spacing is not None
    assert grid.direction is not None
    return [grid.origin, grid.spacing, *grid.direction]


@pytest.fixture(scope="module")
def nifti(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The scan as NIfTI, its organs as numbers."""
    root = tmp_path_factory.mktemp("nifti")
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = np.diag(dicoms.STEP), dicoms.ORIGIN
    volumes.save(root / "images" / "a.nii.gz", dicoms.scan(BOXES, 1), TO_RAS @ affine)
    volumes.save(root / "labels" / "a.nii.gz", volumes.numbers(BOXES, SHAPE), TO_RAS @ affine)
    labels = ",".join(f"{number}={name}" for number, name in enumerate(ORGANS, start=1))
    return only_case("nifti", root, labels=labels, **PLANES)


def series(root: Path) -> list[Any]:
    slices = dicoms.files(Place(number=1, patient="A"), dicoms.scan(BOXES, 1))
    dicoms.save_slices(root / "ct", slices)
    return slices


def test_segments_are_those_of_the_nifti_file(nifti: Case, tmp_path: Path, language: Language):
    coded = {"kidney_left": (KIDNEY, LEFT), "kidney_right": (KIDNEY, RIGHT), "liver": (LIVER, None)}
    drawn = [(f"organ {kind.meaning}", kind, side, ORGANS[name]) for name, (kind, side) in coded.items()]
    dicoms.segmentation(tmp_path / "seg.dcm", series(tmp_path), drawn, number=2)
    assert assert_twins(only_case("dicom_seg", tmp_path, **PLANES), nifti, language) > 20


def test_outlines_are_those_of_the_nifti_file(nifti: Case, tmp_path: Path, language: Language):
    series(tmp_path)
    dicoms.outlines(tmp_path / "rs.dcm", Place(number=1, patient="A"), list(ORGANS.items()), number=2)
    assert assert_twins(only_case("rtstruct", tmp_path, **PLANES), nifti, language) > 20


def test_a_series_of_numbers_is_that_of_the_nifti_file(nifti: Case, tmp_path: Path, language: Language):
    series(tmp_path)
    numbers = volumes.numbers(BOXES, SHAPE).astype(np.int16)
    dicoms.save_slices(tmp_path / "mask", dicoms.files(Place(number=2, patient="A"), numbers), range(6))
    labels = ",".join(f"{number}={name}" for number, name in enumerate(ORGANS, start=1))
    found = only_case("dicom_masks", tmp_path, labels=labels, **PLANES)
    assert assert_twins(found, nifti, language) > 20


@pytest.mark.parametrize(("name", "modality"), [("CT", "ct"), ("MR_T1", "mri")])
def test_a_real_planning_scan_equals_its_nifti_twin(samples: Path, name: str, modality: str, language: Language):
    root = samples / "sts-rtstruct" / "STS_002" / name
    outlined = only_case("rtstruct", root, labels="GTV_Mass*=tumour", coverage="50")
    twin = only_case(
        "nifti", root, images="nifti/image/*", masks="nifti/mask/*", labels="1=tumour", modality=modality, coverage="50"
    )
    assert_twins(outlined, twin, language)
    assert len(outlined.views) == 16


def converted(samples: Path, folder: Path, *names: str) -> None:
    """The real series as ITK writes it to NRRD, and label maps beside it."""
    (folder / "images").mkdir()
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(samples / "dicom-seg-dcmqi" / "ct-3slice")))
    sitk.WriteImage(reader.Execute(), str(folder / "images" / "ct.nrrd"))
    for name in names:
        (folder / "labels" / name).mkdir(parents=True)
        file = f"{name}_seg.nrrd"
        (folder / "labels" / name / "ct.nrrd").write_bytes((samples / "dicom-seg-dcmqi" / file).read_bytes())


def nrrd(folder: Path) -> Case:
    return only_case("nifti", folder, masks="labels/*/{stem}.nrrd", structure="labels/([^/]+)/")


def test_a_real_segmentation_equals_its_nrrd_twin(samples: Path, tmp_path: Path, language: Language):
    converted(samples, tmp_path, "liver")
    found = only_case("dicom_seg", samples / "dicom-seg-dcmqi")
    assert_twins(found, nrrd(tmp_path), language)
    assert [int(view.annotations[0].mask.sum()) for view in found.views] == [35218, 35645, 36231]


@pytest.mark.filterwarnings("ignore:The string .* is unlikely to represent:UserWarning")
def test_real_organs_lie_in_the_patient_as_in_their_nrrd_files(samples: Path, tmp_path: Path, language: Language):
    """The organs' label maps are real; their SEG is written here, by highdicom."""
    converted(samples, tmp_path, "heart", "liver", "spine")
    codes = {"heart": ("80891009", "Heart"), "liver": ("10200004", "Liver"), "spine": ("421060004", "Vertebral column")}
    folder = tmp_path / "dicom"
    (folder / "ct").mkdir(parents=True)
    files = sorted((samples / "dicom-seg-dcmqi" / "ct-3slice").iterdir())
    for file in files:
        (folder / "ct" / file.name).write_bytes(file.read_bytes())
    slices = sorted((pydicom.dcmread(file) for file in files), key=lambda item: item.ImagePositionPatient[2])
    for item in slices:
        item.SpecificCharacterSet = "ISO_IR 100"  # empty there, which highdicom refuses
    segments = []
    for name, (code, meaning) in codes.items():
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "labels" / name / "ct.nrrd"))) > 0
        segments.append((meaning, CodedConcept(code, "SCT", meaning), None, labels))
    dicoms.segmentation(folder / "seg", slices, segments, number=2)
    assert assert_twins(only_case("dicom_seg", folder), nrrd(tmp_path), language) > 12
