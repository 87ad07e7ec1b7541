from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder.io.dicom import read_series
from mmrs_builder.io.dicom_seg import Segmentation, doubtful, mask, read_contents, read_segmentation
from mmrs_builder.io.volume import turn, turned, turned_lattice
from mmrs_builder.types import Lattice
from mmrs_builder.vocab import Rejected
from tests.io.dicoms import CANARY, COLUMNS, ORIGIN, ROOT, ROWS, SERIES, SLICES, encoded, image, slices, written

highdicom = pytest.importorskip("highdicom", reason="needs the optional extra dicom")

from highdicom import seg  # noqa: E402
from highdicom.sr import CodedConcept  # noqa: E402
from pydicom.dataset import Dataset  # noqa: E402
from pydicom.sequence import Sequence as Items  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, RLELossless  # noqa: E402

SHAPE = (SLICES, ROWS, COLUMNS)
ORGAN = CodedConcept("123037004", "SCT", "Anatomical Structure")
KIDNEY, SPLEEN = CodedConcept("64033007", "SCT", "Kidney"), CodedConcept("78961009", "SCT", "Spleen")


def first() -> npt.NDArray[np.uint8]:
    """A segment (slice, row, column) without any symmetry, absent from two slices."""
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1, 2:5, 1:8] = voxels[2, 1:3, 4:9] = voxels[4, 5:, 0] = 1
    return voxels


def second() -> npt.NDArray[np.uint8]:
    """A segment that overlaps the first."""
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[2, 2:7, 3:6] = voxels[3, 0, :] = 1
    return voxels


def description(number: int) -> Any:
    kind = (KIDNEY, SPLEEN)[number - 1]
    return seg.SegmentDescription(number, f"segment {number}", ORGAN, kind, algorithm_type="MANUAL")


def segmentation(voxels: npt.NDArray[Any], kind: str = "BINARY", count: int = 1, **options: Any) -> Dataset:
    """A segmentation of the series of ``dicoms.slices``, written by highdicom."""
    return seg.Segmentation(
        source_images=options.pop("source_images", slices()),
        pixel_array=voxels,
        segmentation_type=kind,
        segment_descriptions=[description(number) for number in range(1, count + 1)],
        series_instance_uid=f"{ROOT}.50",
        series_number=50,
        sop_instance_uid=f"{ROOT}.51",
        instance_number=1,
        manufacturer=CANARY,
        manufacturer_model_name=CANARY,
        software_versions="1",
        device_serial_number="1",
        content_description=CANARY,
        **options,
    )


def read(root: Path, found: Dataset) -> Segmentation:
    (root / "seg.dcm").write_bytes(encoded(found))
    return read_segmentation(root, "seg.dcm")


def reason_of(root: Path, found: Dataset, number: int, lattice: Lattice) -> str:
    with pytest.raises(Rejected) as caught:
        mask(read(root, found), number, lattice)
    assert CANARY not in str(caught.value)
    return caught.value.reason


def reorder(found: Dataset, order: list[int]) -> Dataset:
    """The same frames in another order."""
    pixels = found.pixel_array[order]
    found.PerFrameFunctionalGroupsSequence = Items([found.PerFrameFunctionalGroupsSequence[n] for n in order])
    found.PixelData = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    if len(found.PixelData) % 2:
        found.PixelData += b"\0"
    return found


@pytest.fixture
def lattice(tmp_path: Path) -> Lattice:
    folder = tmp_path / "series"
    folder.mkdir()
    return read_series(folder, written(folder, slices())).volume.lattice


def test_segments_have_numbers_labels_codes_and_what_they_were_drawn_on(tmp_path: Path):
    found = read(tmp_path, segmentation(np.stack([first(), second()], axis=-1), count=2))
    one, two = found.segments
    assert [(item.number, item.label, item.laterality) for item in (one, two)] == [
        (1, "segment 1", None),
        (2, "segment 2", None),
    ]
    assert one.type is not None
    assert one.category is not None
    assert (one.type.value, one.type.scheme, one.type.meaning) == ("64033007", "SCT", "Kidney")
    assert one.category.meaning == "Anatomical Structure"
    assert (found.series, found.kind) == ((SERIES,), "BINARY")


def test_what_it_is_about_can_be_known_without_its_frames(tmp_path: Path):
    whole = read(tmp_path, segmentation(np.stack([first(), second()], axis=-1), count=2))
    found = read_contents(tmp_path, "seg.dcm")
    assert (found.segments, found.series, found.kind) == (whole.segments, whole.series, whole.kind)
    assert found.frame_of_reference == whole.frame_of_reference is not None


def test_nothing_but_labels_and_codes_is_in_the_record(tmp_path: Path):
    found = read(tmp_path, segmentation(first()))
    assert "CANARY" not in repr(found)
    assert "CANARY" not in str(found.coded)


def test_the_voxels_are_those_that_were_drawn(tmp_path: Path, lattice: Lattice):
    found = read(tmp_path, segmentation(first()))
    assert len(found.frames) == 3
    assert np.array_equal(mask(found, 1, lattice), first().transpose(2, 1, 0) > 0)
    assert doubtful(found, 1) == 0


def test_another_reader_finds_the_same_voxels(tmp_path: Path, lattice: Lattice):
    found = read(tmp_path, segmentation(np.stack([first(), second()], axis=-1), count=2))
    other = seg.segread(tmp_path / "seg.dcm").get_volume(segment_numbers=[1])
    placed = np.zeros(SHAPE, np.bool_)
    for number, plane in enumerate(other.array[..., 0]):
        centre = other.affine @ [number, 0, 0, 1]
        placed[round((centre[2] - ORIGIN[2]) / 2)] |= plane > 0
    assert np.array_equal(mask(found, 1, lattice), placed.transpose(2, 1, 0))


def test_segments_may_overlap(tmp_path: Path, lattice: Lattice):
    found = read(tmp_path, segmentation(np.stack([first(), second()], axis=-1), count=2))
    masks = [mask(found, number, lattice) for number in (1, 2)]
    assert np.array_equal(masks[1], second().transpose(2, 1, 0) > 0)
    assert (masks[0] & masks[1]).sum() == (first() & second()).sum() > 0


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0], [2, 1, 0]])
def test_frames_lie_where_they_say_in_whatever_order(tmp_path: Path, lattice: Lattice, order: list[int]):
    found = read(tmp_path, reorder(segmentation(first()), order))
    assert np.array_equal(mask(found, 1, lattice), first().transpose(2, 1, 0) > 0)


def test_empty_frames_change_nothing(tmp_path: Path, lattice: Lattice):
    found = read(tmp_path, segmentation(first(), omit_empty_frames=False))
    assert len(found.frames) == SLICES
    assert np.array_equal(mask(found, 1, lattice), first().transpose(2, 1, 0) > 0)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_a_label_map_holds_each_segment_by_its_number(tmp_path: Path, lattice: Lattice, syntax: str):
    labels = np.where(second() > 0, 2, first())
    found = read(tmp_path, segmentation(labels.astype(np.uint8), "LABELMAP", 2, transfer_syntax_uid=syntax))
    assert found.kind == "LABELMAP"
    for number in (1, 2):
        assert np.array_equal(mask(found, number, lattice), labels.transpose(2, 1, 0) == number)


@pytest.mark.parametrize("greatest", [255, 100])
def test_half_of_the_greatest_value_is_foreground_and_values_between_are_counted(
    tmp_path: Path, lattice: Lattice, greatest: int
):
    values = np.zeros(SHAPE, np.float32)
    values[1, 2, :6] = (1.0, 0.9, 0.51, 0.49, 0.2, 0.1)
    found = read(tmp_path, segmentation(values, "FRACTIONAL", max_fractional_value=greatest))
    assert np.array_equal(np.argwhere(mask(found, 1, lattice)), [(0, 2, 1), (1, 2, 1), (2, 2, 1)])
    assert doubtful(found, 1) == 3


def test_an_upright_image_gets_upright_masks(tmp_path: Path, lattice: Lattice):
    found = read(tmp_path, segmentation(first()))
    axes, reverse = turn(lattice, "a")
    upright = mask(found, 1, turned_lattice(lattice, axes, reverse))
    assert np.array_equal(upright, turned(mask(found, 1, lattice), axes, reverse))


@pytest.mark.parametrize("turns", [(-1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0), (0, 1, 0, 1, 0, 0)])
def test_frames_that_run_the_other_way_are_turned(tmp_path: Path, lattice: Lattice, turns: tuple[float, ...]):
    """Voxels are put by the way that rows and columns run, so the same pixels lie elsewhere, at equal places."""
    found = segmentation(first())
    shared = found.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(turns)
    corner = np.array([COLUMNS - 1, ROWS - 1]) * (0.5, 0.75) * (turns[0] < 0, turns[4] < 0)
    if turns[0] == 0:
        shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.75]
    for item in found.PerFrameFunctionalGroupsSequence:
        position = item.PlanePositionSequence[0]
        x, y, z = (float(value) for value in position.ImagePositionPatient)
        position.ImagePositionPatient = [x + corner[0], y + corner[1], z]
    if turns[0] == 0:
        assert reason_of(tmp_path, found, 1, lattice) == "grid_mismatch"  # its rows are longer than the image is high
    else:
        flipped = first()[:, :: -1 if turns[4] < 0 else 1, :: -1 if turns[0] < 0 else 1]
        assert np.array_equal(mask(read(tmp_path, found), 1, lattice), flipped.transpose(2, 1, 0) > 0)


@pytest.mark.parametrize("offset", [(0, 0, 0.9), (0, 0, 100), (0.2, 0, 0), (0, 0.3, 0), (0.5, 0, 0)])
def test_frames_beside_the_grid_of_the_image_are_refused(
    tmp_path: Path, lattice: Lattice, offset: tuple[float, float, float]
):
    found = segmentation(first())
    for item in found.PerFrameFunctionalGroupsSequence:
        position = item.PlanePositionSequence[0]
        position.ImagePositionPatient = [
            float(x) + d for x, d in zip(position.ImagePositionPatient, offset, strict=True)
        ]
    assert reason_of(tmp_path, found, 1, lattice) == "grid_mismatch"


def test_pixels_of_another_size_are_refused(tmp_path: Path, lattice: Lattice):
    found = segmentation(first())
    found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.75, 0.7]
    assert reason_of(tmp_path, found, 1, lattice) == "grid_mismatch"


def test_frames_of_a_part_of_the_slices_lie_in_their_place(tmp_path: Path, lattice: Lattice):
    from highdicom import PixelMeasuresSequence, PlanePositionSequence

    measures = PixelMeasuresSequence(pixel_spacing=(0.75, 0.5), slice_thickness=2.0)
    places = [
        PlanePositionSequence("PATIENT", (ORIGIN[0] + 2 * 0.5, ORIGIN[1] + 0.75, ORIGIN[2] + 2 * k))
        for k in range(SLICES)
    ]
    part = first()[:, 1:6, 2:9].copy()
    found = read(tmp_path, segmentation(part, plane_positions=places, pixel_measures=measures))
    expected = np.zeros(SHAPE, np.bool_)
    expected[:, 1:6, 2:9] = part > 0
    assert np.array_equal(mask(found, 1, lattice), expected.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("value", "scheme", "side"),
    [
        ("7771000", "SCT", "left"),
        ("24028007", "SCT", "right"),
        ("G-A101", "SRT", "left"),
        ("G-A100", "SRT", "right"),
        ("51440002", "SCT", None),
        ("7771000", "LOCAL", None),
    ],
)
@pytest.mark.parametrize("place", ["type", "region"])
def test_a_side_is_known_by_its_code(tmp_path: Path, value: str, scheme: str, side: str | None, place: str):
    found, modifier = segmentation(first()), CodedConcept(value, scheme, "Left")
    item = found.SegmentSequence[0]
    if place == "type":
        item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = Items([modifier])
    else:
        region = CodedConcept("64033007", "SCT", "Kidney")
        region.AnatomicRegionModifierSequence = Items([modifier])
        item.AnatomicRegionSequence = Items([region])
    assert read(tmp_path, found).segments[0].laterality == side


def test_two_sides_are_no_side(tmp_path: Path):
    found = segmentation(first())
    found.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = Items(
        [CodedConcept("7771000", "SCT", "Left"), CodedConcept("24028007", "SCT", "Right")]
    )
    assert read(tmp_path, found).segments[0].laterality is None


def test_a_number_that_the_file_lacks_has_no_mask(tmp_path: Path, lattice: Lattice):
    assert reason_of(tmp_path, segmentation(first()), 7, lattice) == "no_mask"


def test_an_image_is_no_segmentation(tmp_path: Path, lattice: Lattice):
    assert reason_of(tmp_path, image(np.zeros((8, 8), np.uint16)), 1, lattice) == "unsupported_modality"


def test_frames_without_a_place_are_refused(tmp_path: Path, lattice: Lattice):
    found = segmentation(first())
    del found.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence
    assert reason_of(tmp_path, found, 1, lattice) == "multi_frame"


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_a_cut_file_never_has_another_mask(tmp_path: Path, lattice: Lattice, kind: str):
    data = encoded(segmentation(first(), kind))
    for length in [*range(1, len(data), len(data) // 90), *range(len(data) - 3, len(data))]:
        (tmp_path / "cut.dcm").write_bytes(data[:length])
        with pytest.raises(Rejected) as caught:
            mask(read_segmentation(tmp_path, "cut.dcm"), 1, lattice)
        assert caught.value.reason in ("truncated", "not_an_image")


def test_random_damage_ends_in_a_mask_or_a_reason(tmp_path: Path, lattice: Lattice):
    data, generator = encoded(segmentation(first())), np.random.default_rng(9)
    outcomes = {"mask": 0, "refused": 0}
    for _ in range(200):
        damaged = bytearray(data)
        for place in generator.integers(132, len(data), 8):
            damaged[place] = generator.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(bytes(damaged))
        try:
            mask(read_segmentation(tmp_path, "a.dcm"), 1, lattice)
            outcomes["mask"] += 1
        except Rejected:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_a_real_segmentation_equals_its_twin(samples: Path):
    sitk = pytest.importorskip("SimpleITK", reason="needs the optional extra volumes")
    root = samples / "dicom-seg-dcmqi"
    series = read_series(root, ["ct-3slice/02.dcm", "ct-3slice/01.dcm", "ct-3slice/03.dcm"])
    found = read_segmentation(root, "liver.dcm")
    twin = sitk.GetArrayFromImage(sitk.ReadImage(root / "liver_seg.nrrd")).transpose(2, 1, 0)
    assert found.series == (series.series,)
    assert [(item.number, item.label) for item in found.segments] == [(1, "Liver")]
    assert np.array_equal(mask(found, 1, series.volume.lattice), twin == 1)
