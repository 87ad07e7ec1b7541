from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrs_builder.io.mat import read_mat
from mmrs_builder.vocab import Rejected

h5py = pytest.importorskip("h5py")

IMAGE = np.arange(6 * 9, dtype=np.int16).reshape(6, 9)
MASK = (IMAGE > 30).astype(np.uint8)


def letters(text: str) -> np.ndarray:
    return np.array([[ord(letter)] for letter in text], np.uint16)


def write(path: Path, **fields: Any) -> None:
    """A file in the corpus' layout; a field that is ``None`` is left out."""
    stored = {"image": IMAGE.T, "tumorMask": MASK.T, "label": np.array([[2.0]]), "PID": letters("MR0402"), **fields}
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("cjdata")
        for name, value in stored.items():
            if value is not None:
                group.create_dataset(name, data=value)


def reason_for(folder: Path, **fields: Any) -> str:
    write(folder / "1.mat", **fields)
    with pytest.raises(Rejected) as caught:
        read_mat(folder, "1.mat")
    assert caught.value.what == "1.mat"
    return caught.value.reason


def altered(folder: Path, change: Callable[[Any], None]) -> str:
    """The reason of refusal after ``change`` was applied to the group of a sound file."""
    write(folder / "2.mat")
    with h5py.File(folder / "2.mat", "a") as file:
        change(file["cjdata"])
    with pytest.raises(Rejected) as caught:
        read_mat(folder, "2.mat")
    return caught.value.reason


def test_a_slice_is_turned_into_picture_order(tmp_path: Path):
    write(tmp_path / "1.mat")
    found = read_mat(tmp_path, "1.mat")
    assert np.array_equal(found.image, IMAGE)
    assert np.array_equal(found.mask, MASK == 1)
    assert (found.image.dtype, found.mask.dtype) == (np.int16, np.bool_)
    assert (found.label, found.patient) == (2, "MR0402")


def test_what_is_not_stated_is_unknown(tmp_path: Path):
    write(tmp_path / "1.mat", label=None, PID=None)
    found = read_mat(tmp_path, "1.mat")
    assert (found.label, found.patient) == (None, None)


def test_an_empty_text_of_matlab_is_unknown(tmp_path: Path):
    write(tmp_path / "1.mat", PID=np.zeros(2, np.uint64))
    with h5py.File(tmp_path / "1.mat", "a") as file:
        file["cjdata/PID"].attrs["MATLAB_empty"] = 1
    assert read_mat(tmp_path, "1.mat").patient is None


@pytest.mark.parametrize("name", ["image", "tumorMask"])
def test_a_missing_field_is_refused(tmp_path: Path, name: str):
    assert reason_for(tmp_path, **{name: None}) == "bad_metadata"


@pytest.mark.parametrize("label", [1.5, np.nan, np.inf, [1.0, 2.0]])
def test_a_label_that_is_no_whole_number_is_refused(tmp_path: Path, label: Any):
    assert reason_for(tmp_path, label=np.array(label)) == "bad_metadata"


@pytest.mark.parametrize("patient", [letters("x" * 65), letters("a\nb"), letters("é"), np.array([1.0, 2.0])])
def test_a_patients_id_that_is_no_plain_text_is_refused(tmp_path: Path, patient: np.ndarray):
    assert reason_for(tmp_path, PID=patient) == "bad_metadata"


@pytest.mark.parametrize("shape", [(6,), (6, 9, 3), ()])
def test_other_than_two_dimensions_are_refused(tmp_path: Path, shape: tuple[int, ...]):
    assert reason_for(tmp_path, image=np.zeros(shape, np.int16)) == "bad_metadata"


def test_values_that_cannot_be_used_are_refused(tmp_path: Path):
    image = IMAGE.T.astype(np.float32)
    image[3, 2] = np.nan
    assert reason_for(tmp_path, image=image) == "not_finite"
    assert reason_for(tmp_path, image=IMAGE.T + 1j) == "unsupported_mode"
    assert reason_for(tmp_path, image=np.full((9, 6), b"text")) == "unsupported_mode"
    assert reason_for(tmp_path, tumorMask=MASK.T * 2) == "mask_not_binary"
    assert reason_for(tmp_path, tumorMask=MASK) == "size_mismatch"


def test_fields_of_another_kind_are_refused(tmp_path: Path):
    def group_for_a_matrix(group: Any) -> None:
        del group["image"]
        group.create_group("image")

    assert altered(tmp_path, group_for_a_matrix) == "bad_metadata"


def test_links_of_every_kind_are_refused(tmp_path: Path):
    write(tmp_path / "other.mat")

    def linked(link: Any) -> Callable[[Any], None]:
        def change(group: Any) -> None:
            group.move("image", "kept")
            group["image"] = link

        return change

    for link in (h5py.SoftLink("/cjdata/kept"), h5py.ExternalLink(str(tmp_path / "other.mat"), "/cjdata/image")):
        assert altered(tmp_path, linked(link)) == "bad_metadata"


def test_a_group_that_lies_in_another_file_is_refused(tmp_path: Path):
    write(tmp_path / "other.mat")
    with h5py.File(tmp_path / "1.mat", "w") as file:
        file["cjdata"] = h5py.ExternalLink(str(tmp_path / "other.mat"), "/cjdata")
    with pytest.raises(Rejected, match="only a link"):
        read_mat(tmp_path, "1.mat")


def test_values_that_lie_in_another_file_are_refused(tmp_path: Path):
    (tmp_path / "secret").write_bytes(IMAGE.T.tobytes())
    write(tmp_path / "other.mat")

    def external(group: Any) -> None:
        del group["image"]
        group.create_dataset("image", (9, 6), "i2", external=[(str(tmp_path / "secret"), 0, 108)])

    def virtual(group: Any) -> None:
        del group["image"]
        layout = h5py.VirtualLayout((9, 6), "i2")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.mat"), "cjdata/image", (9, 6))
        group.create_virtual_dataset("image", layout)

    assert [altered(tmp_path, change) for change in (external, virtual)] == ["bad_metadata"] * 2


@pytest.mark.parametrize(("side", "reason"), [(1 << 20, "too_large"), (9_000, "truncated")])
@pytest.mark.parametrize("chunks", [None, (64, 64)])
def test_a_small_file_that_declares_a_huge_matrix_is_refused(
    tmp_path: Path, side: int, reason: str, chunks: tuple[int, int] | None
):
    def declared(group: Any) -> None:
        del group["image"]
        group.create_dataset("image", (side, side), "u1", chunks=chunks)

    assert altered(tmp_path, declared) == reason
    assert (tmp_path / "2.mat").stat().st_size < 100_000


def test_a_matrix_of_which_some_blocks_were_never_written_is_refused(tmp_path: Path):
    def partly(group: Any) -> None:
        del group["image"]
        group.create_dataset("image", (9, 6), "i2", chunks=(4, 4))[:4] = 1

    assert altered(tmp_path, partly) == "truncated"


def test_files_of_other_kinds_are_refused(tmp_path: Path):
    for data in (b"MATLAB 5.0 MAT-file" + bytes(600), b"\xff\xd8\xff", b"x"):
        (tmp_path / "1.mat").write_bytes(data)
        with pytest.raises(Rejected) as caught:
            read_mat(tmp_path, "1.mat")
        assert caught.value.reason == "not_an_image"


def test_a_file_without_the_group_is_refused(tmp_path: Path):
    with h5py.File(tmp_path / "1.mat", "w") as file:
        file.create_dataset("image", data=IMAGE)
    with pytest.raises(Rejected, match="no cjdata"):
        read_mat(tmp_path, "1.mat")


def test_a_file_cut_anywhere_is_refused(tmp_path: Path):
    write(tmp_path / "whole.mat")
    data = (tmp_path / "whole.mat").read_bytes()
    for length in range(1, len(data), 41):
        (tmp_path / "1.mat").write_bytes(data[:length])
        with pytest.raises(Rejected) as caught:
            read_mat(tmp_path, "1.mat")
        assert caught.value.reason in ("not_an_image", "truncated")


@given(st.integers(512, 6000), st.binary(min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, position: int, part: bytes
):
    folder = tmp_path_factory.mktemp("damaged")
    write(folder / "1.mat")
    data = (folder / "1.mat").read_bytes()
    (folder / "1.mat").write_bytes((data[:position] + part + data[position + len(part) :])[: len(data)])
    with contextlib.suppress(Rejected):
        found = read_mat(folder, "1.mat")
        assert found.image.shape == found.mask.shape


def test_real_slices_are_those_of_the_picture_export(samples: Path):
    """These files were packed from the exported pictures, which lie on their side: upright is not what is tested."""
    pictures = sorted((samples / "figshare-brain-tumor-png" / "images").glob("*.png"))[:6]
    for number, picture in enumerate(pictures, 1):
        found = read_mat(samples / "figshare-brain-tumor-mat-derived", f"{number}.mat")
        drawn = np.asarray(Image.open(samples / "figshare-brain-tumor-png" / "masks" / f"{picture.stem}_mask.png"))
        assert np.array_equal(found.image, np.asarray(Image.open(picture).convert("L")).astype(np.int16) * 16)
        assert np.array_equal(found.mask, drawn[..., 0] > 127)
        assert (found.label, found.patient) == (1, "derived")


def test_a_real_slice_cut_at_every_percent_is_refused(samples: Path, tmp_path: Path):
    data = (samples / "figshare-brain-tumor-mat-derived" / "1.mat").read_bytes()
    for length in range(1, len(data), len(data) // 100):
        (tmp_path / "1.mat").write_bytes(data[:length])
        with pytest.raises(Rejected):
            read_mat(tmp_path, "1.mat")
