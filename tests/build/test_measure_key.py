"""What a part is measured again for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from mmrs_builder.build import SourceChoice
from mmrs_builder.build.measure import index, source_key


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
