"""BraTS in small: three ways to name files and to number the parts of a tumour, and what lies beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.corpora import Corpus
from tests.corpora.volumes import AFFINE, Box, numbers, save, scan

OEDEMA, CORE, RIM = (2, 4, 2, 12, 14, 3), (4, 6, 2, 10, 12, 3), (4, 6, 2, 7, 12, 3)
AREAS = (18, 18, 36, 64)  # enhancing, not enhancing, tumour, oedema
OLD, NEW = ("flair", "t1", "t1ce", "t2"), ("t2f", "t1n", "t1c", "t2w")


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    old, new = root / "Training", root / "ASNR-MICCAI-BraTS2023-GLI-Challenge-TrainingData"
    study(old / "HGG" / "Brats18_2013_2_1", OLD, {2: OEDEMA, 1: CORE, 4: RIM})
    study(old / "BraTS20_Training_355", OLD, {2: OEDEMA, 1: CORE, 4: RIM})
    misnamed = old / "BraTS20_Training_355" / "BraTS20_Training_355_seg.nii.gz"
    misnamed.rename(misnamed.with_name("W39_1998.09.19_Segm.nii.gz"))
    study(old / "BraTS2021_00000", OLD, {2: OEDEMA, 1: CORE, 4: RIM})
    study(old / "BraTS2021_00002", OLD, {2: OEDEMA, 3: RIM})
    study(old / "BraTS2021_00003", OLD, {})
    study(old / "BraTS2021_00005", OLD, {2: OEDEMA})
    study(root / "Validation" / "BraTS2021_00001", OLD, None)
    for scanned in ("BraTS-GLI-00008-000", "BraTS-GLI-00008-001"):
        study(new / scanned, NEW, {2: OEDEMA, 1: CORE, 3: RIM})
    study(new / "BraTS-GLI-00010-000", NEW, {2: OEDEMA, 4: RIM})
    study(new / "BraTS-GLI-00005-100", NEW, {2: OEDEMA, 4: CORE})
    study(new / "BraTS-MEN-00004-000", NEW, {2: OEDEMA, 1: CORE})
    moved = AFFINE.copy()
    moved[0, 3] = 50.0
    study(old / "BraTS2021_00006", OLD, {2: OEDEMA})
    save(old / "BraTS2021_00006" / "BraTS2021_00006_flair.nii.gz", scan(6), moved)
    save(old / "BraTS2021_00000" / "atlas.nii.gz", scan(99))
    (old / "BraTS2021_00000" / "._BraTS2021_00000_seg.nii.gz").write_bytes(b"junk")
    patients = ("Brats18_2013_2_1", "BraTS20_Training_355", *(f"BraTS2021_0000{n}" for n in (0, 2, 3, 5, 6)))
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={
            "Brats18_2013_2_1": AREAS,
            "BraTS20_Training_355": AREAS,
            "BraTS2021_00000": AREAS,
            "BraTS2021_00005": (100,),
            "BraTS-GLI-00008-000": AREAS,
            "BraTS-GLI-00008-001": AREAS,
        },
        drops={
            "BraTS2021_00001": "no_mask",
            "Training/BraTS2021_00000/atlas.nii.gz": "not_matched",
            **dict.fromkeys(companions(root), "companion"),
        },
        rejected={
            "BraTS2021_00002": "unknown_label",
            "BraTS2021_00003": "no_slice",
            "BraTS2021_00006": "grid_mismatch",
            "BraTS-GLI-00010-000": "unknown_label",
        },
        groups={
            **{patient: patient for patient in patients},
            **dict.fromkeys(("BraTS-GLI-00008-000", "BraTS-GLI-00008-001"), "BraTS-GLI-00008"),
            "BraTS-GLI-00010-000": "BraTS-GLI-00010",
        },
        absent={"BraTS2021_00005": ("enhancing_tumour", "necrotic_tumour_core")},
    )


def study(folder: Path, names: tuple[str, ...], parts: Mapping[int, Box] | None) -> None:
    """The sequences of one scan and its label map; ``None`` for a scan without one."""
    sign = "_" if names == OLD else "-"
    for number, name in enumerate(names):
        save(folder / f"{folder.name}{sign}{name}.nii.gz", np.abs(scan(100 * len(folder.name) + number)))
    if parts is not None:
        save(folder / f"{folder.name}{sign}seg.nii.gz", numbers(parts))


def companions(root: Path) -> list[str]:
    """The other sequences, and all of scans after treatment and of other tumours."""
    paths = [path.relative_to(root).as_posix() for path in root.rglob("[!.]*.nii.gz")]
    ends = tuple(f"{sign}{name}.nii.gz" for sign, names in (("_", OLD), ("-", NEW)) for name in names[1:])
    return [path for path in paths if path.endswith(ends) or "-100/" in path or "BraTS-MEN" in path]
