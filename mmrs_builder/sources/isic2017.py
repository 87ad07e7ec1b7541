"""ISIC 2017, part 1: dermoscopic pictures with the outline of the skin lesion.

Facts, defects and terms are in ``data_cards/isic2017.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Download, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("skin_lesion",)
MINIMUM_AREA: Final = 0.0002
SERVER: Final = "https://isic-challenge-data.s3.amazonaws.com/2017"

FILES: Final = Files(
    layout="ISIC-2017_Training_Data/*.jpg, ISIC-2017_Training_Part1_GroundTruth/*.png, and _Validation_, _Test_v2_",
    image=r"ISIC-2017_(?P<split>Training|Validation|Test)(?:_v2)?_Data/(?P<case>ISIC_\d{7})\.jpe?g",
    masks=(
        Masks(
            path=(
                r"ISIC-2017_(?:Training|Validation|Test)(?:_v2)?_Part1_GroundTruth/"
                r"(?P<case>ISIC_\d{7})_segmentation\.png"
            ),
            shows={"": "skin_lesion"},
        ),
    ),
    aside=r"ISIC_\d{7}_superpixels\.png",
)


SOURCE: Final = Source(
    name="isic2017",
    title="ISIC 2017 (part 1)",
    version="2017",
    modality="dermoscopy",
    license="CC0-1.0",
    license_class="redistributable",
    url="https://challenge.isic-archive.com/data/#2017",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="isic2017", files=FILES, modality="dermoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="auto",
    downloads=tuple(
        Download(url=f"{SERVER}/ISIC-2017_{split}_{kind}.zip")
        for split in ("Training", "Validation", "Test_v2")
        for kind in ("Data", "Part1_GroundTruth")
    ),
    size="2750 pictures",
    steps="Download the archives with Data and Part1_GroundTruth from the page, unpack them into one folder, give it.",
)
