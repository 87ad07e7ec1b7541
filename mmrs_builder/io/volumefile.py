"""Which reader opens which volume file."""

from __future__ import annotations

from pathlib import Path

from mmrs_builder.io.itk import read_itk
from mmrs_builder.io.nifti import read_nifti
from mmrs_builder.types import Volume
from mmrs_builder.vocab import Rejected


def read_volume(root: Path, path: str, *, channel: int | None = None, placed: bool = True) -> Volume:
    """The volume at ``path`` under ``root``: NIfTI with nibabel; NRRD and MetaImage with SimpleITK.

    ``channel`` picks one of a 4-D NIfTI file; others hold one, number 0. ``placed`` is False where NIfTI headers are
    not to be believed about the position. Raises ``Rejected`` as the readers do, ``not_an_image`` for other files.
    """
    name = path.casefold()
    if name.endswith((".nii", ".nii.gz")):
        return read_nifti(root, path, channel=channel, placed=placed)
    if name.endswith((".nrrd", ".nhdr", ".mha", ".mhd")):
        if channel:
            raise Rejected("multi_frame", path, f"channel {channel} asked for: several are read from NIfTI only")
        return read_itk(root, path)
    raise Rejected("not_an_image", path, "no volume file that is read here")
