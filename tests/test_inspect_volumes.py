"""The diagnosis of volumes and DICOM files."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from mmrs_builder.inspect import inspect
from mmrs_builder.inspect.text import lines
from mmrs_builder.inspect.volumes import axis_codes, tilt
from mmrs_builder.io.volume import lattice
from tests.corpora.volumes import AFFINE, numbers, save, scan
from tests.io.dicoms import CANARY, image, slices, written

ORGANS = {1: (14, 4, 2, 20, 10, 4), 2: (2, 4, 2, 6, 10, 4)}


def pair(root: Path, name: str, seed: int, affine: np.ndarray = AFFINE, boxes: dict[int, tuple] = ORGANS) -> None:
    save(root / "images" / f"{name}.nii.gz", scan(seed), affine)
    save(root / "labels" / f"{name}.nii.gz", numbers(boxes), affine)


def refusals(root: Path) -> dict[str, str]:
    return {refusal.what: refusal.reason for refusal in inspect(root).checked_volumes.refused}


def test_shapes_spacings_axes_and_labels_are_told(tmp_path: Path):
    pair(tmp_path, "a", 1)
    pair(tmp_path, "b", 2, boxes={1: ORGANS[1]})
    (tmp_path / "labels.json").write_text(json.dumps({"0": "background", "1": "liver"}), encoding="utf-8")
    found = inspect(tmp_path)
    checked = found.checked_volumes
    assert (checked.shapes, checked.spacings, checked.axes) == (
        (("24 x 20 x 12", 2),), (("2 x 2 x 5", 2),), (("RAH", 2),),
    )  # fmt: skip
    assert (checked.labels, checked.refused) == ((("1", 2), ("2", 1)), ())
    assert found.tables == {"labels.json": {"1": "liver"}}
    assert found.volume_layout.images == "**/images/*.nii.gz"


def test_masks_on_another_grid_and_interpolated_ones_are_refused(tmp_path: Path):
    for seed, name in enumerate("abc"):
        pair(tmp_path, name, seed)
    flipped = AFFINE.copy()
    flipped[0, 0] = -2.0
    save(tmp_path / "labels" / "b.nii.gz", numbers(ORGANS), flipped)
    save(tmp_path / "labels" / "c.nii.gz", np.full((24, 20, 12), 0.5, np.float32))
    found = inspect(tmp_path).checked_volumes
    assert {refusal.what: refusal.reason for refusal in found.refused} == {
        "labels/b.nii.gz": "grid_mismatch", "labels/c.nii.gz": "labels_not_whole",
    }  # fmt: skip
    assert found.refused[0].detail == "axes LAH, image RAH"


def test_tilted_volumes_and_those_without_a_place_are_named(tmp_path: Path):
    pair(tmp_path, "a", 1)
    angle = np.radians(30)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pair(tmp_path, "b", 2, turned @ AFFINE)
    bare = nibabel.Nifti1Image(scan(3), None)
    bare.header.set_zooms((2.0, 2.0, 5.0))
    nibabel.save(bare, tmp_path / "images" / "c.nii.gz")
    save(tmp_path / "labels" / "c.nii.gz", numbers(ORGANS))
    found = inspect(tmp_path).checked_volumes
    assert found.tilted == (("images/b.nii.gz", 30),)
    assert found.unplaced == ("images/c.nii.gz",)
    assert dict(found.axes) == {"RAH": 2, "???": 1}
    assert refusals(tmp_path)["images/b.nii.gz"] == "oblique"


def test_headers_that_contradict_themselves_are_named(tmp_path: Path):
    pair(tmp_path, "a", 1)
    volume = nibabel.Nifti1Image(scan(1), AFFINE)
    other = AFFINE.copy()
    other[0, 3] = 40.0
    volume.set_qform(other, 1)
    volume.set_sform(AFFINE, 1)
    nibabel.save(volume, tmp_path / "images" / "a.nii.gz")
    found = inspect(tmp_path).checked_volumes
    assert (found.codes, [refusal.reason for refusal in found.refused]) == (
        (("sform 1, qform 1", 1),), ["affine_conflict"],
    )  # fmt: skip


@pytest.mark.parametrize(("affine", "right", "wrong"), [(AFFINE, 1, 0), (np.diag([-2.0, 2.0, 5.0, 1.0]), 0, 1)])
def test_structures_on_the_wrong_side_are_named(tmp_path: Path, affine: np.ndarray, right: int, wrong: int):
    save(tmp_path / "s1" / "ct.nii.gz", scan(1), affine)
    save(tmp_path / "s1" / "organs" / "kidney_right.nii.gz", numbers({1: ORGANS[1]}), affine)
    save(tmp_path / "s1" / "organs" / "kidney_left.nii.gz", numbers({1: ORGANS[2]}), affine)
    save(tmp_path / "s1" / "organs" / "brain.nii.gz", numbers({}), affine)
    found = inspect(tmp_path)
    checked = found.checked_volumes
    assert found.volume_layout.structure == "organs/([^/]+)$"
    assert (checked.right_sides, len(checked.wrong_sides)) == (right, wrong)
    assert checked.empty == ("s1/organs/brain.nii.gz",)


def test_channels_and_identical_volumes_are_found(tmp_path: Path):
    for name in ("p1", "p2"):
        for channel in ("t1", "flair"):
            save(tmp_path / name / f"{name}_{channel}.nii.gz", scan(len(channel)))
        save(tmp_path / name / f"{name}_seg.nii.gz", numbers(ORGANS))
    found = inspect(tmp_path)
    layout = found.volume_layout
    assert (layout.images, layout.masks, layout.stem) == ("**/*_flair.*", "{parent}/{stem}_seg.*", "(.+)_flair")
    assert (layout.pairs, len(layout.unmatched)) == (2, 2)
    assert found.checked_volumes.duplicates == (("p1/p1_flair.nii.gz", "p2/p2_flair.nii.gz"),)


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pair(tmp_path, "a", 1)
    monkeypatch.setattr("mmrs_builder.io.extras.find_spec", lambda _: None)
    found = inspect(tmp_path)
    assert "pip install 'mmrs-builder[volumes]'" in found.checked_volumes.needed
    assert any("volumes cannot be opened" in line for line in lines(found))


def test_axes_and_tilt_are_those_of_the_steps():
    grid = lattice((4, 4, 4), (0, 0, 0), ((0, 0, -1), (0, 2, 0), (3, 0, 0)), "header", "a")
    assert (axis_codes(grid), tilt(grid)) == ("FPL", 0.0)


def test_series_say_where_their_axes_lead(tmp_path: Path):
    written(tmp_path, slices())
    found = inspect(tmp_path).dicom
    assert found is not None
    assert (found.series, found.axes, found.patients, found.refused) == ((("CT", 1),), (("LPH", 1),), 1, ())


def test_a_gap_in_a_series_and_burnt_in_text_are_named(tmp_path: Path):
    files = slices(BurnedInAnnotation="YES")
    written(tmp_path, [*files[:1], *files[2:]])
    found = inspect(tmp_path).dicom
    assert found is not None
    assert [refusal.reason for refusal in found.refused] == ["missing_slices"]
    assert len(found.burned_in) == 1


@pytest.mark.parametrize(("orientation", "oriented"), [(["L", "F"], 1), (None, 0)])
def test_radiographs_with_and_without_a_side_are_told_apart(
    tmp_path: Path, orientation: list[str] | None, oriented: int
):
    tags = {"PatientOrientation": orientation} if orientation else {}
    written(tmp_path, [image(np.arange(400, dtype=np.uint16).reshape(20, 20), modality="DX", **tags)])
    found = inspect(tmp_path).dicom
    assert found is not None
    assert (found.oriented, len(found.unoriented)) == (oriented, 1 - oriented)


def test_no_text_of_a_dicom_file_is_repeated(tmp_path: Path):
    written(tmp_path, slices())
    text = "\n".join(lines(inspect(tmp_path)))
    assert "ZEBEDEE" in CANARY
    assert "zebedee" not in text.casefold()


def test_real_volumes_are_described(samples: Path):
    found = inspect(samples / "totalsegmentator-ct").checked_volumes
    assert (len(found.empty), found.right_sides, found.wrong_sides) == (77, 11, ())
    assert (found.hounsfield, found.codes) == (1, (("sform 2, qform 0", 1),))
    found = inspect(samples / "msd-hippocampus").checked_volumes
    assert (found.read, found.axes, found.refused, found.mirrored) == (36, (("RAH", 36),), (), None)
    dicom = inspect(samples / "sts-rtstruct").dicom
    assert dicom is not None
    assert (dict(dicom.series), dict(dicom.drawn)) == ({"CT": 1, "MR": 1, "PT": 1}, {"RTSTRUCT": 3})
