"""Finding and Measuring Lungs: 267 axial CT slices as TIFF and four whole scans, both lungs in one mask.

Facts, defects and terms are in ``data_cards/finding_lungs.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.digests import sha256
from mmrs_builder.io.binarise import binarise
from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.decode import GREY16_MODES, decode
from mmrs_builder.io.extras import need
from mmrs_builder.io.labelmap import present, whole_numbers
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskReading, Opened, fitted
from mmrs_builder.io.volume import lattice
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.io.window import drawn
from mmrs_builder.types import Case, CaseRef, Drop, Source, Volume
from mmrs_builder.views import case_of, flat_case
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Rules, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

LABELS: Final = ("lung",)
NAME: Final = r"(?P<case>(?:ID_)?(?P<group>\d{4})(?:_Z_\d{4})?)\.(?:tiff?|nii(?:\.gz)?)"
FILES: Final = Files(
    layout="2d_images/ID_<scan>_Z_<slice>.tif and 2d_masks/ of the same names, 3d_images/{IMG,MASK}_<scan>.nii.gz",
    image=rf"(?:2d_images/|3d_images/IMG_){NAME}",
    masks=(Masks(path=rf"(?:2d_masks/|3d_images/MASK_){NAME}", shows={"": "lung"}),),
    kind="any",
)


def configure(*, window: Window = "auto", coverage: Coverage = "5", empty: Empty = "0.1") -> Source:
    """The corpus with options. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        LABELS, window=window, planes="axial", coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.0001", sides="unknown",
    )  # fmt: skip
    return Source(
        name="finding_lungs",
        title="Finding and Measuring Lungs in CT Data",
        version="2017",
        modality="ct",
        license="not stated",
        license_class="script-only",
        url="https://www.kaggle.com/datasets/kmader/finding-lungs-in-ct-data",
        labels=LABELS,
        exhaustive=own.exhaustive,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="Slices: two values, the larger is lung. Scans: not 0.",
        index=_index,
        load=partial(_load, rules=own),
        access="manual",
        size="267 slices and 4 scans",
        steps="Download the archives from the page, unpack them, and give the folder that holds 2d_images/.",
    )


def _index(root: Path) -> Iterator[CaseRef | Drop]:
    """The slices and scans that have a mask. Raises ``ValueError`` when there are none."""
    need("nibabel", "SimpleITK")
    yield from cases(root, source="finding_lungs", files=FILES, modality="ct")


def _load(ref: CaseRef, *, rules: Rules) -> Case:
    return _scan(ref, rules) if ".nii" in ref.image.casefold() else _slice(ref, rules)


def _slice(ref: CaseRef, rules: Rules) -> Case:
    """A slice in Hounsfield units, or of a copy that somebody has converted to 8 bits. Raises ``Rejected``."""
    root, minimum_area = Path(ref.root), rules.minimum_area
    data = read_bytes(root, ref.image)
    decoded = decode(data, ref.image)
    if decoded.image.mode not in GREY16_MODES:
        return flat_case(ref, minimum_area=minimum_area, exhaustive=True, labels=LABELS)
    values = np.asarray(decoded.image)
    if values.min() < -(2**15) or values.max() >= 2**16:
        raise Rejected("unsupported_mode", ref.image, f"values {values.min()} to {values.max()}")
    # Signed 16 bits, whether the file says that they have a sign or not.
    picture = drawn(values.astype(np.uint16).view(np.int16), "ct", rules.window, ref.image, sha256(data))
    opened = Opened(picture=picture, raw_size=decoded.raw_size, orientation=decoded.orientation)
    path = ref.masks[0].path
    mask, doubtful = binarise(decode(read_bytes(root, path), path), path)
    reading = MaskReading(mask=fitted(mask, opened, path), doubtful_px=doubtful)
    return case_of(ref, picture, [reading], minimum_area=minimum_area, exhaustive=True, labels=LABELS)


def _scan(ref: CaseRef, rules: Rules) -> Case:
    """Slices of a scan. Raises ``Rejected``: what ``volume_case`` raises, ``mask_not_binary`` for several numbers."""
    path = ref.masks[0].path
    image, mask = (_stack(Path(ref.root), name) for name in (ref.image, path))
    numbers = whole_numbers(mask.values, path)
    if len(found := present(numbers)) > 2:
        raise Rejected("mask_not_binary", path, f"{len(found)} values")
    lungs = Mask3D(label="lung", mask=numbers != 0, lattice=mask.lattice, what=path)
    case = volume_case(ref, image, [lungs], rules)
    return replace(case, views=tuple(replace(view, grid=replace(view.grid, spacing=None)) for view in case.views))


def _stack(root: Path, path: str) -> Volume:
    """A scan whose slices lie along the array's first axis, which headers call right to left: nothing that they say of
    axes and distances is believed. Raises ``Rejected``: ``bad_geometry`` for what is no stack of square slices.
    """
    values = read_volume(root, path).values.transpose(2, 1, 0)
    columns, rows, slices = values.shape
    if columns != rows or slices == rows:
        raise Rejected("bad_geometry", path, f"{slices} x {rows} x {columns} is no stack of square slices")
    return Volume(values=values, lattice=lattice(values.shape, (0, 0, 0), np.eye(3).tolist(), None, path))


SOURCE: Final = configure()
