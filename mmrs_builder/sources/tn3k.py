"""TN3K: 3493 thyroid ultrasound pictures with masks of nodules, both stored as JPEG.

Facts, defects and terms are in ``data_cards/tn3k.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("thyroid_nodule",)
MINIMUM_AREA: Final = 0.0002  # of 412 x 337: 28 px; JPEG noise leaves single pixels, the smallest mask 1469 px

FILES: Final = Files(
    layout="tn3k/{trainval,test}-image/<n>.jpg and tn3k/{trainval,test}-mask/<n>.jpg",
    image=r"(?P<half>(?P<split>train(?=val)|test)(?:val)?)-image/(?P<number>\d{4})\.jpg",
    masks=(Masks(path=r"(?P<half>trainval|test)-mask/(?P<number>\d{4})\.jpg", shows={"": "thyroid_nodule"}),),
    case="{half}-{number}",
    aside=r"(?:tg3k|DDTI[^/]*)/.*",
)


SOURCE: Final = Source(
    name="tn3k",
    title="TN3K",
    version="2021",
    modality="ultrasound",
    license="not stated for the data; the code beside it is MIT",
    license_class="script-only",
    url="https://github.com/haifangong/TRFE-Net-for-thyroid-nodule-segmentation",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule="JPEG; grey above 127 is nodule",
    index=partial(cases, source="tn3k", files=FILES, modality="ultrasound"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="manual",
    size="3493 pictures",
    steps="Follow the page to tn3k.zip on a file-sharing site, unpack it, and give the folder that holds tn3k.",
)
