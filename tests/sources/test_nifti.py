"""Volumes of one's own: what their files' names and label numbers mean, and what is said of a missing file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
