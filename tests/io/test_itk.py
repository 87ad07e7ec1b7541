from __future__ import annotations

import contextlib
import gzip
import itertools
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrs_builder.io.itk import Segment, read_itk, read_segments
from mmrs_builder.io.labelmap import whole_numbers
from mmrs_builder.io.nifti import read_nifti
from mmrs_builder.io.volume import same_grid, spacing, upright
from mmrs_builder.types import Lattice
from mmrs_builder.vocab import Rejected
from tests.io.drawing import coloured, encoded

itk = pytest.importorskip("SimpleITK")

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)  # (x, y, z)
ORDERS = [
    (order, flips) for order in itertools.permutations(range(3)) for flips in itertools.product((1, -1), repeat=3)
]
NAMES = ["v.nrrd", "v.nhdr", "v.mha", "v.mhd"]
PLACED = "space: left-posterior-superior\nspace directions: (2,0,0) (0,3,0) (0,0,4)\nspace origin: (10,20,30)"
SEGMENTS = "Segment0_Name:=liver\nSegment0_LabelValue:=1\nSegment0_Layer:=0"


def picture(voxels: np.ndarray = VOXELS) -> object:
    made = itk.GetImageFromArray(voxels.transpose(2, 1, 0))
    made.SetSpacing((2, 3, 4))
    made.SetOrigin((10, 20, 30))
    return made


def written(folder: Path, name: str, packed: bool = False, made: object = None) -> list[Path]:
    """Write a volume with ITK; the files that came about, the one with the voxels last."""
    before = set(folder.iterdir())
    itk.WriteImage(made or picture(), str(folder / name), packed)
    return [folder / name, *sorted(set(folder.iterdir()) - before - {folder / name})]


def nrrd(
    more: str = PLACED, body: bytes = VOXELS.tobytes("F"), sizes: str = "4 5 6", kind: str = "short", coded: str = "raw"
) -> bytes:
    dimension = len(sizes.split())
    head = f"NRRD0004\ntype: {kind}\ndimension: {dimension}\nsizes: {sizes}\nendian: little\nencoding: {coded}\n{more}"
    return head.encode() + b"\n\n" + body


def meta(
    more: str = "ElementSpacing = 2 3 4", body: bytes = VOXELS.tobytes("F"), sizes: str = "4 5 6", data: str = "LOCAL"
) -> bytes:
    head = f"ObjectType = Image\nNDims = {len(sizes.split())}\nDimSize = {sizes}\nElementType = MET_SHORT\n{more}\n"
    return head.encode() + f"ElementDataFile = {data}\n".encode() + body


def read(folder: Path, name: str, data: bytes):
    (folder / name).write_bytes(data)
    return read_itk(folder, name)


def reason_for(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        read(folder, name, data)
    return caught.value.reason


def place(grid: Lattice, index: tuple[int, ...]) -> np.ndarray:
    return np.asarray(grid.origin) + np.asarray(index) @ np.asarray(grid.steps)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_every_plain_type_is_read_as_it_is_stored(tmp_path: Path, dtype: str, name: str, packed: bool):
    written(tmp_path, name, packed, picture(VOXELS.astype(dtype)))
    found = read_itk(tmp_path, name)
    assert found.values.dtype == dtype
    assert np.array_equal(found.values, VOXELS)
    assert found.lattice.shape == (4, 5, 6)
    assert (found.lattice.origin, found.lattice.evidence) == ((10, 20, 30), "header")
    assert found.lattice.steps == ((2, 0, 0), (0, 3, 0), (0, 0, 4))


@pytest.mark.parametrize("name", ["v.nrrd", "v.mha"])
@pytest.mark.parametrize(("order", "flips"), ORDERS)
def test_all_48_axis_orders_give_one_upright_volume(tmp_path: Path, order: tuple, flips: tuple, name: str):
    made = itk.Flip(itk.PermuteAxes(picture(), order), [flip < 0 for flip in flips])
    written(tmp_path, name, made=made)
    found = read_itk(tmp_path, name)
    mark = tuple(int(n) for n in np.argwhere(found.values == 77)[0])
    assert np.allclose(place(found.lattice, mark), made.TransformIndexToPhysicalPoint(mark))
    assert np.allclose(place(found.lattice, mark), np.argwhere(VOXELS == 77)[0] * (2, 3, 4) + (10, 20, 30))
    assert np.array_equal(upright(found, name).values, VOXELS[:, :, ::-1].transpose(2, 1, 0))


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.sampled_from(NAMES))
def test_any_rotation_is_read_as_itk_places_it(
    tmp_path_factory: pytest.TempPathFactory, angles: list[float], name: str
):
    folder, made = tmp_path_factory.mktemp("rotated"), picture()
    made.SetDirection(itk.Euler3DTransform((0, 0, 0), *angles).GetMatrix())
    written(folder, name, made=made)
    grid = read_itk(folder, name).lattice
    assert np.allclose(place(grid, (3, 1, 2)), made.TransformIndexToPhysicalPoint((3, 1, 2)), atol=1e-3)


def test_nrrd_and_nifti_of_one_volume_lie_on_one_grid(tmp_path: Path):
    for name in ("v.nrrd", "v.mha", "v.nii.gz"):
        written(tmp_path, name)
    grids = [read_itk(tmp_path, "v.nrrd"), read_itk(tmp_path, "v.mha"), read_nifti(tmp_path, "v.nii.gz")]
    assert all(same_grid(grids[0].lattice, other.lattice) for other in grids)
    assert all(np.array_equal(other.values, VOXELS) for other in grids)


@pytest.mark.parametrize(
    ("space", "signs"),
    [("LPS", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1)), ("RAS", (-1, -1, 1)), ("LAS", (1, -1, 1))],
)
def test_spaces_of_an_nrrd_are_turned_to_lps(tmp_path: Path, space: str, signs: tuple[int, ...]):
    grid = read(tmp_path, "v.nrrd", nrrd(PLACED.replace("left-posterior-superior", space))).lattice
    assert grid.evidence == "header"
    assert np.allclose(grid.origin, np.multiply(signs, (10, 20, 30)))
    assert np.allclose(grid.steps, np.diag(np.multiply(signs, (2, 3, 4))))


@pytest.mark.parametrize(
    "more",
    [
        "spacings: 2 3 4",
        PLACED.replace("space: left-posterior-superior", "space dimension: 3"),
        PLACED.replace("left-posterior-superior", "scanner-xyz"),
        PLACED.replace("left-posterior-superior", "3D-right-handed"),
    ],
)
def test_an_nrrd_without_a_space_of_the_body_tells_only_distances(tmp_path: Path, more: str):
    grid = read(tmp_path, "v.nrrd", nrrd(more)).lattice
    assert (grid.origin, grid.evidence) == ((0, 0, 0), None)
    assert grid.steps == ((2, 0, 0), (0, 3, 0), (0, 0, 4))


@pytest.mark.parametrize("word", ["TransformMatrix", "Rotation", "Orientation"])
def test_a_metaimage_with_a_matrix_is_placed(tmp_path: Path, word: str):
    more = f"ElementSpacing = 2 3 4\nOffset = 1 2 3\n{word} = 0 1 0 0 0 1 1 0 0\nAnatomicalOrientation = ???"
    grid = read(tmp_path, "v.mha", meta(more)).lattice
    assert (grid.origin, grid.evidence) == ((1, 2, 3), "header")
    assert grid.steps == ((0, 2, 0), (0, 0, 3), (4, 0, 0))


def test_a_metaimage_without_a_matrix_tells_only_distances(tmp_path: Path):
    grid = read(tmp_path, "v.mha", meta("ElementSpacing = 2 3 4\nOffset = 1 2 3")).lattice
    assert (grid.origin, grid.evidence) == ((0, 0, 0), None)
    assert spacing(grid) == (2, 3, 4)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "spacings: 2 nan 4",
        "spacings: 2 0 4",
        "spacings: 2 -3 4",
        "spacings: 2 3 4\nunits: \"mm\" \"mm\" \"cm\"",
        PLACED + '\nspace units: "m" "m" "m"',
        PLACED.replace("(0,0,4)", "none"),
        PLACED.replace("(0,0,4)", "(0,0,0)"),
        PLACED.replace("(0,0,4)", "(0,1,4)"),
        PLACED.replace("(10,20,30)", "(10,20,inf)"),
    ],
)  # fmt: skip
def test_an_nrrd_whose_geometry_cannot_be_is_refused(tmp_path: Path, more: str):
    assert reason_for(tmp_path, "v.nrrd", nrrd(more)) in ("bad_geometry", "truncated")


@pytest.mark.parametrize(
    "more",
    [
        "",
        "ElementSpacing = 2 0 4",
        "ElementSpacing = 2 -3 4",
        "ElementSpacing = 2 nan 4",
        "ElementSpacing = 2 3 4\nTransformMatrix = 1 0 0 0.5 1 0 0 0 1",
        "ElementSpacing = 2 3 4\nTransformMatrix = 2 0 0 0 2 0 0 0 2",
        "ElementSpacing = 2 3 4\nTransformMatrix = 0 0 0 0 0 0 0 0 0",
        "ElementSpacing = 2 3 4\nTransformMatrix = 1 0 0 0 1 0 0 0 nan",
    ],
)
def test_a_metaimage_whose_geometry_cannot_be_is_refused(tmp_path: Path, more: str):
    assert reason_for(tmp_path, "v.mha", meta(more)) in ("bad_geometry", "truncated")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, name: str, packed: bool):
    voxels = np.random.default_rng(0).integers(0, 999, (4, 5, 6), np.int16)
    path = written(tmp_path, name, packed, picture(voxels))[-1]
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(Rejected) as caught:
            read_itk(tmp_path, name)
        assert caught.value.reason in ("truncated", "not_an_image", "empty_file", "bad_geometry", "unreadable")
    path.write_bytes(data)
    assert np.array_equal(read_itk(tmp_path, name).values, voxels)


@pytest.mark.parametrize("name", ["v.nhdr", "v.mhd"])
def test_a_separate_header_cut_anywhere_is_refused_or_read_alike(tmp_path: Path, name: str):
    written(tmp_path, name)
    whole, data = read_itk(tmp_path, name), (tmp_path / name).read_bytes()
    for length in range(1, len(data)):
        with contextlib.suppress(Rejected):
            found = read(tmp_path, name, data[:length])
            assert found.lattice == whole.lattice
            assert np.array_equal(found.values, VOXELS)


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_bit_in_packed_voxels_is_refused_or_changes_none(tmp_path: Path, name: str):
    path = written(tmp_path, name, True)[-1]
    data = path.read_bytes()
    refused = 0
    for position in range(len(data) - 100, len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        try:
            assert np.array_equal(read_itk(tmp_path, name).values, VOXELS)  # some bits of such a stream fill a byte up
        except Rejected:
            refused += 1
    assert refused > 95


@pytest.mark.parametrize("data", [nrrd(body=VOXELS.tobytes() + b"\n"), nrrd(body=VOXELS.tobytes()[:-2])])
def test_voxels_more_or_fewer_than_declared_are_refused(tmp_path: Path, data: bytes):
    assert reason_for(tmp_path, "v.nrrd", data) == "truncated"


@pytest.mark.parametrize(("sizes", "reason"), [("30000 30000 30000", "too_large"), ("600 600 600", "truncated")])
def test_a_small_file_that_declares_a_huge_volume_is_refused(tmp_path: Path, sizes: str, reason: str):
    packed = gzip.compress(VOXELS.tobytes())
    for data in (nrrd(sizes=sizes), nrrd(sizes=sizes, body=packed, coded="gzip")):
        assert reason_for(tmp_path, "v.nrrd", data) == reason
    assert reason_for(tmp_path, "v.mha", meta(sizes=sizes)) == reason


def test_a_small_file_that_unpacks_to_much_more_than_it_declares_costs_no_memory(tmp_path: Path):
    bomb = bytes(256 << 20)
    files = {
        "v.nrrd": nrrd(body=gzip.compress(bomb, 1), coded="gzip"),
        "v.mha": meta("ElementSpacing = 2 3 4\nCompressedData = True", zlib.compress(bomb, 1)),
    }
    for name, data in files.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mmrs_builder.io.itk.read_bytes", lambda root, path, data=data: data)
            tracemalloc.start()
            assert reason_for(tmp_path, name, data) == "truncated"
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
        tracemalloc.stop()


@pytest.mark.parametrize("name", [*NAMES, "v.jpg", "v.jpeg", "v.png"])
def test_a_picture_is_never_handed_to_itk_whatever_its_name(tmp_path: Path, name: str):
    for form in ("JPEG", "PNG"):
        data = encoded(Image.fromarray(coloured()), form)
        for part in (data, data[: len(data) // 2], b"\n" + data):
            assert reason_for(tmp_path, name, part) == "not_an_image"


def test_itk_itself_would_take_half_a_picture_for_a_whole_one(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG")
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2])
    assert itk.ReadImage(str(tmp_path / "half.jpg")).GetSize() == (48, 64)
    (tmp_path / "half.nrrd").write_bytes(data[: len(data) // 2])
    for name in ("half.jpg", "half.nrrd"):
        with pytest.raises(Rejected, match="NRRD"):
            read_itk(tmp_path, name)


@pytest.mark.parametrize("name", ["v.nii", "v.gipl", "v", "v.nrrd.txt"])
def test_other_names_are_refused(tmp_path: Path, name: str):
    assert reason_for(tmp_path, name, nrrd()) == "not_an_image"


def test_one_format_under_the_name_of_the_other_is_refused(tmp_path: Path):
    assert reason_for(tmp_path, "v.mha", nrrd()) == reason_for(tmp_path, "v.nrrd", meta()) == "not_an_image"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with voxels beside and outside it."""
    root = tmp_path / "corpus"
    (root / "part").mkdir(parents=True)
    for folder in (tmp_path, root, root / "part"):
        (folder / "v.raw").write_bytes(VOXELS.tobytes("F"))
    return root


@pytest.mark.parametrize("name", ["v.nhdr", "v.mhd", "v.nrrd", "v.mha"])
def test_voxels_in_another_file_are_read_from_inside_the_corpus(corpus: Path, name: str):
    for target in ("v.raw", "part/v.raw", "./v.raw"):
        data = nrrd(PLACED + f"\ndata file: {target}", b"") if "n" in name else meta(body=b"", data=target)
        assert np.array_equal(read(corpus, name, data).values, VOXELS)


@pytest.mark.parametrize("target", ["../v.raw", "part/../../v.raw", "ABSOLUTE", "link.raw", "folder/v.raw"])
@pytest.mark.parametrize("name", ["v.nhdr", "v.mhd"])
def test_voxels_outside_the_corpus_are_refused(corpus: Path, name: str, target: str):
    (corpus / "link.raw").symlink_to("../v.raw")
    (corpus / "folder").symlink_to("..")
    target = target.replace("ABSOLUTE", str(corpus / "v.raw"))
    data = nrrd(PLACED + f"\ndata file: {target}", b"") if "n" in name else meta(body=b"", data=target)
    assert reason_for(corpus, name, data) == "outside_root"


@pytest.mark.parametrize("target", ["LIST", "v%d.raw 1 3 1", "-", "", "v.raw", "part"])
@pytest.mark.parametrize("name", ["v.nhdr", "v.mhd"])
def test_voxels_that_are_not_in_one_regular_file_are_refused(corpus: Path, name: str, target: str):
    (corpus / "v.raw").unlink()
    data = nrrd(PLACED + f"\ndata file: {target}", b"") if "n" in name else meta(body=b"", data=target)
    assert reason_for(corpus, name, data) in ("not_an_image", "not_regular", "unreadable")


def test_a_refusal_does_not_repeat_the_text_of_a_header(corpus: Path):
    (corpus / "v.mhd").write_bytes(meta(body=b"", data="somebody.raw"))
    with pytest.raises(Rejected) as refusal:
        read_itk(corpus, "v.mhd")
    assert refusal.value.what == "v.mhd"
    assert "somebody" not in str(refusal.value)


def test_voxels_lie_beside_the_file_that_a_link_leads_to(corpus: Path):
    (corpus / "part" / "v.raw").write_bytes((VOXELS + 1).tobytes("F"))
    (corpus / "part" / "v.mhd").write_bytes(meta(body=b"", data="v.raw"))
    (corpus / "link.mhd").symlink_to("part/v.mhd")
    assert np.array_equal(read_itk(corpus, "link.mhd").values, VOXELS + 1)


@pytest.mark.parametrize(
    "more",
    ["byte skip: -1", "line skip: 2", "not a field", "type: short", "type: uchar", "encoding: raw", "sizes: 4 5 6"],
)
def test_an_nrrd_header_that_says_something_odd_is_refused(tmp_path: Path, more: str):
    assert reason_for(tmp_path, "v.nrrd", nrrd(PLACED + "\n" + more)) == "not_an_image"


LONG = "[" * 1100
"""Longer than buffers of ITK: it writes beyond them, and the process dies."""


@pytest.mark.parametrize("field", ["strange", "space origin", "labels", "thicknesses", "centerings"])
def test_a_field_of_an_nrrd_that_is_too_long_for_itk_is_refused(tmp_path: Path, field: str):
    assert reason_for(tmp_path, "v.nrrd", nrrd(f"{PLACED}\n{field}: {LONG}")) == "not_an_image"


@pytest.mark.parametrize("field", ["Name", "Comment", "Strange"])
def test_a_text_of_a_metaimage_that_is_too_long_for_itk_is_refused(tmp_path: Path, field: str):
    assert reason_for(tmp_path, "v.mha", meta(f"ElementSpacing = 2 3 4\n{field} = {LONG}")) == "not_an_image"


def test_a_note_of_an_nrrd_may_be_long(tmp_path: Path):
    assert np.array_equal(read(tmp_path, "v.nrrd", nrrd(f"{PLACED}\nConversion:={LONG}")).values, VOXELS)


@pytest.mark.parametrize("coded", ["ascii", "text", "hex", "bzip2", "bz2", ""])
def test_other_encodings_of_an_nrrd_are_refused(tmp_path: Path, coded: str):
    assert reason_for(tmp_path, "v.nrrd", nrrd(coded=coded)) == "not_an_image"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("BinaryData = False", "not_an_image"),
        ("HeaderSize = -1", "not_an_image"),
        ("DimSize = 4 5 6", "not_an_image"),
        ("no field", "not_an_image"),
        ("ElementNumberOfChannels = 2", "truncated"),
        ("ElementNumberOfChannels = x", "not_an_image"),
        ("ElementToIntensityFunctionSlope = 2", "unsupported_mode"),
    ],
)
def test_a_metaimage_header_that_says_something_odd_is_refused(tmp_path: Path, more: str, reason: str):
    assert reason_for(tmp_path, "v.mha", meta(f"ElementSpacing = 2 3 4\n{more}")) == reason


def test_big_endian_files_are_read_in_the_machines_order(tmp_path: Path):
    body = VOXELS.astype(">i2").tobytes("F")
    files = {
        "v.nrrd": nrrd(body=body).replace(b"little", b"big"),
        "v.mha": meta("ElementSpacing = 2 3 4\nBinaryDataByteOrderMSB = True", body),
    }
    for name, data in files.items():
        found = read(tmp_path, name, data).values
        assert found.dtype.isnative
        assert np.array_equal(found, VOXELS)


def test_lines_may_end_as_on_windows(tmp_path: Path):
    head, _, body = nrrd().partition(b"\n\n")
    data = head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body
    assert np.array_equal(read(tmp_path, "v.nrrd", data).values, VOXELS)


def test_colour_and_vectors_are_refused(tmp_path: Path):
    for name in ("v.nrrd", "v.mha"):
        written(tmp_path, name, made=itk.Compose([picture(VOXELS.astype(np.uint8))] * 3))
        with pytest.raises(Rejected, match="3 numbers per voxel"):
            read_itk(tmp_path, name)


@pytest.mark.parametrize("name", ["v.nrrd", "v.mha"])
def test_other_than_three_dimensions_are_refused(tmp_path: Path, name: str):
    written(tmp_path, name, made=itk.JoinSeries([picture()] * 2))
    with pytest.raises(Rejected) as caught:
        read_itk(tmp_path, name)
    assert caught.value.reason in ("multi_frame", "bad_geometry")
    written(tmp_path, name, made=picture()[:, :, 0])
    with pytest.raises(Rejected) as caught:
        read_itk(tmp_path, name)
    assert caught.value.reason == "bad_geometry"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_voxel_that_is_not_finite_is_refused(tmp_path: Path, value: float):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 3] = value
    assert reason_for(tmp_path, "v.nrrd", nrrd(body=voxels.tobytes("F"), kind="float")) == "not_finite"


@pytest.mark.parametrize("kind", ["block", "", "complex", "float,"])
def test_an_unknown_type_is_refused(tmp_path: Path, kind: str):
    assert reason_for(tmp_path, "v.nrrd", nrrd(kind=kind)) == "unsupported_mode"


@given(st.sampled_from(["v.nrrd", "v.mha"]), st.integers(0, 260), st.binary(min_size=1, max_size=6))
def test_a_damaged_header_is_read_or_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, name: str, position: int, part: bytes
):
    data = nrrd() if name == "v.nrrd" else meta()
    with contextlib.suppress(Rejected):
        found = read(tmp_path_factory.mktemp("damaged"), name, data[:position] + part + data[position + len(part) :])
        assert found.values.shape == found.lattice.shape


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    files = {"v.nrrd": nrrd(), "w.nrrd": nrrd(body=b""), "v.mha": meta(), "w.mha": meta(body=b"xx")}
    for name, data in files.items():
        with contextlib.suppress(Rejected):
            read(tmp_path, name, data)
    assert capfd.readouterr() == ("", "")


def segment_reason(folder: Path, notes: str, layers: int = 1) -> str:
    more = PLACED if layers == 1 else PLACED.replace(": (2", ": none (2") + "\nkinds: list domain domain domain"
    sizes = "4 5 6" if layers == 1 else f"{layers} 4 5 6"
    (folder / "s.seg.nrrd").write_bytes(nrrd(f"{more}\n{notes}", VOXELS.tobytes("F") * layers, sizes))
    with pytest.raises(Rejected) as caught:
        read_segments(folder, "s.seg.nrrd")
    return caught.value.reason


def test_segments_of_one_layer_are_told_apart_by_their_value(tmp_path: Path):
    notes = (
        SEGMENTS + "\nSegment10_Name:=left: lung\nSegment10_LabelValue:=7\nSegment10_Layer:=0\nSegment10_Color:=1 0 0"
    )
    (tmp_path / "s.seg.nrrd").write_bytes(nrrd(f"{PLACED}\n{notes}"))
    found = read_segments(tmp_path, "s.seg.nrrd")
    (first, liver), (second, lung) = found.segments
    assert first == Segment(number=0, name="liver", layer=0, value=1)
    assert second == Segment(number=10, name="left: lung", layer=0, value=7)
    assert np.array_equal(liver, VOXELS == 1)
    assert np.array_equal(lung, VOXELS == 7)
    assert found.lattice == read_itk(tmp_path, "s.seg.nrrd").lattice


@pytest.mark.parametrize("coded", ["raw", "gzip"])
def test_segments_of_several_layers_may_overlap(tmp_path: Path, coded: str):
    layers = np.stack([VOXELS % 3, VOXELS % 5])  # (layer, x, y, z)
    body = layers.tobytes("F") if coded == "raw" else gzip.compress(layers.tobytes("F"))
    more = PLACED.replace(": (2", ": none (2") + "\nkinds: list domain domain domain\n" + SEGMENTS
    more += "\nSegment1_Name:=tumour\nSegment1_LabelValue:=4\nSegment1_Layer:=1"
    (tmp_path / "s.seg.nrrd").write_bytes(nrrd(more, body, "2 4 5 6", coded=coded))
    (_, liver), (_, tumour) = read_segments(tmp_path, "s.seg.nrrd").segments
    assert np.array_equal(liver, VOXELS % 3 == 1)
    assert np.array_equal(tumour, VOXELS % 5 == 4)
    assert (liver & tumour).any()


def test_an_old_file_holds_one_layer_per_segment(tmp_path: Path):
    layers = np.stack([VOXELS % 2, VOXELS // 99])
    more = PLACED.replace(": (2", ": none (2") + "\nkinds: list domain domain domain"
    more += "\nSegment0_Name:=odd\nSegment1_Name:=high"
    (tmp_path / "s.seg.nrrd").write_bytes(nrrd(more, layers.tobytes("F"), "2 4 5 6"))
    (odd, odd_mask), (high, high_mask) = read_segments(tmp_path, "s.seg.nrrd").segments
    assert [(odd.layer, odd.value), (high.layer, high.value)] == [(0, 1), (1, 1)]
    assert np.array_equal(odd_mask, VOXELS % 2 == 1)
    assert np.array_equal(high_mask, VOXELS >= 99)


@pytest.mark.parametrize(
    "notes",
    [
        "Other:=liver",
        "Segment0_Name:=liver\nSegment0_LabelValue:=1",
        SEGMENTS.replace("Layer:=0", "Layer:=1"),
        SEGMENTS.replace("Layer:=0", "Layer:=-1"),
        SEGMENTS.replace("Value:=1", "Value:=0"),
        SEGMENTS.replace("Value:=1", "Value:=one"),
        SEGMENTS + "\n" + SEGMENTS.replace("Segment0", "Segment1"),
    ],
)
def test_segments_that_are_not_fully_described_are_refused(tmp_path: Path, notes: str):
    assert segment_reason(tmp_path, notes) == "bad_metadata"


def test_several_layers_with_too_few_names_are_refused(tmp_path: Path):
    assert segment_reason(tmp_path, "Segment0_Name:=liver", layers=2) == "bad_metadata"


def test_a_segmentation_cut_anywhere_is_refused(tmp_path: Path):
    data = nrrd(f"{PLACED}\n{SEGMENTS}")
    for length in range(1, len(data), 3):
        (tmp_path / "s.seg.nrrd").write_bytes(data[:length])
        with pytest.raises(Rejected) as caught:
            read_segments(tmp_path, "s.seg.nrrd")
        assert caught.value.reason in ("truncated", "not_an_image", "bad_geometry")


@pytest.mark.parametrize("name", ["liver", "spine", "heart", "liver_spine"])
def test_real_label_maps_are_read_as_itk_reads_them(samples: Path, name: str):
    folder, file = samples / "dicom-seg-dcmqi", f"{name}_seg.nrrd"
    found, expected = read_itk(folder, file), itk.ReadImage(str(folder / file))
    assert np.array_equal(found.values, itk.GetArrayFromImage(expected).transpose(2, 1, 0))
    assert whole_numbers(found.values, file).max() >= 1
    assert found.lattice.evidence == "header"
    corner = (511, 511, 2)
    assert np.allclose(place(found.lattice, corner), expected.TransformIndexToPhysicalPoint(corner), atol=1e-3)


def test_a_real_label_map_cut_at_every_percent_is_refused(samples: Path, tmp_path: Path):
    data = (samples / "dicom-seg-dcmqi" / "liver_seg.nrrd").read_bytes()
    for length in range(1, len(data), len(data) // 100):
        assert reason_for(tmp_path, "v.nrrd", data[:length]) in ("truncated", "not_an_image", "bad_geometry")
