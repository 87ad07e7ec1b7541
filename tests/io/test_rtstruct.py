from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder.io.dicom import read_series
from mmrs_builder.io.outline import filled
from mmrs_builder.io.rtstruct import Structures, fill, read_regions
from mmrs_builder.io.volume import lattice
from mmrs_builder.types import Lattice, Mask3
from mmrs_builder.vocab import Rejected
from tests.io.dicoms import CANARY, FRAME, SERIES, Dataset, Items, encoded, image

ORIGIN, SHAPE = (-20.0, 30.0, -400.0), (12, 10, 5)
PLAIN = lattice(SHAPE, ORIGIN, [(0.5, 0, 0), (0, 0.75, 0), (0, 0, 2)], "header", "a")
TURNED = lattice(SHAPE, ORIGIN, [(0, 0.5, 0), (0, 0, -0.75), (-2, 0, 0)], "header", "a")
Points = npt.NDArray[np.float64]


def box(x0: float, y0: float, x1: float, y1: float, k: float) -> Points:
    """A closed outline in voxels."""
    return np.array([(x0, y0, k), (x1, y0, k), (x1, y1, k), (x0, y1, k)], np.float64)


def patient(points: Points, grid: Lattice) -> Points:
    return np.array(grid.origin) + points @ np.array(grid.steps)


def contour(points: Points, kind: str = "CLOSED_PLANAR", **tags: Any) -> Dataset:
    found = Dataset()
    found.ContourGeometricType = kind
    found.NumberOfContourPoints = len(points)
    found.ContourData = [f"{value:.6f}" for value in points.ravel()]
    for keyword, value in tags.items():
        setattr(found, keyword, value)
    return found


def structures(*regions: Sequence[Dataset]) -> Dataset:
    """An RTSTRUCT whose regions are numbered 1, 2, … and listed from the last to the first."""
    found = image(np.zeros((8, 8), np.uint16), modality="RTSTRUCT")
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(found, keyword)
    named, drawn = [], []
    for number, contours in enumerate(regions, start=1):
        name, lines = Dataset(), Dataset()
        name.ROINumber, name.ROIName, name.ReferencedFrameOfReferenceUID = number, f"region {number}", FRAME
        name.ROIDescription = CANARY
        lines.ReferencedROINumber, lines.ContourSequence = number, Items(contours)
        named.insert(0, name)
        drawn.append(lines)
    found.StructureSetROISequence, found.ROIContourSequence = Items(named), Items(drawn)
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = SERIES
    study.RTReferencedSeriesSequence = Items([series])
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = FRAME, Items([study])
    found.ReferencedFrameOfReferenceSequence = Items([frame])
    return found


def read(root: Path, found: Dataset) -> Structures:
    (root / "rs.dcm").write_bytes(encoded(found))
    return read_regions(root, "rs.dcm")


def mask_of(root: Path, outlines: Sequence[Points], grid: Lattice = PLAIN) -> Mask3:
    """The mask of one region, of outlines given in voxels."""
    found = read(root, structures([contour(patient(points, grid)) for points in outlines]))
    return fill(found.regions[0], grid)


def reason_of(root: Path, found: Dataset, grid: Lattice = PLAIN) -> str:
    with pytest.raises(Rejected) as caught:
        fill(read(root, found).regions[0], grid)
    assert CANARY not in str(caught.value)
    return caught.value.reason


def cells(mask: Mask3) -> set[tuple[int, ...]]:
    return {tuple(int(i) for i in place) for place in np.argwhere(mask)}


def test_regions_have_numbers_names_and_what_they_were_drawn_on(tmp_path: Path):
    first, second = contour(patient(box(1, 1, 3, 3, 0), PLAIN)), contour(patient(box(2, 2, 5, 5, 1), PLAIN))
    found = read(tmp_path, structures([first], [second]))
    assert [(region.number, region.name, region.frame_of_reference) for region in found.regions] == [
        (1, "region 1", FRAME),
        (2, "region 2", FRAME),
    ]
    assert found.series == (SERIES,)
    assert np.allclose(found.regions[1].contours[0], patient(box(2, 2, 5, 5, 1), PLAIN))


def test_nothing_but_names_of_regions_is_in_the_record(tmp_path: Path):
    assert "CANARY" not in repr(read(tmp_path, structures([contour(box(0, 0, 1, 1, 0))])))


@pytest.mark.parametrize("grid", [PLAIN, TURNED], ids=["axial", "sagittal"])
def test_a_voxel_belongs_when_its_centre_lies_inside(tmp_path: Path, grid: Lattice):
    mask = mask_of(tmp_path, [box(1.6, 2.6, 3.4, 4.4, 3)], grid)
    assert cells(mask) == {(i, j, 3) for i in (2, 3) for j in (3, 4)}


@pytest.mark.parametrize("grid", [PLAIN, TURNED], ids=["axial", "sagittal"])
def test_of_centres_on_the_outline_the_upper_and_left_ones_belong(tmp_path: Path, grid: Lattice):
    mask = mask_of(tmp_path, [box(2, 3, 4, 5, 1)], grid)
    assert cells(mask) == {(2, 3, 1), (3, 3, 1), (2, 4, 1), (3, 4, 1)}


def test_an_outline_within_another_is_a_hole_and_one_within_that_an_island(tmp_path: Path):
    outer, hole, island = box(0.5, 0.5, 10.5, 8.5, 2), box(2.5, 2.5, 8.5, 6.5, 2), box(4.5, 3.5, 6.5, 5.5, 2)
    mask = mask_of(tmp_path, [hole, island, outer])
    assert mask.sum() == 80 - 24 + 4
    assert (mask[1, 1, 2], mask[3, 3, 2], mask[5, 4, 2]) == (True, False, True)


def test_a_hole_on_one_slice_is_none_on_the_next(tmp_path: Path):
    mask = mask_of(tmp_path, [box(0.5, 0.5, 9.5, 8.5, 2), box(2.5, 2.5, 5.5, 5.5, 3)])
    assert (mask[:, :, 2].sum(), mask[:, :, 3].sum()) == (72, 9)


def test_the_channel_to_a_hole_leaves_no_trace(tmp_path: Path):
    outer, inner = box(0.5, 0.5, 8.5, 7.5, 1), box(2.5, 2.5, 5.5, 4.5, 1)
    channel = np.concatenate([outer, outer[:1], inner[::-1], inner[-1:], outer[:1]])
    assert np.array_equal(mask_of(tmp_path, [channel]), mask_of(tmp_path, [outer, inner]))


@pytest.mark.parametrize(("place", "slice_"), [(1.4, 1), (1.6, 2), (1.5, 2), (-0.4, 0), (4.4, 4)])
def test_an_outline_between_slices_goes_to_the_nearest(tmp_path: Path, place: float, slice_: int):
    mask = mask_of(tmp_path, [box(1.5, 1.5, 3.5, 3.5, place)])
    assert cells(mask) == {(i, j, slice_) for i in (2, 3) for j in (2, 3)}


@pytest.mark.parametrize("place", [-0.6, 4.5, 40])
def test_an_outline_beyond_half_a_slice_lies_on_no_slice(tmp_path: Path, place: float):
    assert reason_of(tmp_path, structures([contour(patient(box(1, 1, 3, 3, place), PLAIN))])) == "grid_mismatch"


def test_of_outlines_drawn_on_thinner_slices_the_nearest_plane_counts(tmp_path: Path):
    outlines = [box(0.5, 0.5, 3.5 + n, 3.5, 1 + n / 4) for n in range(5)]
    mask = mask_of(tmp_path, outlines)
    assert [int(mask[:, :, k].sum()) for k in range(5)] == [0, 9, 21, 0, 0]


def test_outlines_drawn_on_thicker_slices_are_refused_and_distant_parts_are_not(tmp_path: Path):
    def of(*places: int) -> Dataset:
        return structures([contour(patient(box(1, 1, 4, 4, place), PLAIN)) for place in places])

    assert reason_of(tmp_path, of(0, 2, 4)) == "grid_mismatch"
    mask = fill(read(tmp_path, of(0, 1, 4)).regions[0], PLAIN)
    assert [int(mask[:, :, k].sum()) for k in range(5)] == [9, 9, 0, 0, 9]


def test_an_outline_across_the_slices_is_refused(tmp_path: Path):
    slanted = box(1, 1, 4, 4, 2) + np.array([[0, 0, 0.2], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert reason_of(tmp_path, structures([contour(patient(slanted, PLAIN))])) == "bad_outline"
    assert reason_of(tmp_path, structures([contour(patient(box(1, 1, 4, 4, 2), PLAIN))]), TURNED) == "bad_outline"


def test_points_and_open_lines_are_ignored_and_counted(tmp_path: Path):
    area = patient(box(1.5, 1.5, 3.5, 3.5, 0), PLAIN)
    contours = [contour(area), contour(area[:1], "POINT"), contour(area, "OPEN_PLANAR"), contour(area[:2])]
    (region,) = read(tmp_path, structures(contours)).regions
    assert (len(region.contours), region.ignored) == (1, 3)
    assert fill(region, PLAIN).sum() == 4


def test_a_region_without_outlines_is_empty(tmp_path: Path):
    assert not fill(read(tmp_path, structures([])).regions[0], PLAIN).any()


@pytest.mark.parametrize(
    "tags",
    [
        {"NumberOfContourPoints": 5},
        {"ContourData": ["1.0"] * 10},
        {"ContourData": ["1e999"] * 12},
        {"ContourData": []},
    ],
)
def test_an_outline_that_is_not_what_it_states_is_refused(tmp_path: Path, tags: dict[str, Any]):
    assert reason_of(tmp_path, structures([contour(box(1, 1, 3, 3, 0), **tags)])) == "bad_outline"


def test_coordinates_that_are_no_numbers_are_refused(tmp_path: Path):
    data = encoded(structures([contour(box(1, 1, 3, 3, 0))])).replace(b"3.000000\\", CANARY[:8].encode() + b"\\", 1)
    (tmp_path / "rs.dcm").write_bytes(data)
    with pytest.raises(Rejected) as caught:
        read_regions(tmp_path, "rs.dcm")
    assert (caught.value.reason, "CANARY" in str(caught.value)) == ("bad_metadata", False)


def test_another_kind_of_file_holds_no_regions(tmp_path: Path):
    (tmp_path / "ct.dcm").write_bytes(encoded(image(np.zeros((8, 8), np.uint16))))
    with pytest.raises(Rejected) as caught:
        read_regions(tmp_path, "ct.dcm")
    assert caught.value.reason == "unsupported_modality"


@pytest.mark.parametrize("undefined", [False, True], ids=["stated lengths", "delimiters"])
def test_a_cut_file_never_has_fewer_outlines(tmp_path: Path, undefined: bool):
    found = structures([contour(patient(box(1, 1, 3, 3, k), PLAIN)) for k in range(5)])
    for sequence in (found["ROIContourSequence"], found.ROIContourSequence[0]["ContourSequence"]):
        sequence.is_undefined_length = undefined
        for item in sequence.value:
            item.is_undefined_length_sequence_item = undefined
    data = encoded(found)
    assert len(read(tmp_path, found).regions[0].contours) == 5
    assert data.index(struct.pack("<HH", 0x3006, 0x0039)) < len(data) - 500
    outcomes = set()
    for length in [*range(1, len(data), len(data) // 90), *range(len(data) - 40, len(data))]:
        (tmp_path / "cut.dcm").write_bytes(data[:length])
        outcomes.add(outcome(tmp_path, "cut.dcm"))
    assert outcomes <= {"truncated", "not_an_image", "unsupported_modality", "bad_metadata", "5 outlines"}
    assert "truncated" in outcomes


def outcome(root: Path, path: str) -> str:
    try:
        (region,) = read_regions(root, path).regions
    except Rejected as refusal:
        return refusal.reason
    return f"{len(region.contours)} outlines"


def test_random_damage_ends_in_regions_or_a_reason(tmp_path: Path):
    data = encoded(structures([contour(patient(box(1, 1, 3, 3, k), PLAIN)) for k in range(5)]))
    generator = np.random.default_rng(5)
    outcomes = []
    for _ in range(300):
        damaged = bytearray(data)
        for place in generator.integers(132, len(data), 2):
            damaged[place] = generator.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(bytes(damaged))
        outcomes.append(outcome(tmp_path, "a.dcm"))
    assert 20 < outcomes.count("5 outlines") < 250


@pytest.mark.filterwarnings("ignore:The value for the data element")  # longer than its kind allows, as some are
def test_an_outline_of_many_points_is_read_whole(tmp_path: Path):
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    ring = np.stack([5.5 + 4 * np.cos(angle), 4.5 + 4 * np.sin(angle), np.full(angle.size, 2.0)], axis=1)
    mask = mask_of(tmp_path, [ring])
    assert np.array_equal(mask[:, :, 2].T, filled([ring[:, :2]], SHAPE[0], SHAPE[1]))


@pytest.mark.parametrize(("name", "voxels"), [("CT", 17090), ("MR_T1", 17090), ("PET", 555)])
def test_a_real_region_equals_its_twin_voxel_by_voxel(samples: Path, name: str, voxels: int):
    nibabel = pytest.importorskip("nibabel", reason="needs the optional extra volumes")
    root = samples / "sts-rtstruct" / "STS_002" / name
    image_ = read_series(root, [str(path.relative_to(root)) for path in root.glob("dicom/image/*.dcm")])
    (region,) = read_regions(root, "dicom/mask/RS.dcm").regions
    assert region.frame_of_reference == image_.frame_of_reference
    twin = np.asarray(nibabel.load(root / "nifti" / "mask" / "mask.nii.gz").dataobj) > 0
    found = fill(region, image_.volume.lattice)
    assert (int(found.sum()), int((found ^ twin).sum())) == (voxels, 0)
