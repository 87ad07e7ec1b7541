from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.io.dicom import (
    HEADER_TAGS,
    MODALITIES,
    Header,
    headers,
    modality,
    read_flat,
    read_series,
    series,
)
from mmrs_builder.io.volume import spacing, upright
from mmrs_builder.vocab import Rejected
from tests.io.dicoms import (
    AXIAL,
    CANARY,
    COLUMNS,
    ORIGIN,
    ROOT,
    ROWS,
    SERIES,
    SLICES,
    STEP,
    image,
    multi_frame,
    normal_of,
    slices,
    stored_values,
    written,
)

COSINE, SINE = np.cos(0.1), np.sin(0.1)
ORIENTATIONS = {
    "axial": AXIAL,
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "from above": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "oblique": (COSINE, SINE, 0.0, -SINE, COSINE, 0.0),
}
GREY = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS)
HU = stored_values().transpose(2, 1, 0) - 1024


def reason_of(call: Any, *arguments: Any) -> str:
    with pytest.raises(Rejected) as caught:
        call(*arguments)
    assert CANARY not in str(caught.value)
    return caught.value.reason


def moved(number: int, offset: tuple[float, float, float]) -> list[Any]:
    files = slices()
    place = np.array(files[number].ImagePositionPatient, float) + offset
    files[number].ImagePositionPatient = [float(x) for x in place]
    return files


@pytest.mark.parametrize("axes", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_each_value_lies_where_its_header_says(tmp_path: Path, axes: tuple[float, ...]):
    found = read_series(tmp_path, written(tmp_path, slices(axes)))
    assert np.array_equal(found.volume.values, HU)
    lattice = found.volume.lattice
    assert np.allclose(lattice.steps, np.array([axes[:3], axes[3:], normal_of(axes)]) * np.array(STEP)[:, None])
    assert np.allclose(lattice.origin, ORIGIN)
    assert lattice.evidence == "header"


def test_the_order_of_files_and_their_names_mean_nothing(tmp_path: Path):
    names = ["c.dcm", "a.dcm", "e.dcm", "b.dcm", "d.dcm"]
    written(tmp_path, slices(), names)
    assert np.array_equal(read_series(tmp_path, sorted(names)).volume.values, HU)


def test_an_upright_axial_volume_has_the_head_first_and_the_left_last(tmp_path: Path):
    volume = upright(read_series(tmp_path, written(tmp_path, slices())).volume, "series")
    assert np.array_equal(volume.values, HU.transpose(2, 1, 0)[::-1])
    assert spacing(volume.lattice) == (STEP[2], STEP[1], STEP[0])


def test_an_enhanced_file_is_the_series_it_holds(tmp_path: Path):
    found = read_series(tmp_path, written(tmp_path, [multi_frame()]))
    plain = tmp_path / "plain"
    plain.mkdir()
    expected = read_series(plain, written(plain, slices()))
    assert np.array_equal(found.volume.values, expected.volume.values)
    assert found.volume.lattice == expected.volume.lattice


def test_frames_without_a_place_are_refused(tmp_path: Path):
    several = multi_frame()
    del several.PerFrameFunctionalGroupsSequence
    assert reason_of(read_series, tmp_path, written(tmp_path, [several])) == "multi_frame"
    fewer = multi_frame(places=[ORIGIN] * 3)
    assert reason_of(read_series, tmp_path, written(tmp_path, [fewer])) == "multi_frame"


@pytest.mark.parametrize("missing", range(1, SLICES - 1))
def test_a_missing_slice_is_noticed(tmp_path: Path, missing: int):
    files = slices()
    del files[missing]
    assert reason_of(read_series, tmp_path, written(tmp_path, files)) == "missing_slices"


def test_a_doubled_slice_is_noticed(tmp_path: Path):
    assert reason_of(read_series, tmp_path, written(tmp_path, [*slices(), slices()[2]])) == "missing_slices"
    assert reason_of(read_series, tmp_path, written(tmp_path, [slices()[2]] * 2)) == "missing_slices"


@pytest.mark.parametrize(("offset", "even"), [(0.04, True), (-0.04, True), (0.06, False), (-0.06, False)])
def test_slices_may_be_off_by_five_hundredths_of_their_distance(tmp_path: Path, offset: float, even: bool):
    files = written(tmp_path, moved(2, (0.0, 0.0, offset * STEP[2])))
    if even:
        assert read_series(tmp_path, files).volume.lattice.steps[2] == (0.0, 0.0, STEP[2])
    else:
        assert reason_of(read_series, tmp_path, files) == "missing_slices"


def test_a_tilted_gantry_is_refused(tmp_path: Path):
    files = slices()
    for k, item in enumerate(files):
        item.ImagePositionPatient = [ORIGIN[0], ORIGIN[1] + 0.2 * k, ORIGIN[2] + STEP[2] * k]
    assert reason_of(read_series, tmp_path, written(tmp_path, files)) == "bad_geometry"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 0, COSINE, SINE]),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", [2, 0, 0, 0, 2, 0]),
        ("ImageOrientationPatient", None),
        ("ImagePositionPatient", None),
        ("PixelSpacing", [0.75, 0.6]),
        ("PixelSpacing", [0, 0]),
        ("PixelSpacing", None),
    ],
)
def test_a_slice_that_differs_or_cannot_be_is_refused(tmp_path: Path, keyword: str, value: list[float] | None):
    files = slices()
    if value is None:
        delattr(files[3], keyword)
    else:
        setattr(files[3], keyword, value)
    assert reason_of(read_series, tmp_path, written(tmp_path, files)) == "bad_geometry"


def test_a_slice_of_another_size_is_refused(tmp_path: Path):
    files = slices()
    files[1].Rows, files[1].Columns = COLUMNS, ROWS
    assert reason_of(read_series, tmp_path, written(tmp_path, files)) == "bad_geometry"


def test_slices_of_two_series_are_no_volume(tmp_path: Path):
    files = slices()
    files[1].SeriesInstanceUID = f"{ROOT}.77"
    assert reason_of(read_series, tmp_path, written(tmp_path, files)) == "bad_metadata"
    assert reason_of(read_series, tmp_path, []) == "no_image"


def test_a_single_slice_needs_a_thickness(tmp_path: Path):
    files = written(tmp_path, slices()[:1])
    assert read_series(tmp_path, files).volume.lattice.steps[2] == (0.0, 0.0, STEP[2])
    assert reason_of(read_series, tmp_path, written(tmp_path, slices(SliceThickness="")[:1])) == "bad_geometry"


def test_each_slice_has_its_own_scale(tmp_path: Path):
    files = slices(RescaleIntercept=0)
    for k, item in enumerate(files):
        item.RescaleSlope = 0.5 * (k + 1)
    values = read_series(tmp_path, written(tmp_path, files)).volume.values
    assert values.dtype == np.float32
    assert np.allclose(values, stored_values().transpose(2, 1, 0) * (0.5 * np.arange(1, SLICES + 1)))


def test_whole_numbers_stay_whole_and_as_small_as_they_fit(tmp_path: Path):
    assert read_series(tmp_path, written(tmp_path, slices())).volume.values.dtype == np.int16
    large = read_series(tmp_path, written(tmp_path, slices(RescaleSlope=1000))).volume.values
    assert large.dtype == np.int32
    assert large.max() == int(stored_values().max()) * 1000 - 1024


@pytest.mark.parametrize("slope", [0, -1])
def test_a_scale_that_does_not_rise_is_refused(tmp_path: Path, slope: int):
    assert reason_of(read_series, tmp_path, written(tmp_path, slices(RescaleSlope=slope))) == "unsupported_mode"


def test_localisers_are_a_stack_of_their_own_and_slices_are_in_order(tmp_path: Path):
    files = slices()
    scout = image(GREY, number=9, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    names = written(tmp_path, [*files[::-1], scout])
    found = [header for header in headers(tmp_path, names) if isinstance(header, Header)]
    axial, other = series(found)
    assert [header.file for header in axial.headers] == names[:SLICES][::-1]
    assert (axial.series, axial.localiser, other.localiser) == (SERIES, False, True)
    assert [header.file for header in other.headers] == names[SLICES:]


def test_nothing_of_a_patient_is_in_any_record(tmp_path: Path):
    names = written(tmp_path, slices(BurnedInAnnotation="YES"))
    found = headers(tmp_path, names)
    flat = written(tmp_path, [image(GREY, modality="DX")], ["flat.dcm"])
    texts = [repr(found), repr(read_series(tmp_path, names)), repr(read_flat(tmp_path, *flat))]
    assert not [text for text in texts if "CANARY" in text or "1950" in text]
    assert {header.patient for header in found if isinstance(header, Header)} == {f"{CANARY}-7"}


def test_only_the_patient_id_of_what_names_a_patient_is_on_the_list():
    import pydicom

    groups = {keyword: pydicom.tag.Tag(keyword).group for keyword in HEADER_TAGS}
    assert [keyword for keyword, number in groups.items() if number == 0x10] == ["PatientID"]
    assert not [
        keyword for keyword in HEADER_TAGS if any(w in keyword for w in ("Name", "Date", "Time", "Description"))
    ]


@pytest.mark.parametrize("stated", ["YES", "NO", None])
def test_burned_in_text_is_told(tmp_path: Path, stated: str | None):
    tags = {"BurnedInAnnotation": stated} if stated else {}
    names = written(tmp_path, slices(**tags))
    assert read_series(tmp_path, names).burned_in == (stated == "YES")
    assert read_flat(tmp_path, names[0]).burned_in == (stated == "YES")


def test_modalities_have_our_names_or_are_refused():
    assert [modality(given, "a") for given in MODALITIES] == ["ct", "mri", "xray", "xray", "ultrasound", "endoscopy"]
    assert reason_of(modality, "PT", "a") == "unsupported_modality"
    assert reason_of(modality, "", "a") == "unsupported_modality"


@pytest.mark.parametrize("signed", [False, True])
def test_a_picture_with_black_as_high_is_turned(tmp_path: Path, signed: bool):
    pixels = GREY.astype(np.int16) - 40 if signed else GREY
    names = written(tmp_path, [image(pixels, modality="CR", PhotometricInterpretation="MONOCHROME1")])
    values = read_flat(tmp_path, names[0]).values
    assert np.array_equal(values, (-1 if signed else 65535) - pixels.astype(np.int64))


@pytest.mark.parametrize(
    ("codes", "right", "down"),
    [
        (["L", "F"], (1, 0, 0), (0, 0, -1)),
        (["R", "F"], (-1, 0, 0), (0, 0, -1)),
        (["A", "F"], (0, -1, 0), (0, 0, -1)),
        (["P", "H"], (0, 1, 0), (0, 0, 1)),
        (["L", "R"], None, None),
        (["LA", "F"], None, None),
        (["", ""], None, None),
        (["L"], None, None),
        ("", None, None),
    ],
)
def test_a_picture_lies_as_its_codes_say_or_unknown(tmp_path: Path, codes: Any, right: Any, down: Any):
    found = read_flat(tmp_path, *written(tmp_path, [image(GREY, modality="DX", PatientOrientation=codes)]))
    assert (found.right, found.down) == (right, down)


def test_the_spacing_of_a_radiograph_counts_only_when_calibrated(tmp_path: Path):
    plain = image(GREY, modality="DX", PixelSpacing=[0.2, 0.1])
    known = image(GREY, modality="DX", PixelSpacing=[0.2, 0.1], PixelSpacingCalibrationType="GEOMETRY")
    scan = image(GREY, PixelSpacing=[0.2, 0.1])
    names = written(tmp_path, [plain, known, scan])
    assert [read_flat(tmp_path, name).spacing for name in names] == [None, (0.2, 0.1), (0.2, 0.1)]


def test_a_coloured_ultrasound_keeps_its_colours(tmp_path: Path):
    colours = np.arange(ROWS * COLUMNS * 3, dtype=np.uint8).reshape(ROWS, COLUMNS, 3)
    found = read_flat(tmp_path, *written(tmp_path, [image(colours, modality="US")]))
    assert np.array_equal(found.values, colours)
    assert found.values.dtype == np.uint8


def test_a_file_of_several_frames_is_no_single_picture(tmp_path: Path):
    assert reason_of(read_flat, tmp_path, *written(tmp_path, [multi_frame()])) == "multi_frame"


@pytest.mark.parametrize("name", ["CT", "MR_T1", "PET"])
def test_a_real_series_equals_its_twin(samples: Path, name: str):
    nibabel = pytest.importorskip("nibabel", reason="needs the optional extra volumes")
    root = samples / "sts-rtstruct" / "STS_002" / name
    found = read_series(root, [str(path.relative_to(root)) for path in root.glob("dicom/image/*.dcm")])
    twin = nibabel.load(root / "nifti" / "image" / "image.nii.gz")
    assert np.allclose(found.volume.values, np.asarray(twin.dataobj), rtol=1e-6, atol=1e-5)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ twin.affine
    assert np.allclose(np.array(found.volume.lattice.steps).T, lps[:3, :3], atol=1e-5)
    assert np.allclose(found.volume.lattice.origin, lps[:3, 3], atol=1e-3)
