"""QaTa-COV19, version 2: chest films of COVID-19 patients with masks of the infected regions.

Facts, defects and terms are in ``data_cards/qata_cov19.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("infection_region",)
MINIMUM_AREA: Final = 0.0002  # of a film of 224 x 224: 10 px

NAME: Final = r"(?P<case>(?:(?P<patient>sub-[^_/]+)_)?[^/]+)\.png"  # sub-S09340_ses-E25400_run-1_… or covid_1
FILES: Final = Files(
    layout="QaTa-COV19-v2/{Train Set,Test Set}/Images/<name>.png and …/Ground-truths/mask_<name>.png",
    image=rf"(?P<split>Train|Test) Set/Images/{NAME}",
    masks=(Masks(path=rf"(?:Train|Test) Set/Ground-truths/mask_{NAME}", shows={"": "infection_region"}),),
    aside=r"QaTa-COV19-v1/.+",  # the edition before
)


SOURCE: Final = Source(
    name="qata_cov19",
    title="QaTa-COV19",
    version="2",
    modality="xray",
    license="terms of the Kaggle page; cite the papers",
    license_class="script-only",
    url="https://www.kaggle.com/datasets/aysendegerli/qatacov19-dataset",
    labels=LABELS,
    exhaustive=True,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="qata_cov19", files=FILES, modality="xray"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=LABELS),
    access="manual",
    size="9258 films",
    steps="Download the archive from the page, unpack it, and give the folder that holds QaTa-COV19-v2.",
)
