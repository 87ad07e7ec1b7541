"""Volumes of one's own: what their files' names and label numbers mean, and what is said of a missing file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from mmrs_builder.sources import find
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.vocab import Rejected
from tests.corpora.volumes import numbers, save, scan

ORGANS = numbers({1: (3, 4, 2, 10, 12, 9), 2: (14, 5, 3, 20, 12, 8)})
BY_FILE = {"images": "*/ct.nii.gz", "masks": "{parent}/seg/*.nii.gz", "structure": "([^/]+)$"}


@pytest.fixture
def by_file(tmp_path: Path) -> Path:
    """Two patients; the second one's spleen has no file."""
    for patient, organs in (("p1", ("liver", "spleen")), ("p2", ("liver",))):
        save(tmp_path / patient / "ct.nii.gz", scan(len(organs)))
        for number, organ in enumerate(organs, start=1):
            save(tmp_path / patient / "seg" / f"{organ}.nii.gz", (number == ORGANS).astype(np.uint8))
    return tmp_path


@pytest.fixture
def by_number(tmp_path: Path) -> Path:
    save(tmp_path / "images" / "a.nii.gz", scan(1))
    save(tmp_path / "labels" / "a.nii.gz", ORGANS)
    return tmp_path


def source(root: Path, **options: str) -> Source:
    return find("nifti", options, root)


def listed(root: Path, **options: str) -> list[tuple[str, str]]:
    """Cases, and files that are left out with the reason."""
    items = source(root, **options).index(root)
    return [("case", item.case_id) if isinstance(item, CaseRef) else (item.reason, item.what) for item in items]


def refused(root: Path, **options: str) -> str:
    with pytest.raises(ValueError, match=r"structure|labels") as refusal:
        source(root, **options)
    return str(refusal.value)


def test_a_structure_without_a_file_is_not_called_absent(by_file: Path):
    own = source(by_file, **BY_FILE, exhaustive="yes")
    cases = [own.load(ref) for ref in own.index(by_file) if isinstance(ref, CaseRef)]
    absent = [{label for view in case.views for label in view.absent} for case in cases]
    assert absent == [{"liver", "spleen"}, {"liver"}]


def test_a_mask_that_names_no_structure_is_listed(by_file: Path):
    found = listed(by_file, **{**BY_FILE, "structure": "(spleen)$"})
    assert found == [
        ("case", "p1/ct"),
        ("not_matched", "p1/seg/liver.nii.gz"),
        ("no_mask", "p2/ct.nii.gz"),
        ("not_matched", "p2/seg/liver.nii.gz"),
    ]


def test_a_group_that_found_nothing_names_no_structure(by_file: Path):
    assert ("not_matched", "p1/seg/liver.nii.gz") in listed(by_file, **{**BY_FILE, "structure": "seg/(spleen)?"})


@pytest.mark.parametrize("structure", ["seg", "(", "(nothing)"])
def test_an_expression_that_cannot_name_structures_is_explained(by_file: Path, structure: str):
    assert refused(by_file, **{**BY_FILE, "structure": structure}).startswith(f"structure={structure!r}")


def test_a_name_for_a_mask_that_is_not_there_is_refused(by_file: Path):
    assert refused(by_file, **BY_FILE, labels="livr=liver") == (
        "labels: no mask shows 'livr'; structure='([^/]+)$' finds liver, spleen"
    )


def test_numbers_without_meaning_are_asked_for(by_number: Path):
    assert refused(by_number).startswith("labels: say what the numbers in the masks mean")


def test_one_number_with_two_names_is_refused(by_number: Path):
    assert refused(by_number, labels="1=liver,01=spleen") == "labels: one code twice"


def test_a_table_in_the_corpus_may_name_the_background(by_number: Path):
    (by_number / "labels.json").write_text('{"0": "background", "1": "liver", "2": "spleen"}', encoding="utf-8")
    assert source(by_number, labels="labels.json").labels == ("liver", "spleen")


def test_a_channel_of_a_format_that_holds_one_is_refused(tmp_path: Path):
    itk = pytest.importorskip("SimpleITK")
    for folder, values in (("images", scan(1)), ("labels", ORGANS)):
        (tmp_path / folder).mkdir()
        itk.WriteImage(itk.GetImageFromArray(values.T), str(tmp_path / folder / "a.nrrd"))
    own = source(tmp_path, labels="1=liver,2=spleen", channel="1")
    (ref,) = [item for item in own.index(tmp_path) if not isinstance(item, Drop)]
    with pytest.raises(Rejected, match="channel 1 asked for"):
        own.load(ref)


def slicer(path: Path, *segments: tuple[str, int]) -> None:
    """Write what 3D Slicer writes: a label map and, in its header, the name of each number."""
    made = SimpleITK.GetImageFromArray(ORGANS.transpose(2, 1, 0))
    made.SetSpacing((2.0, 2.0, 5.0))
    made.SetDirection((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))  # the way of the scan, in LPS
    for place, (name, value) in enumerate(segments):
        for key, text in (("Name", name), ("LabelValue", str(value)), ("Layer", "0")):
            made.SetMetaData(f"Segment{place}_{key}", text)
    SimpleITK.WriteImage(made, str(path), useCompression=True)


def test_segments_of_3d_slicer_are_known_by_their_names_and_not_by_their_numbers(tmp_path: Path):
    for case, segments in (
        ("a", (("Liver", 1), ("Segment_2", 2))),
        ("b", (("Segment_2", 1), ("Liver", 2))),
        ("c", (("Liver", 1), ("Mr. Miller", 2))),
        ("d", (("Liver", 1),)),
    ):
        (tmp_path / "images").mkdir(exist_ok=True)
        save(tmp_path / "images" / f"{case}.nii.gz", scan(ord(case)))
        slicer(tmp_path / "images" / f"{case}.seg.nrrd", *segments)
    told = {"images": "images/*.nii.gz", "masks": "images/{stem}.seg.nrrd", "labels": "liver=liver,Segment_2=spleen"}
    found = source(tmp_path, **told, exhaustive="yes", coverage="0", empty="0")
    refs = [item for item in found.index(tmp_path) if isinstance(item, CaseRef)]
    cases = {ref.case_id: found.load(ref) for ref in refs if not ref.case_id.endswith(("c", "d"))}
    first, swapped = (
        {a.label: a.mask.sum() for view in case.views for a in view.annotations} for case in cases.values()
    )
    assert first["liver"] == swapped["spleen"] == 7 * 8
    assert first["spleen"] == swapped["liver"] == 6 * 7
    with pytest.raises(Rejected, match="nobody has explained") as refusal:
        found.load(next(ref for ref in refs if ref.case_id.endswith("c")))
    assert "Miller" not in str(refusal.value)
    assert all(view.absent == () for view in found.load(next(r for r in refs if r.case_id.endswith("d"))).views)
