"""What a part is measured again for, and what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from mmrs_builder.build import SourceChoice, measure
from mmrs_builder.build.measure import batched_refs, index, source_key
from mmrs_builder.types import CaseRef


def test_voxels_beside_their_header_are_watched_too(tmp_path: Path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
        made = SimpleITK.GetImageFromArray(np.zeros((4, 16, 16), np.int16))
        SimpleITK.WriteImage(made, str(tmp_path / folder / "a.mhd"))
    choice = SourceChoice(name="nifti", root=tmp_path, options=(("labels", "1=liver"),))
    before = source_key(index(choice, None), {})
    assert source_key(index(choice, None), {}) == before
    (tmp_path / "labels" / "a.raw").write_bytes(np.ones(4 * 16 * 16, np.int16).tobytes())
    assert source_key(index(choice, None), {}) != before


def test_parts_hold_so_many_cases_or_bytes_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    refs = [CaseRef(source="s", root=str(tmp_path), case_id=str(n), image=f"{n}.png") for n in range(7)]
    for ref in refs[:6]:  # the last is gone
        (tmp_path / ref.image).write_bytes(b"1" * 10)
    assert batched_refs([]) == []
    assert batched_refs(refs) == [tuple(refs)]
    monkeypatch.setattr(measure, "CASES_PER_PART", 3)
    assert [len(part) for part in batched_refs(refs)] == [3, 3, 1]
    monkeypatch.setattr(measure, "BYTES_PER_PART", 20)
    assert [len(part) for part in batched_refs(refs)] == [2, 2, 2, 1]
    assert [ref for part in batched_refs(refs) for ref in part] == refs
    generated = [CaseRef(source="s", root="seed=0", case_id=str(n), image="") for n in range(3)]
    assert batched_refs(generated) == [tuple(generated)]
