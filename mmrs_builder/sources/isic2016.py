"""ISIC 2016, part 1: dermoscopic pictures with the outline of the skin lesion.

Facts, defects and terms are in ``data_cards/isic2016.md``.
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
SERVER: Final = "https://isic-challenge-data.s3.amazonaws.com/2016"

FILES: Final = Files(
    layout="ISBI2016_ISIC_Part1_Training_Data/*.jpg, ISBI2016_ISIC_Part1_Training_GroundTruth/*.png, and _Test_",
    image=r"ISBI2016_ISIC_Part1_(?P<split>Training|Test)_Data/(?P<case>ISIC_\d{7})\.jpe?g",
    masks=(
        Masks(
            path=r"ISBI2016_ISIC_Part1_(?:Training|Test)_GroundTruth/(?P<case>ISIC_\d{7})_segmentation\.png",
            shows={"": "skin_lesion"},
        ),
    ),
    aside=r"ISBI2016_ISIC_Part(?:2B?|3B?)_\w+/.*",  # the same pictures for other parts of the challenge
)


SOURCE: Final = Source(
    name="isic2016",
    title="ISIC 2016 (part 1)",
    version="2016",
    modality="dermoscopy",
    license="CC0-1.0",
    license_class="redistributable",
    url="https://challenge.isic-archive.com/data/#2016",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="isic2016", files=FILES, modality="dermoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="auto",
    downloads=tuple(
        Download(url=f"{SERVER}/ISBI2016_ISIC_Part1_{name}.zip")
        for name in ("Training_Data", "Training_GroundTruth", "Test_Data", "Test_GroundTruth")
    ),
    size="1279 pictures",
    steps="Download the four archives of part 1 from the page, unpack them into one folder, and give that folder.",
)
