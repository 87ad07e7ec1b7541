"""Chest CT Segmentation: 16708 slices of OSIC's scans as JPEG, with lungs, heart and trachea painted in three colours.

Facts, defects and terms are in ``data_cards/chest_ct_seg.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.coded import RULE
from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

COLOURS: Final = {"#0000ff": "lung", "#00ff00": "heart", "#ff0000": "trachea"}
LABELS: Final = tuple(sorted(COLOURS.values()))
MINIMUM_AREA: Final = 0.0001  # of 512 x 512: 26 px, more than JPEG leaves of stray colour, less than a trachea

FILES: Final = Files(
    layout="images/<patient>_<n>.jpg and masks/<patient>_mask_<n>.jpg, also as images/images/ and masks/masks/",
    image=r"images/(?P<patient>ID\d+)_(?P<slice>\d+)\.jpe?g",
    masks=(Masks(path=r"masks/(?P<patient>ID\d+)_mask_(?P<slice>\d+)\.jpe?g", shows=COLOURS),),
    case="{patient}_{slice}",
)

SOURCE: Final = Source(
    name="chest_ct_seg",
    title="Chest CT Segmentation",
    version="2020",
    modality="ct",
    license="not stated; scans under the rules of the OSIC challenge",
    license_class="script-only",
    url="https://www.kaggle.com/datasets/polomarco/chest-ct-segmentation",
    labels=LABELS,
    exhaustive=False,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule=RULE,
    index=partial(cases, source="chest_ct_seg", files=FILES, modality="ct"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, known=tuple(COLOURS)),
    access="manual",
    size="17011 slices, 16708 with a mask",
    steps="Download images and masks from the page, unpack them, and give the folder that holds both.",
)
