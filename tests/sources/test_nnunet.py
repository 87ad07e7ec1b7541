"""nnU-Net datasets: what ``dataset.json`` may hold, which channel is shown, whose a case is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.sources import find
from mmrs_builder.types import Case, CaseRef, Drop, Source
from tests.corpora.volumes import numbers, save, scan

ORGANS = numbers({1: (3, 4, 2, 10, 12, 9), 2: (14, 5, 3, 20, 12, 8)})


def dataset(root: Path, *cases: str, channels: int = 1, **entries: Any) -> Path:
    """A dataset of version 2 with a liver and a spleen in each case."""
    for seed, case in enumerate(cases):
        for channel in range(channels):
            save(root / "imagesTr" / f"{case}_{channel:04d}.nii.gz", scan(10 * seed + channel))
        save(root / "labelsTr" / f"{case}.nii.gz", ORGANS)
    labels = {"background": 0, "liver": 1, "spleen": 2}
    (root / "dataset.json").write_text(
        json.dumps({"channel_names": {"0": "CT"}, "labels": labels, **entries}), encoding="utf-8"
    )
    return root


def source(root: Path, **options: str) -> Source:
    return find("nnunet", options, root)


def cases(root: Path, **options: str) -> list[Case]:
    own = source(root, **options)
    return [own.load(ref) for ref in own.index(root) if isinstance(ref, CaseRef)]


def test_a_channel_in_a_file_of_its_own_is_shown(tmp_path: Path):
    (first,), (second,) = (cases(dataset(tmp_path, "a", channels=2), channel=str(n)) for n in (0, 1))
    assert not np.array_equal(first.views[0].picture.pixels, second.views[0].picture.pixels)
    assert second.ref.image == "imagesTr/a_0001.nii.gz"


def test_a_licence_that_cannot_stand_in_a_card_can_be_told(tmp_path: Path):
    dataset(tmp_path, "a", licence="CC <b>BY</b>")
    assert source(tmp_path, license="CC-BY-4.0").license == "CC-BY-4.0"
    with pytest.raises(ValueError, match="license"):
        source(tmp_path)


def test_a_new_name_for_a_label_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="has no label 'livr'"):
        source(dataset(tmp_path, "a"), labels="livr=liver")


def test_a_case_of_an_unknown_patient_is_left_out(tmp_path: Path):
    found = list(source(dataset(tmp_path, "p1_a", "x"), patient="(p[0-9])").index(tmp_path))
    assert [item.patient_id for item in found if isinstance(item, CaseRef)] == ["p0001"]
    assert [(item.what, item.reason) for item in found if isinstance(item, Drop)] == [
        ("imagesTr/x_0000.nii.gz", "bad_metadata")
    ]


def test_voxels_that_nobody_annotated_need_no_name(tmp_path: Path):
    dataset(tmp_path, "a", labels={"background": 0, "liver": 1, "ignore": 2})
    (case,) = cases(tmp_path)
    shown = [view.grid.slice_index for view in case.views]
    assert None not in shown
    assert not (ORGANS[:, :, [11 - index for index in shown]] == 2).any()


def test_two_label_maps_of_one_case_are_both_left_out(tmp_path: Path):
    dataset(tmp_path, "a", "b")
    home = next(tmp_path.rglob("labelsTr"))
    (home / "a.nii").write_bytes(b"another one")
    found = list(source(tmp_path).index(tmp_path))
    assert [item.case_id for item in found if isinstance(item, CaseRef)] == ["b"]
    (drop,) = (item for item in found if isinstance(item, Drop))
    assert (drop.what, drop.reason) == ("a", "duplicate_stem")
    assert "labelsTr/a.nii, labelsTr/a.nii.gz" in drop.detail
