"""PH2: 200 dermoscopic pictures of melanocytic lesions with their outlines.

Facts, defects and terms are in ``data_cards/ph2.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("skin_lesion",)
MINIMUM_AREA: Final = 0.0002  # of a picture of 768 x 560: 86 px

FILES: Final = Files(
    layout="IMD<n>/IMD<n>_Dermoscopic_Image/IMD<n>.bmp and IMD<n>/IMD<n>_lesion/IMD<n>_lesion.bmp",
    image=r"(?P<case>IMD\d{3})\.(?:bmp|png)",
    masks=(Masks(path=r"(?P<case>IMD\d{3})_lesion\.(?:bmp|png)", shows={"": "skin_lesion"}),),
    aside=r"IMD\d{3}_R\d+_Label\d+\.(?:bmp|png)",  # areas of one colour within the lesion
)


SOURCE: Final = Source(
    name="ph2",
    title="PH2",
    version="2013",
    modality="dermoscopy",
    license="research and education; no redistribution; cite the paper",
    license_class="script-only",
    url="https://www.fc.up.pt/addi/ph2%20database.html",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="ph2", files=FILES, modality="dermoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="credentialed",
    size="200 pictures",
    steps="Fill in the form on the page, download PH2Dataset.rar, unpack it, and give the folder PH2Dataset.",
)
