"""UDIAT, or Dataset B: 163 breast ultrasound pictures, each with the mask of a lesion.

Facts, defects and terms are in ``data_cards/udiat.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("breast_mass",)
MINIMUM_AREA: Final = 0.0002  # of 501 x 400: 40 px; the smallest lesion is said to have 500

FILES: Final = Files(
    layout="original/<n>.png and GT/<n>.png",
    image=r"original/(?P<case>\d{6})\.png",
    masks=(Masks(path=r"GT/(?P<case>\d{6})\.png", shows={"": "breast_mass"}),),
)


SOURCE: Final = Source(
    name="udiat",
    title="UDIAT breast ultrasound (Dataset B)",
    version="2017",
    modality="ultrasound",
    license="research use, on request",
    license_class="script-only",
    url="https://helward.mmu.ac.uk/STAFF/M.Yap/dataset.php",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="udiat", files=FILES, modality="ultrasound"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="credentialed",
    size="163 pictures",
    steps="Sign the form on the page and send it to the authors; give the folder that holds original and GT.",
)
