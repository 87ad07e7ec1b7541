from __future__ import annotations

import contextlib
import gzip
import itertools
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.io.labelmap import whole_numbers
from mmrs_builder.io.nifti import read_nifti
from mmrs_builder.io.volume import same_grid, spacing, upright
from mmrs_builder.types import Lattice
from mmrs_builder.vocab import Rejected

nib = pytest.importorskip("nibabel")

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
AFFINE = np.array([[-2.0, 0, 0, 40], [0, 3, 0, -20], [0, 0, 4, 7], [0, 0, 0, 1]])
ORDERS = [
    (order, flips) for order in itertools.permutations(range(3)) for flips in itertools.product((1, -1), repeat=3)
]

# Where the fields of a NIfTI-1 header lie, and how they are stored.
DIM, DATATYPE, PIXDIM, VOX_OFFSET, SCL_SLOPE, SCL_INTER, UNITS = 40, 70, 76, 108, 112, 116, 123
QFORM_CODE, SFORM_CODE, QUATERN_B, SROW_X, MAGIC = 252, 254, 256, 280, 344


def image(
    voxels: np.ndarray = VOXELS, affine: np.ndarray = AFFINE, sform: int = 1, qform: int = 1, version: int = 1
) -> bytes:
    """The bytes of a ``.nii`` that nibabel wrote."""
    made = (nib.Nifti1Image if version == 1 else nib.Nifti2Image)(voxels, affine, dtype=voxels.dtype)
    made.set_sform(affine, sform)
    made.set_qform(affine, qform)
    made.header.set_xyzt_units("mm")
    return made.to_bytes()


def changed(data: bytes, offset: int, kind: str, *values: float) -> bytes:
    part = struct.pack("<" + kind, *values)
    return data[:offset] + part + data[offset + len(part) :]


def read(folder: Path, data: bytes, name: str = "v.nii", channel: int | None = None):
    (folder / name).write_bytes(data)
    return read_nifti(folder, name, channel=channel)


def reason_for(folder: Path, data: bytes, name: str = "v.nii", channel: int | None = None) -> str:
    with pytest.raises(Rejected) as caught:
        read(folder, data, name, channel)
    assert caught.value.what == name
    return caught.value.reason


def peak_of_reading(folder: Path, name: str) -> int:
    """Bytes of memory in use at most while a refused file is read, without the buffer of the file itself."""
    data = (folder / name).read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmrs_builder.io.nifti.read_bytes", lambda root, path: data)
        tracemalloc.start()
        with pytest.raises(Rejected):
            read_nifti(folder, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def place(grid: Lattice, index: tuple[int, ...]) -> np.ndarray:
    return np.asarray(grid.origin) + np.asarray(index) @ np.asarray(grid.steps)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_every_plain_type_is_read_as_it_is_stored(tmp_path: Path, dtype: str, name: str, version: int):
    data = image(VOXELS.astype(dtype), version=version)
    found = read(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)
    assert found.values.dtype == dtype
    assert np.array_equal(found.values, VOXELS)


@pytest.mark.parametrize("version", [1, 2])
def test_big_endian_files_are_read_in_the_machines_order(tmp_path: Path, version: int):
    kind = nib.Nifti1Image if version == 1 else nib.Nifti2Image
    made = kind(VOXELS, AFFINE, kind.header_class(endianness=">"))
    made.set_data_dtype(">i2")
    found = read(tmp_path, made.to_bytes())
    assert made.to_bytes()[:2] == b"\0\0"
    assert found.values.dtype.isnative
    assert np.array_equal(found.values, VOXELS)
    assert found.lattice.steps == ((2, 0, 0), (0, -3, 0), (0, 0, 4))


def test_positions_are_turned_from_ras_to_lps(tmp_path: Path):
    grid = read(tmp_path, image()).lattice
    assert (grid.origin, grid.evidence) == ((-40, 20, 7), "header")
    assert grid.steps == ((2, 0, 0), (0, -3, 0), (0, 0, 4))


@pytest.mark.parametrize(("order", "flips"), ORDERS)
@pytest.mark.parametrize("code", ["sform", "qform"])
def test_all_48_axis_orders_give_one_upright_volume(tmp_path: Path, order: tuple, flips: tuple, code: str):
    plain = nib.Nifti1Image(VOXELS, np.diag([2.0, 3, 4, 1]))
    made = plain.as_reoriented(np.array(list(zip(order, flips, strict=True))))
    found = read(tmp_path, image(np.asarray(made.dataobj), made.affine, int(code == "sform"), int(code == "qform")))
    mark = tuple(int(n) for n in np.argwhere(found.values == 77)[0])
    world = nib.affines.apply_affine(plain.affine, np.argwhere(VOXELS == 77)[0])
    assert np.allclose(place(found.lattice, mark), world * (-1, -1, 1), atol=1e-4)
    turned = upright(found, "v")
    assert np.array_equal(turned.values, VOXELS[::-1, ::-1, ::-1].transpose(2, 1, 0))
    assert np.allclose(spacing(turned.lattice), (4, 3, 2), atol=1e-5)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.lists(st.floats(0.2, 9), min_size=3, max_size=3))
def test_sform_and_qform_of_any_rotation_agree(
    tmp_path_factory: pytest.TempPathFactory, angles: list[float], sides: list[float]
):
    folder = tmp_path_factory.mktemp("rotated")
    affine = np.eye(4)
    affine[:3, :3] = nib.eulerangles.euler2mat(*angles) * sides
    affine[:3, 3] = (-130, 20, 600)
    both, one = (read(folder, image(affine=affine, sform=code)).lattice for code in (1, 0))
    assert both.evidence == one.evidence == "header"
    assert same_grid(both, one)
    assert np.allclose(spacing(both), sides, rtol=1e-4)


def test_the_sform_wins_and_a_qform_without_a_code_is_not_looked_at(tmp_path: Path):
    data = changed(image(qform=0), QUATERN_B, "6f", 9, 9, 9, np.nan, np.inf, 0)
    assert read(tmp_path, data).lattice.origin == (-40, 20, 7)


def test_sform_and_qform_that_contradict_each_other_are_refused(tmp_path: Path):
    mirrored = changed(image(), SROW_X, "4f", 2, 0, 0, 40)
    moved = changed(image(), SROW_X + 12, "f", 42)
    assert [reason_for(tmp_path, data) for data in (mirrored, moved)] == ["affine_conflict"] * 2


def test_a_position_that_is_not_believed_leaves_distances(tmp_path: Path):
    (tmp_path / "v.nii").write_bytes(changed(image(), SROW_X, "f", 1.0))
    lattice = read_nifti(tmp_path, "v.nii", placed=False).lattice
    assert (spacing(lattice), lattice.evidence) == ((2.0, 3.0, 4.0), None)


def test_sform_and_qform_may_differ_by_rounding(tmp_path: Path):
    assert read(tmp_path, changed(image(), SROW_X + 12, "f", 40.3)).lattice.origin[0] == pytest.approx(-40.3)


def test_without_codes_only_distances_are_known(tmp_path: Path):
    grid = read(tmp_path, image(sform=0, qform=0)).lattice
    assert grid.evidence is None
    assert (grid.origin, grid.steps) == ((0, 0, 0), ((2, 0, 0), (0, 3, 0), (0, 0, 4)))


@pytest.mark.parametrize("value", [0, -2, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("code", [0, 1])
def test_spacing_that_cannot_be_is_refused(tmp_path: Path, value: float, code: int):
    assert reason_for(tmp_path, changed(image(sform=0, qform=code), PIXDIM + 8, "f", value)) == "bad_geometry"


@pytest.mark.parametrize("value", [2, -0.5, np.nan, np.inf])
def test_a_handedness_that_cannot_be_is_refused(tmp_path: Path, value: float):
    assert reason_for(tmp_path, changed(image(sform=0), PIXDIM, "f", value)) == "bad_geometry"


def test_handedness_zero_means_one(tmp_path: Path):
    data = image(affine=np.diag([2.0, 3, 4, 1]), sform=0)
    assert read(tmp_path, changed(data, PIXDIM, "f", 0)).lattice == read(tmp_path, data).lattice


@pytest.mark.parametrize("quaternion", [(1, 1, 1), (np.nan, 0, 0), (np.inf, 0, 0), (1e38, 1e38, 1e38)])
def test_a_rotation_that_cannot_be_is_refused(tmp_path: Path, quaternion: tuple[float, ...]):
    assert reason_for(tmp_path, changed(image(), QUATERN_B, "3f", *quaternion)) == "bad_geometry"


@pytest.mark.parametrize(
    "row", [(2, 0.5, 0, 0), (0, 0, 0, 0), (np.nan, 0, 0, 0), (2, 0, 0, np.inf), (3e38, 0, 3e38, 0)]
)
def test_axes_that_cannot_be_are_refused(tmp_path: Path, row: tuple[float, ...]):
    assert reason_for(tmp_path, changed(image(qform=0), SROW_X, "4f", *row)) == "bad_geometry"


@pytest.mark.parametrize(("code", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001), (8, 1), (10, 1), (11, 0.001)])
@pytest.mark.parametrize("sform", [0, 1])
def test_units_of_length_are_converted(tmp_path: Path, code: int, factor: float, sform: int):
    affine = np.diag([1 / factor, 1 / factor, 1 / factor, 1]) @ AFFINE
    grid = read(tmp_path, changed(image(affine=affine, sform=sform, qform=0), UNITS, "B", code)).lattice
    assert spacing(grid) == pytest.approx((2, 3, 4))
    assert grid.origin == pytest.approx((-40 * sform, 20 * sform, 7 * sform))


def test_an_unknown_unit_of_length_is_refused(tmp_path: Path):
    assert reason_for(tmp_path, changed(image(), UNITS, "B", 5)) == "bad_geometry"


@pytest.mark.parametrize(("slope", "intercept"), [(0, 0), (0, 7), (np.nan, np.nan), (np.nan, 3), (1, 0)])
def test_scaling_that_changes_nothing_keeps_the_integers(tmp_path: Path, slope: float, intercept: float):
    found = read(tmp_path, changed(image(), SCL_SLOPE, "2f", slope, intercept)).values
    assert found.dtype == np.int16
    assert np.array_equal(found, VOXELS)


@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (0.5, 0), (-2, 3)])
@pytest.mark.parametrize("dtype", ["i2", "i4", "f8"])
def test_scaling_is_applied(tmp_path: Path, slope: float, intercept: float, dtype: str):
    data = changed(image(VOXELS.astype(dtype)), SCL_SLOPE, "2f", slope, intercept)
    found = read(tmp_path, data).values
    assert found.dtype == (np.float32 if dtype == "i2" else np.float64)
    assert np.array_equal(found, VOXELS * slope + intercept)


@pytest.mark.parametrize(("slope", "intercept"), [(np.inf, 0), (1, np.nan), (2, np.inf), (3e38, 0)])
def test_scaling_to_what_is_not_finite_is_refused(tmp_path: Path, slope: float, intercept: float):
    assert reason_for(tmp_path, changed(image(), SCL_SLOPE, "2f", slope, intercept)) == "not_finite"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_voxel_that_is_not_finite_is_refused(tmp_path: Path, value: float):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 3] = value
    assert reason_for(tmp_path, image(voxels)) == "not_finite"


@pytest.mark.parametrize("shape", [(4, 5, 6, 1), (4, 5, 6, 1, 1, 1, 1)])
def test_trailing_dimensions_of_length_one_are_dropped(tmp_path: Path, shape: tuple[int, ...]):
    found = read(tmp_path, image(VOXELS.reshape(shape)))
    assert np.array_equal(found.values, VOXELS)
    assert found.lattice.shape == (4, 5, 6)


@pytest.mark.parametrize("codes", [0, 1])
def test_a_plane_is_a_volume_of_one_slice(tmp_path: Path, codes: int):
    data = changed(image(VOXELS[:, :, 0], sform=0, qform=codes), PIXDIM + 12, "f", 0 if codes else 1)
    found = read(tmp_path, data)
    assert found.values.shape == found.lattice.shape == (4, 5, 1)
    assert np.array_equal(found.values[..., 0], VOXELS[:, :, 0])


def test_a_fourth_dimension_needs_a_channel(tmp_path: Path):
    voxels = np.stack([VOXELS, VOXELS + 1000], axis=-1)
    assert reason_for(tmp_path, image(voxels)) == "multi_frame"
    for channel in (0, 1):
        found = read(tmp_path, image(voxels), channel=channel)
        assert np.array_equal(found.values, voxels[..., channel])
        assert found.lattice.shape == (4, 5, 6)


@pytest.mark.parametrize("channel", [-1, 2])
def test_a_channel_that_is_not_there_is_refused(tmp_path: Path, channel: int):
    assert reason_for(tmp_path, image(np.stack([VOXELS] * 2, axis=-1)), channel=channel) == "multi_frame"


def test_the_only_channel_may_be_named(tmp_path: Path):
    assert np.array_equal(read(tmp_path, image(), channel=0).values, VOXELS)
    assert reason_for(tmp_path, image(), channel=1) == "multi_frame"


def test_a_fault_in_another_channel_does_not_matter(tmp_path: Path):
    voxels = np.stack([VOXELS, np.full(VOXELS.shape, np.nan)], axis=-1)
    assert read(tmp_path, image(voxels), channel=0).values.max() == VOXELS.max()
    assert reason_for(tmp_path, image(voxels), channel=1) == "not_finite"


def test_five_dimensions_are_refused(tmp_path: Path):
    assert reason_for(tmp_path, image(VOXELS.reshape(4, 5, 2, 1, 3)), channel=0) == "multi_frame"


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_what_is_no_plain_number_is_refused(tmp_path: Path, dtype: object):
    assert reason_for(tmp_path, image(np.zeros((4, 5, 6), dtype))) == "unsupported_mode"


@pytest.mark.parametrize("code", [0, 1, 3, 999, -1, 1536, 1792])
def test_an_unknown_or_extended_type_is_refused(tmp_path: Path, code: int):
    assert reason_for(tmp_path, changed(image(), DATATYPE, "h", code)) == "unsupported_mode"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, name: str, version: int):
    data = image(np.random.default_rng(0).integers(0, 99, (4, 5, 6), np.int16), version=version)
    data = gzip.compress(data) if name.endswith("gz") else data
    for length in range(1, len(data), 3):
        assert reason_for(tmp_path, data[:length], name) in ("truncated", "not_an_image")
    assert reason_for(tmp_path, data[:-1], name) == "truncated"


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_bytes_that_the_header_does_not_account_for_are_refused(tmp_path: Path, name: str):
    data = image() + b"\0"
    assert reason_for(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name) == "truncated"


def test_a_changed_bit_in_compressed_data_is_refused(tmp_path: Path):
    data = gzip.compress(image())
    for position in range(12, len(data), 7):
        broken = data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]
        assert reason_for(tmp_path, broken, "v.nii.gz") in (
            "truncated",
            "not_an_image",
            "unsupported_mode",
            "too_large",
        )


@given(st.integers(0, 351), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_is_read_or_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, position: int, part: bytes
):
    folder, data = tmp_path_factory.mktemp("damaged"), image()
    with contextlib.suppress(Rejected):
        found = read(folder, data[:position] + part + data[position + len(part) :])
        assert found.values.shape == found.lattice.shape
        assert np.isfinite(found.values).all()


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize(("side", "reason"), [(30_000, "too_large"), (600, "truncated")])
def test_a_small_file_that_declares_a_huge_volume_costs_no_memory(tmp_path: Path, name: str, side: int, reason: str):
    data = changed(image()[:416], DIM, "4h", 3, side, side, side)
    assert reason_for(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name) == reason
    assert peak_of_reading(tmp_path, name) < 8 << 20


def test_a_small_file_that_unpacks_to_much_more_than_it_declares_costs_no_memory(tmp_path: Path):
    data = gzip.compress(image() + bytes(256 << 20), compresslevel=1)
    assert reason_for(tmp_path, data, "v.nii.gz") == "truncated"
    assert peak_of_reading(tmp_path, "v.nii.gz") < 8 << 20


@pytest.mark.parametrize("dims", [(0, 4, 5, 6), (8, 4, 5, 6), (3, 0, 5, 6), (3, 4, -5, 6), (1, 120, 1, 1)])
def test_dimensions_that_cannot_be_are_refused(tmp_path: Path, dims: tuple[int, ...]):
    assert reason_for(tmp_path, changed(image(), DIM, "4h", *dims)) == "bad_geometry"


@pytest.mark.parametrize("offset", [0, -352, 40, 352.5, np.nan])
def test_voxels_that_start_within_the_header_are_refused(tmp_path: Path, offset: float):
    assert reason_for(tmp_path, changed(image(), VOX_OFFSET, "f", offset)) == "not_an_image"


def test_extensions_of_the_header_are_skipped(tmp_path: Path):
    made = nib.Nifti1Image(VOXELS, AFFINE)
    made.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"A. Name" * 99))
    assert np.array_equal(read(tmp_path, made.to_bytes()).values, VOXELS)


@pytest.mark.parametrize("magic", [b"ni1\0", b"\0\0\0\0"])
def test_a_header_without_voxels_is_refused(tmp_path: Path, magic: bytes):
    assert reason_for(tmp_path, changed(image(), MAGIC, "4s", magic)) == "not_an_image"


def test_files_of_other_kinds_are_refused(tmp_path: Path):
    for data in (b"\xff\xd8\xff\xe0" + bytes(500), b"\x89PNG\r\n\x1a\n" + bytes(500), b"x", gzip.compress(b"text")):
        assert reason_for(tmp_path, data) == "not_an_image"


def test_a_link_that_leads_out_is_refused(tmp_path: Path):
    (tmp_path / "v.nii").write_bytes(image())
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "v.nii").symlink_to("../v.nii")
    with pytest.raises(Rejected, match="leads out"):
        read_nifti(tmp_path / "corpus", "v.nii")


def test_nothing_is_printed_or_warned_of(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
):
    for data in (image(), changed(image(), PIXDIM, "f", 7), changed(image(), SROW_X, "f", 3e38)):
        with contextlib.suppress(Rejected):
            read(tmp_path, data)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert not recwarn.list


def real_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.nii.gz"))


@pytest.mark.parametrize(
    ("corpus", "count"),
    [("totalsegmentator-ct", 118), ("totalsegmentator-multilabel", 4), ("msd-hippocampus", 72), ("sts-rtstruct", 6)],
)
def test_real_volumes_are_read_as_nibabel_reads_them(samples: Path, corpus: str, count: int):
    folder = samples / corpus
    assert len(real_files(folder)) == count
    for name in real_files(folder):
        found, expected = read_nifti(folder, name), nib.load(folder / name)
        assert np.array_equal(found.values, np.asanyarray(expected.dataobj))
        corner = tuple(n - 1 for n in expected.shape)
        world = nib.affines.apply_affine(expected.affine, corner) * (-1, -1, 1)
        assert np.allclose(place(found.lattice, corner), world, atol=1e-3)
        assert found.lattice.evidence == "header"


def test_masks_of_real_volumes_lie_on_the_grid_of_their_image(samples: Path):
    folder = samples / "msd-hippocampus" / "Task04_Hippocampus"
    for path in sorted((folder / "imagesTr").iterdir()):
        picture, mask = (read_nifti(folder, f"{part}/{path.name}") for part in ("imagesTr", "labelsTr"))
        assert same_grid(picture.lattice, mask.lattice)
        assert set(np.unique(whole_numbers(mask.values, path.name))) == {0, 1, 2}


def test_a_real_liver_lies_to_the_right_of_a_real_spleen(samples: Path):
    folder = samples / "totalsegmentator-ct" / "s_example" / "segmentations"
    masks = [read_nifti(folder, f"{name}.nii.gz") for name in ("liver", "spleen", "kidney_right", "kidney_left")]
    liver, spleen, right, left = (place(m.lattice, tuple(np.argwhere(m.values).mean(axis=0)))[0] for m in masks)
    assert liver < spleen
    assert right < left
